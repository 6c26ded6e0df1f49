"""Everything piecewise, written with ReLU so that the slope at each kink is torch's.

A kink of ReLU has slope 0. The positive part p of x with another slope s at 0 is

    s = 0: relu(x)        s = 1/2: (x + relu(x) + relu(-x)) / 2        s = 1: x + relu(-x)

and from it come, with the slope wanted at the kink,

    max(x, c) = x + p(c - x)      min(x, c) = x - p(x - c)      |x| = relu(x) + relu(-x)

Nothing cancels but what is equal: where a bound does not bind, x comes out as it went in, also in floats.
"""

from __future__ import annotations

import numpy as np

from attrtheory.models.build import Builder, Value
from attrtheory.models.ops import Array, LeakyRelu, Relu

EXTREMES = tuple(float(np.finfo(kind).max) for kind in (np.float32, np.float64))


def relu(build: Builder, name: str, x: Value) -> Value:
    return build.add(name, Relu(), x)


def positive_part(build: Builder, name: str, x: Value, slope: float) -> Value:
    """max(x, 0) with slope 0, 1/2 or 1 at 0."""
    if slope == 0:
        return relu(build, name, x)
    mirrored = relu(build, name, build.scale(name, x, -1.0, 0.0))
    if slope == 1:
        return build.combine(name, (1, x), (1, mirrored))
    return build.combine(name, (slope, x), (slope, relu(build, name, x)), (slope, mirrored))


def at_least(build: Builder, name: str, x: Value, bound: Value | Array, slope: float) -> Value:
    """max(x, bound); where they are equal its derivative in x is `slope`, in the bound 1 - `slope`."""
    if not isinstance(bound, Value) and slope == 0 and not np.any(bound):
        return relu(build, name, x)
    short = build.total(name, bound, x, -1.0)
    return build.total(name, x, positive_part(build, name, short, 1 - slope))


def at_most(build: Builder, name: str, x: Value, bound: Value | Array, slope: float) -> Value:
    """min(x, bound); where they are equal its derivative in x is `slope`, in the bound 1 - `slope`."""
    beyond = build.total(name, x, bound, -1.0)
    return build.total(name, x, positive_part(build, name, beyond, 1 - slope), -1.0)


def clamp(
    build: Builder, name: str, x: Value, low: Array | None, high: Array | None, slope: float = 1.0
) -> Value:
    """min(max(x, low), high) with one slope at both ends: 1 for torch.clamp, 0 for torch's hardtanh and relu6."""
    if low is not None and not unbounded(-low):
        x = at_least(build, name, x, low, slope)
    if high is not None and not unbounded(high):
        x = at_most(build, name, x, high, slope)
    return x


def unbounded(bound: Array) -> bool:
    """Infinity, or the largest number of a floating type: how files and programs write that there is no bound."""
    return bool(np.isin(bound, (np.inf, *EXTREMES)).all())


def absolute(build: Builder, name: str, x: Value) -> Value:
    """|x| with slope 0 at 0."""
    mirrored = build.scale(name, x, -1.0, 0.0)
    return build.combine(name, (1, relu(build, name, x)), (1, relu(build, name, mirrored)))


def prelu(build: Builder, name: str, x: Value, slope: Array) -> Value:
    """x where x > 0, else slope * x: relu(x) + slope * (x - relu(x)), whose derivative at 0 is the slope."""
    if slope.size and (slope == slope.flat[0]).all():
        return build.add(name, LeakyRelu(float(slope.flat[0])), x)
    positive = relu(build, name, x)
    negative = build.combine(name, (1, x), (-1, positive))
    return build.total(name, positive, build.scale(name, negative, slope, 0.0))
