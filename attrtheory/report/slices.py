"""Pictures of two-dimensional slices: the regions, what the network does on each, and where its decision changes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.tri import Triangulation

from attrtheory.errors import BadInput
from attrtheory.lower.regions.decision import banded, decision_boundary
from attrtheory.lower.regions.moments import simplices
from attrtheory.lower.regions.numbers import as_floats
from attrtheory.lower.regions.result import Regions
from attrtheory.report.pixels import SIGNED, largest
from attrtheory.report.plots import INK, MARK, QUIET, plain, render

Marks = Mapping[str, tuple[float, float]]
MOST = 0.99  # of the area has gradients within the colour scale: a few slivers would make all else white
BANDS = 32  # of colour
DENSE = 5_000  # from so many regions on, their edges are drawn more thinly


def figure(
    regions: Regions,
    *,
    target: int = 0,
    feature: int | None = None,
    marks: Marks | None = None,
    title: str = "",
    axes: tuple[str, str] = ("$s_1$", "$s_2$"),
) -> bytes:
    """A slice of dimension 2 as PNG: one output, or its gradient in one feature, on every region.

    Red is positive, blue negative, white 0. The output is affine on regions and drawn so. The gradient is constant on
    regions, and the colour scale ends where 99 % of the area does.

    Thin lines are edges of regions, the thick one is where the decision changes; `marks`: names of points to show, with
    their slice coordinates; `axes`: what the two directions are.

    Raises:
        BadInput: the slice has not two dimensions, or there is no such feature or target.
    """
    if regions.complex.dimension != 2:
        raise BadInput(f"a picture shows a slice of dimension 2; this one has {regions.complex.dimension}")
    if feature is not None and not 0 <= feature < regions.graph.features:
        raise BadInput(f"feature: got {feature}; the network has features 0 to {regions.graph.features - 1}")
    regions.checked(target)
    points = as_floats(regions.points)
    drawing = Figure(figsize=(6.2, 5.2), layout="constrained")
    ax = drawing.subplots()
    if feature is None:
        colours, label = _output(ax, regions, target), f"output {target}"
    else:
        colours = _constants(ax, regions, points, as_floats(regions.pieces(target).gradient[:, feature]))
        label = f"gradient of output {target} in feature {feature}"
    thin = 0.3 if len(regions) < DENSE else 0.3 * (DENSE / len(regions)) ** 0.5
    ax.add_collection(LineCollection(list(points[regions.complex.faces[0].T]), colors=INK, linewidths=thin, alpha=0.6))
    ax.add_collection(LineCollection(list(decision_boundary(regions)), colors=INK, linewidths=1.6, capstyle="round"))
    for name, (x, y) in (marks or {}).items():
        ax.plot(x, y, "o", color=MARK, markeredgecolor=INK, markersize=6, zorder=5)
        ax.annotate(plain(name), (x, y), xytext=(6, 5), textcoords="offset points", fontsize=8, color=INK, zorder=6,
                    bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "alpha": 0.8, "linewidth": 0})  # fmt: skip
    low, high = points.min(0), points.max(0)
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xlabel=axes[0], ylabel=axes[1])
    ax.tick_params(labelsize=7, colors=QUIET, length=2)
    ax.spines[:].set_visible(False)
    count = f"{len(regions):,} region{'' if len(regions) == 1 else 's'}"
    note = f"{count}; trust {regions.trust}; the thick line is where the decision changes"
    ax.set_title(note, fontsize=7.5, color=QUIET)
    bar = drawing.colorbar(colours, ax=ax, shrink=0.85, pad=0.02, extend="neither" if feature is None else "both")
    bar.set_label(label, fontsize=8, color=INK)
    bar.ax.tick_params(labelsize=7, colors=QUIET, length=2)
    bar.outline.set_visible(False)  # type: ignore[operator]
    if title:
        drawing.suptitle(plain(title), fontsize=11, color=INK)
    return render(drawing, dpi=200)


def _output(ax: Axes, regions: Regions, target: int):
    """The output, affine on every region. Colours are mixed only within narrow bands of it: red and blue mix to no white."""
    scale = largest([as_floats(regions.outputs[:, target])])
    bands, points, values = banded(regions, target, np.linspace(-scale, scale, BANDS + 1)[1:-1])
    triangles = simplices(bands, np.stack([np.arange(len(points))] * 2, axis=1))
    corners = np.stack([corner[:, 0] for corner in triangles.corners], axis=1)
    mesh = Triangulation(points[:, 0], points[:, 1], corners)
    return ax.tripcolor(mesh, values, shading="gouraud", cmap=SIGNED, vmin=-scale, vmax=scale)


def _constants(ax: Axes, regions: Regions, points: np.ndarray, values: np.ndarray) -> PolyCollection:
    order = np.argsort(np.abs(values))
    share = np.cumsum(as_floats(regions.volumes)[order])
    scale = abs(float(values[order[int(np.searchsorted(share, MOST * share[-1]))]])) or largest([values])
    polygons = PolyCollection(
        [points[regions.complex.corners(r)] for r in range(len(regions))], array=values, cmap=SIGNED, linewidths=0
    )
    polygons.set_clim(-scale, scale)
    ax.add_collection(polygons)
    return polygons
