"""All solutions of a linear system in exact rationals, by flint, or the combination of its equations that reads 0 = 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm

from flint import fmpz_mat

from attrtheory.metrics.numbers import Vector

Row = Mapping[int, Fraction]  # the coefficients that are not 0
ZERO = Fraction(0)


@dataclass(frozen=True, eq=False)
class Solutions:
    """`A v = b`, reduced: pivot column `pivots[k]` is 1 in row k and 0 in the others; the other columns are free."""

    width: int
    pivots: tuple[int, ...]
    reduced: tuple[Mapping[int, Fraction], ...]  # of each pivot's row: the coefficients of free columns
    right: Vector

    @cached_property
    def free(self) -> tuple[int, ...]:
        return tuple(sorted(set(range(self.width)) - set(self.pivots)))

    def one(self) -> Vector:
        """The solution whose free entries are 0."""
        v = [ZERO] * self.width
        for pivot, value in zip(self.pivots, self.right, strict=True):
            v[pivot] = value
        return tuple(v)

    def directions(self) -> tuple[Vector, ...]:
        """A basis of the solutions of `A v = 0`, one for each free column."""
        return tuple(self._direction(j) for j in self.free)

    def _direction(self, free: int) -> Vector:
        v = [ZERO] * self.width
        v[free] = Fraction(1)
        for pivot, row in zip(self.pivots, self.reduced, strict=True):
            v[pivot] = -row.get(free, ZERO)
        return tuple(v)


def solutions(rows: Sequence[Row], right: Sequence[Fraction], width: int) -> Solutions | None:
    """Every v with `A v = b`; None where there is none."""
    if not rows:
        return Solutions(width, (), (), ())
    matrix = fmpz_mat([_whole(row, b, width) for row, b in zip(rows, right, strict=True)])
    reduced, scale, rank = matrix.rref()
    pivots, table, values = list[int](), list[Mapping[int, Fraction]](), list[Fraction]()
    for row in reduced.table()[:rank]:
        entries = {j: Fraction(int(e), int(scale)) for j, e in enumerate(row) if e}
        pivot = min(entries)
        if pivot == width:
            return None
        pivots.append(pivot)
        values.append(entries.pop(width, ZERO))
        table.append({j: q for j, q in entries.items() if j != pivot})
    return Solutions(width, tuple(pivots), tuple(table), tuple(values))


def contradiction(rows: Sequence[Row], right: Sequence[Fraction], width: int) -> Vector | None:
    """Multipliers y with `y A = 0` and `y b = 1`; None where the system has a solution."""
    found = solutions([*transposed(rows, width), dict(enumerate(right))], [ZERO] * width + [Fraction(1)], len(rows))
    return None if found is None else found.one()


def transposed(rows: Sequence[Row], width: int) -> list[dict[int, Fraction]]:
    columns = [dict[int, Fraction]() for _ in range(width)]
    for k, row in enumerate(rows):
        for j, q in row.items():
            columns[j][k] = q
    return columns


def along(row: Row, v: Sequence[Fraction]) -> Fraction:
    """The row's value at v."""
    return sum((q * v[j] for j, q in row.items()), ZERO)


def _whole(row: Row, right: Fraction, width: int) -> list[int]:
    """The equation in whole numbers."""
    scale = lcm(right.denominator, *(q.denominator for q in row.values()))
    dense = [0] * (width + 1)
    for j, q in row.items():
        dense[j] = int(q * scale)
    dense[width] = int(right * scale)
    return dense
