"""The sign of every attribution on a box: each with its verdicts and what was proved of its values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from attrtheory.lower.box.question import Interval
from attrtheory.lower.box.reading import Data
from attrtheory.models.graph import Graph
from attrtheory.prove.box import BoxAnswer, box_query
from attrtheory.prove.verdict import Proved, Refuted, Witness


@dataclass(frozen=True, eq=False)
class SignAnswer:
    """Of one feature: the answers to `>= 0` and, unless that is proved, to `<= 0`.

    `sign`: "+", "-" or "0" everywhere, ">= 0" or "<= 0" everywhere, "both" where each has a counterexample, else "unknown".
    """

    feature: int
    answers: tuple[BoxAnswer, ...]

    @property
    def sign(self) -> str:
        low, high = self.bounds or (0, 0)
        match [answer.verdict for answer in self.answers]:
            case [Proved()]:
                return "+" if low > 0 else ">= 0" if high > 0 else "0"
            case [_, Proved()]:
                return "-" if high < 0 else "<= 0"
            case [Refuted(), Refuted()]:
                return "both"
            case _:
                return "unknown"

    @property
    def bounds(self) -> Interval | None:
        """What is proved of the values, where something is."""
        known = [answer.bounds for answer in self.answers if answer.bounds is not None]
        return (max(low for low, _ in known), min(high for _, high in known)) if known else None

    @property
    def witnesses(self) -> list[Witness]:
        """Inputs with a negative, or a positive attribution."""
        return [a.verdict.witness for a in self.answers if isinstance(a.verdict, Refuted)]


def box_signs(graph: Graph, lower: Data, upper: Data, **options: Any) -> Iterator[SignAnswer]:
    """The sign of every feature's attribution on a box, one after the other; options as for `box_query`."""
    for feature in range(graph.features):
        first = box_query(graph, lower, upper, feature, ">=", 0, **options)
        if isinstance(first.verdict, Proved):
            yield SignAnswer(feature, (first,))
        else:
            yield SignAnswer(feature, (first, box_query(graph, lower, upper, feature, "<=", 0, **options)))
