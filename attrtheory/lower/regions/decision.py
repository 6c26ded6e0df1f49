"""Regions cut further for pictures: by which output is largest, or the sign of one; and into bands of an output."""

from __future__ import annotations

import numpy as np

from attrtheory.errors import BadInput
from attrtheory.lower.regions.complex import Complex
from attrtheory.lower.regions.numbers import as_floats
from attrtheory.lower.regions.result import Regions
from attrtheory.lower.regions.rows import FloatRows, snapped
from attrtheory.lower.regions.sweep import Sweep

MEMORY = 2**33
ROUNDING = 2.0**-44  # relative to the largest output, under trust `exact`: decisions are drawn, not proved


def decision_boundary(regions: Regions) -> np.ndarray:
    """Segments (segments, 2 ends, 2) on which two outputs are largest; of one output, on which it changes sign."""
    rows, sweep = _outputs(regions)
    columns = np.arange(regions.graph.outputs)
    if len(columns) == 1:
        sweep.bend(0, "output")
        value = rows.unit(0, 0)
        decided = np.stack([sweep.complex.everywhere(value >= 0), sweep.complex.everywhere(value <= 0)], axis=1)
    else:
        sweep.compete(0, columns[None], "output")
        decided = sweep.winners(0, columns)
    return rows.at.rows[_between(sweep.complex, decided)]


def banded(regions: Regions, target: int, levels: np.ndarray) -> tuple[Complex, np.ndarray, np.ndarray]:
    """The regions cut where an output has one of these values, the points, and the output there."""
    rows, sweep = _outputs(regions)
    tolerance = float(rows.error[0][target])
    for level in levels.tolist():
        sweep.cut(snapped(rows.entries(0, np.array([target]))[:, 0] - level, tolerance), "output")
    return sweep.complex, rows.at.rows, rows.live[0].rows[:, target]


def _outputs(regions: Regions) -> tuple[FloatRows, Sweep]:
    if regions.complex.dimension != 2:
        raise BadInput(f"a picture shows a slice of dimension 2; this one has {regions.complex.dimension}")
    points, outputs = as_floats(regions.points), as_floats(regions.outputs)
    last = len(regions.graph.nodes)
    error = regions.error[last] if last in regions.error else ROUNDING * np.abs(outputs).max(0)
    rows = FloatRows(points, {0: outputs}, {0: error}, MEMORY)
    return rows, Sweep(regions.complex, rows, 4 * len(regions) + 10**6)


def _between(c: Complex, decided: np.ndarray) -> np.ndarray:
    """The edges between cells with nothing in common, as pairs of points."""
    edge, left, right = c.neighbours.T
    return c.faces[0].T[edge[~(decided[left] & decided[right]).any(1)]]
