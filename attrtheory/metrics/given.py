"""Points as users give them, exactly: a float stands for the rational that it is."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from attrtheory.errors import BadInput
from attrtheory.metrics.numbers import Vector, vector


def vectors(rows: Any, what: str, n: int | None = None) -> tuple[Vector, ...]:
    """Points of one dimension, of `n` where it is given: a sequence of points, or a two-dimensional array or tensor."""
    listed = rows.tolist() if hasattr(rows, "tolist") else rows
    if isinstance(listed, str) or not isinstance(listed, Sequence) or not listed:
        raise BadInput(f"{what}: a list of points, at least one, is asked for; got {str(rows)[:80]!r}")
    first = vector(listed[0], what, n)
    if not first:
        raise BadInput(f"{what}: a point has at least one number")
    return (first, *(vector(row, what, len(first)) for row in listed[1:]))


def shares(weights: Any, count: int, what: str) -> Vector:
    """Weights of `count` samples, not negative, not all 0; all equal with sum 1 by default."""
    if weights is None:
        return (Fraction(1, count),) * count
    found = vector(weights, what, count)
    if min(found) < 0 or not any(found):
        raise BadInput(f"{what}: numbers that are not negative, and not all 0; got {[str(v) for v in found][:8]}")
    return found


def probabilities(chances: Any, count: int, what: str) -> Vector:
    """Shares that add up to 1."""
    found = shares(chances, count, what)
    if sum(found) != 1:
        raise BadInput(f"{what}: they add up to {sum(found)}; give Fractions or texts such as '1/3' that add up to 1")
    return found
