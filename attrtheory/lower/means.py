"""The mean gradient of a network along a segment, and where the network bends on it, in exact rationals."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
from flint import fmpz

from attrtheory.lower.layers_exact import objects
from attrtheory.lower.line_exact import Pattern, exact_network, line_sweep_exact
from attrtheory.lower.slopes_exact import pulled_back
from attrtheory.models.graph import Graph

Point = Sequence[Fraction]


def mean_gradient_exact(graph: Graph, start: Point, end: Point, target: int) -> list[Fraction]:
    r"""$\int_0^1 \partial_i f(\text{start} + \alpha(\text{end} - \text{start}))\,d\alpha$ for each feature."""
    net = exact_network(graph)
    t, patterns, _ = sweep(graph, start, end)
    common = fmpz(1)
    for point in t:
        common = common.lcm(point.q)
    at = [point.p * (common // point.q) for point in t]
    length = objects([b - a for a, b in pairwise(at)], (len(t) - 1,))
    centre, _ = pulled_back(net, patterns, length, target)
    scale = int(common) * int(centre.denominator)
    return [Fraction(int(g), scale) for g in centre.numerators.ravel()]


def sweep(graph: Graph, start: Point, end: Point) -> tuple[np.ndarray, dict[int, Pattern], object]:
    """Break points and activation patterns on the segment between two rational points."""
    points = (np.array([*p], dtype=object).reshape(graph.input_shape) for p in (start, end))
    return line_sweep_exact(graph, *points)


def bends(graph: Graph, start: Point, end: Point) -> list[Fraction]:
    """The inner break points of the segment, as parameters between 0 and 1."""
    t, _, _ = sweep(graph, start, end)
    return [Fraction(int(q.p), int(q.q)) for q in t[1:-1]]
