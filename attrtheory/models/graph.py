"""A model seen as layers: a directed acyclic graph in evaluation order."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

from attrtheory.errors import Unsupported
from attrtheory.models.ops import PIECEWISE, MaxPool2d, Op, Shape


@dataclass(frozen=True, eq=False)
class Node:
    """One layer: `inputs` are value numbers, 0 the graph's input, k the output of `nodes[k - 1]`."""

    op: Op
    inputs: tuple[int, ...]
    name: str


@dataclass(frozen=True, eq=False)
class Graph:
    """A network: `nodes` in evaluation order; the last value is the output. Shapes leave the batch axis out.

    Built by `from_torch`, `from_onnx` and `from_layers`; `shapes[k]` is the shape of value k.
    """

    input_shape: Shape
    nodes: tuple[Node, ...]
    name: str = "network"
    shapes: tuple[Shape, ...] = field(init=False)

    def __post_init__(self) -> None:
        if not self.input_shape or min(self.input_shape) < 1:
            raise Unsupported(f"a network needs at least one input feature; got input shape {self.input_shape}")
        shapes = [self.input_shape]
        for k, node in enumerate(self.nodes, start=1):
            if not node.inputs or max(node.inputs) >= k or min(node.inputs) < 0:
                raise Unsupported(f"layer {node.name!r} reads a value that is not computed before it")
            shapes.append(node.op.shape(*(shapes[i] for i in node.inputs)))
        object.__setattr__(self, "shapes", tuple(shapes))

    @property
    def features(self) -> int:
        """Number of input features."""
        return prod(self.input_shape)

    @property
    def outputs(self) -> int:
        """Number of output entries (classes)."""
        return prod(self.shapes[-1])

    @property
    def units(self) -> int:
        """Number of piecewise units: ReLUs, and window entries of max-pooling."""
        return sum(
            prod(self.shapes[k]) * (prod(n.op.kernel) if isinstance(n.op, MaxPool2d) else 1)
            for k, n in enumerate(self.nodes, start=1)
            if isinstance(n.op, PIECEWISE)
        )
