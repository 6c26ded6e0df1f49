r"""What is wanted of a family of measures $\mu_1..\mu_n$ on a finite support: exact linear equations in their weights.

    completeness       $\sum_i\mu_i = \delta_x - \delta_z$
    dummy              the marginal of $\mu_i$ on the features other than i is 0
    constants          $\mu_i$ has mass 0
    affine_exactness   mass 0 and first moment $(x_i - z_i)\,e_i$
    symmetry           $\mu_i - \mu_j$ changes its sign where features i and j are exchanged, each counted in
                       displacements: (y_i - z_i)/(x_i - z_i) for y_i
    positive           $\mu_i \ge 0$

Each is equivalent to its property for all models (theory: completeness of $\sum\mu_i$ as a functional, and so on), since
the models' values on finitely many points are any numbers. Made with arguments: `completeness_from`, `near`, `exact_on`,
`moments`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from itertools import combinations
from typing import Any

from attrtheory.errors import BadInput
from attrtheory.metrics.design.supports import Support
from attrtheory.metrics.elimination import Row
from attrtheory.metrics.given import vectors
from attrtheory.metrics.numbers import Vector, number, vector

ONE = Fraction(1)


@dataclass(frozen=True)
class Equation:
    """One equation in the weights, and what it says."""

    says: str
    row: Row
    right: Fraction


@dataclass(frozen=True)
class Wish:
    """A named list of equations for any support; `positive`: that weights are not negative.

    `made`: the function below that made it and its arguments, from which it can be made again.
    """

    name: str
    equations: Callable[[Support], list[Equation]]
    positive: bool = False
    made: tuple[str, tuple[Any, ...]] | None = None

    def __str__(self) -> str:
        return self.name


def _completeness(s: Support, baseline: Vector) -> list[Equation]:
    wanted = dict.fromkeys(s.points, Fraction(0))
    for point, mass in ((s.x, ONE), (baseline, -ONE)):
        wanted[point] = wanted.get(point, Fraction(0)) + mass
    rows = []
    for point, mass in wanted.items():
        k = s.place.get(point)
        row = {} if k is None else {s.column(i, k): ONE for i in range(s.n)}
        where = "" if k is not None else ", which is not on the support"
        rows.append(Equation(f"the weights at {shown(point)}{where} add up to {mass}", row, mass))
    return rows


def completeness_from(baseline: Any) -> Wish:
    """Completeness from another baseline than the support's."""
    z = vector(baseline, "baseline")

    def equations(s: Support) -> list[Equation]:
        if len(z) != s.n:
            raise BadInput(f"the baseline has {len(z)} numbers; the support has {s.n} features")
        return _completeness(s, z)

    return Wish(f"completeness from {shown(z)}", equations, made=("completeness_from", (z,)))


def _dummy(s: Support) -> list[Equation]:
    found = []
    for i in range(s.n):
        lines = dict[Vector, dict[int, Fraction]]()
        for k, p in enumerate(s.points):
            lines.setdefault((*p[:i], *p[i + 1 :]), {})[s.column(i, k)] = ONE
        found += [
            Equation(f"measure {i}: the weights on the line at {shown(rest)} add up to 0", row, Fraction(0))
            for rest, row in lines.items()
        ]
    return found


def _mass(s: Support, i: int, mass: Fraction) -> Equation:
    return Equation(f"measure {i} has mass {mass}", {s.column(i, k): ONE for k in range(len(s.points))}, mass)


def _moment(s: Support, i: int, wanted: Vector) -> list[Equation]:
    return [
        Equation(
            f"measure {i} has first moment {q} in feature {j}",
            {s.column(i, k): p[j] for k, p in enumerate(s.points) if p[j]},
            q,
        )
        for j, q in enumerate(wanted)
    ]


def _affine_exactness(s: Support) -> list[Equation]:
    found = list[Equation]()
    for i in range(s.n):
        wanted = tuple(s.x[j] - s.baseline[j] if i == j else Fraction(0) for j in range(s.n))
        found += [_mass(s, i, Fraction(0)), *_moment(s, i, wanted)]
    return found


def _symmetry(s: Support) -> list[Equation]:
    found = list[Equation]()
    units = [a - b or ONE for a, b in zip(s.x, s.baseline, strict=True)]
    still = [a == b for a, b in zip(s.x, s.baseline, strict=True)]
    for i, j in combinations(range(s.n), 2):
        if still[i] != still[j]:
            continue  # never interchangeable: one of them moves
        for p in s.points:
            q = list(p)
            q[i] = s.baseline[i] + (p[j] - s.baseline[j]) / units[j] * units[i]
            q[j] = s.baseline[j] + (p[i] - s.baseline[i]) / units[i] * units[j]
            mirror = s.place.get(tuple(q))
            if mirror is not None and mirror < s.place[p]:
                continue  # said at the mirror point
            row = dict[int, Fraction]()
            for k in (s.place[p], mirror):
                if k is not None:
                    row[s.column(i, k)] = row.get(s.column(i, k), Fraction(0)) + 1
                    row[s.column(j, k)] = row.get(s.column(j, k), Fraction(0)) - 1
            found.append(Equation(f"measures {i} and {j} agree at {shown(p)} and its mirror point", row, Fraction(0)))
    return found


