"""What all coalitions of a network would cost, and how far one has come."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrtheory.errors import TooLarge
from attrtheory.lower.points.tables import Table
from attrtheory.lower.wiring import products
from attrtheory.models.graph import Graph

Progress = Callable[[int, int], None]
MAX_PLAYERS = 24  # a table of 2^24 values is 128 MiB
WORK = 2**40  # multiplications for one input: some minutes on one core
EXACT_WORK = 2**30  # the same in rationals


def excess(graph: Graph, parts: Sequence[Table], baselines: int = 1, work: int = WORK) -> str | None:
    """Why evaluating all coalitions of these tables for one input is too much, or None."""
    players = max(t.players for t in parts)
    if players > MAX_PLAYERS:
        return f"{players} players have 2^{players} coalitions; all are evaluated for up to {MAX_PLAYERS} players"
    evaluations = baselines * sum(t.coalitions for t in parts)
    need = evaluations * products(graph)
    return f"{evaluations:,} evaluations are {need:.0e} multiplications, beyond {work:.0e}" if need > work else None


def check_affordable(graph: Graph, parts: Sequence[Table], baselines: int, work: int) -> None:
    if reason := excess(graph, parts, baselines, work):
        raise TooLarge(f"{reason}. Give groups so that there are fewer players, or samples (sample=1000, --samples 1000)")


def counted(progress: Progress | None, total: int) -> Callable[[int], None]:
    """Adds up what is done and reports it."""
    seen = 0

    def done(count: int) -> None:
        nonlocal seen
        seen += count
        if progress:
            progress(seen, total)

    return done
