"""Integrated Gradients the long way: fresh evaluations in Fractions, one unit and one pair of entries at a time."""

from __future__ import annotations

from fractions import Fraction as Q
from functools import cache
from itertools import combinations, pairwise

import numpy as np
from graphs import entry, slopes, window

from attrtheory.models.graph import Graph
from attrtheory.models.ops import LeakyRelu, MaxPool2d, Relu


def values(graph: Graph, x: tuple[Q, ...]) -> list[np.ndarray]:
    """Every value of the graph, entry by entry."""
    found = [np.array([*x, None], dtype=object)[:-1].reshape(graph.input_shape)]
    for node, shape in zip(graph.nodes, graph.shapes[1:], strict=True):
        out = np.empty(shape, dtype=object)
        for index in np.ndindex(*shape):
            out[index] = entry(node.op, [found[i] for i in node.inputs], index)
        found.append(out)
    return found


def breakpoints(graph: Graph, x0: list[Q], x: list[Q]) -> list[Q]:
    """0, 1 and all zeros of units and of differences of pooled entries: more than needed, none missing."""

    @cache
    def at(t: Q) -> list[np.ndarray]:
        return values(graph, tuple(a + t * (b - a) for a, b in zip(x0, x, strict=True)))

    t = {Q(0), Q(1)}
    for k, node in enumerate(graph.nodes):
        new = set()
        for a, b in pairwise(sorted(t)):
            for u, v in zip(*(guards(node, graph.shapes[k + 1], at(s)) for s in (a, b)), strict=True):
                if u * v < 0:
                    new.add(a + (b - a) * u / (u - v))
        t |= new
    return sorted(t)


def guards(node, shape, found) -> list[Q]:
    """What a layer compares with 0."""
    x = found[node.inputs[0]]
    match node.op:
        case Relu() | LeakyRelu():
            return list(x.ravel())
        case MaxPool2d() as op:
            differences = []
            for c, i, j in np.ndindex(*shape):
                places = window(x.shape, op.kernel, op.stride, op.padding, op.dilation, i, j)
                entries = [x[c, r, s] for _, _, r, s in places]
                differences += [a - b for a, b in combinations(entries, 2)]
            return differences
        case _:
            return []


def integrated_gradients_replica(graph: Graph, x0: list[Q], x: list[Q], target: int) -> list[Q]:
    """Lengths of pieces times gradients at their middle, forwards, one input direction after the other."""
    total = [Q(0)] * len(x)
    for a, b in pairwise(breakpoints(graph, x0, x)):
        middle = [u + (a + b) / 2 * (v - u) for u, v in zip(x0, x, strict=True)]
        total = [s + (b - a) * g for s, g in zip(total, slopes(graph, middle, target), strict=True)]
    return [(v - u) * s for u, v, s in zip(x0, x, total, strict=True)]
