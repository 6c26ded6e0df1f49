"""A trained network as a method sees it, in exact rationals: values, branch derivatives, and their means along segments.

The methods' own definitions run on this view, so what is refuted on a network is the definition and not a kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from attrtheory.errors import BadInput, Unsupported
from attrtheory.lower.means import mean_gradient_exact
from attrtheory.models.exact_graph import evaluate_exact, gradient_exact
from attrtheory.models.graph import Graph, Node
from attrtheory.models.ops import Combine, Relu, Scale

Point = tuple[Fraction, ...]


@dataclass(frozen=True)
class Along:
    """The number `start + a * step` on the way from a = 0 to a = 1."""

    start: Fraction
    step: Fraction

    def __add__(self, other: Any) -> Along:
        other = other if isinstance(other, Along) else Along(Fraction(other), Fraction(0))
        return Along(self.start + other.start, self.step + other.step)

    __radd__ = __add__

    def __mul__(self, factor: Any) -> Along:
        if isinstance(factor, Along | Averaged):
            raise Unsupported("a path that is not straight; the exact view of a network averages along segments")
        return Along(self.start * factor, self.step * factor)

    __rmul__ = __mul__

    def __neg__(self) -> Along:
        return self * -1

    def __sub__(self, other: Any) -> Along:
        return self + -other

    def __rsub__(self, other: Any) -> Along:
        return -self + other


@dataclass(frozen=True)
class Averaged:
    """A slope along a segment, known by its mean; linear arithmetic only."""

    mean: Fraction

    def __add__(self, other: Any) -> Averaged:
        return Averaged(self.mean + (other.mean if isinstance(other, Averaged) else Fraction(other)))

    __radd__ = __add__

    def __mul__(self, factor: Any) -> Averaged:
        if not isinstance(factor, int | Fraction):
            raise Unsupported("a mean of a slope times something that varies along the path")
        return Averaged(self.mean * factor)

    __rmul__ = __mul__


@dataclass(frozen=True, eq=False)
class NetworkFn:
    """Output `target` of a network on points of exact rationals."""

    graph: Graph
    target: int
    _values: dict[Any, Any] = field(default_factory=dict[Any, Any], repr=False)

    @property
    def n(self) -> int:
        return self.graph.features

    def outputs(self, p: Point) -> Sequence[Fraction]:
        return evaluate_exact(self.graph, p)

    def gradient(self, p: Point) -> Sequence[Fraction]:
        return gradient_exact(self.graph, p, self.target)

    def mean_gradient(self, start: Point, end: Point) -> Sequence[Fraction]:
        return mean_gradient_exact(self.graph, start, end, self.target)

    def _once(self, kind: str, point: tuple[Any, ...], compute: Callable[[], Any]) -> Any:
        key = (kind, point)
        if key not in self._values:
            self._values[key] = compute()
        return self._values[key]

    def __call__(self, *point: Any) -> Fraction:
        if len(point) != self.n:
            raise BadInput(f"the network has {self.n} features; got a point with {len(point)}")
        if any(isinstance(p, Along) for p in point):
            raise Unsupported(
                "the mean of a network's values along a segment: the exact view averages slopes; "
                "attrtheory.lower.functionals.functional_values evaluates functionals on a network"
            )
        p = tuple(map(Fraction, point))
        return self._once("value", p, lambda: self.outputs(p))[self.target]

    def partial(self, i: int, *point: Any) -> Any:
        if not any(isinstance(p, Along) for p in point):
            p = tuple(map(Fraction, point))
            return self._once("gradient", p, lambda: self.gradient(p))[i]
        ends = [p if isinstance(p, Along) else Along(Fraction(p), Fraction(0)) for p in point]
        start, end = tuple(p.start for p in ends), tuple(p.start + p.step for p in ends)
        return Averaged(self._once("mean", (start, end), lambda: self.mean_gradient(start, end))[i])

    def mean01(self, body: Callable[[Any], Any]) -> Fraction:
        value = body(Along(Fraction(0), Fraction(1)))
        if isinstance(value, Along):
            return value.start + value.step / 2
        return value.mean if isinstance(value, Averaged) else Fraction(value)


def mirrored(graph: Graph) -> Graph:
    """The same function with every relu(z) written `z + relu(-z)`, whose slope at 0 is 1."""
    nodes: list[Node] = []
    renumbered = [0]
    one, zero = _scalar(-1.0), _scalar(0.0)
    for node in graph.nodes:
        inputs = tuple(renumbered[i] for i in node.inputs)
        if isinstance(node.op, Relu):
            nodes += [Node(Scale(one, zero), inputs, f"{node.name}.minus"), Node(Relu(), (len(nodes) + 1,), node.name)]
            nodes.append(Node(Combine((1.0, 1.0)), (*inputs, len(nodes)), f"{node.name}.sum"))
        else:
            nodes.append(Node(node.op, inputs, node.name))
        renumbered.append(len(nodes))
    return Graph(graph.input_shape, tuple(nodes), f"mirror image of {graph.name}")


def _scalar(value: float) -> np.ndarray:
    return np.asarray(value, dtype=np.float64)
