"""Exact rational evaluation and differentiation of a network: no rounding anywhere, at any depth.

Weights are dyadic, so a value is a vector of integers over one common denominator, and a layer is a product
of integer matrices. The derivative is the branch derivative: 0 for ReLU at 0, the slope for LeakyReLU at 0,
and for max-pooling that of the first maximum in row-major order.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from attrtheory.errors import BadInput
from attrtheory.models.exact_layers import exact_layer
from attrtheory.models.fn import rational
from attrtheory.models.graph import Graph
from attrtheory.models.ratios import Ratios, concatenate, ratios


class ExactGraph:
    """A graph with its weights as integer matrices, made once."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.layers = [exact_layer(node.op, graph.shapes[node.inputs[0]]) for node in graph.nodes]

    def values(self, x: Sequence[Fraction]) -> list[Ratios]:
        """Every value of the graph at `x`, flattened in row-major order."""
        if len(x) != self.graph.features:
            raise BadInput(f"{self.graph.name!r} has {self.graph.features} input features; got {len(x)}")
        values = [ratios([v if isinstance(v, Fraction) else rational(v) for v in x])]
        for node, layer in zip(self.graph.nodes, self.layers, strict=True):
            values.append(layer.forward(concatenate([values[i] for i in node.inputs])))
        return values

    def gradient(self, values: Sequence[Ratios], target: int) -> list[Fraction]:
        """The branch derivative of output `target` in each input, at the point with these `values`."""
        outputs, last = self.graph.outputs, len(self.graph.nodes)
        if not 0 <= target < outputs:
            raise BadInput(f"{self.graph.name!r} has outputs 0 to {outputs - 1}; got target {target}")
        zero = Ratios([0] * self.graph.features, 1)
        slopes: dict[int, Ratios] = {last: Ratios([int(i == target) for i in range(outputs)], 1)}
        for k in range(last, 0, -1):
            if k not in slopes:
                continue  # a value that the output doesn't read
            node, g = self.graph.nodes[k - 1], slopes.pop(k)
            whole = self.layers[k - 1].backward(g, concatenate([values[i] for i in node.inputs]))
            start = 0
            for i in node.inputs:
                end = start + len(values[i].integers)
                part, start = Ratios(whole.integers[start:end], whole.denominator), end
                slopes[i] = slopes[i].plus(part) if i in slopes else part
        return slopes.get(0, zero).fractions()


@lru_cache(maxsize=8)
def exact(graph: Graph) -> ExactGraph:
    """The exact form of a graph, kept for the graphs used last."""
    return ExactGraph(graph)


def evaluate_exact(graph: Graph, x: Sequence[Fraction]) -> list[Fraction]:
    """The outputs at `x` (both flattened in row-major order), in exact rationals."""
    return exact(graph).values(x)[-1].fractions()


def gradient_exact(graph: Graph, x: Sequence[Fraction], target: int) -> list[Fraction]:
    """The branch derivative of output `target` at `x`, in exact rationals."""
    network = exact(graph)
    return network.gradient(network.values(x), target)
