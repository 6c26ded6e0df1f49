"""One picture with its words: pixels or bars, a title, notes below it, and what it shows for those who can't see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from attrtheory.report.numbers import feature, number
from attrtheory.report.pixels import Rgb

MOST_BARS = 20
Naming = Callable[[int], str]


@dataclass(frozen=True, eq=False)
class Panel:
    """A picture (`rgb`), or bars where that is None; `notes`: short lines below it, `alt`: what it shows in words."""

    title: str
    notes: tuple[str, ...]
    alt: str
    rgb: Rgb | None = None
    values: np.ndarray = field(default_factory=lambda: np.zeros(0))
    labels: tuple[str, ...] = ()
    scale: float = 1.0
    marks: tuple[int, ...] = ()
    neutral: bool = False

    @property
    def bars(self) -> list[tuple[str, float, float, float, bool]]:
        """For every bar its label, its value, where it starts and how long it is in percent, whether it is marked."""
        parts = zip(self.labels, map(float, self.values), strict=True)
        length = 50 / self.scale
        return [(t, v, 50 + min(v, 0) * length, abs(v) * length, k in self.marks) for k, (t, v) in enumerate(parts)]


def bars(
    title: str, notes: Sequence[str], alt: str, values: np.ndarray, shown: Sequence[int], name: Naming, scale: float,
    marks: Sequence[int] = (), *, neutral: bool = False,
) -> Panel:  # fmt: skip
    """Bars for the values at `shown`, and a note if there are more."""
    rows = tuple(r for r, k in enumerate(shown) if k in set(marks))
    rest = f"{len(shown)} of {values.size}, the largest" if len(shown) < values.size else ""
    labels = tuple(map(name, shown))
    return Panel(title, some(*notes, rest), alt, None, values.ravel()[list(shown)], labels, scale, rows, neutral)


def naming(shape: tuple[int, ...]) -> Naming:
    """The names of features, by their number."""
    return lambda k: feature(k, shape)


def group(k: int) -> str:
    return f"group {k}"


def largest_few(values: np.ndarray) -> list[int]:
    """Those that get a bar, in their order."""
    return sorted(int(k) for k in np.argsort(-np.abs(values).ravel(), kind="stable")[:MOST_BARS])


def extremes(values: np.ndarray, name: Naming) -> str:
    """The largest and the smallest value, and where they are."""
    high, low = int(values.argmax()), int(values.argmin())
    at = lambda k: f"{number(float(values.flat[k]))} at {name(k)}"
    return f"largest {at(high)}, smallest {at(low)}"


def plus_minus(scale: float) -> str:
    """The ends of a colour scale."""
    return f"scale ±{number(scale)}"


def over_channels(shape: tuple[int, ...], how: str) -> str:
    """What became of the channels of an image, where they were put together."""
    several = len(shape) == 3 and shape[0] > 1 and not (how == "mean" and shape[0] == 3)
    return f"{how} of {shape[0]} channels" if several else ""


def some(*notes: str) -> tuple[str, ...]:
    """The notes that say something."""
    return tuple(filter(None, notes))
