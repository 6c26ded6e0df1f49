"""Where the decision changes on a slice: the regions cut further by which output is largest, or by the sign of one."""

from __future__ import annotations

import numpy as np

from attrtheory.errors import BadInput
from attrtheory.lower.regions.complex import Complex
from attrtheory.lower.regions.numbers import as_floats
from attrtheory.lower.regions.result import Regions
from attrtheory.lower.regions.rows import FloatRows
from attrtheory.lower.regions.sweep import Sweep

ROUNDING = 2.0**-44  # relative to the largest output, under trust `exact`: decisions are drawn, not proved


def decision_boundary(regions: Regions) -> np.ndarray:
    """Segments (segments, 2 ends, 2) on which two outputs are largest; of one output, on which it changes sign."""
    if regions.complex.dimension != 2:
        raise BadInput(f"a decision boundary is drawn on slices of dimension 2; got {regions.complex.dimension}")
    points, outputs = as_floats(regions.points), as_floats(regions.outputs)
    error = regions.error.get(len(regions.graph.nodes), ROUNDING * np.abs(outputs).max(0))
    rows = FloatRows(points, {0: outputs}, {0: error}, 2**33)
    sweep, columns = Sweep(regions.complex, rows, 4 * len(regions) + 10**6), np.arange(outputs.shape[1])
    if len(columns) == 1:
        sweep.bend(0, "output")
        value = rows.unit(0, 0)
        decided = np.stack([sweep.complex.everywhere(value >= 0), sweep.complex.everywhere(value <= 0)], axis=1)
    else:
        sweep.compete(0, columns[None], "output")
        decided = sweep.winners(0, columns)
    return rows.at.rows[_between(sweep.complex, decided)]


def _between(c: Complex, decided: np.ndarray) -> np.ndarray:
    """The edges between cells with nothing in common, as pairs of points."""
    edge, left, right = c.neighbours.T
    return c.faces[0].T[edge[~(decided[left] & decided[right]).any(1)]]
