"""Convolutions, pooling and means: what torch's windows are as layers. One dimension is two with height 1."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from torch import Tensor

from attrtheory.models.build import Value, bias_or_zeros
from attrtheory.models.ops import AvgPool2d, Conv2d, MaxPool2d, Pair
from attrtheory.models.torch_layer import Layer

Ints = int | Sequence[int]


def pair(value: Ints) -> Pair:
    values = (value,) if isinstance(value, int) else tuple(value)
    return (values[0], values[-1])


def sides(value: Ints) -> tuple[int, int, int, int]:
    return (*pair(value), *pair(value))


def same(kernel: Pair, dilation: Pair) -> tuple[int, int, int, int]:
    """torch's padding='same': an odd pixel goes to the bottom and the right."""
    spans = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    return (spans[0] // 2, spans[1] // 2, spans[0] - spans[0] // 2, spans[1] - spans[1] // 2)


def conv2d(
    at: Layer, x: Any, weight: Any, bias: Any = None,
    stride: Ints = 1, padding: Ints | str = 0, dilation: Ints = 1, groups: int = 1,
) -> Value:  # fmt: skip
    w = at.constant(weight)
    kernel, d = (w.shape[2], w.shape[3]), pair(dilation)
    pad = sides(0) if padding == "valid" else same(kernel, d) if isinstance(padding, str) else sides(padding)
    b = bias_or_zeros(at.name, w, None if bias is None else at.constant(bias))
    return at.build.add(at.name, Conv2d(w, b, pair(stride), pad, d, groups), at.value(x))


def avg_pool2d(
    at: Layer, x: Any, kernel: Ints, stride: Ints = (), padding: Ints = 0,
    ceil_mode: bool = False, count_include_pad: bool = True, divisor_override: int | None = None,
) -> Value:  # fmt: skip
    if ceil_mode or divisor_override is not None:
        raise at.refuse("uses ceil_mode or divisor_override; accepted is AvgPool2d without them")
    op = AvgPool2d(pair(kernel), pair(stride or kernel), sides(padding), count_include_pad)
    return at.build.add(at.name, op, at.value(x))


def max_pool2d(
    at: Layer, x: Any, kernel: Ints,
    stride: Ints = (), padding: Ints = 0, dilation: Ints = 1, ceil_mode: bool = False,
) -> Value:  # fmt: skip
    if ceil_mode:
        raise at.refuse("uses ceil_mode=True; accepted is MaxPool2d with ceil_mode=False")
    op = MaxPool2d(pair(kernel), pair(stride or kernel), sides(padding), pair(dilation))
    return at.build.add(at.name, op, at.value(x))


def adaptive_avg_pool2d(at: Layer, x: Any, size: Ints) -> Value:
    return avg_pool2d(at, x, _dividing(at, x, size))


def adaptive_max_pool2d(at: Layer, x: Any, size: Ints) -> Value:
    return max_pool2d(at, x, _dividing(at, x, size))


def _dividing(at: Layer, x: Any, size: Ints) -> Pair:
    shape, out = at.build.shape(at.value(x)), pair(size)
    if len(shape) != 3 or shape[1] % out[0] or shape[2] % out[1]:
        raise at.refuse(f"pools {shape} to {out}; accepted are sizes that divide the input's")
    return (shape[1] // out[0], shape[2] // out[1])


def conv1d(
    at: Layer, x: Any, weight: Any, bias: Any = None,
    stride: Ints = 1, padding: Ints | str = 0, dilation: Ints = 1, groups: int = 1,
) -> Value:  # fmt: skip
    wide = weight.unsqueeze(2) if isinstance(weight, Tensor) else weight
    pad = padding if isinstance(padding, str) else row(0, padding)
    return lowered(at, conv2d(at, raised(at, x), wide, bias, row(1, stride), pad, row(1, dilation), groups))


def avg_pool1d(
    at: Layer, x: Any, kernel: Ints, stride: Ints = (), padding: Ints = 0,
    ceil_mode: bool = False, count_include_pad: bool = True,
) -> Value:  # fmt: skip
    step = row(1, stride or kernel)
    args = (row(1, kernel), step, row(0, padding), ceil_mode, count_include_pad)
    return lowered(at, avg_pool2d(at, raised(at, x), *args))


def max_pool1d(
    at: Layer, x: Any, kernel: Ints,
    stride: Ints = (), padding: Ints = 0, dilation: Ints = 1, ceil_mode: bool = False,
) -> Value:  # fmt: skip
    args = (row(1, kernel), row(1, stride or kernel), row(0, padding), row(1, dilation), ceil_mode)
    return lowered(at, max_pool2d(at, raised(at, x), *args))


def adaptive_avg_pool1d(at: Layer, x: Any, size: Ints) -> Value:
    return lowered(at, adaptive_avg_pool2d(at, raised(at, x), row(1, size)))


def adaptive_max_pool1d(at: Layer, x: Any, size: Ints) -> Value:
    return lowered(at, adaptive_max_pool2d(at, raised(at, x), row(1, size)))


def row(height: int, width: Ints) -> Pair:
    return (height, pair(width)[0])


def raised(at: Layer, x: Any) -> Value:
    """(channels, length) as an image of height 1."""
    shape = at.build.shape(at.value(x))
    if len(shape) != 2:
        raise at.refuse(f"has a 1-D window on values of shape {shape}; accepted is (channels, length)")
    return at.build.reshape(at.name, x, (shape[0], 1, shape[1]))


def lowered(at: Layer, y: Value) -> Value:
    shape = at.build.shape(y)
    return at.build.reshape(at.name, y, (shape[0], shape[2]))


def mean(at: Layer, x: Any, axes: Ints | None = None, keepdim: bool = False) -> Value:
    lines = _lines(at, x, axes)
    op = AvgPool2d((1, at.build.shape(lines)[2]), (1, 1), sides(0), count_include_pad=True)
    return _outcome(at, at.build.add(at.name, op, lines))


def total(at: Layer, x: Any, axes: Ints | None = None, keepdim: bool = False) -> Value:
    lines = _lines(at, x, axes)
    return _outcome(at, at.build.linear(at.name, lines, np.ones((1, at.build.shape(lines)[2]))))


def maximum(at: Layer, x: Any, axis: int | None = None, keepdim: bool = False) -> Value:
    """The largest entry along one axis; ties go to the first, as in torch."""
    lines = _lines(at, x, axis)
    op = MaxPool2d((1, at.build.shape(lines)[2]), (1, 1), sides(0), (1, 1))
    return _outcome(at, at.build.add(at.name, op, lines))


def _lines(at: Layer, x: Any, axes: Ints | None) -> Value:
    """The entries that are reduced to one in a row each: (results, 1, entries)."""
    shape = at.build.shape(at.value(x))
    rank = len(shape) + 1
    given = () if axes is None else (axes,) if isinstance(axes, int) else tuple(axes)
    last = sorted(a % rank for a in given)
    if not last or last[0] == 0:
        raise at.refuse(f"reduces the axes {list(given) or 'all'}, which mixes the examples of a batch")
    kept = [a for a in range(rank) if a not in last]
    entries = prod(shape[a - 1] for a in last)
    to = (at.build.examples, prod(shape) // entries, 1, entries)
    return at.build.moved(at.name, lambda a: a.transpose(*kept, *last).reshape(to), x)


def _outcome(at: Layer, y: Value) -> Value:
    return at.build.reshape(at.name, y, tuple(at.result.shape[1:]))
