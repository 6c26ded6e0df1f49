"""torch operations that move entries: run by torch itself on positions, so that torch says what they do."""

from __future__ import annotations

from math import prod
from typing import Any

import torch
from torch import Tensor, fx

from attrtheory.errors import Unsupported
from attrtheory.models.build import Value
from attrtheory.models.ops import Array
from attrtheory.models.torch_layer import Layer

MOVES = (
    "slice", "select", "narrow", "split", "split_with_sizes", "chunk", "unbind", "index", "index_select", "gather",
    "permute", "transpose", "t", "flip", "roll", "rot90", "expand", "repeat", "repeat_interleave", "tile", "cat",
    "concat", "stack", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "unfold", "upsample_nearest1d",
    "upsample_nearest2d", "tril", "triu", "diagonal", "movedim", "swapaxes",
)  # fmt: skip


def moved(at: Layer, operation: Any, args: Any, kwargs: Any) -> Value | tuple[Value, ...]:
    """One value for each result."""
    parts = tuple(_part(at, k, operation, args, kwargs) for k in range(len(at.results)))
    return parts if at.several else parts[0]


def _part(at: Layer, k: int, operation: Any, args: Any, kwargs: Any) -> Value:
    operands: list[Value | Array] = []

    def exact(x: Any) -> Any:
        if isinstance(x, Tensor) and not x.is_floating_point():
            return x  # positions that the module computes
        if isinstance(x, Value | Tensor):
            operands.append(x if isinstance(x, Value) else at.constant(x))
            return _Operand(len(operands) - 1)
        return x

    given = fx.node.map_aggregate((args, kwargs), exact)

    def move(*arrays: Array) -> Array:
        tensors = [torch.tensor(a, dtype=torch.float64) for a in arrays]
        put = lambda x: tensors[x.k] if isinstance(x, _Operand) else x
        positional, named = fx.node.map_aggregate(given, put)  # type: ignore[misc]
        results = operation(*positional, **named)
        return (results[k] if at.several else results).numpy()

    size = prod(at.results[k].shape[1:])
    return at.build.moved(at.name, move, *operands, size=size)


class _Operand:
    """A place for operand `k`."""

    def __init__(self, k: int) -> None:
        self.k = k


def pad(at: Layer, x: Any, widths: Any, mode: str = "constant", value: float | None = None) -> Value:
    """F.pad, with every mode; the constant is rounded to the module's precision."""
    filling = at.number(value or 0.0) if mode == "constant" else None
    result = moved(at, torch.ops.aten.pad.default, (x, widths, mode, filling), {})
    if isinstance(result, tuple):
        raise Unsupported(f"layer {at.name!r} pads into several results")
    return result
