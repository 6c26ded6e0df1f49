"""What each picture shows: an input, a baseline, a method's attributions; with words for those who can't see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from attrtheory.auditing.data import MethodValues
from attrtheory.errors import BadInput
from attrtheory.report.numbers import feature, number
from attrtheory.report.pixels import Rgb, divided, enlarge, finite, is_image, largest, on_grid, outlined, painted, photo, shades, signed
from attrtheory.report.wording import listed, spoken

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


def attribution_panels(x: np.ndarray, attributions: Sequence[MethodValues], *, baseline: np.ndarray | None = None) -> list[Panel]:
    """The input, its baseline where that is not one constant, and every method's attributions.

    One colour scale serves all methods that share out the output; slopes, and numbers for groups of features, are of
    another size and have scales of their own, which their notes say.
    """
    x = finite(x, "input")
    for m in attributions:
        _require_fit(m, x.shape)
    scales = {k: largest([_drawn(m, x.shape) for m in attributions if _kind(m) == k]) for k in set(map(_kind, attributions))}
    relative = [np.abs(m.values).ravel() / scales[_kind(m)] for m in attributions if m.groups is None]
    shown = largest_few(np.max(relative, axis=0) if relative else x)
    panels = [_method_panel(m, x.shape, scales[_kind(m)], shown) for m in attributions]
    return [*input_panels(x, baseline, shown, naming(x.shape)), *panels]


def input_panels(
    x: np.ndarray, baseline: np.ndarray | None, shown: Sequence[int], name: Naming, marks: Sequence[int] = ()
) -> list[Panel]:
    """The input and, where it is not one constant, the baseline; both in the same shades or on the same scale."""
    if baseline is not None and np.shape(baseline) != x.shape:
        raise BadInput(f"the baseline has shape {np.shape(baseline)}, the input {x.shape}; they must be the same")
    points = {"input": x} if baseline is None else {"input": x, "baseline": finite(baseline, "baseline")}
    flat = baseline is not None and np.ptp(points["baseline"]) == 0
    note = f"baseline: {number(float(points['baseline'].flat[0]))} everywhere" if flat else ""
    if flat:
        del points["baseline"]
    panels: list[Panel] = []
    for what, values in points.items():
        alt = f"{what} with values from {number(float(values.min()))} to {number(float(values.max()))}"
        if is_image(x.shape):
            low, high = shades(list(points.values()))
            notes = (f"black {number(low)}, white {number(high)}", over_channels(x.shape, "mean"), note)
            rgb = outlined(photo(values, low, high), marks, x.shape)
            panels.append(Panel(what, some(*notes), f"Picture of the {alt}", rgb))
        else:
            scale = largest(list(points.values()))
            panels.append(bars(what, (note,), f"Bars of the {alt}", values, shown, name, scale, marks, neutral=True))
    return panels


def _method_panel(m: MethodValues, shape: tuple[int, ...], scale: float, shown: Sequence[int]) -> Panel:
    own = {"slope": "slope of the output: its own scale", "groups": f"{m.values.size} groups of features: their own scale"}
    kinks = f", touches {len(m.kinks)} kink{'s' * (len(m.kinks) > 1)}" if m.kinks else ""
    facts = f"sum {number(float(m.values.sum()))}, {m.trust}{kinks}"
    title, values = spoken(m.method), m.values
    alt = f"Attributions by {title}, {extremes(values, naming(shape) if m.groups is None else group)}"
    if is_image(shape):
        colours = signed(_drawn(m, shape), scale)
        rgb = enlarge(colours) if m.groups is None else divided(colours, m.groups)
        notes = some(facts, plus_minus(scale), own.get(_kind(m), ""), over_channels(shape, "sum") if m.groups is None else "")
        return Panel(title, notes, alt, rgb)
    if m.groups is None:
        return bars(title, (facts, own.get(_kind(m), "")), alt, values, shown, naming(shape), scale)
    members = [[feature(int(i), shape) for i in np.flatnonzero(m.groups == g)] for g in range(values.size)]
    name = lambda k: f"group {k}: {listed(members[k], 2)}"
    return bars(title, (facts, own["groups"]), alt, values, largest_few(values), name, scale)


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


def _require_fit(m: MethodValues, shape: tuple[int, ...]) -> None:
    finite(m.values, f"attributions by {m.method}")
    if m.groups is None and m.values.shape != shape:
        raise BadInput(f"{m.method} has attributions of shape {m.values.shape} for an input of shape {shape}; give `groups` if they are for groups")
    if m.groups is not None:
        fits = m.values.ndim == 1 and m.groups.shape == shape and np.issubdtype(m.groups.dtype, np.integer)
        if not fits or m.groups.min() < 0 or m.groups.max() >= m.values.size:
            raise BadInput(
                f"{m.method} has {m.values.size} values for groups; `groups` must give every feature of shape {shape} "
                f"a whole number from 0 to {m.values.size - 1}; got shape {m.groups.shape}, {m.groups.dtype}"
            )


def _kind(m: MethodValues) -> str:
    return "groups" if m.groups is not None else "slope" if m.method == "gradient" else "share"


def _drawn(m: MethodValues, shape: tuple[int, ...]) -> np.ndarray:
    """The numbers that get a colour: of an image one for each pixel, where channels and their groups add up."""
    if not is_image(shape):
        return m.values
    return on_grid(m.values) if m.groups is None else painted(m.values, m.groups)


def group(k: int) -> str:
    return f"group {k}"


def largest_few(values: np.ndarray) -> list[int]:
    """Those that get a bar, in their order."""
    return sorted(int(k) for k in np.argsort(-np.abs(values).ravel(), kind="stable")[:MOST_BARS])


def extremes(values: np.ndarray, name: Naming) -> str:
    """The largest and the smallest value, and where they are."""
    high, low = int(values.argmax()), int(values.argmin())
    return f"largest {number(float(values.flat[high]))} at {name(high)}, smallest {number(float(values.flat[low]))} at {name(low)}"


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

