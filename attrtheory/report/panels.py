"""The pictures of an input: the input itself, its baseline, and every method's attributions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from attrtheory.auditing.data import MethodValues
from attrtheory.errors import BadInput
from attrtheory.report.numbers import feature, number
from attrtheory.report.panel import (
    Naming,
    Panel,
    bars,
    extremes,
    group,
    largest_few,
    naming,
    over_channels,
    plus_minus,
    some,
)
from attrtheory.report.pixels import (
    divided,
    enlarge,
    finite,
    is_image,
    largest,
    on_grid,
    outlined,
    painted,
    photo,
    shades,
    signed,
)  # fmt: skip
from attrtheory.report.wording import listed, spoken


def attribution_panels(
    x: np.ndarray, attributions: Sequence[MethodValues], *, baseline: np.ndarray | None = None
) -> list[Panel]:
    """The input, its baseline where that is not one constant, and every method's attributions.

    One colour scale serves all methods that share out the output; slopes, and numbers for groups of features, are of
    another size and have scales of their own, which their notes say.
    """
    x = finite(x, "input")
    for m in attributions:
        _require_fit(m, x.shape)
    scales = {
        k: largest([_drawn(m, x.shape) for m in attributions if _kind(m) == k]) for k in set(map(_kind, attributions))
    }
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
    own = {
        "slope": "slope of the output: its own scale",
        "groups": f"{m.values.size} groups of features: their own scale",
    }
    kinks = f", touches {len(m.kinks)} kink{'s' * (len(m.kinks) > 1)}" if m.kinks else ""
    facts = f"sum {number(float(m.values.sum()))}, {m.trust}{kinks}"
    title, values = spoken(m.method), m.values
    alt = f"Attributions by {title}, {extremes(values, naming(shape) if m.groups is None else group)}"
    if is_image(shape):
        colours = signed(_drawn(m, shape), scale)
        rgb = enlarge(colours) if m.groups is None else divided(colours, m.groups)
        notes = some(
            facts, plus_minus(scale), own.get(_kind(m), ""), over_channels(shape, "sum") if m.groups is None else ""
        )
        return Panel(title, notes, alt, rgb)
    if m.groups is None:
        return bars(title, (facts, own.get(_kind(m), "")), alt, values, shown, naming(shape), scale)
    members = [[feature(int(i), shape) for i in np.flatnonzero(m.groups == g)] for g in range(values.size)]
    name = lambda k: f"group {k}: {listed(members[k], 2)}"
    return bars(title, (facts, own["groups"]), alt, values, largest_few(values), name, scale)


def _require_fit(m: MethodValues, shape: tuple[int, ...]) -> None:
    finite(m.values, f"attributions by {m.method}")
    if m.groups is None and m.values.shape != shape:
        raise BadInput(
            f"{m.method} has attributions of shape {m.values.shape} for an input of shape {shape}; for groups, give `groups`"
        )
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
