"""The layers a graph is made of: plain data, shapes without the batch axis.

Weights are the floats' exact values: every array entry is a dyadic rational, and nothing is rounded on the way in.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from attrtheory.errors import Unsupported

Shape = tuple[int, ...]
Pair = tuple[int, int]
Array = np.ndarray
Positions = np.ndarray  # whole numbers: where an entry comes from
OUTSIDE = -1  # the position of an entry that is no entry of the input: padding, a constant


@dataclass(frozen=True, eq=False)
class Linear:
    """`y = x W^T + b` on the last axis: `weight` (out, in), `bias` (out,)."""

    weight: Array
    bias: Array

    def shape(self, x: Shape) -> Shape:
        if not x or x[-1] != self.weight.shape[1]:
            raise Unsupported(f"Linear expects {self.weight.shape[1]} features on its last axis; got shape {x}")
        return (*x[:-1], self.weight.shape[0])


@dataclass(frozen=True, eq=False)
class Conv2d:
    """2-D cross-correlation: `weight` (out, in/groups, kh, kw), `padding` (top, left, bottom, right) of zeros."""

    weight: Array
    bias: Array
    stride: Pair
    padding: tuple[int, int, int, int]
    dilation: Pair
    groups: int

    def shape(self, x: Shape) -> Shape:
        if len(x) != 3 or x[0] != self.weight.shape[1] * self.groups:
            raise Unsupported(f"Conv2d expects ({self.weight.shape[1] * self.groups}, h, w); got shape {x}")
        kernel = (self.weight.shape[2], self.weight.shape[3])
        return (self.weight.shape[0], *windows(x, kernel, self.stride, self.padding, self.dilation))


@dataclass(frozen=True, eq=False)
class AvgPool2d:
    """Window means; with `count_include_pad` the divisor is the kernel's size, else the number of real entries."""

    kernel: Pair
    stride: Pair
    padding: tuple[int, int, int, int]
    count_include_pad: bool

    def shape(self, x: Shape) -> Shape:
        return (x[0], *windows(x, self.kernel, self.stride, self.padding, (1, 1)))


@dataclass(frozen=True, eq=False)
class MaxPool2d:
    """Window maxima; padding never wins. Ties go to the first entry in row-major order, as in torch."""

    kernel: Pair
    stride: Pair
    padding: tuple[int, int, int, int]
    dilation: Pair

    def shape(self, x: Shape) -> Shape:
        return (x[0], *windows(x, self.kernel, self.stride, self.padding, self.dilation))


@dataclass(frozen=True, eq=False)
class Scale:
    """`y = scale * x + shift`, entry by entry; both broadcast to the input's shape (BatchNorm in eval mode, constants)."""

    scale: Array
    shift: Array

    def shape(self, x: Shape) -> Shape:
        if np.broadcast_shapes(x, self.scale.shape, self.shift.shape) != x:
            raise Unsupported(f"Scale of shapes {self.scale.shape}, {self.shift.shape} does not fit an input of shape {x}")
        return x


@dataclass(frozen=True, eq=False)
class Relu:
    """`max(x, 0)` with derivative 0 at 0."""

    def shape(self, x: Shape) -> Shape:
        return x


@dataclass(frozen=True, eq=False)
class LeakyRelu:
    """`x` where x > 0, else `slope * x`; the derivative at 0 is `slope`."""

    slope: float

    def shape(self, x: Shape) -> Shape:
        return x


@dataclass(frozen=True, eq=False)
class Combine:
    """`sum_k coefficients[k] * x_k` of inputs of one shape (residual addition, subtraction)."""

    coefficients: tuple[float, ...]

    def shape(self, *xs: Shape) -> Shape:
        if len(xs) != len(self.coefficients) or any(x != xs[0] for x in xs):
            raise Unsupported(f"inputs of an addition must have one shape; got {xs}")
        return xs[0]


@dataclass(frozen=True, eq=False)
class Reshape:
    """The same entries in row-major order under another shape (Flatten)."""

    target: Shape

    def shape(self, x: Shape) -> Shape:
        if prod(x) != prod(self.target):
            raise Unsupported(f"cannot reshape {x} to {self.target}")
        return self.target


@dataclass(frozen=True, eq=False)
class Select:
    """Entry j is entry `index[j]` of the inputs, flattened one behind the other; where that is OUTSIDE, `fill[j]`.

    Transposition, slices, padding of every kind, concatenation, repetition, splitting and constants; `fill` is 0 elsewhere.
    """

    index: Positions
    fill: Array

    def shape(self, *xs: Shape) -> Shape:
        if self.index.size and self.index.max() >= (entries := sum(map(prod, xs))):
            raise Unsupported(f"Select reads entry {self.index.max()} of inputs {xs} with {entries} entries")
        return self.index.shape


Op = Linear | Conv2d | AvgPool2d | MaxPool2d | Scale | Relu | LeakyRelu | Combine | Reshape | Select
PIECEWISE = (Relu, LeakyRelu, MaxPool2d)


def windows(x: Shape, kernel: Pair, stride: Pair, padding: tuple[int, int, int, int], dilation: Pair) -> Pair:
    """How many windows fit along height and width."""
    if len(x) != 3:
        raise Unsupported(f"a 2-D window needs an input (channels, height, width); got shape {x}")
    top, left, bottom, right = padding
    spans = (x[1] + top + bottom, x[2] + left + right)
    counts = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(spans, kernel, stride, dilation, strict=True)]
    if min(counts) < 1:
        raise Unsupported(f"a window of {kernel} does not fit an input of shape {x} with padding {padding}")
    return counts[0], counts[1]
