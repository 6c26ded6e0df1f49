"""Bounds of all attributions over a box, and their signs."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from attrtheory.lower.box.cells import Cell
from attrtheory.lower.box.exact import attributions_exact, enclosed, interval
from attrtheory.lower.box.gradient import engine
from attrtheory.lower.box.question import Box, Interval, Point, Question
from attrtheory.lower.box.reading import Data
from attrtheory.lower.box.samples import extremes, inside
from attrtheory.lower.box.search import Budget, branch_and_bound
from attrtheory.models.graph import Graph
from attrtheory.prove.box import Progress, hull, question, stage

TOLERANCE = 0.02  # of the range found: closer bounds are not looked for


@dataclass(frozen=True, eq=False)
class BoxBounds:
    """What is known of every feature's attribution on a box, in rationals.

    `lower[i] <= attribution[i] <= upper[i]` for every input of the box and every convention at kinks (trust "enclosed");
    `attained_lower[i]` and `attained_upper[i]` are values at the inputs `lowest[i]` and `highest[i]` of the box.
    """

    question: Question
    box: Box
    lower: Point
    upper: Point
    attained_lower: Point
    attained_upper: Point
    lowest: tuple[Point, ...]
    highest: tuple[Point, ...]
    parts: int
    trust: str = "enclosed"


def box_bounds(
    graph: Graph,
    lower: Data,
    upper: Data,
    *,
    method: str = "gradient",
    target: int = 0,
    baseline: Data | None = None,
    parts: int = 2_000,
    seconds: float | None = None,
    progress: Progress | None = None,
) -> BoxBounds:
    """For every feature, proved ends of its attribution over all inputs x with `lower <= x <= upper`.

    Branch and bound narrows the feature whose bounds exceed the values found by the most, relative to the range found,
    and ends when none exceeds it by 2 %, or with the budget. Arguments and errors are those of `box_query`.
    """
    asked, box = question(graph, lower, upper, method, target, baseline)
    n, search = graph.features, engine(graph, np.float64)
    goals = [(i, sign) for sign in (-1, 1) for i in range(n)]
    points = [inside(box, x) for x in extremes(search, asked, box, goals)]
    values = [attributions_exact(asked, x) for x in points]
    least, most = [v[i] for i, v in enumerate(values[:n])], [v[i] for i, v in enumerate(values[n:])]
    attained = np.array([[float(v) for v in least], [float(v) for v in most]])
    scale = np.maximum(attained[1] - attained[0], 1e-3 * np.abs(attained).max() + 1e-300)

    def missing(cell: Cell) -> float:
        ends = np.array([cell.attribution(asked, i) for i in range(n)], dtype=np.float64).T
        beyond = np.maximum(attained[0] - ends[0], ends[1] - attained[1]) / scale
        return float(beyond.max()) - TOLERANCE

    root, budget = Cell(box, [asked.span]), Budget(parts, seconds)
    branch_and_bound(search, asked, [root], missing, None, budget, progress=stage(progress, "search"))
    ends: list[list[Interval]] = [[] for _ in range(n)]
    for cell in enclosed(asked, root.leaves(), stage(progress, "exact bounds")):
        for i in range(n):
            ends[i].append(interval(asked, cell, i))
    low, high = zip(*map(hull, ends), strict=True)
    return BoxBounds(
        asked, box, low, high, tuple(least), tuple(most), tuple(points[:n]), tuple(points[n:]), budget.spent
    )


def sign(bounds: BoxBounds, feature: int) -> str:
    """`+`, `-`, `0`, `>= 0`, `<= 0` everywhere on the box; `both` where both signs are attained; else `?`."""
    low, high = bounds.lower[feature], bounds.upper[feature]
    zero = Fraction(0)
    if low == high == zero:
        return "0"
    if low > zero or high < zero:
        return "+" if low > zero else "-"
    if zero in (low, high):
        return ">= 0" if low == zero else "<= 0"
    return "both" if bounds.attained_lower[feature] < zero < bounds.attained_upper[feature] else "?"
