"""Signed measures on inputs: point masses, and affine densities on segments, boxes and slices of at most 3 dimensions.

An attribution is a family of measures, one for each feature: what a method weighs the function with (class M), or its
derivative in that feature (class D, then the measures are called kernels). Weights are exact rationals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from attrtheory.errors import BadInput
from attrtheory.lower.regions.numbers import Number, as_fractions
from attrtheory.lower.regions.slices import Slice, box, finite


@dataclass(frozen=True, eq=False)
class Patch:
    """The density `constant + linear . s` in the slice coordinates of `support`; or `constant` at a point (features,)."""

    support: Slice | np.ndarray
    constant: Fraction = Fraction(1)
    linear: tuple[Fraction, ...] | None = None


Measure = Sequence[Patch]


def point(x: Any, weight: Number = 1) -> Patch:
    """`weight` at the input x."""
    return Patch(finite(x, "x").ravel(), Fraction(weight))


def uniform(low: Any, high: Any, weight: Number = 1) -> Patch:
    """`weight` spread uniformly over the box [low, high]; features with `low = high` stay fixed."""
    a, b = finite(low, "low").ravel(), finite(high, "high").ravel()
    if a.shape == b.shape and (a == b).all():
        return point(a, weight)
    return Patch(box(a, b), Fraction(weight))


def partial_dependence(x: Any, low: Any, high: Any) -> list[Measure]:
    r"""Uniform partial dependence: feature i is fixed at x_i, the others are uniform on the box [low, high].

    A class M family: $\varphi_i = \mathbb{E} f(x_i, U_{-i})$.
    """
    x, low, high = _alike(x, low, high)
    measures: list[Measure] = []
    for i in range(len(x)):
        at = np.arange(len(x)) == i
        measures.append([uniform(np.where(at, x, low), np.where(at, x, high))])
    return measures


def uniform_lime(x: Any, half_width: Number) -> list[Measure]:
    r"""The weights of the least-squares affine fit of f on the cube x + [-h, h]^d with the uniform law.

    A class M family: $\varphi_i = \frac3h \mathbb{E}[V_i f(x + hV)]$, V uniform on [-1, 1]^d.
    """
    h, centre = Fraction(half_width), as_fractions(finite(x, "x").ravel())
    if h <= 0:
        raise BadInput(f"half_width is positive; got {half_width}")
    cube = box(centre - h, centre + h)
    return [[Patch(cube, -3 / h, tuple(6 / h * (k == i) for k in range(len(centre))))] for i in range(len(centre))]


def mean_gradient(low: Any, high: Any) -> list[Measure]:
    r"""Kernels of the gradient's mean over the box [low, high], uniformly: $\varphi_i = \mathbb{E} \partial_i f(U)$."""
    spread = uniform(low, high)
    return [[spread]] * finite(low, "low").size


def straight_path(x0: Any, x: Any) -> list[Measure]:
    """Kernels of Integrated Gradients: x_i - x0_i, spread uniformly over the segment from x0 to x."""
    start, end = (as_fractions(v) for v in _alike(x0, x))
    if (start == end).all():
        return [[point(start, 0)]] * len(start)
    path = Slice(start, (end - start)[None])
    return [[Patch(path, step)] for step in (end - start).tolist()]


def _alike(*points: Any) -> list[np.ndarray]:
    arrays = [finite(p, "a point").ravel() for p in points]
    if len({a.shape for a in arrays}) > 1:
        raise BadInput(f"points of one shape are asked for; got {', '.join(str(a.size) for a in arrays)} features")
    return arrays
