"""Boxes, points in them, and attributions written the long way."""

from __future__ import annotations

from fractions import Fraction as Q

from graphs import slopes

from attrtheory.lower.box.cells import Cell
from attrtheory.lower.box.exact import attributions_exact, enclosed
from attrtheory.lower.box.question import Box, Point, Question, product


def box_around(centre, radius) -> Box:
    low, high = (tuple(map(Q, v.tolist())) for v in (centre - radius, centre + radius))
    return Box(low, high)


def places_in(box: Box, rng, count: int) -> list[Point]:
    """Corners, ends and other rational points."""
    steps = [[Q(int(v), 6) for v in rng.integers(0, 7, len(box.lower))] for _ in range(count)]
    steps[0] = [Q(int(v)) for v in rng.integers(0, 2, len(box.lower))]
    return [tuple(a + (b - a) * s for a, b, s in zip(box.lower, box.upper, step, strict=True)) for step in steps]


def values_at(question: Question, x: Point) -> list[Q]:
    """Attributions by dual numbers over fractions; what needs a path or has many features by the exact kernels."""
    if len(x) > 6 or question.method == "integrated_gradients":
        return attributions_exact(question, x)
    gradient = slopes(question.graph, list(x), question.target)
    return gradient if question.method == "gradient" else [a * b for a, b in zip(x, gradient, strict=True)]


def hull_of(question: Question, box: Box, bisections: int = 1) -> tuple[list[Q], list[Q]]:
    """Bounds on one part; the span is bisected."""
    cell = Cell(box, [question.span])
    if question.span[0] != question.span[1]:
        for _ in range(bisections):
            cell.refine(cell.pieces)
    (bounded,) = enclosed(question, [cell])
    ends = [
        product(question.displacement(box, i), bounded.mean(i)) for i in range(question.graph.features)
    ]
    return [a for a, _ in ends], [b for _, b in ends]


def contains_all(question: Question, box: Box, rng, count: int = 2) -> bool:
    low, high = hull_of(question, box)
    return all(
        a <= v <= b
        for x in places_in(box, rng, count)
        for a, v, b in zip(low, values_at(question, x), high, strict=True)
    )
