"""Layer after layer: cells are cut where units change sign and where pooling windows change their winner.

Regions are activation regions: the polytopes on which every unit keeps its sign and every window its winner, with pools
before ReLUs (`relu(pool(z))` for `pool(relu(z))`). Neighbouring regions may still have one affine piece, for example
where a bent unit does not reach the output: other definitions of "linear region" join these.
"""

from __future__ import annotations

from math import prod
from typing import Any, Protocol

import numpy as np

from attrtheory.errors import EngineDisagreement, TooLarge
from attrtheory.lower.regions.complex import Complex
from attrtheory.lower.regions.cutting import cut
from attrtheory.lower.regions.joining import joined
from attrtheory.lower.wiring import affine_in_input, pool_table
from attrtheory.models.graph import Graph
from attrtheory.models.ops import PIECEWISE, MaxPool2d

SUPERFLUOUS = 1.1  # cells over regions, from which on cells are joined
BLOCK = 2**22  # entries of windows looked at together


class Values(Protocol):
    """Numbers at the points of a complex: floats or rationals."""

    trust: str
    error: dict[int, np.ndarray]  # of every value a bound on its roundings, (size,); empty where there are none

    def bent(self, i: int) -> np.ndarray: ...
    def unit(self, i: int, j: int) -> np.ndarray: ...
    def entries(self, i: int, columns: np.ndarray) -> np.ndarray: ...
    def largest(self, i: int, columns: np.ndarray) -> np.ndarray: ...
    def gap(self, i: int, columns: np.ndarray, a: Any, b: Any) -> np.ndarray: ...
    def insert(self, born: np.ndarray, g: np.ndarray) -> None: ...
    def settle(self, i: int, j: int, first: int) -> None: ...
    def keep(self, points: np.ndarray) -> None: ...


class NetworkValues(Values, Protocol):
    """The values of a graph, layer by layer."""

    graph: Graph  # with pools before ReLUs

    def coordinates(self) -> np.ndarray: ...
    def outputs(self) -> np.ndarray: ...
    def advance(self, k: int) -> None: ...
    def forget(self, needed: set[int]) -> None: ...


class Sweep:
    """A complex and the values at its points, on the way through a network."""

    def __init__(self, complex_: Complex, values: Values, max_regions: int) -> None:
        self.complex, self.values, self.max_regions = complex_, values, max_regions
        self.undecided = 0  # faces that were left whole

    def run(self, values: NetworkValues) -> None:
        """Through all layers, what is affine in the input first: there are few points yet."""
        graph = values.graph
        straight = affine_in_input(graph)
        order = sorted(range(1, len(graph.nodes) + 1), key=lambda k: not straight[k])
        for place, k in enumerate(order):
            node = graph.nodes[k - 1]
            if isinstance(node.op, MaxPool2d):
                table, shape = pool_table(graph.shapes[node.inputs[0]], node.op)[0], graph.shapes[node.inputs[0]]
                windows = np.concatenate([channel * prod(shape[1:]) + table for channel in range(shape[0])])
                self.compete(node.inputs[0], windows, node.name)
            elif isinstance(node.op, PIECEWISE):
                self.bend(node.inputs[0], node.name)
            values.advance(k)
            later = {i for j in order[place + 1 :] for i in graph.nodes[j - 1].inputs}
            values.forget(later | {len(graph.nodes)})

    def bend(self, i: int, name: str) -> None:
        """Cuts the cells where a unit of value i changes sign."""
        for j in self.values.bent(i).tolist():
            g, points = self.values.unit(i, j), self.complex.points
            self.cut(g, name)
            self.values.settle(i, j, points)

    def compete(self, i: int, windows: np.ndarray, name: str) -> None:
        """Cuts the cells where a window, a row of entries of value i, changes its winner.

        Undecided cells are cut by each entry against the largest before it. That cuts too much: parts of one cell with
        the same winners are joined again, at the end or when they become many.
        """
        label = np.arange(self.complex.cells)
        for columns in windows[self.contested(i, windows)]:
            for step in range(1, len(columns)):
                e = self.values.entries(i, columns)
                g = self.values.gap(i, columns, e[:, step], e[:, :step].max(1))
                if not ((g > 0).any() and (g < 0).any()):
                    continue
                undecided = np.logical_not(self.winners(i, columns).any(1))
                if not undecided.any():
                    break
                label = np.append(label, label[self.cut(g, name, undecided)])
            winner = self.winners(i, columns).argmax(1)
            label = np.unique(label * len(columns) + winner, return_inverse=True)[1].ravel()
            if len(label) > SUPERFLUOUS * (label.max() + 1):
                label = self.join(label)
        if len(label) > label.max() + 1:
            self.join(label)

    def contested(self, i: int, windows: np.ndarray) -> np.ndarray:
        """The windows in which no entry is largest at all points."""
        step = max(1, BLOCK // (self.complex.points * windows.shape[1]))
        parts = [windows[a : a + step] for a in range(0, len(windows), step)]
        return np.flatnonzero(np.concatenate([~self.values.largest(i, w).all(0).any(-1) for w in parts]))

    def winners(self, i: int, columns: np.ndarray) -> np.ndarray:
        """(cells, entries): the entries that are largest on the whole cell."""
        found = np.zeros((len(columns), self.complex.cells), dtype=bool)
        for entry, largest in enumerate(self.values.largest(i, columns).T):
            if largest.any():
                found[entry] = self.complex.everywhere(largest)
        return found.T

    def join(self, label: np.ndarray) -> np.ndarray:
        """Makes the cells with one label one cell; the new cells' labels."""
        self.complex, kept = joined(self.complex, label)
        self.values.keep(kept)
        return np.arange(self.complex.cells)

    def cut(self, g: np.ndarray, name: str, where: np.ndarray | None = None) -> np.ndarray:
        """Cuts where g is 0; the old cells of which the new ones are halves."""
        sign = (g > 0).astype(np.int8) - (g < 0).astype(np.int8)
        done = cut(self.complex, sign, where)
        if done.complex.cells > self.max_regions:
            raise TooLarge(
                f"layer {name!r}: more than {self.max_regions:,} regions so far; make the slice smaller, or raise "
                "max_regions"
            )
        if done.open and self.values.trust == "exact":
            raise EngineDisagreement(f"layer {name!r}: an exact cut does not close: please report it")
        self.undecided += done.open
        self.complex = done.complex
        self.values.insert(done.born, g)
        return done.halves
