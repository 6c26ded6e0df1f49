r"""What a design makes least among all measures that meet the wishes.

`Variation`: $\sum_i |\mu_i|$, the sup-norm constant of the attributions; with `prices`, each point's weight counts times
its price (its distance to data, say). A linear program.

`SumOfSquares`: $\sum_r \rho_r \sum_f \bigl(\sum_i d_{ri}\,\mu_i(f) - \tau_r(f)\bigr)^2$, demands r = (weight rho, direction
d, target tau: a signed measure on points) over models f: those given, or all models at once (`models=None`), whose
values on the points are independent with mean 0 and variance 1. Three demands that have a name:

    infidelity   a perturbation I with chance rho: direction I, target $\delta_x - \delta_{x-I}$
    fidelity     a coalition S with weight rho: direction 1_S, target $\delta_{(x_S, z)} - \delta_z$
    energy       for each i: direction e_i, target 0: the mean square of the attributions

Sources: Yeh et al. 2019, arXiv 1901.09392 (infidelity); Charnes et al. 1988, Lundberg and Lee 2017, arXiv 1705.07874.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import comb
from typing import Any

from attrtheory.errors import BadInput
from attrtheory.metrics.design.running import values_at
from attrtheory.metrics.design.supports import Support
from attrtheory.metrics.design.wishes import shown
from attrtheory.metrics.given import probabilities, vectors
from attrtheory.metrics.numbers import Vector, number, vector

INFIDELITY, FIDELITY, ENERGY, UNNAMED = "infidelity", "least squares fidelity", "energy", "sum of squares"


@dataclass(frozen=True)
class Variation:
    """The total variation; `prices` of points not named are 1."""

    prices: Mapping[Vector, Fraction] | None = None

    def of(self, support: Support) -> Vector:
        prices = self.prices or {}
        return tuple(prices.get(p, Fraction(1)) for p in support.points) * support.n

    def __str__(self) -> str:
        return "total variation" if self.prices is None else "total variation at given prices"


def priced(support: Support, price: Callable[[Vector], Any]) -> Variation:
    """The variation in which a point's weight counts times `price(point)`, 0 or more: its distance to data, say."""
    prices = {p: number(price(p), "price") for p in support.points}
    if min(prices.values()) < 0:
        raise BadInput(f"prices are 0 or more; got {min(prices.values())}")
    return Variation(prices)


@dataclass(frozen=True)
class Demand:
    """Attributions in this direction should be what the target measure gives; `weight`: how much that counts."""

    weight: Fraction
    direction: Vector
    target: Mapping[Vector, Fraction]


@dataclass(frozen=True, eq=False)
class SumOfSquares:
    """The weighted sum of squares above, over `models` (None: all models at once)."""

    name: str
    demands: tuple[Demand, ...]
    models: tuple[Any, ...] | None = None
    target: int = 0

    def normal_equations(self, support: Support) -> tuple[list[dict[int, Fraction]], Vector, Fraction]:
        r"""Q, q, c of the sum of squares $v\cdot Qv - 2\,q\cdot v + c$ in the weights v."""
        n, points = support.n, len(support.points)
        Q, q, c = [dict[int, Fraction]() for _ in range(n * points)], [Fraction(0)] * (n * points), Fraction(0)
        known = self._known(support)
        products = dict[tuple[Vector, Vector], Fraction]()

        def inner(a: Vector, b: Vector) -> Fraction:
            if self.models is None:
                return Fraction(a == b)
            if (a, b) not in products:
                products[a, b] = sum((u * v for u, v in zip(known[a], known[b], strict=True)), Fraction(0))
            return products[a, b]

        for d in self.demands:
            for (s, u), (t, v) in product(d.target.items(), repeat=2):
                c += d.weight * u * v * inner(s, t)
        for i, j in product(range(n), repeat=2):
            factor = sum((d.weight * d.direction[i] * d.direction[j] for d in self.demands), Fraction(0))
            for (k, a), (m, b) in product(enumerate(support.points), repeat=2) if factor and self.models is not None else ():
                Q[support.column(i, k)][support.column(j, m)] = factor * inner(a, b)
            for k in range(points) if factor and self.models is None else ():
                Q[support.column(i, k)][support.column(j, k)] = factor
        for d in self.demands:
            for t, v in d.target.items():
                near = enumerate(support.points) if self.models is not None else [(support.place[t], t)]
                for k, a in near:
                    for i in range(n):
                        q[support.column(i, k)] += d.weight * d.direction[i] * v * inner(a, t)
        return Q, tuple(q), c

    def _known(self, support: Support) -> dict[Vector, Vector]:
        """The models' values at all points that are spoken of."""
        targets = dict.fromkeys(t for d in self.demands for t in d.target)
        missing = [t for t in targets if t not in support.place]
        if any(len(d.direction) != support.n for d in self.demands):
            raise BadInput(f"{self.name}: directions have one number for each of the support's {support.n} features")
        if self.models is None:
            if missing:
                raise BadInput(
                    f"{self.name} over all models needs its points on the support; {shown(missing[0])} is not. "
                    "Add it with points_at or joined, or give models"
                )
            return {}
        points = (*support.points, *missing)
        columns = [[number(v, "model value") for v in values_at(f, points, self.target)] for f in self.models]
        return {p: tuple(column[k] for column in columns) for k, p in enumerate(points)}

    def __str__(self) -> str:
        over = "all models" if self.models is None else f"{len(self.models)} models"
        return f"{self.name} over {over}"


