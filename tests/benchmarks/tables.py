"""The rows as tables: time, error and memory side by side, and what the unavoidable work would take."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from benchmarks.rows import Row
from benchmarks.timing import Machine
from rich.console import Console
from rich.table import Table

OVERHEAD = 5  # beyond so many times the floor, neither arithmetic nor memory is what takes the time


def show(console: Console, rows: Iterable[Row], machine: Machine) -> None:
    """One table per kind of work, and one of floors."""
    listed = list(rows)
    for work, some in groupby(listed, key=lambda r: r.work):
        console.print(beside(work, list(some)))
    if lines := [r for r in listed if r.work.startswith("integrated-gradients") and r.device == "cpu"]:
        console.print(floors(lines, machine))


def beside(work: str, rows: list[Row]) -> Table:
    table = Table("network", "ours", "ms", "MB", "error", "peer", "ms", "MB", "error (median)", "ratio", title=work)
    for index, heading in enumerate(table.columns):
        heading.justify = "left" if index in (0, 1, 5) else "right"
    for (network, method), some in groupby(rows, key=lambda r: (r.network, r.method)):
        for k, r in enumerate(some):
            pieces = "" if r.pieces is None else f" ({r.pieces} pieces)"
            head = (network + pieces, method, _ms(r.ours_s), _mb(r.memory_ours), _error(r.error_ours))
            ratio = "" if r.peer_s is None else f"{r.ours_s / r.peer_s:.2f}"
            tail = (r.peer or "-", _ms(r.peer_s), _mb(r.memory_peer), _both(r), ratio)
            table.add_row(*(head if k == 0 else ("",) * 5), *tail)
        table.add_section()
    return table


def floors(rows: list[Row], machine: Machine) -> Table:
    r"""The least that a sum over pieces needs: one pass forwards and one backwards for each piece, in float64.

    A pass takes `multiplications` multiply-adds, and writes and reads every `entries` number of 8 bytes once.
    """
    title = "time per input beside the floor: forward and backward, once for each piece"
    headings = ("network", "pieces", "multiply-adds", "bytes", "floor, ms", "exact, ms", "times", "dominated by")
    table = Table(*headings, title=title)
    for _, some in groupby((r for r in rows if r.method == "exact"), key=lambda r: r.network):
        r = next(some)
        work, moved = 2 * (r.pieces or 0) * r.multiplications, 32 * (r.pieces or 0) * r.entries
        floor = machine.floor(work, moved)
        kind = "arithmetic" if work / machine.multiply_adds >= moved / machine.bytes else "memory traffic"
        what = f"{kind} of the floor" if r.ours_s <= OVERHEAD * floor else "finding the pieces, small calls"
        size = (str(r.pieces), f"{work:.1e}", f"{moved:.1e}")
        table.add_row(r.network, *size, _ms(floor), _ms(r.ours_s), f"{r.ours_s / floor:.1f}", what)
    return table


def _ms(seconds: float | None) -> str:
    return "" if seconds is None else f"{1000 * seconds:.3g}" if seconds < 1 else f"{1000 * seconds:,.0f}"


def _mb(memory: int | None) -> str:
    return "" if memory is None else f"{memory / 1e6:.0f}"


def _both(r: Row) -> str:
    """A peer's worst error, and the median."""
    median = r.median_error_peer
    return _error(r.error_peer) + (f" ({_error(median)})" if median is not None else "")


def _error(error: float | None) -> str:
    return "" if error is None else f"{error:.1e}"
