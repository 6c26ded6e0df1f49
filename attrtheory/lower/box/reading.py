"""Boxes and baselines as users write them, in exact rationals or refused."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from attrtheory.errors import BadInput
from attrtheory.lower.box.question import Point
from attrtheory.models.graph import Graph

Data = Any  # fractions, integers or floats in nested sequences, an array or a tensor


def read_point(graph: Graph, data: Data, what: str) -> Point:
    """One input of the network, flat or in its input shape, row by row; floats are taken at their exact values."""
    array = np.asarray(data.detach().cpu() if hasattr(data, "detach") else data)
    if array.shape not in {(graph.features,), graph.input_shape}:
        raise BadInput(f"{what}: got shape {array.shape}; the network takes {graph.features} numbers {graph.input_shape}")
    return tuple(read_number(v, what) for v in array.ravel().tolist())


def read_number(value: Any, what: str) -> Fraction:
    """A finite real number at its exact value."""
    if isinstance(value, bool) or not isinstance(value, int | float | Fraction):
        raise BadInput(f"{what}: got {value!r} ({type(value).__name__}); give a float, an integer or a Fraction")
    try:
        return Fraction(value)
    except (ValueError, OverflowError) as error:
        raise BadInput(f"{what}: got {value}; give finite numbers") from error