Objective = Variation | SumOfSquares


def mean_infidelity(
    support: Support, perturbations: Any, chances: Any = None, models: Sequence[Any] | None = None
) -> SumOfSquares:
    """Perturbations I of the support's input, equally likely unless `chances` are given.

    Raises:
        BadInput: shapes that do not fit, a negative chance, or chances that don't add up to 1.
    """
    rows = vectors(perturbations, "perturbations", support.n)
    weights = probabilities(chances, len(rows), "chances")
    x = support.x
    moved = [tuple(a - b for a, b in zip(x, row, strict=True)) for row in rows]
    demands = [Demand(w, row, _difference(x, y)) for w, row, y in zip(weights, rows, moved, strict=True)]
    return _squares(INFIDELITY, demands, models)


def mean_fidelity(support: Support, weights: Sequence[Any], models: Sequence[Any] | None = None) -> SumOfSquares:
    """Coalitions of the support's features; `weights[k]`: of each coalition of k features, k = 0..n.

    Raises:
        BadInput: not n + 1 weights, or a negative one.
    """
    n, x, z = support.n, support.x, support.baseline
    sizes = vector(weights, "weights", n + 1)
    demands = []
    for members in product((Fraction(0), Fraction(1)), repeat=n):
        if weight := sizes[int(sum(members))]:
            hybrid = tuple(a if m else b for m, a, b in zip(members, x, z, strict=True))
            demands.append(Demand(weight, members, _difference(hybrid, z)))
    return _squares(FIDELITY, demands, models)


def shapley_kernel(n: int) -> Vector:
    """The weight of each coalition of k features, (n - 1) / (C(n, k) k (n - k)); 0 for none and for all of them."""
    if type(n) is not int or n < 1:
        raise BadInput(f"a number of features, at least 1, is asked for; got {n!r}")
    return tuple(Fraction(n - 1, comb(n, k) * k * (n - k)) if 0 < k < n else Fraction(0) for k in range(n + 1))


def energy(n: int, models: Sequence[Any] | None = None) -> SumOfSquares:
    """The mean square of the attributions of n features."""
    units = [tuple(Fraction(i == j) for j in range(n)) for i in range(n)]
    return _squares(ENERGY, [Demand(Fraction(1), e, {}) for e in units], models)


def kept_name(metric: SumOfSquares, support: Support) -> str:
    """The metric's name where its demands are those that have this name on the support, else `UNNAMED`."""
    directions, weights = [d.direction for d in metric.demands], [d.weight for d in metric.demands]
    sizes = dict(zip(map(sum, directions), weights, strict=True))
    makers: dict[str, Callable[[], SumOfSquares]] = {
        INFIDELITY: lambda: mean_infidelity(support, directions, weights),
        FIDELITY: lambda: mean_fidelity(support, [sizes.get(Fraction(k), 0) for k in range(support.n + 1)]),
        ENERGY: lambda: energy(support.n),
    }
    try:
        made = makers[metric.name]()
    except (KeyError, BadInput):
        return UNNAMED
    return metric.name if made.demands == metric.demands else UNNAMED


def _squares(name: str, demands: Sequence[Demand], models: Sequence[Any] | None) -> SumOfSquares:
    if any(d.weight < 0 for d in demands) or not demands:
        raise BadInput(f"{name}: at least one demand is asked for, and no negative weights")
    if models is not None and not models:
        raise BadInput(f"{name}: no models are given; leave models out for all models at once")
    return SumOfSquares(name, tuple(demands), None if models is None else tuple(models))


def _difference(a: Vector, b: Vector) -> dict[Vector, Fraction]:
    return {a: Fraction(1), b: Fraction(-1)} if a != b else {}