def near(data: Any, radius: Any) -> Wish:
    """No weight on points further than `radius` (largest difference of a coordinate) from all rows of the data."""
    rows, reach = vectors(data, "data"), number(radius, "radius")

    def equations(s: Support) -> list[Equation]:
        if len(rows[0]) != s.n:
            raise BadInput(f"the data have {len(rows[0])} features; the support has {s.n}")
        far = [k for k, p in enumerate(s.points) if all(_distance(p, row) > reach for row in rows)]
        return [
            Equation(f"measure {i} has no weight at {shown(s.points[k])}, far from data", {s.column(i, k): ONE}, Fraction(0))
            for i in range(s.n)
            for k in far
        ]

    return Wish(f"near data (radius {reach})", equations, made=("near", (rows, reach)))


def exact_on(model: Any, attributions: Any, target: int = 0) -> Wish:
    """These attributions for this model (of absolute points), exactly."""
    from attrtheory.metrics.design.running import values_at

    wanted = vector(attributions, "attributions")

    def equations(s: Support) -> list[Equation]:
        if len(wanted) != s.n:
            raise BadInput(f"{len(wanted)} attributions; the support has {s.n} features")
        values = [number(v, "model value") for v in values_at(model, s.points, target)]
        return [
            Equation(f"measure {i} gives the model {q}", {s.column(i, k): v for k, v in enumerate(values) if v}, q)
            for i, q in enumerate(wanted)
        ]

    return Wish("exact on a model", equations, made=("exact_on", (model, wanted, target)))


def moments(masses: Any, firsts: Any) -> Wish:
    """These masses and first moments (barycentres, where masses are 1), one for each feature."""
    weights, rows = vector(masses, "masses"), vectors(firsts, "first moments")

    def equations(s: Support) -> list[Equation]:
        if not len(weights) == len(rows) == len(rows[0]) == s.n:
            raise BadInput(f"one mass and one moment of {s.n} numbers for each of {s.n} features are asked for")
        return [e for i in range(s.n) for e in (_mass(s, i, weights[i]), *_moment(s, i, rows[i]))]

    return Wish("moments", equations, made=("moments", (weights, rows)))


WISHES = (
    Wish("completeness", lambda s: _completeness(s, s.baseline)),
    Wish("dummy", _dummy),
    Wish("constants", lambda s: [_mass(s, i, Fraction(0)) for i in range(s.n)]),
    Wish("affine_exactness", _affine_exactness),
    Wish("symmetry", _symmetry),
    Wish("positive", lambda s: [], positive=True),
)


MADE: dict[str, Callable[..., Wish]] = {
    "completeness_from": completeness_from, "near": near, "exact_on": exact_on, "moments": moments
}  # fmt: skip


def wished(properties: Sequence[str | Wish]) -> tuple[Wish, ...]:
    """Wishes by name, or as made by the functions above; each once."""
    if isinstance(properties, str | Wish):
        properties = [properties]
    found = tuple(p if isinstance(p, Wish) else _named(p) for p in properties)
    for k, wish in enumerate(found):
        if any(wish == other or (wish.made is not None and wish.made == other.made) for other in found[:k]):
            raise BadInput(f"the wish {wish} is given twice; once says it")
    return found


def _named(name: str) -> Wish:
    found = next((w for w in WISHES if w.name == name), None)
    if found is None:
        raise BadInput(f"no wish {name!r}; there are {', '.join(w.name for w in WISHES)}, near, exact_on, moments")
    return found


def shown(point: Vector) -> str:
    """A point in words; long fractions, which come from floats, as decimals."""
    return f"({', '.join(map(_shown, point))})"


def _shown(q: Fraction) -> str:
    if max(abs(q.numerator), q.denominator) < 10**9 and len(text := str(q)) <= 9:
        return text
    rounding = Context(prec=6)  # of any size, where floats end at 1e308
    return f"{rounding.divide(Decimal(q.numerator), Decimal(q.denominator)).normalize(rounding):g}"


def _distance(p: Vector, q: Vector) -> Fraction:
    return max(abs(a - b) for a, b in zip(p, q, strict=True))
