"""Wishes as the constraints of a linear program in the weights."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from attrtheory.metrics.design.objectives import Objective, Variation
from attrtheory.metrics.design.supports import Support
from attrtheory.metrics.design.wishes import Equation, Wish
from attrtheory.metrics.programs import Program


def equations_of(support: Support, wishes: Sequence[Wish]) -> list[Equation]:
    return [e for wish in wishes for e in wish.equations(support)]


def program_of(support: Support, wishes: Sequence[Wish], objective: Objective | None = None) -> Program:
    """Weights that meet the wishes; those of least variation, if that is the objective, else all alike."""
    found, width = equations_of(support, wishes), support.n * len(support.points)
    prices = objective.of(support) if isinstance(objective, Variation) else (Fraction(0),) * width
    positive = range(width) if any(w.positive for w in wishes) else ()
    return Program(tuple(e.row for e in found), tuple(e.right for e in found), prices, frozenset(positive))
