r"""Terms on the cells of a grid, where their guards have one sign and what is left is a polynomial.

A cell is a product of points and open intervals. The grid is found with the cells: a guard that changes its sign on a
coordinate hyperplane asks for a cut there. One that changes it on another surface fits no grid, and is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import TypeVar

from flint import fmpq_mpoly, fmpq_mpoly_ctx

from attrtheory.errors import TooLarge, Unsupported
from attrtheory.expr.algebra import fold
from attrtheory.expr.syntax import postorder
from attrtheory.expr.term import Term
from attrtheory.measures.extension.polynomial import roots, sign, to_flint, variables

MAX_CELLS = 20_000
Breaks = tuple[tuple[Fraction, ...], ...]  # for each coordinate, from 0 to 1
Index = tuple[int, ...]  # for each coordinate 2 j: the point break j; 2 j + 1: the open interval above it


@dataclass(frozen=True)
class Undecided:
    """A guard without one sign on the cell: cut variable number `variable` at `at`, or no cut would do."""

    guard: fmpq_mpoly
    variable: int | None = None
    at: Fraction = Fraction(0)


Value = fmpq_mpoly | Undecided


class OnCell:
    """The algebra of polynomials in variables from 0 to 1; branches that are not taken need not have a meaning."""

    def __init__(self, ring: fmpq_mpoly_ctx, env: Mapping[str, fmpq_mpoly]) -> None:
        self.ring, self.env = ring, env

    def const(self, q: Fraction) -> Value:
        return self.ring.constant(to_flint(q))

    def var(self, name: str) -> Value:
        return self.env[name]

    def bound(self, level: int) -> Value:
        raise Unsupported("a mean inside an atom or an integrator; write its closed form")

    def affine(self, constant: Fraction, coefficients: Sequence[Fraction], values: Sequence[Value]) -> Value:
        total = self.ring.constant(to_flint(constant))
        for q, v in zip(coefficients, values, strict=True):
            if isinstance(v, Undecided):
                return v
            total += to_flint(q) * v
        return total

    def mul(self, a: Value, b: Value) -> Value:
        return a if isinstance(a, Undecided) else b if isinstance(b, Undecided) else a * b

    def div(self, a: Value, b: Value) -> Value:
        if isinstance(a, Undecided) or isinstance(b, Undecided):
            return a if isinstance(a, Undecided) else b
        if not b.is_constant():
            raise Unsupported(f"a quotient that varies with the box, by {b}: it is not piecewise polynomial")
        return a / b.leading_coefficient() if b else b

    def ite(self, g: Value, a: Value, b: Value) -> Value:
        if isinstance(g, Undecided):
            return g
        positive = sign(g)
        if positive is None:
            root = next(roots(g), None)
            return Undecided(g) if root is None else Undecided(g, *root)
        return a if positive > 0 else b

    def mean01(self, level: int, body: Value) -> Value:
        return self.bound(level)

    def call(self, name: str, orders: tuple[int, ...], args: Sequence[Value]) -> Value:
        raise Unsupported(f"the function {name} inside an atom or an integrator: it is not piecewise polynomial")


def at(breaks: Sequence[Fraction], index: int, s: fmpq_mpoly) -> fmpq_mpoly:
    """The points of a stratum of [0, 1], as a polynomial in s from 0 to 1."""
    low = s * 0 + to_flint(breaks[index // 2])
    return low + s * to_flint(breaks[index // 2 + 1] - breaks[index // 2]) if index % 2 else low


@dataclass(frozen=True, eq=False)
class Stratified:
    """A term on the half-open cube: a polynomial, in variables from 0 to 1, for each cell whose coordinates are positive."""

    breaks: Breaks
    values: Mapping[Index, fmpq_mpoly]


def stratified(term: Term, names: Sequence[str]) -> Stratified:
    """A term in the coordinates `names` on the cells of a grid that is fine enough.

    Raises:
        Unsupported: no grid is: a guard changes its sign on another surface, or something is no polynomial.
    """
    ring, s = variables(len(names))

    def cells(breaks: Breaks) -> Iterator[tuple[Index, Value, Callable[[Undecided], tuple[int, Fraction] | None]]]:
        for index in product(*(range(1, 2 * len(b) - 1) for b in breaks)):
            env = {name: at(b, j, v) for name, b, j, v in zip(names, breaks, index, s, strict=True)}
            yield index, fold(term, OnCell(ring, env)), lambda u, index=index: cut(u, index, breaks)

    def cut(u: Undecided, index: Index, breaks: Breaks) -> tuple[int, Fraction] | None:
        return None if u.variable is None else (u.variable, between(breaks[u.variable], index[u.variable], u.at))

    breaks, values = refined(((Fraction(0), Fraction(1)),) * len(names), cells)
    return Stratified(breaks, values)


def by_coordinate(term: Term, owner: Mapping[str, int], n: int) -> list[list[Term]]:
    """The subterms that read the variables of one coordinate only, for each coordinate: cells share their values."""
    reads: dict[Term, frozenset[int]] = {}
    out: list[list[Term]] = [[] for _ in range(n)]
    for u in postorder(term):
        own = frozenset((owner[u.payload],)) if u.op == "var" else frozenset[int]()
        reads[u] = own.union(*(reads[a] for a in u.args))
        if len(reads[u]) == 1:
            out[next(iter(reads[u]))].append(u)
    return out


def between(breaks: Sequence[Fraction], index: int, s: Fraction) -> Fraction:
    """The point of an open interval at the share s."""
    low, high = breaks[index // 2 : index // 2 + 2]
    return low + s * (high - low)


K = TypeVar("K")
Found = tuple[K, Value, Callable[[Undecided], tuple[int, Fraction] | None]]


def refined(breaks: Breaks, cells: Callable[[Breaks], Iterator[Found[K]]]) -> tuple[Breaks, dict[K, fmpq_mpoly]]:
    """The breaks that let every cell have its polynomial, and these; a cut that a cell asks for starts again."""
    while True:
        out: dict[K, fmpq_mpoly] = {}
        for key, value, cut in cells(breaks):
            if len(out) == MAX_CELLS:
                raise TooLarge(f"piecewise polynomials on more than {MAX_CELLS} cells; fewer breaks or features are needed")
            if isinstance(value, Undecided):
                place = cut(value)
                if place is None:
                    raise Unsupported(
                        f"the sign of {value.guard} changes, within a cell, on a surface other than a coordinate "
                        "hyperplane with a rational value"
                    )
                k, q = place
                breaks = (*breaks[:k], tuple(sorted({*breaks[k], q})), *breaks[k + 1 :])
                break
            out[key] = value
        else:
            return breaks, out
