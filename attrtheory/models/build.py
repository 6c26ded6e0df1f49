"""Building a graph value by value: what importers share.

Numbers that an importer computes from constants (BatchNorm's scale, the reciprocal of a divisor, a product of
two constants) are rounded to float64. The graph *is* the network with these numbers: all that is exact
afterwards is exact about them. Weights themselves are never rounded.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from attrtheory.errors import AttrTheoryError, BadInput, TooLarge, Unsupported
from attrtheory.models.checks import check, exact_array, positions
from attrtheory.models.graph import Graph, Node
from attrtheory.models.moves import Move, origins
from attrtheory.models.ops import Array, Combine, Linear, Op, Reshape, Scale, Select, Shape

MOST_ENTRIES = 2**28  # of all values together
MOST_NODES = 100_000


@dataclass(frozen=True)
class Value:
    """A quantity that depends on the input: value number `k` of the graph. All else is a constant array."""

    k: int


class Builder:
    """Nodes so far. Each method adds a layer called `name` and returns the value that it makes.

    `examples` is the length of the batch axis that operands have where whole arrays meet; shapes leave it out.
    """

    def __init__(self, input_shape: Shape, name: str, examples: int = 1) -> None:
        self.name, self.examples = name, examples
        self.nodes: list[Node] = []
        self.shapes: list[Shape] = [input_shape]
        self.names: Counter[str] = Counter()
        self.entries = 0

    def shape(self, x: Value) -> Shape:
        return self.shapes[x.k]

    def add(self, name: str, op: Op, *inputs: Value) -> Value:
        try:
            shape = check(op, *map(self.shape, inputs))
        except AttrTheoryError as error:
            raise type(error)(f"layer {name!r}: {error}") from None
        self.room(name, prod(shape))
        self.shapes.append(shape)
        self.names[name] += 1
        unique = name if self.names[name] == 1 else f"{name}@{self.names[name]}"  # a layer may be used twice
        self.nodes.append(Node(op, tuple(x.k for x in inputs), unique))
        return Value(len(self.nodes))

    def room(self, name: str, entries: int) -> None:
        """Refuses a layer with so many entries before it is made, if the network would become too large."""
        self.entries += entries
        if self.entries > MOST_ENTRIES or len(self.nodes) >= MOST_NODES:
            limit = f"at most {MOST_ENTRIES:,} entries in {MOST_NODES:,} layers are accepted"
            raise TooLarge(f"with layer {name!r} the network has {self.entries:,} entries; {limit}")

    def reshape(self, name: str, x: Value, target: Shape) -> Value:
        return x if self.shape(x) == target else self.add(name, Reshape(target), x)

    def linear(self, name: str, x: Value, weight: Any, bias: Any = None) -> Value:
        w = exact_array(weight, f"the weight of {name!r}")
        return self.add(name, Linear(w, bias_or_zeros(name, w, bias)), x)

    def combine(self, name: str, *terms: tuple[float, Value]) -> Value:
        """The weighted sum of values of one shape."""
        return self.add(name, Combine(tuple(float(c) for c, _ in terms)), *(x for _, x in terms))

    def total(self, name: str, a: Value | Array, b: Value | Array, factor: float = 1.0) -> Value:
        """`a + factor * b`."""
        if isinstance(a, Value) and isinstance(b, Value):
            full = self.whole(name, a, b)
            return self.combine(name, (1.0, self.broadcast(name, a, full)), (factor, self.broadcast(name, b, full)))
        if isinstance(a, Value):
            return self.scale(name, a, 1.0, factor * _real(name, b))
        if isinstance(b, Value):
            return self.scale(name, b, factor, a)
        raise Unsupported(f"layer {name!r} adds two constants; write the sum as one constant")

    def product(self, name: str, a: Value | Array, b: Value | Array) -> Value:
        a, b = (a, b) if isinstance(a, Value) else (b, a)
        if not isinstance(a, Value) or isinstance(b, Value):
            raise Unsupported(f"layer {name!r} multiplies two values of the network; one must be a constant")
        return self.scale(name, a, b, 0.0)

    def quotient(self, name: str, a: Value | Array, b: Value | Array) -> Value:
        """`a / b` as a product with `1 / b`: exact for powers of two, else `1 / b` is rounded to float64."""
        if not isinstance(a, Value) or isinstance(b, Value):
            raise Unsupported(f"layer {name!r} divides by a value of the network; only constants may divide")
        divisor = _real(name, b)
        if not divisor.all():
            raise BadInput(f"layer {name!r} divides by the constant 0")
        with np.errstate(over="ignore"):  # an infinite reciprocal is refused below, with the layer's name
            return self.scale(name, a, 1 / divisor, 0.0)

    def scale(self, name: str, x: Value, scale: Any, shift: Any) -> Value:
        """`scale * x + shift`; a batch axis of the constants is left out, for it must be the same for all examples."""
        arrays = [_real(name, c) for c in (scale, shift)]
        x = self.broadcast(name, x, self.whole(name, x, *arrays))
        rank = len(self.shape(x)) + 1
        return self.add(name, Scale(*(self._of_one(a) if a.ndim == rank else a for a in arrays)), x)

    def _of_one(self, a: Array) -> Array:
        return a[0] if len(a) == 1 or (a == a[:1]).all() else a

    def whole(self, name: str, *operands: Value | Array) -> Shape:
        """The shape, with batch axis, to which operands broadcast."""
        shapes = [(self.examples, *self.shape(x)) if isinstance(x, Value) else x.shape for x in operands]
        try:
            return np.broadcast_shapes(*shapes)
        except ValueError:
            raise BadInput(f"layer {name!r} takes operands of shapes {shapes}, which don't fit") from None

    def broadcast(self, name: str, x: Value, full: Shape) -> Value:
        """The value with its entries repeated until it has the shape `full`, which has a batch axis."""
        if full == (self.examples, *self.shape(x)):
            return x
        return self.moved(name, lambda a: np.broadcast_to(a, full), x, size=prod(full[1:]))

    def moved(self, name: str, move: Move, *operands: Value | Array, size: int = 0) -> Value:
        """What `move` makes of operands with batch axis: it moves entries and puts constants between them.

        `size` is how many entries it makes of one example, where these are more than it gets.
        """
        values = [x for x in operands if isinstance(x, Value)]
        given = [self.shape(x) if isinstance(x, Value) else x for x in operands]
        try:
            index, fill = origins(move, given, self.examples, size)
        except AttrTheoryError as error:
            raise type(error)(f"layer {name!r} {error}") from None
        if len(values) == 1 and np.array_equal(index.ravel(), np.arange(prod(self.shape(values[0])))):
            return self.reshape(name, values[0], index.shape)
        return self.add(name, Select(positions(index), exact_array(fill, f"a constant of {name!r}")), *values)

    def batch_norm(
        self, name: str, x: Value, gamma: Array, beta: Array, mean: Array, var: Array, eps: float
    ) -> Value:
        """`gamma (x - mean) / sqrt(var + eps) + beta` as `scale x + shift`, both rounded to float64."""
        if not np.all(var + eps > 0):
            raise BadInput(f"layer {name!r} divides by the square root of a variance that is not positive")
        scale = gamma / np.sqrt(var + eps)
        shift = beta - mean * scale
        per_channel = (-1, *(1 for _ in self.shape(x)[1:]))
        return self.scale(name, x, scale.reshape(per_channel), shift.reshape(per_channel))

    def graph(self, output: Value) -> Graph:
        """The graph of `output`: what it doesn't need is left out; `x W` followed by `+ b` is one layer."""
        needed = {output.k}
        for k in range(output.k, 0, -1):
            if k in needed:
                needed.update(self.nodes[k - 1].inputs)
        uses = Counter(i for k in needed if k for i in self.nodes[k - 1].inputs)
        number = {0: 0}
        nodes: list[Node] = []
        for k in sorted(needed - {0}):
            node = self.nodes[k - 1]
            source = nodes[number[node.inputs[0]] - 1] if number[node.inputs[0]] else None
            if source is not None and uses[node.inputs[0]] == 1 and (merged := _biased(source, node)):
                nodes[number[node.inputs[0]] - 1] = merged
                number[k] = number[node.inputs[0]]
            else:
                nodes.append(Node(node.op, tuple(number[i] for i in node.inputs), node.name))
                number[k] = len(nodes)
        return Graph(self.shapes[0], tuple(nodes), self.name)


def bias_or_zeros(name: str, weight: Array, bias: Any) -> Array:
    return exact_array(np.zeros(weight.shape[0]) if bias is None else bias, f"the bias of {name!r}")


def _real(name: str, constant: Any) -> Array:
    """A constant as float64; unlike weights it may be made of integers."""
    array = np.asarray(constant)
    numbers = array.astype(np.float64) if array.dtype.kind in "iub" else array
    return exact_array(numbers, f"the constant of {name!r}")


def _biased(source: Node, node: Node) -> Node | None:
    """`source` (a Linear without bias) and `node` (an addition of one constant per output) as one layer."""
    if not (isinstance(source.op, Linear) and isinstance(node.op, Scale)) or source.op.bias.any():
        return None
    w, shift = source.op.weight, node.op.shift
    per_output = shift.size == 1 or shift.size == shift.shape[-1] == w.shape[0]
    if not per_output or not np.all(node.op.scale == 1):
        return None
    bias = exact_array(np.broadcast_to(shift.reshape(-1), w.shape[:1]), f"the bias of {source.name!r}")
    return Node(Linear(w, bias), source.inputs, source.name)
