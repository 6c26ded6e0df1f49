r"""Laws: affine images of independent uniform and standard normal variables; and weighted laws, of which measures are sums."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import factorial

from attrtheory.errors import BadInput
from attrtheory.expr.forms import total
from attrtheory.expr.special import normal_density
from attrtheory.expr.term import ONE, ZERO, Scalar, Term, lift

Vector = tuple[Term, ...]
Powers = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Law:
    r"""The law of $Y = o + \sum_j u_j\,a_j + \sum_j g_j\,c_j$: $u_j$ uniform on [0, 1], $g_j$ standard normal, independent.

    `origin` is $o$, `uniform` are the vectors $a_j$, `normal` the vectors $c_j$. Without any of them: a point mass. One
    uniform vector: a segment; one for each axis: a box. Affine images and products of laws are laws.
    """

    origin: Vector
    uniform: tuple[Vector, ...] = ()
    normal: tuple[Vector, ...] = ()

    def __post_init__(self) -> None:
        for name in ("uniform", "normal"):
            object.__setattr__(self, name, tuple(vector(c) for c in getattr(self, name)))
        object.__setattr__(self, "origin", vector(self.origin))
        if not self.origin or any(len(c) != len(self.origin) for c in self.columns):
            raise BadInput(
                f"a law on {len(self.origin)} features needs vectors of as many numbers; got {[len(c) for c in self.columns]}"
            )

    @property
    def n(self) -> int:
        return len(self.origin)

    @property
    def columns(self) -> tuple[Vector, ...]:
        """The vectors of all variables, uniform ones first."""
        return (*self.uniform, *self.normal)

    def is_normal(self, j: int) -> bool:
        """Whether variable number j is normal."""
        return j >= len(self.uniform)

    def map(self, change: Iterable[tuple[Sequence[Scalar], Scalar]]) -> Law:
        """The law of an affine image; each new coordinate is given as (row, shift)."""
        rows = [(vector(row), lift(shift)) for row, shift in change]
        if any(len(row) != self.n for row, _ in rows):
            raise BadInput(f"an affine map of {self.n} features has rows of {self.n} numbers; got {[len(r) for r, _ in rows]}")
        image = lambda v: tuple(_dot(row, v) for row, _ in rows)
        moved = tuple(o + shift for o, (_, shift) in zip(image(self.origin), rows, strict=True))
        return Law(moved, tuple(map(image, self.uniform)), tuple(map(image, self.normal)))

    def select(self, coordinates: Sequence[int]) -> Law:
        """The law of some coordinates."""
        part = lambda v: tuple(v[k] for k in coordinates)
        return Law(part(self.origin), tuple(map(part, self.uniform)), tuple(map(part, self.normal)))

    def without(self, j: int, at: Scalar = 0) -> Law:
        """Variable number j held at a value."""
        held = tuple(o + lift(at) * c for o, c in zip(self.origin, self.columns[j], strict=True))
        m = len(self.uniform)
        keep = lambda vectors, k: (*vectors[:k], *vectors[k + 1 :])
        if j < m:
            return Law(held, keep(self.uniform, j), self.normal)
        return Law(held, self.uniform, keep(self.normal, j - m))


@dataclass(frozen=True, eq=False)
class Part:
    r"""The signed measure $f \mapsto w\,\mathbb E[u^a g^b f(Y)]$; `powers` $= (a_1, \dots, b_1, \dots)$, () for zeros."""

    weight: Term
    law: Law
    powers: Powers = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", lift(self.weight))
        variables = len(self.law.columns)
        powers = tuple(self.powers) or (0,) * variables
        if len(powers) != variables or any(type(p) is not int or p < 0 for p in powers):
            raise BadInput(f"powers are one whole number for each of the law's {variables} variables; got {self.powers}")
        object.__setattr__(self, "powers", powers)

    def times(self, factor: Scalar) -> Part:
        return Part(self.weight * lift(factor), self.law, self.powers)

    def expectation(self, powers: Powers) -> Fraction:
        """The mean of a monomial in the variables."""
        out = Fraction(1)
        for j, p in enumerate(powers):
            out *= normal_moment(p) if self.law.is_normal(j) else Fraction(1, p + 1)
        return out

    def size(self) -> Term:
        r"""$\mathbb E|u^a g^b|$, of which the odd normal ones are multiples of $\varphi(0) = 1/\sqrt{2\pi}$."""
        out = ONE
        for j, p in enumerate(self.powers):
            out = out * (_absolute_moment(p) if self.law.is_normal(j) else Fraction(1, p + 1))
        return out


def normal_moment(p: int) -> Fraction:
    r"""$\mathbb E g^p$ of a standard normal variable: $(p - 1)!!$, or 0 for odd p."""
    return Fraction(0) if p % 2 else Fraction(factorial(p), 2 ** (p // 2) * factorial(p // 2))


def _absolute_moment(p: int) -> Term:
    if p % 2 == 0:
        return lift(normal_moment(p))
    return 2 ** ((p + 1) // 2) * factorial((p - 1) // 2) * normal_density(0)


def vector(values: Iterable[Scalar]) -> Vector:
    """Exact numbers or terms, as terms."""
    return tuple(map(lift, values))


def unit(n: int, k: int, length: Scalar = 1) -> Vector:
    """`length` in coordinate k, else 0."""
    return tuple(lift(length) if j == k else ZERO for j in range(n))


def _dot(row: Vector, v: Vector) -> Term:
    return total(r * x for r, x in zip(row, v, strict=True))
