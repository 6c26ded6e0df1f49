"""Convolutions, pooling and means of ONNX as layers. One dimension is two with height 1."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from attrtheory.models.build import Value, bias_or_zeros
from attrtheory.models.onnx_layer import Attributes, Input, Layer
from attrtheory.models.ops import AvgPool2d, Conv2d, MaxPool2d, Op, Pair

Sides = tuple[int, int, int, int]
NONE: Sides = (0, 0, 0, 0)


def conv(at: Layer, a: Attributes, x: Input, weight: Input, bias: Input = None) -> Value:
    w = at.weight(weight)
    b = bias_or_zeros(at.name, w, None if bias is None else at.weight(bias))
    kernel, groups = list(w.shape[2:]), a.take("group", 1)
    a.only(kernel_shape=kernel)
    wide = w[:, :, None] if w.ndim == 3 else w
    make = lambda _, stride, padding, dilation: Conv2d(wide, b, stride, padding, dilation, groups)
    return _windowed(at, a, x, kernel, make)


def max_pool(at: Layer, a: Attributes, x: Input) -> Value:
    a.only(ceil_mode=0, storage_order=0)
    mode, dilation = a.values.get("auto_pad", "NOTSET"), a.values.get("dilations", [])
    if mode.startswith("SAME") and any(d != 1 for d in dilation):
        hint = "onnxruntime pads it otherwise than ONNX defines; write the pads out"
        raise at.refuse(f"has auto_pad={mode!r} with dilations={dilation}, and {hint}")
    return _windowed(at, a, x, a.take("kernel_shape", []), MaxPool2d)


def average_pool(at: Layer, a: Attributes, x: Input) -> Value:
    a.only(ceil_mode=0)
    include = bool(a.take("count_include_pad", 0))

    def pool(kernel: Pair, stride: Pair, padding: Sides, dilation: Pair) -> Op:
        if dilation != (1, 1):
            raise at.refuse(f"has dilations={dilation}; accepted is an average over adjacent entries")
        return AvgPool2d(kernel, stride, padding, include)

    return _windowed(at, a, x, a.take("kernel_shape", []), pool)


def _windowed(at: Layer, a: Attributes, x: Input, kernel: list[int], make: Callable[..., Op]) -> Value:
    """`make(kernel, stride, padding, dilation)` on the image; a row is an image of height 1."""
    shape, n = at.build.shape(at.value(x)), len(kernel)
    if n not in (1, 2) or len(shape) != n + 1:
        accepted = "accepted are 1-D and 2-D windows on (channels, length) and (channels, height, width)"
        raise at.refuse(f"has a window {kernel} on values of shape {shape}; {accepted}")
    stride, dilation = a.take("strides", [1] * n), a.take("dilations", [1] * n)
    pads = _pads(at, a, shape[1:], kernel, stride, dilation)
    if {len(stride), len(dilation), len(pads) / 2} != {n}:
        raise at.refuse(f"has strides {stride}, dilations {dilation} and pads {pads} for {n} axes")
    if n == 2:
        window = _pair(kernel), _pair(stride), (pads[0], pads[1], pads[2], pads[3]), _pair(dilation)
        return at.build.add(at.name, make(*window), at.value(x))
    window = _pair([1, *kernel]), _pair([1, *stride]), (0, pads[0], 0, pads[1]), _pair([1, *dilation])
    image = at.build.reshape(at.name, at.value(x), (shape[0], 1, shape[1]))
    y = at.build.add(at.name, make(*window), image)
    return at.build.reshape(at.name, y, (at.build.shape(y)[0], at.build.shape(y)[2]))


def _pads(
    at: Layer, a: Attributes, sizes: tuple[int, ...], kernel: list[int], stride: list[int], dilation: list[int]
) -> list[int]:
    """Those before, then those after. SAME keeps ceil(n / stride) windows; UPPER puts an odd pixel at the end."""
    mode = a.take("auto_pad", "NOTSET")
    pads = a.take("pads", [0, 0] * len(sizes))
    if mode in ("NOTSET", "VALID"):
        return pads if mode == "NOTSET" else [0, 0] * len(sizes)
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        raise at.refuse(f"has auto_pad={mode!r}; accepted are NOTSET, VALID, SAME_UPPER and SAME_LOWER")
    sums = [
        max(0, (-(-n // s) - 1) * s + d * (k - 1) + 1 - n)
        for n, k, s, d in zip(sizes, kernel, stride, dilation, strict=True)
    ]
    begin = [t // 2 if mode == "SAME_UPPER" else t - t // 2 for t in sums]
    return begin + [t - b for t, b in zip(sums, begin, strict=True)]


def _pair(values: list[int]) -> Pair:
    first, second = values
    return int(first), int(second)


def global_average_pool(at: Layer, a: Attributes, x: Input) -> Value:
    return _whole(at, x, lambda kernel: AvgPool2d(kernel, (1, 1), NONE, count_include_pad=True))


def global_max_pool(at: Layer, a: Attributes, x: Input) -> Value:
    return _whole(at, x, lambda kernel: MaxPool2d(kernel, (1, 1), NONE, (1, 1)))


def _whole(at: Layer, x: Input, make: Callable[[Pair], Op]) -> Value:
    shape = at.build.shape(at.value(x))
    if len(shape) < 2:
        raise at.refuse(f"pools values of shape {shape}; accepted is (channels, height, width), or one axis less")
    image = at.build.reshape(at.name, at.value(x), (shape[0], 1, prod(shape[1:])))
    y = at.build.add(at.name, make((1, prod(shape[1:]))), image)
    return at.build.reshape(at.name, y, (shape[0], *(1 for _ in shape[1:])))


def reduce_mean(at: Layer, a: Attributes, x: Input, axes: Input = None) -> Value:
    pool = lambda n: AvgPool2d((1, n), (1, 1), NONE, count_include_pad=True)
    return _reduced(at, a, x, axes, lambda lines, n: at.build.add(at.name, pool(n), lines))


def reduce_sum(at: Layer, a: Attributes, x: Input, axes: Input = None) -> Value:
    return _reduced(at, a, x, axes, lambda lines, n: at.build.linear(at.name, lines, np.ones((1, n))))


def _reduced(
    at: Layer, a: Attributes, x: Input, axes: Input, one: Callable[[Value, int], Value]
) -> Value:
    """The entries that are reduced to one stand in a row each: (results, 1, entries)."""
    shape, keep = at.full(at.value(x)), a.take("keepdims", 1)
    a.only(noop_with_empty_axes=0)
    given = a.take("axes", []) if axes is None else at.whole_numbers(axes)
    last = sorted({n % len(shape) for n in given})
    if not last or last[0] == 0:
        raise at.refuse(f"reduces the axes {given or 'all'}, which mixes the examples of a batch")
    kept = [n for n in range(len(shape)) if n not in last]
    entries = prod(shape[n] for n in last)
    lines = at.build.moved(
        at.name, lambda v: v.transpose(*kept, *last).reshape(1, -1, 1, entries), at.value(x)
    )
    sizes = [1 if n in last else m for n, m in enumerate(shape) if keep or n in kept]
    return at.build.reshape(at.name, one(lines, entries), tuple(sizes[1:]))
