"""Random small networks, and what they compute written the long way: nested loops over Fractions."""

from __future__ import annotations

from fractions import Fraction as Q
from functools import total_ordering
from math import prod

import numpy as np
from hypothesis import strategies as st

from attrtheory.models.checks import check
from attrtheory.models.graph import Graph, Node
from attrtheory.models.ops import (
    AvgPool2d,
    Combine,
    Conv2d,
    LeakyRelu,
    Linear,
    MaxPool2d,
    Relu,
    Reshape,
    Scale,
    Select,
)

# Quarters give ties and zeros; the others are floats whose fractions are long.
WEIGHTS = st.one_of(
    st.integers(-8, 8).map(lambda n: n / 4), st.sampled_from([0.1, -1 / 3, 1e-300, -3.5e10, 5e-324, -0.0])
)
POINTS = st.one_of(st.integers(-4, 4).map(lambda n: Q(n, 2)), st.fractions(-3, 3, max_denominator=50))


@total_ordering
class Dual:
    """A number with a derivative in one direction; ordered by its value only."""

    def __init__(self, value: Q, slope: Q = Q(0)) -> None:
        self.value, self.slope = value, slope

    def __add__(self, other: Dual | Q) -> Dual:
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value + other.value, self.slope + other.slope)

    __radd__ = __add__

    def __mul__(self, q: Q) -> Dual:
        return Dual(self.value * q, self.slope * q)

    __rmul__ = __mul__

    def __gt__(self, other: Dual | Q | int) -> bool:
        return self.value > (other.value if isinstance(other, Dual) else other)

    def __eq__(self, other: object) -> bool:
        return self.value == (other.value if isinstance(other, Dual) else other)

    __hash__ = None  # type: ignore[assignment]


def naive(graph: Graph, x: list[Q] | list[Dual]) -> list:
    """Every output, by the definition of each layer."""
    values = [np.array([*x, None], dtype=object)[:-1].reshape(graph.input_shape)]
    for node in graph.nodes:
        inputs = [values[i] for i in node.inputs]
        shape = graph.shapes[len(values)]
        out = np.empty(shape, dtype=object)
        for index in np.ndindex(*shape):
            out[index] = entry(node.op, inputs, index)
        values.append(out)
    return list(values[-1].ravel())


def entry(op, inputs, index):
    x = inputs[0]
    match op:
        case Linear():
            row, bias = op.weight[index[-1]], op.bias[index[-1]]
            return sum((x[(*index[:-1], k)] * Q(float(w)) for k, w in enumerate(row)), Q(float(bias)))
        case Conv2d():
            o, i, j = index
            share = op.weight.shape[1]
            first = o // (op.weight.shape[0] // op.groups) * share
            places = window(x.shape, op.weight.shape[2:], op.stride, op.padding, op.dilation, i, j)
            total = Q(float(op.bias[o]))
            for c in range(share):
                for a, b, r, s in places:
                    total = total + x[first + c, r, s] * Q(float(op.weight[o, c, a, b]))
            return total
        case AvgPool2d():
            places = window(x.shape, op.kernel, op.stride, op.padding, (1, 1), *index[1:])
            count = prod(op.kernel) if op.count_include_pad else len(places)
            return sum((x[index[0], r, s] for _, _, r, s in places), Q(0)) * Q(1, count)
        case MaxPool2d():
            best = None
            for _, _, r, s in window(x.shape, op.kernel, op.stride, op.padding, op.dilation, *index[1:]):
                if best is None or x[index[0], r, s] > best:
                    best = x[index[0], r, s]
            return best
        case Scale():
            scale, shift = (np.broadcast_to(a, x.shape)[index] for a in (op.scale, op.shift))
            return x[index] * Q(float(scale)) + Q(float(shift))
        case Relu():
            return x[index] if x[index] > 0 else x[index] * Q(0)
        case LeakyRelu():
            return x[index] if x[index] > 0 else x[index] * Q(op.slope)
        case Combine():
            return sum((v[index] * Q(c) for c, v in zip(op.coefficients, inputs, strict=True)), Q(0))
        case Reshape():
            return x.ravel()[np.ravel_multi_index(index, op.target)]
        case Select():
            entries = [v for value in inputs for v in value.ravel()]
            i = op.index[index]
            return entries[i] if i >= 0 else entries[0] * Q(0) + Q(float(op.fill[index]))


def window(shape, kernel, stride, padding, dilation, i, j):
    """(place in the kernel, place in the input) of what window (i, j) reads, row by row, without padding."""
    found = []
    for a in range(kernel[0]):
        for b in range(kernel[1]):
            r = i * stride[0] + a * dilation[0] - padding[0]
            s = j * stride[1] + b * dilation[1] - padding[1]
            if 0 <= r < shape[1] and 0 <= s < shape[2]:
                found.append((a, b, r, s))
    return found


def slopes(graph: Graph, x: list[Q], target: int) -> list[Q]:
    """The derivative of one output, input by input, forwards."""
    directions = ([Dual(v, Q(int(k == i))) for k, v in enumerate(x)] for i in range(len(x)))
    return [naive(graph, direction)[target].slope for direction in directions]


