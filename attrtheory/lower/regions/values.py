"""The values of a network at the points of a complex, in float64.

New points lie on edges, where all values so far are affine: theirs are interpolated. Beside the values of the graph
goes one row of bounds on their rounding errors: what is smaller counts as 0, so that two units with one kink cut once.
"""

from __future__ import annotations

import numpy as np
import torch

from attrtheory.errors import TooLarge
from attrtheory.lower.affine_rows import Affine, gamma
from attrtheory.lower.layers import Pool, Ramp, network
from attrtheory.lower.regions.growing import Growing
from attrtheory.lower.regions.slices import Slice
from attrtheory.models.graph import Graph

LERP = gamma(16)  # roundings of a value that was interpolated a few times
CHUNK = 2**24  # entries of one product


class FloatValues:
    """Rows of live values: `live[i]` (points, size), `error[i]` (size,); `at`: the points in slice coordinates."""

    trust = "float"

    def __init__(self, graph: Graph, domain: Slice, corners: np.ndarray, memory: int) -> None:
        self.net, self.memory = network(graph), memory
        self.graph = self.net.graph
        numbers = np.asarray(corners, dtype=np.float64)
        plain = Slice(*(np.asarray(v, dtype=np.float64) for v in (domain.origin, domain.directions)))
        x = plain.inputs(numbers)
        self.at = Growing(numbers)
        self.live = {0: Growing(x)}
        self.error = {0: gamma(4) * np.abs(x).max(0)}

    def coordinates(self) -> np.ndarray:
        """The points in slice coordinates."""
        return self.at.rows

    def outputs(self) -> np.ndarray:
        """The network's outputs at the points."""
        return self.live[len(self.graph.nodes)].rows

    def advance(self, k: int) -> None:
        """Computes value k from values that are affine, or of one sign, on every cell."""
        layer, ins = self.net.layers[k - 1], self.graph.nodes[k - 1].inputs
        shapes = [self.graph.shapes[i] for i in ins]
        size = int(np.prod(self.graph.shapes[k]))
        self._room(size, 0)
        rows = len(self.at.rows)
        out = np.empty((rows, size))
        step = max(1, CHUNK // max(size, *(int(np.prod(s)) for s in shapes)))
        for a in range(0, rows, step):
            xs = [torch.from_numpy(self.live[i].rows[a : a + step]).view(-1, *s) for i, s in zip(ins, shapes, strict=True)]
            y = layer.push(*xs) if isinstance(layer, Affine) else layer.act(xs[0])
            out[a : a + step] = y.flatten(1).numpy()
        self.error[k] = self._error(layer, ins, shapes)
        self.live[k] = Growing(out)

    def _error(self, layer, ins, shapes) -> np.ndarray:
        """A bound on the roundings in value k at any point so far."""
        errors = [torch.from_numpy(self.error[i]).view(1, *s) for i, s in zip(ins, shapes, strict=True)]
        if isinstance(layer, Ramp):
            return self.error[ins[0]]
        if isinstance(layer, Pool):
            return layer.act(errors[0]).flatten().numpy()
        reach = [torch.from_numpy(np.abs(self.live[i].rows).max(0)).view(1, *s) for i, s in zip(ins, shapes, strict=True)]
        total = layer.absolute.push(*errors, bias=0.0) + (layer.gamma_push + LERP) * layer.absolute.push(*reach)
        return total.flatten().numpy()

    def forget(self, needed: set[int]) -> None:
        self.live = {i: v for i, v in self.live.items() if i in needed}

    def bent(self, i: int) -> np.ndarray:
        """The units of value i that change sign somewhere."""
        z, tolerance = self.live[i].rows, self.error[i]
        return np.flatnonzero((z.max(0) > tolerance) & (z.min(0) < -tolerance))

    def unit(self, i: int, j: int) -> np.ndarray:
        """Unit j of value i at all points; what rounding may have made of a 0 is 0."""
        return snapped(self.live[i].rows[:, j].copy(), self.error[i][j])

    def entries(self, i: int, columns: np.ndarray) -> np.ndarray:
        return self.live[i].rows[:, columns]

    def largest(self, i: int, columns: np.ndarray) -> np.ndarray:
        """Which of some entries are the largest of their window, up to rounding; windows on the last axis."""
        e = self.entries(i, columns)
        return e >= e.max(-1, keepdims=True) - 2 * self.error[i][columns].max(-1, keepdims=True)

    def gap(self, i: int, columns: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """`a - b` of entries of value i; what rounding may have made of a 0 is 0."""
        return snapped(a - b, 2 * float(self.error[i][columns].max()))

    def insert(self, born: np.ndarray, g: np.ndarray) -> None:
        """Rows for new points, where the function g is 0 on the edges `born`, (2, new points)."""
        self._room(0, born.shape[1])
        a, b = born
        ratio = (g[a] / (g[a] - g[b]))[:, None]
        for rows in (self.at, *self.live.values()):
            rows.append(rows.rows[a] + ratio * (rows.rows[b] - rows.rows[a]))

    def settle(self, i: int, j: int, first: int) -> None:
        """Unit j of value i is 0 at the points from `first` on."""
        self.live[i].rows[first:, j] = 0

    def keep(self, points: np.ndarray) -> None:
        for rows in (self.at, *self.live.values()):
            rows.keep(points)

    def _room(self, columns: int, rows: int) -> None:
        size = 8 * (sum(v.rows.shape[1] for v in self.live.values()) + columns)
        if (needed := 2 * size * (len(self.at.rows) + rows)) > self.memory:
            raise TooLarge(
                f"{self.graph.name!r}: values at {len(self.at.rows) + rows:,} corners of regions take {needed / 2**20:,.0f} "
                f"MiB, allowed are {self.memory / 2**20:,.0f}; make the slice smaller, or raise memory"
            )


def snapped(g: np.ndarray, tolerance: float) -> np.ndarray:
    g[np.abs(g) <= tolerance] = 0
    return g
