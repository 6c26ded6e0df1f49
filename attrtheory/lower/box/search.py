"""Branch and bound over parts of a box, in float64: what it finds is a proposal."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from attrtheory.errors import BadInput
from attrtheory.lower.box.cells import ROWS, Cell, Cut, look
from attrtheory.lower.box.gradient import Engine
from attrtheory.lower.box.question import Question, Statement

Progress = Callable[[int, int], None]
Missing = Callable[[Cell], float]  # by how much a cell is short of the goal; at most 0 where nothing is missing
AT_ONCE = 4 * ROWS


@dataclass
class Budget:
    """`parts` of boxes that may be looked at, and optionally seconds; what was spent."""

    parts: int = 20_000
    seconds: float | None = None
    spent: int = 0

    def __post_init__(self) -> None:
        if type(self.parts) is not int or self.parts < 1:
            raise BadInput(f"parts: got {self.parts!r}; give a whole number of at least 1")
        if self.seconds is not None and not self.seconds > 0:
            raise BadInput(f"seconds: got {self.seconds!r}; give a positive number, or leave it out")
        self._start = time.monotonic()

    @property
    def is_over(self) -> bool:
        late = self.seconds is not None and time.monotonic() - self._start > self.seconds
        return late or self.spent >= self.parts


def branch_and_bound(
    engine: Engine,
    question: Question,
    cells: Iterable[Cell],
    missing: Missing,
    feature: int | None,
    budget: Budget,
    stop: Callable[[list[Cell]], bool] = lambda cells: False,
    progress: Progress | None = None,
) -> bool:
    """Cuts cells, the one that misses most first, until none misses anything, the budget is spent, or `stop` says so.

    Whether nothing is missing any more; cells where a cut can't help are left as they are, and count as missing.
    """
    order, heap, stuck = count(), [], False
    fresh = list(cells)
    while True:
        budget.spent += look(engine, question, fresh)
        for cell in fresh:
            if (short := missing(cell)) > 0:
                heapq.heappush(heap, (-short, next(order), cell))
        if progress:
            progress(min(budget.spent, budget.parts), budget.parts)
        if stop(fresh):
            return False
        fresh = []
        if not heap or budget.is_over:
            if progress:
                progress(budget.parts, budget.parts)
            return not heap and not stuck
        room = AT_ONCE
        while heap and room > 0:
            cell = heapq.heappop(heap)[-1]
            parts = advance(question, cell, feature)
            stuck |= not parts
            fresh += parts
            room -= sum(len(part.pieces) - len(part.found) for part in parts)


def advance(question: Question, cell: Cell, feature: int | None) -> list[Cell]:
    """Refines the span or cuts the box, whichever the open ReLUs hang on most; nothing where neither helps."""
    zero = crossing(question, cell, feature)
    if zero is not None:
        return list(cell.divide(zero))
    n = question.graph.features
    width = np.array([float(b - a or 1) * _width(cell, (a, b), feature) for a, b in cell.pieces])
    share = np.array([cell.found[p][2] for p in cell.pieces])
    blame = width[:, None] * share / np.maximum(share.sum(1, keepdims=True), 1e-300)
    total = blame.sum(0)
    if not total.any():
        return []
    if total[n] >= total[:n].max():
        cell.refine([p for p, b in zip(cell.pieces, blame[:, n], strict=True) if 4 * b >= blame[:, n].max()])
        return [cell]
    return list(cell.divide((int(total[:n].argmax()), None)))


def crossing(question: Question, cell: Cell, feature: int | None) -> Cut | None:
    """Where the displacement of the feature changes its sign inside the cell."""
    if feature is None:
        return None
    low, high = question.displacement(cell.box, feature)
    return (feature, question.baseline[feature]) if low < 0 < high else None


def _width(cell: Cell, piece: Any, feature: int | None) -> float:
    low, high, _ = cell.found[piece]
    return float(high[feature] - low[feature]) if feature is not None else float(np.subtract(high, low).max())


def shortfall(question: Question, statement: Statement) -> Missing:
    """By how much a cell is short of a statement: at most 0 where it holds everywhere on the cell."""

    def missing(cell: Cell) -> float:
        low, high = cell.attribution(question, statement.feature)
        if statement.holds_between(low, high):
            return 0.0
        gap = statement.bound - low if statement.relation in (">", ">=") else high - statement.bound
        return max(float(gap), 1e-300)

    return missing
