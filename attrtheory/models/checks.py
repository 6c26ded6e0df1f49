"""What a layer must be before it enters a graph, whoever brings it: an importer, a file, a person."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from attrtheory.errors import BadInput, TooLarge, Unsupported
from attrtheory.models.ops import (
    OUTSIDE,
    Array,
    AvgPool2d,
    Combine,
    Conv2d,
    LeakyRelu,
    Linear,
    MaxPool2d,
    Op,
    Pair,
    Positions,
    Relu,
    Reshape,
    Scale,
    Select,
    Shape,
    windows,
)

LARGEST_VALUE = 2**26  # entries of one value: half a gigabyte of float64
MOST_READ = 2**27  # entries that the windows of one channel read


def exact_array(values: Any, what: str) -> Array:
    """The same numbers as read-only float64, exact for floats of at most 64 bits; all else is refused."""
    array = np.asarray(values)
    if not (array.dtype.kind == "f" and array.dtype.itemsize <= 8) and array.dtype.name != "bfloat16":
        raise BadInput(f"{what} holds {array.dtype} numbers; accepted are floats of at most 64 bits")
    exact = np.array(array, dtype=np.float64, order="C")
    if not np.isfinite(exact).all():
        raise BadInput(f"{what} holds infinite or NaN numbers; a network is a function over finite numbers")
    exact.setflags(write=False)
    return exact


def positions(values: Any) -> Positions:
    """The same whole numbers as read-only int64."""
    index = np.array(values, dtype=np.int64, order="C")
    index.setflags(write=False)
    return index


def check(op: Op, *shapes: Shape) -> Shape:
    """The output's shape, after all that could be wrong with `op` on inputs of these shapes was looked at."""
    if not isinstance(op, Combine | Select) and len(shapes) != 1:
        raise BadInput(f"{type(op).__name__} takes one input; got {len(shapes)}")
    match op:
        case Linear(w, b):
            require(w.ndim == 2 and w.size > 0, f"Linear needs a weight (out, in); got shape {w.shape}")
            require(b.shape == w.shape[:1], f"Linear's bias must have shape {w.shape[:1]}; got {b.shape}")
        case Conv2d(w, b, stride, padding, dilation, groups):
            require(w.ndim == 4 and w.size > 0, f"Conv2d needs weights (out, in/groups, h, w); got {w.shape}")
            require(b.shape == w.shape[:1], f"Conv2d's bias must have shape {w.shape[:1]}; got {b.shape}")
            divides = groups >= 1 and w.shape[0] % groups == 0
            require(divides, f"Conv2d's groups must divide its {w.shape[0]} channels; got {groups}")
            _window(op, shapes[0], (w.shape[2], w.shape[3]), stride, padding, dilation)
        case AvgPool2d(kernel, stride, padding, _):
            _window(op, shapes[0], kernel, stride, padding, (1, 1))
            _pooled(op, shapes[0], kernel, padding, (1, 1))
        case MaxPool2d(kernel, stride, padding, dilation):
            _window(op, shapes[0], kernel, stride, padding, dilation)
            _pooled(op, shapes[0], kernel, padding, dilation)
        case Scale(scale, shift):
            try:
                np.broadcast_shapes(shapes[0], scale.shape, shift.shape)
            except ValueError:
                given = f"{scale.shape} and {shift.shape} on {shapes[0]}"
                raise BadInput(f"Scale needs shapes that fit its input's; got {given}") from None
        case LeakyRelu(slope):
            require(np.isfinite(slope), f"LeakyRelu needs a finite slope; got {slope}")
        case Combine(coefficients):
            require(np.isfinite(coefficients).all(), f"Combine needs finite coefficients; got {coefficients}")
        case Reshape(target):
            require(all(n >= 1 for n in target), f"Reshape needs positive sizes; got {target}")
        case Select(index, fill):
            whole = index.dtype == np.int64 and index.size and index.min() >= OUTSIDE
            require(whole, f"the positions of a Select start at {OUTSIDE}; got {index.dtype} of shape {index.shape}")
            alone = fill.shape == index.shape and not fill[index != OUTSIDE].any()
            require(alone, f"Select's fill must have the shape {index.shape}, and be 0 where an entry is read")
        case Relu():
            pass
    for array in (v for name, v in vars(op).items() if isinstance(v, np.ndarray) and name != "index"):
        exact = array.dtype == np.float64 and np.isfinite(array).all()
        require(exact, f"{type(op).__name__} needs arrays of finite float64 numbers; got {array.dtype}")
    shape = op.shape(*shapes)
    if prod(shape) > LARGEST_VALUE:
        size = f"{prod(shape):,} entries; at most {LARGEST_VALUE:,}"
        raise TooLarge(f"{type(op).__name__} makes a value of {size} are accepted")
    return shape


def require(condition: Any, message: str) -> None:
    if not condition:
        raise BadInput(message)


def _window(op: Op, x: Shape, kernel: Pair, stride: Pair, padding: tuple[int, int, int, int], dilation: Pair) -> None:
    if len(x) != 3:
        raise Unsupported(f"{type(op).__name__} needs an input (channels, height, width); got {x}")
    ok = min(*kernel, *stride, *dilation) >= 1 and min(padding) >= 0
    given = (kernel, stride, padding, dilation)
    require(ok, f"{type(op).__name__} needs kernel, stride, dilation >= 1 and padding >= 0; got {given}")
    top, left, bottom, right = padding
    padded = x[0] * (x[1] + top + bottom) * (x[2] + left + right)
    read = prod(windows(x, kernel, stride, padding, dilation)) * prod(kernel)
    if padded > LARGEST_VALUE or read > MOST_READ:
        limit = f"at most {MOST_READ:,} and {LARGEST_VALUE:,} are accepted"
        raise TooLarge(f"{type(op).__name__} reads {read:,} entries of a channel, of {padded:,} with padding; {limit}")


def _pooled(op: Op, x: Shape, kernel: Pair, padding: tuple[int, ...], dilation: Pair) -> None:
    """Every window holds a real entry: otherwise a maximum would be -infinity and a mean 0 / 0.

    A window from padding to padding steps by the dilation; it can't jump over an input that is not shorter.
    """
    for n, k, d, before, after in zip(x[1:], kernel, dilation, padding[:2], padding[2:], strict=True):
        if max(before, after) > d * (k - 1) or (max(before, after) and d > n):
            raise Unsupported(f"a window may lie in the padding entirely: {op} on shape {x}")
