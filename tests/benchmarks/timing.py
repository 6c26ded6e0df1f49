"""Interleaved medians in one process, and the peak of memory of one call."""

from __future__ import annotations

import ctypes
import gc
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import torch

ROUNDS = 30


@dataclass(frozen=True)
class Measured:
    """The median time of one call, its peak of memory, what it returned, and how many calls the median is over."""

    seconds: float
    memory: int | None
    result: Any
    calls: int


def interleaved(calls: Mapping[str, Callable[[], Any]], seconds: float, device: str = "cpu") -> dict[str, Measured]:
    """Time all calls in turns, so that a slow moment of the machine meets each of them.

    A first call of each warms up, and its memory is taken; it counts only where a call is too slow to be repeated. Each
    call gets an equal share of `seconds`, and at most `ROUNDS` turns.
    """
    share, first = seconds / len(calls), {name: _first(call, device) for name, call in calls.items()}
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            last = times[name][-1] if times[name] else first[name].seconds
            if sum(times[name]) + last <= share:
                times[name].append(_timed(call, device)[0])
    return {
        name: Measured(median(times[name] or [one.seconds]), one.memory, one.result, len(times[name]) or 1)
        for name, one in first.items()
    }


def _timed(call: Callable[[], Any], device: str) -> tuple[float, Any]:
    start = perf_counter()
    result = call()
    if device != "cpu":
        torch.cuda.synchronize()
    return perf_counter() - start, result


def _first(call: Callable[[], Any], device: str) -> Measured:
    gc.collect()
    before = _reset_peak(device)
    seconds, result = _timed(call, device)
    peak = _peak(device)
    return Measured(seconds, None if before is None or peak is None else max(0, peak - before), result, 0)


# memory -----------------------------------------------------------------------------------------------------------------
def _reset_peak(device: str) -> int | None:
    """What is held on the device now, with its high-water mark set back to it; None on a CPU where that is not Linux.

    Freed memory goes back to the system first, so that a call cannot hide in what an earlier one left.
    """
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()
    if sys.platform != "linux":
        return None
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return _resident("VmRSS")


def _peak(device: str) -> int | None:
    if device != "cpu":
        return torch.cuda.max_memory_allocated()
    return _resident("VmHWM") if sys.platform == "linux" else None


def _resident(entry: str) -> int:
    found = re.search(rf"{entry}:\s+(\d+) kB", Path("/proc/self/status").read_text("utf-8"))
    return 1024 * int(found[1]) if found else 0


# what the machine can do ------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Machine:
    """Multiply-adds and bytes per second that torch reaches here, measured on one large product and one copy."""

    multiply_adds: float
    bytes: float

    def floor(self, multiply_adds: float, moved: float) -> float:
        """No run takes less time than this for so many multiply-adds and bytes."""
        return max(multiply_adds / self.multiply_adds, moved / self.bytes)


def machine(device: str, dtype: torch.dtype, n: int = 1024) -> Machine:
    a = torch.ones(n, n, dtype=dtype, device=device)
    long = torch.ones(2**24, dtype=dtype, device=device)
    told = interleaved({"product": lambda: a @ a, "copy": long.clone}, 2.0, device)
    return Machine(n**3 / told["product"].seconds, 2 * long.nbytes / told["copy"].seconds)
