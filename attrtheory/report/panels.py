"""What each picture shows: an input, a baseline, a method's attributions, a witness; with words for those who can't see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from attrtheory.audit.data import MethodValues, NetworkWitness
from attrtheory.errors import BadInput
from attrtheory.report.numbers import feature, number
from attrtheory.report.pixels import Rgb, divided, enlarge, finite, is_image, largest, on_grid, outlined, painted, photo, shades, signed
from attrtheory.report.wording import listed, spoken

MOST_BARS = 20
MOST_FRAMES = 64  # more frames than these hide the picture


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
    shown = _shown(np.max(relative, axis=0) if relative else np.abs(x).ravel())
    panels = [_method_panel(m, x.shape, scales[_kind(m)], shown) for m in attributions]
    return [*input_panels(x, baseline, shown), *panels]


def input_panels(x: np.ndarray, baseline: np.ndarray | None, shown: Sequence[int], marks: Sequence[int] = ()) -> list[Panel]:
    """The input and, where it is not one constant, the baseline; both in the same shades or on the same scale."""
    if baseline is not None and np.shape(baseline) != x.shape:
        raise BadInput(f"the baseline has shape {np.shape(baseline)}, the input {x.shape}; they must be the same")
    points = {"input": x} if baseline is None else {"input": x, "baseline": finite(baseline, "baseline")}
    flat = baseline is not None and np.ptp(points["baseline"]) == 0
    note = f"baseline: {number(float(points['baseline'].flat[0]))} everywhere" if flat else ""
    if flat:
        del points["baseline"]
    panels: list[Panel] = []
    for name, values in points.items():
        alt = f"{name} with values from {number(float(values.min()))} to {number(float(values.max()))}"
        if is_image(x.shape):
            low, high = shades(list(points.values()))
            notes = (f"black {number(low)}, white {number(high)}", _channels(x.shape, "mean"), note)
            rgb = outlined(photo(values, low, high), marks, x.shape)
            panels.append(Panel(name, _some(*notes), f"Picture of the {alt}", rgb))
        else:
            bars, labels, rows, rest = _bars(values.ravel(), x.shape, shown, marks)
            words = f"Bars of the {alt}"
            panels.append(Panel(name, _some(rest, note), words, None, bars, labels, largest(list(points.values())), rows, neutral=True))
    return panels


def witness_panels(w: NetworkWitness) -> list[Panel]:
    """The witness: input, baseline, attributions, with the features of the failing relation pointed out."""
    x = finite(w.x, "the witness")
    own = w.values is None or np.shape(w.values) == x.shape  # else one number for each group
    marks = w.features if own and len(w.features) < x.size and len(w.features) <= MOST_FRAMES else ()
    weight = np.abs(x - w.baseline).ravel() if w.values is None or not own else np.abs(finite(w.values, "attributions")).ravel()
    if marks:
        weight[list(marks)] = np.inf
    shown = _shown(weight)
    panels = input_panels(x, w.baseline, shown, marks)
    if w.values is None:
        return panels
    values = finite(w.values, "attributions")
    alt = f"Attributions at the witness, {_extremes(values.ravel(), x.shape if own else None)}"
    if own and is_image(x.shape):
        scale = largest([on_grid(values)])
        notes = _some(_plus_minus(scale), _channels(x.shape, "sum"))
        return [*panels, Panel("attributions", notes, alt, outlined(signed(on_grid(values), scale), marks, x.shape))]
    scale = largest([values])
    if own:
        bars, labels, rows, rest = _bars(values.ravel(), x.shape, shown, marks)
        return [*panels, Panel("attributions", _some(rest), alt, None, bars, labels, scale, rows)]
    bars, labels, rows, rest = _bars(values.ravel(), None, _shown(np.abs(values.ravel())), [k for k in w.features if k < values.size])
    return [*panels, Panel("attributions of groups", _some(rest), alt, None, bars, labels, scale, rows)]


def _method_panel(m: MethodValues, shape: tuple[int, ...], scale: float, shown: Sequence[int]) -> Panel:
    own = {"slope": "slope of the output: its own scale", "groups": f"{m.values.size} groups of features: their own scale"}
    kinks = f", touches {len(m.kinks)} kink{'s' * (len(m.kinks) > 1)}" if m.kinks else ""
    facts = f"sum {number(float(m.values.sum()))}, {m.trust}{kinks}"
    title, values = spoken(m.method), m.values
    alt = f"Attributions by {title}, {_extremes(values.ravel(), shape if m.groups is None else None)}"
    if is_image(shape):
        colours = signed(_drawn(m, shape), scale)
        rgb = enlarge(colours) if m.groups is None else divided(colours, m.groups)
        notes = _some(facts, _plus_minus(scale), own.get(_kind(m), ""), _channels(shape, "sum") if m.groups is None else "")
        return Panel(title, notes, alt, rgb)
    if m.groups is None:
        bars, labels, _, rest = _bars(values.ravel(), shape, shown)
    else:
        members = [[feature(int(i), shape) for i in np.flatnonzero(m.groups.ravel() == g)] for g in range(values.size)]
        bars, labels, _, rest = _bars(values, None, _shown(np.abs(values)))
        labels = tuple(f"{label}: {listed(members[int(label.split()[1])], 2)}" for label in labels)
    return Panel(title, _some(facts, own.get(_kind(m), ""), rest), alt, None, bars, labels, scale)


def _bars(values: np.ndarray, shape: tuple[int, ...] | None, shown: Sequence[int], marks: Sequence[int] = ()):  # noqa: ANN202
    """Values, labels, marked rows and a remark on what is left out; without a shape these are groups."""
    labels = tuple(f"group {k}" if shape is None else feature(k, shape) for k in shown)
    rows = tuple(r for r, k in enumerate(shown) if k in set(marks))
    rest = f"{len(shown)} of {values.size}, the largest" if len(shown) < values.size else ""
    return values[list(shown)], labels, rows, rest


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


def _shown(weight: np.ndarray) -> list[int]:
    """The features that get a bar, in their order."""
    return sorted(int(k) for k in np.argsort(-weight, kind="stable")[:MOST_BARS])


def _extremes(values: np.ndarray, shape: tuple[int, ...] | None) -> str:
    def at(k: int) -> str:
        return f"{number(float(values[k]))} at {f'group {k}' if shape is None else feature(k, shape)}"

    return f"largest {at(int(values.argmax()))}, smallest {at(int(values.argmin()))}"


def _plus_minus(scale: float) -> str:
    return f"scale ±{number(scale)}"


def _channels(shape: tuple[int, ...], how: str) -> str:
    several = len(shape) == 3 and shape[0] > 1 and not (how == "mean" and shape[0] == 3)
    return f"{how} of {shape[0]} channels" if several else ""


def _some(*notes: str) -> tuple[str, ...]:
    return tuple(filter(None, notes))


__all__ = ["Panel", "attribution_panels", "input_panels", "witness_panels"]
