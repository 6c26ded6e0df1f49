"""Bounds and values in exact rationals: what a verdict about a box rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import numpy as np

from attrtheory.lower.box.cells import ROWS, Cell, missing
from attrtheory.lower.box.gradient import engine
from attrtheory.lower.box.parts import forms
from attrtheory.lower.box.question import Point, Question
from attrtheory.lower.integral_exact import integrated_gradients_exact
from attrtheory.models.exact_graph import gradient_exact


def attributions_exact(question: Question, x: Point) -> list[Fraction]:
    """The attributions at one input, by the package's convention at kinks."""
    graph, target = question.graph, question.target
    if question.method == "integrated_gradients":
        x0, x1 = (np.array(p, dtype=object).reshape(graph.input_shape) for p in (question.baseline, x))
        return [Fraction(int(v.p), int(v.q)) for v in integrated_gradients_exact(graph, x0, x1, target).values]
    gradient = gradient_exact(graph, x, target)
    return gradient if question.method == "gradient" else [v * g for v, g in zip(x, gradient, strict=True)]


def enclosed(
    question: Question, cells: Sequence[Cell], progress: Callable[[int, int], None] | None = None
) -> Iterator[Cell]:
    """The cells one by one, with bounds of the gradient in rationals."""
    whole = [Cell(cell.box, list(cell.pieces)) for cell in cells]
    wanted, done, proving = missing(whole), 0, engine(question.graph, np.int64)
    for start in range(0, len(wanted), ROWS):
        block = wanted[start : start + ROWS]
        places = [(cell.box, piece) for cell, piece in block]
        found = proving.bounds(forms(places, question.baseline, np.int64), question.target)
        for (cell, piece), low, high, p in zip(block, found.low, found.high, found.exponent.tolist(), strict=True):
            unit = Fraction(2) ** -p
            cell.found[piece] = ([v * unit for v in low.tolist()], [v * unit for v in high.tolist()], None)
        if progress:
            progress(min(start + ROWS, len(wanted)), len(wanted))
        while done < len(whole) and len(whole[done].found) == len(whole[done].pieces):
            yield whole[done]
            done += 1


def interval(question: Question, cell: Cell, feature: int) -> tuple[Fraction, Fraction]:
    """Ends of the attribution on an enclosed cell; where the cell is a point, its value."""
    if cell.box.is_point:
        value = attributions_exact(question, cell.box.lower)[feature]
        return value, value
    return cell.attribution(question, feature)
