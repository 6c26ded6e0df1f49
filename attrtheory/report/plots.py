"""Figures as PNG: quadrature against the exact value, one input with all its attributions.

Figures are built without pyplot: a caller's own figures and settings stay as they are.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from io import BytesIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter, NullLocator

from attrtheory.auditing.data import MethodValues, Quadrature
from attrtheory.errors import BadInput
from attrtheory.report.numbers import number, visible
from attrtheory.report.panel import Panel
from attrtheory.report.panels import attribution_panels
from attrtheory.report.pixels import NO_VERSION, finite

INK, QUIET, POSITIVE, NEGATIVE, MARK = "#1f2933", "#7b8794", "#b2182b", "#2166ac", "#ffd600"
ERROR, GAP = "#b84a00", "#0072b2"


def render(figure: Figure, dpi: int = 160) -> bytes:
    """The figure as PNG bytes, the same bytes for the same figure."""
    target = BytesIO()
    FigureCanvasAgg(figure)
    with warnings.catch_warnings():  # a letter that the font lacks is drawn as a box: no reason to stop a report
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
        figure.savefig(target, format="png", dpi=dpi, metadata=NO_VERSION, facecolor="white")
    return target.getvalue()


def plain(name: str) -> str:
    """A name as matplotlib shows it literally: a `$` starts no formula."""
    return visible(name).replace("$", r"\$")


def draw_bars(
    ax: Axes,
    values: np.ndarray,
    labels: Sequence[str],
    scale: float,
    *,
    marks: Sequence[int] = (),
    neutral: bool = False,
    room: int = 0,
) -> None:
    """Horizontal bars, the first on top, from -scale to scale, with room for `room` of them or more.

    `marks`: bars to point out; `neutral`: they are values of an input, red and blue would say too much.
    """
    values = finite(values, "bars")
    if values.shape != (len(labels),):
        raise BadInput(
            f"bars need one label for each value; got {len(labels)} labels and values of shape {values.shape}"
        )
    at = np.arange(len(values))
    colours = ["#52606d" if neutral else POSITIVE if v > 0 else NEGATIVE for v in values]
    ax.barh(at, values, height=0.66, color=colours, zorder=2)
    for k in marks:
        ax.axhspan(k - 0.5, k + 0.5, color=MARK, alpha=0.45, zorder=0, linewidth=0)
    ax.axvline(0, color=INK, linewidth=0.8, zorder=3)
    ax.set(xlim=(-1.06 * scale, 1.06 * scale), ylim=(max(len(values), room) - 0.4, -0.6), yticks=at)
    ax.set_yticklabels([plain(t) for t in labels], fontsize=8, color=INK)
    ax.xaxis.set_major_locator(MaxNLocator(3, symmetric=True))
    ax.tick_params(axis="x", labelsize=7, colors=QUIET, length=2)
    ax.tick_params(axis="y", length=0)
    ax.spines[:].set_visible(False)
    for k, v in enumerate(values):
        ax.text(1.02, k, number(float(v)), transform=ax.get_yaxis_transform(), va="center", fontsize=8, color=INK)


def draw_panel(ax: Axes, p: Panel, room: int) -> None:
    """One panel, as an image or as bars, with its title and notes."""
    if p.rgb is not None:
        ax.imshow(p.rgb, interpolation="nearest")
        ax.set(xticks=[], yticks=[])
    else:
        draw_bars(ax, p.values, p.labels, p.scale, marks=p.marks, neutral=p.neutral, room=room)
    ax.set_title(plain(p.title), fontsize=9, color=INK)
    ax.set_xlabel("\n".join(map(plain, p.notes)), fontsize=7.5, color=QUIET)


def quadrature_figure(rows: Sequence[Quadrature]) -> bytes:
    """Steps against completeness gap and true error, one panel for each way to integrate, on the same logarithmic axes."""
    if not rows:
        raise BadInput("there is no approximate attribution to draw")
    numbers = finite(np.array([[q.steps, q.gap, q.error, q.exact_gap] for q in rows]), "the quadrature table")
    if (numbers[:, 0] < 1).any() or (numbers[:, 1:] < 0).any():
        raise BadInput("a quadrature has at least one step, and its gap and error are not negative")
    # Zero has no place on a logarithmic axis: it is drawn on the lowest line, which says so.
    positive = numbers[:, 1:3][numbers[:, 1:3] > 0]
    floor = 10.0 ** (np.floor(np.log10(positive.min())) - 1) if positive.size else 1e-17
    names = list(dict.fromkeys(q.name for q in rows))
    all_steps = sorted({q.steps for q in rows})
    ticks = all_steps[:: -(-len(all_steps) // 7)]
    figure = Figure(figsize=(max(4.2, 3.1 * len(names)), 3.3), layout="constrained")
    axes = figure.subplots(1, len(names), sharex=True, sharey=True, squeeze=False)[0]
    for ax, name in zip(axes, names, strict=True):
        group = sorted((q for q in rows if q.name == name), key=lambda q: q.steps)
        steps = [q.steps for q in group]
        ax.loglog(
            steps,
            [max(q.error, floor) for q in group],
            "o-",
            color=ERROR,
            linewidth=1.8,
            markersize=5,
            label="true error",
        )
        ax.loglog(
            steps,
            [max(q.gap, floor) for q in group],
            "s--",
            color=GAP,
            linewidth=1.8,
            markersize=5,
            markerfacecolor="white",
            label="completeness gap",
        )
        ax.set_title(plain(name), fontsize=9, color=INK)
        ax.set_xlabel("steps", fontsize=8, color=INK)
        ax.set_xticks(ticks, [str(s) for s in ticks])
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.xaxis.set_minor_locator(NullLocator())
        ax.tick_params(labelsize=7, colors=QUIET)
        ax.grid(axis="y", color="#e4e7eb", linewidth=0.7)
        ax.spines[["top", "right"]].set_visible(False)
        if (numbers[:, 1:3] == 0).any():
            ax.text(0.02, 0.03, f"0 is drawn at {floor:.0e}", transform=ax.transAxes, fontsize=6.5, color=QUIET)
    axes[0].set_ylabel("relative size", fontsize=8, color=INK)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, fontsize=8, frameon=False)
    return render(figure)


def attribution_figure(
    x: np.ndarray, attributions: Sequence[MethodValues], *, baseline: np.ndarray | None = None, title: str = ""
) -> bytes:
    """One input beside each method's attributions: heat maps of an image, bars of anything else.

    Raises:
        BadInput: a value is NaN or infinite, there is nothing to draw, or shapes do not fit.
    """
    panels = attribution_panels(x, attributions, baseline=baseline)
    columns = min(4, len(panels))
    lines = -(-len(panels) // columns)
    image, room = panels[0].rgb is not None, max(len(p.labels) for p in panels)
    wide, tall = (2.55, 2.9) if image else (3.6, 1.0 + 0.24 * room)
    figure = Figure(figsize=(wide * columns, tall * lines + 0.45 * bool(title)), layout="constrained")
    figure.get_layout_engine().set(wspace=0.06)  # type: ignore[union-attr]  # numbers on the right, labels on the left
    axes = list(figure.subplots(lines, columns, squeeze=False).flat)
    for ax, p in zip(axes, panels, strict=False):
        draw_panel(ax, p, room)
    for ax in axes[len(panels) :]:
        ax.set_axis_off()
    if title:
        figure.suptitle(plain(title), fontsize=11, color=INK)
    return render(figure)
