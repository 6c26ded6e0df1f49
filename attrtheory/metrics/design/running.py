"""The values of a model at a design's points: exact where the model is, floats where it is a function of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from attrtheory.errors import BadInput
from attrtheory.metrics.explained import explained
from attrtheory.metrics.numbers import Vector


def values_at(model: Any, points: Sequence[Vector], target: int = 0) -> list[Fraction | float]:
    """Fractions for an Fn and for a Graph; floats for a torch module or a function of a float64 array (rows, features)."""
    if not points:
        raise BadInput("points: at least one is needed")
    at = explained(model, points[0], None, target)
    return [at.labelled(v) for v in at.values(points)]
