"""Points as users give them, exactly: a float stands for the rational that it is."""

from __future__ import annotations

from collections.abc import Sequence
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
