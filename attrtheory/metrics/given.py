"""Numbers and points as users give them, exactly: a float stands for the rational that it is."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from attrtheory.errors import BadInput
from attrtheory.lower.box.reading import read_number
from attrtheory.models.fn import decimal

Vector = tuple[Fraction, ...]


def number(value: Any, what: str) -> Fraction:
    """An int, a Fraction, text such as '1/3' or '0.1', or a finite float (numpy's and torch's too) as it is stored."""
    if isinstance(value, str):
        return decimal(value)
    return read_number(value.item() if getattr(value, "ndim", None) == 0 else value, what)


def vector(values: Any, what: str, n: int | None = None) -> Vector:
    """A point: a sequence, array or tensor of numbers, `n` of them where `n` is given."""
    listed = values.tolist() if hasattr(values, "tolist") else values
    if isinstance(listed, str) or not isinstance(listed, Sequence):
        raise BadInput(f"{what}: a list of numbers is asked for; got {str(values)[:80]!r}")
    if not listed or (n is not None and len(listed) != n):
        raise BadInput(f"{what}: {'at least 1' if n is None else n} numbers are asked for; got {len(listed)}")
    return tuple(number(v, what) for v in listed)


def vectors(rows: Any, what: str, n: int | None = None) -> tuple[Vector, ...]:
    """Points of one dimension: a sequence of points, or a two-dimensional array or tensor."""
    listed = rows.tolist() if hasattr(rows, "tolist") else rows
    if isinstance(listed, str) or not isinstance(listed, Sequence) or not listed:
        raise BadInput(f"{what}: a list of points, at least one, is asked for; got {str(rows)[:80]!r}")
    first = vector(listed[0], what, n)
    return (first, *(vector(row, what, len(first)) for row in listed[1:]))


def dot(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    return sum((p * q for p, q in zip(a, b, strict=True)), Fraction(0))
