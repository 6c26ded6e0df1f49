"""Between floats, fractions and flint's quotients, always exactly; arrays of numbers in any of these forms."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq

from attrtheory.lower.layers_exact import objects

Number = int | float | Fraction


def as_floats(numbers: np.ndarray) -> np.ndarray:
    """Rounded."""
    return np.array([float(v) for v in numbers.ravel().tolist()]).reshape(numbers.shape)


def as_fractions(numbers: np.ndarray) -> np.ndarray:
    return objects([Fraction(*ratio(v)) for v in numbers.ravel().tolist()], numbers.shape)


def as_quotients(numbers: np.ndarray) -> np.ndarray:
    return objects([fmpq(*ratio(v)) for v in numbers.ravel().tolist()], numbers.shape)


def ratio(v: Any) -> tuple[int, int]:
    return (int(v.p), int(v.q)) if isinstance(v, fmpq) else v.as_integer_ratio()
