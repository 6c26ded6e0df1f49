"""Numbers and matrices as users write them, in exact rationals; linear algebra over Q."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from flint import fmpq, fmpq_mat

from attrtheory.errors import BadInput
from attrtheory.lower.box.reading import read_number
from attrtheory.models.fn import decimal

Vector = tuple[Fraction, ...]
Matrix = tuple[Vector, ...]
ZERO, ONE = Fraction(0), Fraction(1)


def number(value: Any, what: str) -> Fraction:
    """The exact value of an int, a Fraction, a finite float or text such as '3/4'."""
    if isinstance(value, str):
        return decimal(value)
    return read_number(value.item() if hasattr(value, "item") else value, what)


def vector(data: Any, what: str, length: int | None = None) -> Vector:
    """A flat sequence of numbers; `length` entries if it is given. Arrays and tensors are read row by row."""
    if hasattr(data, "detach"):
        data = data.detach().cpu().numpy()
    if hasattr(data, "ravel"):
        data = data.ravel().tolist()
    if isinstance(data, str | bytes) or not isinstance(data, Sequence):
        raise BadInput(f"{what}: a list of numbers is asked for; got {str(data)[:60]!r}")
    if length is not None and len(data) != length:
        raise BadInput(f"{what}: {length} numbers are asked for; got {len(data)}")
    return tuple(number(v, what) for v in data)


def dot(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    return sum((p * q for p, q in zip(a, b, strict=True)), ZERO)


def matrix(rows: Sequence[Sequence[Fraction]], columns: int) -> fmpq_mat:
    """Rows as flint's matrix, in which products and eliminations are quick."""
    return fmpq_mat(len(rows), columns, [fmpq(v.numerator, v.denominator) for row in rows for v in row])


def rows_of(m: fmpq_mat) -> Matrix:
    return tuple(tuple(Fraction(int(v.p), int(v.q)) for v in row) for row in m.tolist())


def solve(rows: Sequence[Vector], right: Sequence[Vector], unknowns: int) -> Matrix | None:
    """Some X with `rows` X = `right`, free unknowns at 0; None where there is none."""
    width = len(right[0])
    joined = [(*row, *values) for row, values in zip(rows, right, strict=True)]
    reduced, rank = matrix(joined, unknowns + width).rref()
    found = [(ZERO,) * width] * unknowns
    for row in rows_of(reduced)[:rank]:
        pivot = next(k for k, v in enumerate(row) if v)
        if pivot >= unknowns:
            return None
        found[pivot] = row[unknowns:]
    return tuple(found)


def null_space(rows: Sequence[Vector], unknowns: int) -> Matrix:
    """A basis of all v with `rows` v = 0."""
    reduced, rank = matrix(rows, unknowns).rref()
    pivots = {next(k for k, v in enumerate(row) if v): row for row in rows_of(reduced)[:rank]}
    free = [k for k in range(unknowns) if k not in pivots]
    return tuple(tuple(-pivots[k][j] if k in pivots else ONE * (k == j) for k in range(unknowns)) for j in free)


def identity(n: int) -> Matrix:
    return tuple(tuple(ONE * (i == j) for j in range(n)) for i in range(n))


def transposed(rows: Sequence[Vector], columns: int) -> Matrix:
    return tuple(tuple(row[j] for row in rows) for j in range(columns))
