"""Pictures of functionals on two features: where a method reads a model, with which sign, one panel for each feature.

Values of the model are weighed by discs, strokes and clouds; slopes by arrows along the feature that they are slopes in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from attrtheory.errors import BadInput, TooLarge
from attrtheory.measures.functional import Functional
from attrtheory.report.measure_marks import Cloud, Mark, Spot, Stroke, marks
from attrtheory.report.pixels import SIGNED
from attrtheory.report.plots import INK, NEGATIVE, POSITIVE, QUIET, plain, render

DPI = 110
DISC, ARROW = 520.0, 0.14  # area of the largest disc; length of the largest arrow, as a share of the panel
GRID = 201
Marks = tuple[list[Mark], list[list[Mark]]]  # of values, and of the slopes in each feature


def functional_figure(
    functionals: Sequence[Functional],
    *,
    x: Sequence[Any] | None = None,
    baselines: Sequence[Sequence[Any]] = (),
    names: Sequence[str] | None = None,
    title: str = "",
) -> bytes:
    """One panel for each functional on two features, as PNG: red weighs positively, blue negatively.

    `x`, `baselines`: points to mark; `names`: titles of the panels, by default "feature 1", and so on. All terms must be
    numbers.

    Raises:
        BadInput: not two features, letters in a measure, points that are not two finite numbers, another number of names than
            of functionals, or nothing to draw.
        TooLarge: numbers beyond floats.
    """
    if not functionals:
        raise BadInput("there is no functional to draw")
    titles = [f"feature {k + 1}" for k in range(len(functionals))] if names is None else list(names)
    if len(titles) != len(functionals) or isinstance(names, str):
        raise BadInput(f"names: one for each of {len(functionals)} functionals is asked for; got {names!r}")
    place = None if x is None else _point(x, "x")
    starts = [_point(b, "baselines") for b in baselines]
    drawn = [(marks(f.values), [marks(nu) for nu in f.slopes]) for f in functionals]
    if not any(values or any(slopes) for values, slopes in drawn):
        raise BadInput("the functionals are 0: there is nothing to draw")
    low, high = _limits(drawn, starts if place is None else [place, *starts])
    figure = Figure(figsize=(3.5 * len(drawn), 4.2), layout="constrained")
    for ax, one, name in zip(figure.subplots(1, len(drawn), squeeze=False)[0], drawn, titles, strict=True):
        _frame(ax, low, high, name)
        _values(ax, one[0], _largest(values for values, _ in drawn))
        for k, slopes in enumerate(one[1]):
            _slopes(ax, slopes, k, _largest(s for _, both in drawn for s in both), high - low)
        _points(ax, place, starts)
    figure.legend(handles=_legend(drawn, place, starts), loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    if title:
        figure.suptitle(plain(title), fontsize=11, color=INK)
    return render(figure, DPI)


def _point(data: Any, what: str) -> np.ndarray:
    """A point of the plane as floats."""
    try:
        found = np.array([float(q) for q in data])
    except (TypeError, ValueError) as error:
        raise BadInput(f"{what}: a point of two numbers is asked for; got {data!r}") from error
    except OverflowError as error:
        raise TooLarge(f"{what}: a number beyond floats; scale the features") from error
    if found.shape != (2,) or not np.isfinite(found).all():
        raise BadInput(f"{what}: a point of two finite numbers is asked for; got {data!r}")
    return found


def _frame(ax: Axes, low: np.ndarray, high: np.ndarray, name: str) -> None:
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    ax.set_title(plain(name), fontsize=10, color=INK)
    ax.set_xlabel("$y_1$", fontsize=9, color=QUIET)
    ax.set_ylabel("$y_2$", fontsize=9, color=QUIET)
    ax.tick_params(labelsize=7, colors=QUIET, length=2)
    ax.spines[:].set_color("#cbd2d9")


def _values(ax: Axes, found: Sequence[Mark], largest: float) -> None:
    """Clouds first, then strokes, then spots, so that nothing hides a point mass."""
    clouds = [m for m in found if isinstance(m, Cloud)]
    if clouds:
        (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
        grid = np.meshgrid(np.linspace(left, right, GRID), np.linspace(bottom, top, GRID))
        total = sum((c.density(*grid) for c in clouds), np.zeros((GRID, GRID)))
        peak = float(np.abs(total).max()) or 1.0
        norm = Normalize(-peak, peak)
        ax.imshow(total, extent=(left, right, bottom, top), origin="lower", cmap=SIGNED, norm=norm, alpha=0.75, zorder=1)
        if any(any(c.normal) for c in clouds):
            levels = [q * peak for q in (-0.75, -0.5, -0.25, -0.05, 0.05, 0.25, 0.5, 0.75)]
            ax.contour(*grid, total, levels=levels, colors=INK, linewidths=0.5, alpha=0.6, zorder=2)
    for m in found:
        if isinstance(m, Stroke):
            _stroke(ax, m)
    for m in found:
        if isinstance(m, Spot):
            colour = POSITIVE if m.weight > 0 else NEGATIVE
            ax.scatter(*m.at, s=DISC * abs(m.weight) / largest, color=colour, alpha=0.85, zorder=5, linewidths=0)
            above = {"xytext": (0, 13), "textcoords": "offset points", "ha": "center", "fontsize": 7.5}
            ax.annotate(f"{m.weight:+.3g}", (m.at[0], m.at[1]), color=colour, zorder=7, **above)


def _stroke(ax: Axes, m: Stroke) -> None:
    """One colour where the density is constant, else its shades."""
    if np.ptp(m.density) == 0:
        ends = m.points[[0, -1]]
        ax.plot(*ends.T, color=POSITIVE if m.density[0] > 0 else NEGATIVE, linewidth=4.5, solid_capstyle="butt", zorder=3)
        return
    scale = float(np.abs(m.density).max())
    pieces = list(np.stack([m.points[:-1], m.points[1:]], axis=1))
    lines = LineCollection(pieces, cmap=colormaps[SIGNED], norm=Normalize(-scale, scale), linewidths=4.5, zorder=3)
    lines.set(array=(m.density[1:] + m.density[:-1]) / 2, antialiased=False)
    ax.add_collection(lines)


def _slopes(ax: Axes, found: Sequence[Mark], k: int, largest: float, room: np.ndarray) -> None:
    """Arrows along feature k, as long as the slope there counts; the line or cloud that they stand on is grey."""
    for m in found:
        match m:
            case Spot():
                at, weights = m.at[None], np.array([m.weight])
            case Stroke():
                chosen = np.linspace(0.05, 0.95, 7) * (len(m.points) - 1)
                at, weights = m.points[chosen.astype(int)], m.density[chosen.astype(int)]
                ax.plot(*m.points.T, color=QUIET, linewidth=1.2, zorder=2)
            case Cloud():
                variables = [(u, v) for u in (-1.2, 0.0, 1.2) for v in (-1.2, 0.0, 1.2)]
                inside = [tuple(t if n else (t + 1) / 2 for t, n in zip(p, m.normal, strict=True)) for p in variables]
                at = np.array([m.origin + m.frame @ p for p in inside])
                density = m.density(*at.T)
                weights = density / (np.abs(density).max() or 1.0) * largest / 2
        for p, w in zip(at, weights, strict=True):
            step = np.eye(2)[k] * ARROW * room[k] * w / largest
            colour = POSITIVE if w > 0 else NEGATIVE
            style = {"arrowstyle": "-|>", "lw": 1.6, "shrinkA": 0, "shrinkB": 0, "color": colour}
            ax.annotate("", p + step, p, zorder=4, annotation_clip=False, arrowprops=style)


def _points(ax: Axes, x: np.ndarray | None, baselines: Sequence[np.ndarray]) -> None:
    for b in baselines:
        ax.scatter(*b, marker="s", s=34, facecolor="white", edgecolor=INK, zorder=6)
    if x is not None:
        ax.scatter(*x, marker="*", s=95, facecolor="white", edgecolor=INK, zorder=6)


def _legend(drawn: Sequence[Marks], x: Any, baselines: Sequence[Any]) -> list[Line2D]:
    entry = lambda label, **style: Line2D([], [], linestyle="none", label=label, **style)
    hollow = {"markerfacecolor": "white", "markeredgecolor": INK}
    out = [entry("input", marker="*", markersize=9, **hollow)] if x is not None else []
    out += [entry("baseline", marker="s", markersize=5, **hollow)] if baselines else []
    signs = {sign for values, _ in drawn for m in values for sign in _signs(m)}
    out += [entry("weighs values positively", marker="o", color=POSITIVE)] if 1.0 in signs else []
    out += [entry("weighs values negatively", marker="o", color=NEGATIVE)] if -1.0 in signs else []
    slopes = any(s for _, both in drawn for s in both)
    return out + ([entry("weighs the slope along it", marker="$\\rightarrow$", color=QUIET)] if slopes else [])


def _signs(m: Mark) -> set[float]:
    """The signs that a mark's weight has."""
    match m:
        case Spot():
            return {float(np.sign(m.weight))}
        case Stroke():
            return {float(s) for s in np.sign(m.density)}
        case Cloud():
            (left, bottom), (right, top) = np.min(m.corners(), axis=0), np.max(m.corners(), axis=0)
            grid = np.meshgrid(np.linspace(left, right, 41), np.linspace(bottom, top, 41))
            return {float(s) for s in np.unique(np.sign(m.density(*grid)))}


def _limits(drawn: Sequence[Marks], given: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """A square around everything, with a margin in which arrows have room."""
    points = list(given)
    for values, slopes in drawn:
        for m in [*values, *(m for s in slopes for m in s)]:
            match m:
                case Spot():
                    points.append(m.at)
                case Stroke():
                    points += [m.points[0], m.points[-1]]
                case Cloud():
                    points += list(m.corners())
    low, high = np.min(points, axis=0), np.max(points, axis=0)
    arrows = any(s for _, slopes in drawn for s in slopes)
    middle, half = (low + high) / 2, max(float((high - low).max()) / 2, 0.5) * (1.45 if arrows else 1.22)
    return middle - half, middle + half


def _largest(found: Iterable[Sequence[Mark]]) -> float:
    """The largest weight of the spots and strokes in some lists of marks."""
    thin = [m for some in found for m in some if not isinstance(m, Cloud)]
    sizes = [np.abs(m.weight if isinstance(m, Spot) else m.density).max() for m in thin]
    return float(max(sizes, default=0.0)) or 1.0