def array(draw, *shape: int) -> np.ndarray:
    values = draw(st.lists(WEIGHTS, min_size=prod(shape), max_size=prod(shape)))
    return np.array(values, dtype=np.float64).reshape(shape)


@st.composite
def graphs(draw, most_layers: int = 5) -> Graph:
    """Any layers in any order that fit, with skips; at most a few dozen entries per value."""
    shape = draw(st.sampled_from([(1,), (3,), (2, 3), (1, 3, 4), (2, 4, 3), (4, 2, 2)]))
    shapes, nodes = [shape], []
    for k in range(draw(st.integers(1, most_layers))):
        op, inputs = draw(layers(shapes))
        shapes.append(check(op, *(shapes[i] for i in inputs)))
        nodes.append(Node(op, inputs, f"layer{k}"))
    return Graph(shape, tuple(nodes))


@st.composite
def layers(draw, shapes):
    last = len(shapes) - 1
    x = shapes[last]
    pair = st.tuples(st.integers(1, 2), st.integers(1, 2))
    flat = ["linear", "scale", "relu", "leaky", "combine", "reshape", "select"]
    kind = draw(st.sampled_from(flat + (["conv", "avg", "max"] * 2 if len(x) == 3 else [])))
    if kind == "linear":
        n = draw(st.integers(1, 3))
        return Linear(array(draw, n, x[-1]), array(draw, n)), (last,)
    if kind == "scale":
        of = draw(st.sampled_from([(), (1,), x, (x[0], *(1 for _ in x[1:]))]))
        return Scale(array(draw, *of), array(draw)), (last,)
    if kind == "combine":
        others = [k for k, s in enumerate(shapes) if s == x]
        inputs = draw(st.lists(st.sampled_from(others), min_size=1, max_size=3))
        return Combine(tuple(draw(WEIGHTS) for _ in inputs)), tuple(inputs)
    if kind == "reshape":
        return Reshape(draw(st.sampled_from([(prod(x),), (1, prod(x)), (prod(x), 1, 1), x[::-1]]))), (last,)
    if kind == "select":
        inputs = draw(st.lists(st.integers(0, last), min_size=1, max_size=3))
        entries = sum(prod(shapes[k]) for k in inputs)
        out = draw(st.sampled_from([(3,), (2, 2), (2, 1, 3)]))
        places = st.lists(st.integers(-1, entries - 1), min_size=prod(out), max_size=prod(out))
        index = np.array(draw(places), dtype=np.int64).reshape(out)
        return Select(index, np.where(index < 0, array(draw, *out), 0.0)), tuple(inputs)
    if kind in ("relu", "leaky"):
        return (Relu() if kind == "relu" else LeakyRelu(draw(WEIGHTS))), (last,)
    kernel = tuple(draw(st.integers(1, n)) for n in (min(3, x[1]), min(3, x[2])))
    stride = draw(pair)
    top, left, bottom, right = (draw(st.integers(0, k - 1)) for k in (*kernel, *kernel))
    padding, one = (top, left, bottom, right), (1, 1)
    if kind == "avg":
        return AvgPool2d(kernel, stride, padding, draw(st.booleans())), (last,)
    fits = all(2 * (k - 1) + 1 <= n for k, n in zip(kernel, x[1:], strict=True))
    dilation = draw(pair) if fits else one
    if kind == "max":
        return MaxPool2d(kernel, stride, padding, dilation), (last,)
    groups = draw(st.sampled_from([g for g in (1, 2, 4) if x[0] % g == 0]))
    out = groups * draw(st.integers(1, 2))
    return Conv2d(array(draw, out, x[0] // groups, *kernel), array(draw, out), stride, padding, dilation, groups), (
        last,
    )


def specimen() -> Graph:
    """One layer of each kind."""
    w = np.arange(16.0).reshape(2, 2, 2, 2) / 8
    pads = (0, 1, 1, 0)
    nodes = (
        Node(Conv2d(w, np.array([0.1, -0.0]), (1, 2), pads, (1, 1), 1), (0,), "conv"),
        Node(LeakyRelu(0.1), (1,), "leaky"),
        Node(MaxPool2d((2, 2), (1, 1), pads, (1, 1)), (2,), "max"),
        Node(AvgPool2d((2, 1), (1, 1), (0, 0, 0, 0), False), (3,), "avg"),
        Node(Combine((0.5, -1 / 3)), (4, 4), "sum"),
        Node(Scale(np.array(1.5), np.full((2, 1, 1), 0.3)), (5,), "scale"),
        Node(Relu(), (6,), "relu"),
        Node(Reshape((12,)), (7,), "flat"),
        Node(Linear(np.linspace(-1, 1, 36).reshape(3, 12), np.array([1.0, 2.0, 3.0])), (8,), "linear"),
        Node(Select(np.array([14, -1, 0, 14]), np.array([0.0, 0.1, 0.0, 0.0])), (8, 9), "select"),
    )
    return Graph((2, 4, 4), nodes, "specimen")
