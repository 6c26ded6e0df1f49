"""Where an ONNX operator stands, and how its inputs and attributes are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from attrtheory.errors import TooLarge, Unsupported
from attrtheory.models.build import Builder, Value
from attrtheory.models.checks import exact_array
from attrtheory.models.moves import LARGEST_MOVE, Move
from attrtheory.models.ops import Array

Input = Value | Array | None
Result = Value | Array | tuple[Value | Array, ...]


@dataclass(frozen=True)
class Layer:
    """Where an operator stands: the graph under construction, the layer's name, how many results it has."""

    build: Builder
    name: str
    results: int = 1

    def refuse(self, why: str) -> Unsupported:
        return Unsupported(f"layer {self.name!r} {why}")

    def value(self, x: Input) -> Value:
        if not isinstance(x, Value):
            raise self.refuse("has a constant where a value that depends on the network's input is expected")
        return x

    def constant(self, x: Input) -> Array:
        if x is None or isinstance(x, Value):
            raise self.refuse("has an input that must be a constant, but is missing or depends on the input")
        return x

    def weight(self, x: Input) -> Array:
        return exact_array(self.constant(x), f"a tensor of {self.name!r}")

    def operand(self, x: Input) -> Value | Array:
        return x if isinstance(x, Value) else self.weight(x)

    def whole_numbers(self, x: Input) -> list[int]:
        array = self.constant(x)
        if array.ndim > 1 or array.dtype.kind not in "iu":
            raise self.refuse(f"needs a list of whole numbers; got {array.dtype} numbers of shape {array.shape}")
        return [int(n) for n in array.ravel()]

    def full(self, x: Input) -> tuple[int, ...]:
        """The shape with the batch axis, of length 1."""
        return (1, *self.build.shape(x)) if isinstance(x, Value) else self.constant(x).shape

    def moved(self, move: Move, *operands: Input, size: int = 0) -> Value | Array:
        """What `move` makes of operands of which some may be constants; `size` is how many entries that is."""
        given = [x if isinstance(x, Value) else self.constant(x) for x in operands]
        constants = [x for x in given if not isinstance(x, Value)]
        if len(constants) < len(given):
            return self.build.moved(self.name, move, *given, size=size)
        return self.folded(move, *constants, size=max(size, sum(c.size for c in constants)))

    def folded(self, function: Callable[..., Array], *constants: Array, size: int) -> Array:
        """A constant worked out from constants, in their own precision."""
        if size > LARGEST_MOVE:
            raise TooLarge(f"layer {self.name!r} makes a constant of {size:,} numbers; at most {LARGEST_MOVE:,} are")
        self.build.room(self.name, size)
        return np.asarray(function(*constants))


class Attributes:
    """An operator's attributes; those that nothing asked for are refused at the end, never ignored."""

    def __init__(self, layer: str, values: dict[str, Any]) -> None:
        self.layer, self.values = layer, values

    def take(self, name: str, default: Any) -> Any:
        return self.values.pop(name, default)

    def only(self, **accepted: Any) -> None:
        """These attributes may be present with this one value."""
        for name, value in accepted.items():
            if (given := self.take(name, value)) != value:
                raise Unsupported(f"layer {self.layer!r} has {name}={given!r}; accepted is {value!r}")

    def constant(self) -> Array:
        for name in ("value", "value_float", "value_floats", "value_int", "value_ints"):
            if name in self.values:
                given = self.take(name, None)
                kind = np.float32 if "float" in name else np.int64 if "int" in name else None
                return np.asarray(given, dtype=kind)
        raise Unsupported(f"{self.layer!r} is a constant of {sorted(self.values)}; accepted are numbers")

    def finish(self) -> None:
        if self.values:
            raise Unsupported(f"layer {self.layer!r} has the unsupported attributes {sorted(self.values)}")
