"""Parts of a box, and of the span that the gradient is averaged over, with what is known of the gradient on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from attrtheory.lower.box.forms import Array
from attrtheory.lower.box.gradient import Engine
from attrtheory.lower.box.parts import forms
from attrtheory.lower.box.question import Box, Interval, Question, product

Cut = tuple[int, Fraction | None]  # a feature, and where: None is the middle
Found = tuple[Sequence[Any], Sequence[Any], Any]  # ends of the gradient, and the symbols' shares
ROWS = 64  # parts looked at together


@dataclass(eq=False)
class Cell:
    """A part of the box; the span's pieces; and, once cut, its two halves."""

    box: Box
    pieces: list[Interval]
    found: dict[Interval, Found] = field(default_factory=dict)
    cut: Cut | None = None
    halves: tuple[Cell, Cell] | None = None

    def divide(self, cut: Cut) -> tuple[Cell, Cell]:
        """Cuts the box; the halves keep the pieces."""
        left, right = (Cell(box, list(self.pieces)) for box in self.box.cut(*cut))
        self.cut, self.halves, self.found = cut, (left, right), {}
        return left, right

    def refine(self, pieces: Sequence[Interval]) -> None:
        """Bisects some pieces of the span."""
        chosen = set(pieces)
        self.pieces = [
            part
            for a, b in self.pieces
            for part in ([(a, (a + b) / 2), ((a + b) / 2, b)] if (a, b) in chosen else [(a, b)])
        ]
        self.found = {p: f for p, f in self.found.items() if p not in chosen}

    def mean(self, feature: int) -> tuple[Any, Any]:
        """Ends of the mean gradient of a feature, from the gradients on the pieces."""
        if len(self.pieces) == 1:
            low, high, _ = self.found[self.pieces[0]]
            return low[feature], high[feature]
        ends = [(b - a, *self.found[a, b][:2]) for a, b in self.pieces]
        return sum(w * low[feature] for w, low, _ in ends), sum(w * high[feature] for w, _, high in ends)

    def attribution(self, question: Question, feature: int) -> tuple[Any, Any]:
        """Ends of the attribution of a feature on this part of the box."""
        return product(question.displacement(self.box, feature), self.mean(feature))

    def leaves(self) -> list[Cell]:
        """All parts that are not cut further, from left to right."""
        found: list[Cell] = []
        stack: list[Cell] = [self]
        while stack:
            cell = stack.pop()
            if cell.halves is None:
                found.append(cell)
            else:
                stack += reversed(cell.halves)
        return found


def missing(cells: Sequence[Cell]) -> list[tuple[Cell, Interval]]:
    return [(cell, piece) for cell in cells for piece in cell.pieces if piece not in cell.found]


def look(engine: Engine, question: Question, cells: Sequence[Cell]) -> int:
    """Bounds the gradient in float64 wherever cells lack it; how many parts were looked at."""
    wanted = missing(cells)
    for start in range(0, len(wanted), ROWS):
        block = wanted[start : start + ROWS]
        low, high, share = bounds(engine, question, [(cell.box, piece) for cell, piece in block])
        for k, (cell, piece) in enumerate(block):
            cell.found[piece] = low[k], high[k], share[k]
    return len(wanted)


def bounds(engine: Engine, question: Question, places: list[tuple[Box, Interval]]) -> tuple[Array, Array, Array]:
    """Bounds of the gradient as floats, and the shares of the symbols."""
    found = engine.bounds(forms(places, question.baseline, engine.dtype), question.target)
    unit = np.ldexp(1.0, -found.exponent)[:, None]
    return found.low * unit, found.high * unit, found.share
