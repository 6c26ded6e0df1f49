"""ONNX operators that move entries, on values and on constants: each is a numpy function."""

from __future__ import annotations

from math import prod

import numpy as np

from attrtheory.errors import BadInput
from attrtheory.models.build import Value
from attrtheory.models.onnx_layer import Attributes, Input, Layer
from attrtheory.models.ops import Array

MODES = ("constant", "reflect", "edge", "wrap")  # numpy's names are the same


def transpose(at: Layer, a: Attributes, x: Input) -> Value | Array:
    perm = a.take("perm", None)
    return at.moved(lambda v: np.transpose(v, perm), x)


def concat(at: Layer, a: Attributes, *xs: Input) -> Value | Array:
    axis = a.take("axis", 0)
    return at.moved(lambda *vs: np.concatenate(vs, axis), *xs, size=sum(prod(at.full(x)) for x in xs))


def slice_(
    at: Layer, a: Attributes, x: Input,
    starts: Input = None, ends: Input = None, axes: Input = None, steps: Input = None,
) -> Value | Array:  # fmt: skip
    first = a.take("starts", None) if starts is None else at.whole_numbers(starts)
    last = a.take("ends", None) if ends is None else at.whole_numbers(ends)
    if first is None or last is None:
        raise at.refuse("is a slice without starts or ends")
    along = a.take("axes", list(range(len(first)))) if axes is None else at.whole_numbers(axes)
    step = [1] * len(first) if steps is None else at.whole_numbers(steps)
    cuts = [slice(None)] * len(at.full(x))
    for i, *cut in zip(along, first, last, step, strict=True):
        cuts[i] = slice(*cut)
    return at.moved(lambda v: v[tuple(cuts)], x)


def pad(
    at: Layer, a: Attributes, x: Input, pads: Input = None, value: Input = None, axes: Input = None
) -> Value | Array:
    """Negative widths crop."""
    mode, given = a.take("mode", "constant"), a.take("pads", None) if pads is None else at.whole_numbers(pads)
    number = a.take("value", 0.0) if value is None else at.weight(value).item()
    shape = at.full(x)
    along = list(range(len(shape))) if axes is None else at.whole_numbers(axes)
    if mode not in MODES or given is None or len(given) != 2 * len(along):
        raise at.refuse(f"pads {shape} with mode={mode!r} by {given}; accepted are modes {', '.join(MODES)}")
    widths = [(0, 0)] * len(shape)
    for i, before, after in zip(along, given[: len(along)], given[len(along) :], strict=True):
        widths[i] = (before, after)
    sizes = [n + before + after for n, (before, after) in zip(shape, widths, strict=True)]
    inner = [n + min(before, 0) + min(after, 0) for n, (before, after) in zip(shape, widths, strict=True)]
    reach = {"reflect": [n - 1 for n in inner], "wrap": inner}.get(mode, sizes)
    far = any(max(w) > n for w, n in zip(widths, reach, strict=True))
    if min(sizes) < 1 or min(inner) < 1 or far:
        raise at.refuse(f"pads {shape} by {given}, which leaves nothing or reads beyond the other side")
    cuts = tuple(
        slice(max(-before, 0), n - max(-after, 0)) for n, (before, after) in zip(shape, widths, strict=True)
    )
    wide = [(max(before, 0), max(after, 0)) for before, after in widths]
    filling = {"constant_values": number} if mode == "constant" else {}
    return at.moved(lambda v: np.pad(v[cuts], wide, mode, **filling), x, size=prod(sizes))


def gather(at: Layer, a: Attributes, x: Input, indices: Input) -> Value | Array:
    index, axis, shape = at.constant(indices), a.take("axis", 0), at.full(x)
    if index.dtype.kind not in "iu":
        raise at.refuse(f"gathers at {index.dtype} numbers; accepted are whole numbers")
    return at.moved(lambda v: np.take(v, index, axis), x, size=prod(shape) // shape[axis] * index.size)


def split(at: Layer, a: Attributes, x: Input, sizes: Input = None) -> tuple[Value | Array, ...]:
    axis, shape = a.take("axis", 0), at.full(x)
    parts, n = a.take("num_outputs", at.results), shape[axis]
    equal = [min(-(-n // parts), n - k * -(-n // parts)) for k in range(parts)]
    given = a.take("split", equal) if sizes is None else at.whole_numbers(sizes)
    if len(given) != at.results or min(given) < 1 or sum(given) != n:
        raise at.refuse(f"splits {n} entries into {given}; accepted are {at.results} positive sizes that add up")
    ends = np.cumsum(given)[:-1].tolist()
    return tuple(at.moved(lambda v, k=k: np.split(v, ends, axis)[k], x) for k in range(at.results))


def squeeze(at: Layer, a: Attributes, x: Input, axes: Input = None) -> Value | Array:
    along = a.take("axes", None) if axes is None else at.whole_numbers(axes)
    return at.moved(lambda v: np.squeeze(v, None if along is None else tuple(along)), x)


def unsqueeze(at: Layer, a: Attributes, x: Input, axes: Input = None) -> Value | Array:
    along = a.take("axes", None) if axes is None else at.whole_numbers(axes)
    return at.moved(lambda v: np.expand_dims(v, tuple(along or ())), x)


def expand(at: Layer, a: Attributes, x: Input, shape: Input) -> Value | Array:
    try:
        to = np.broadcast_shapes(at.full(x), tuple(at.whole_numbers(shape)))
    except ValueError:
        raise BadInput(f"layer {at.name!r} expands {at.full(x)} to {at.constant(shape)}, which don't fit") from None
    return at.moved(lambda v: np.broadcast_to(v, to), x, size=prod(to))


def flatten(at: Layer, a: Attributes, x: Input) -> Value:
    shape = at.full(at.value(x))
    axis = a.take("axis", 1)
    axis = axis + len(shape) if axis < 0 else axis
    if axis < 1 or prod(shape[:axis]) != 1:
        raise at.refuse(f"flattens at axis {axis}, which mixes the examples of a batch; accepted is axis=1")
    return at.build.reshape(at.name, at.value(x), (prod(shape[axis:]),))


def reshape(at: Layer, a: Attributes, x: Input, target: Input) -> Value | Array:
    a.only(allowzero=0)
    before, sizes = at.full(x), at.whole_numbers(target)
    if any(n == 0 and i >= len(before) for i, n in enumerate(sizes)) or min(sizes, default=1) < -1:
        raise at.refuse(f"reshapes {list(before)} to {sizes}; 0 copies a size that must be there")
    copied = [before[i] if n == 0 else n for i, n in enumerate(sizes)]  # 0 copies, one -1 is worked out
    if -1 in copied:
        copied[copied.index(-1)] = prod(before) // max(1, -prod(copied))
    fits = prod(copied) == prod(before) and -1 not in copied
    if not isinstance(x, Value) and fits:
        return at.constant(x).reshape(copied)
    if not fits or copied[:1] != [1]:
        raise at.refuse(f"reshapes {list(before)} to {sizes}; accepted is what keeps a first axis of 1")
    return at.build.reshape(at.name, at.value(x), tuple(copied[1:]))


def shape_of(at: Layer, a: Attributes, x: Input) -> Array:
    return np.array(at.full(x)[slice(a.take("start", 0), a.take("end", None))], dtype=np.int64)
