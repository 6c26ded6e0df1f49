r"""Signed measures on inputs, symbolic or numeric: point masses, segments, boxes, Gaussians, products, finite data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from attrtheory.errors import BadInput
from attrtheory.expr.forms import total
from attrtheory.expr.term import ONE, ZERO, Scalar, Term, lift
from attrtheory.measures.law import Law, Part, Powers, Vector, unit, vector


@dataclass(frozen=True, eq=False)
class Measure:
    r"""A signed combination of weighted laws on `n` features: $\mu(f) = \sum_k w_k\,\mathbb E[m_k f(Y_k)]$.

    >>> mu = point([1, 0]) - point([0, 0])
    >>> mu.mass(), mu.moment(0), mu.moment(1)
    (0, 1, 0)
    """

    n: int
    parts: tuple[Part, ...] = ()

    def __post_init__(self) -> None:
        if any(p.law.n != self.n for p in self.parts):
            raise BadInput(f"a measure on {self.n} features has parts on {[p.law.n for p in self.parts]}")
        object.__setattr__(self, "parts", tuple(p for p in self.parts if p.weight is not ZERO))

    def __add__(self, other: Measure) -> Measure:
        if other.n != self.n:
            raise BadInput(f"measures on {self.n} and on {other.n} features cannot be added")
        return Measure(self.n, (*self.parts, *other.parts))

    def __sub__(self, other: Measure) -> Measure:
        return self + -1 * other

    def __neg__(self) -> Measure:
        return -1 * self

    def __mul__(self, factor: Scalar) -> Measure:
        return Measure(self.n, tuple(p.times(factor) for p in self.parts))

    def __rmul__(self, factor: Scalar) -> Measure:  # a Term stands on the right, for it takes no measures
        return self * factor

    def mass(self) -> Term:
        r"""$\mu(\mathbb R^n)$."""
        return self.moment()

    def moment(self, *coordinates: int) -> Term:
        r"""$\int y_j y_k \cdots d\mu$ over the coordinates given, repeated ones included; none: the mass."""
        return total(p.weight * _mixed(p, coordinates) for p in self.parts)

    def pushforward(self, matrix: Sequence[Sequence[Scalar]], shift: Sequence[Scalar] | None = None) -> Measure:
        r"""The image under $y \mapsto A y + c$."""
        rows = list(zip(matrix, shift or [0] * len(matrix), strict=True))
        return self._laws(len(rows), lambda law: law.map(rows))

    def marginal(self, coordinates: Sequence[int]) -> Measure:
        """The image under the projection to some coordinates, in the order given."""
        if not coordinates or not all(0 <= k < self.n for k in coordinates):
            raise BadInput(f"a marginal on {self.n} features needs some of 0 to {self.n - 1}; got {tuple(coordinates)}")
        return self._laws(len(coordinates), lambda law: law.select(coordinates))

    def _laws(self, n: int, change: Callable[[Law], Law]) -> Measure:
        return Measure(n, tuple(Part(p.weight, change(p.law), p.powers) for p in self.parts))


def _mixed(part: Part, coordinates: Sequence[int]) -> Term:
    """The mean of the part's monomial times a product of coordinates of Y."""
    columns = part.law.columns
    expanded: dict[Powers, Term] = {part.powers: ONE}
    for k in coordinates:
        steps = [(part.law.origin[k], None), *((c[k], j) for j, c in enumerate(columns) if c[k] is not ZERO)]
        grown: dict[Powers, Term] = {}
        for powers, coefficient in expanded.items():
            for value, j in steps:
                raised = powers if j is None else (*powers[:j], powers[j] + 1, *powers[j + 1 :])
                grown[raised] = grown.get(raised, ZERO) + coefficient * value
        expanded = grown
    return total(part.expectation(powers) * c for powers, c in expanded.items())


def of(law: Law) -> Measure:
    """A law as a measure."""
    return Measure(law.n, (Part(ONE, law),))


def point(p: Sequence[Scalar]) -> Measure:
    r"""The point mass $\delta_p$."""
    return of(Law(vector(p)))


def segment(start: Sequence[Scalar], end: Sequence[Scalar]) -> Measure:
    """The uniform law on the segment from `start` to `end`."""
    a, b = _alike(start, end)
    return of(Law(a, (tuple(q - p for p, q in zip(a, b, strict=True)),)))


def box(lower: Sequence[Scalar], upper: Sequence[Scalar]) -> Measure:
    """The uniform law on a box; where both ends are one term the coordinate is fixed."""
    a, b = _alike(lower, upper)
    sides = [unit(len(a), k, q - p) for k, (p, q) in enumerate(zip(a, b, strict=True)) if p is not q]
    return of(Law(a, tuple(sides)))


def gaussian(mean: Sequence[Scalar], columns: Iterable[Sequence[Scalar]]) -> Measure:
    r"""The normal law with this mean and covariance $\sum_j c_j c_j^\top$: `columns` are those of a root of it."""
    return of(Law(vector(mean), (), tuple(map(vector, columns))))


def finite(points: Sequence[Sequence[Scalar]], weights: Sequence[Scalar] | None = None) -> Measure:
    """Weights on points; the same weight 1/m on each of m points by default."""
    if not points:
        raise BadInput("a finite measure needs at least one point")
    shares = [Fraction(1, len(points))] * len(points) if weights is None else list(weights)
    if len(shares) != len(points):
        raise BadInput(f"{len(points)} points need as many weights; got {len(shares)}")
    laws = [Law(vector(p)) for p in points]
    return Measure(laws[0].n, tuple(Part(lift(w), law) for w, law in zip(shares, laws, strict=True)))


def product(*factors: Measure) -> Measure:
    """The product measure: coordinates of the factors side by side, in their order."""
    if not factors:
        raise BadInput("a product needs at least one factor")
    out, *rest = factors
    for factor in rest:
        out = Measure(out.n + factor.n, tuple(_pair(p, q) for p in out.parts for q in factor.parts))
    return out


def _pair(p: Part, q: Part) -> Part:
    left = lambda v: (*v, *(ZERO,) * q.law.n)
    right = lambda v: (*(ZERO,) * p.law.n, *v)
    join = lambda a, b: (*map(left, a), *map(right, b))
    law = Law((*p.law.origin, *q.law.origin), join(p.law.uniform, q.law.uniform), join(p.law.normal, q.law.normal))
    cut = [0, len(p.law.uniform), len(p.powers)]
    first = [p.powers[i:j] for i, j in pairwise(cut)]
    second = [q.powers[: len(q.law.uniform)], q.powers[len(q.law.uniform) :]]
    return Part(p.weight * q.weight, law, (*first[0], *second[0], *first[1], *second[1]))


def _alike(*points: Sequence[Scalar]) -> tuple[Vector, ...]:
    vectors = tuple(map(vector, points))
    if len({len(v) for v in vectors}) > 1:
        raise BadInput(f"points of one length are asked for; got {', '.join(str(len(v)) for v in vectors)} numbers")
    return vectors
