"""The values of a network at the points of a complex, in exact rationals.

A point is a row of integers over a weight: its slice coordinates and all values are numerators over this weight and
over one denominator for each value. Values are integer forms in coordinates and weight, so that a common divisor of
these divides them too, and numbers grow with the depth of the network and not with the number of cuts.
"""

from __future__ import annotations

from functools import reduce

import numpy as np
from flint import fmpq, fmpz

from attrtheory.errors import TooLarge
from attrtheory.lower.layers_exact import Rows, aligned, integers, objects, zeros
from attrtheory.lower.network_exact import exact_network
from attrtheory.lower.regions.rows import Growing
from attrtheory.lower.regions.slices import Slice
from attrtheory.models.graph import Graph


class ExactValues:
    """`live[i]` (points, size): numerators of value i, over `weight` and `denominator[i]`; `frame`: of coordinates."""

    trust = "exact"

    def __init__(self, graph: Graph, domain: Slice, corners: np.ndarray, memory: int) -> None:
        self.net, self.memory = exact_network(graph), memory
        self.graph, self.error = self.net.graph, dict[int, np.ndarray]()
        s, weight = integers(corners)
        (origin, p), (directions, q) = integers(domain.origin), integers(domain.directions)
        (a, b), den = aligned([Rows(origin[None], p), Rows(directions, q)])
        ones = objects([fmpz(weight)] * len(s), (len(s), 1))
        frame = np.concatenate([s, ones], axis=1)
        self.frame = Growing(primitive(frame)[0])
        self.live = {0: Growing(self.frame.rows @ np.concatenate([b, a]))}
        self.denominator = {0: den}

    @property
    def weight(self) -> np.ndarray:
        return self.frame.rows[:, -1:]

    def coordinates(self) -> np.ndarray:
        """The points in slice coordinates, quotients."""
        return quotients(self.frame.rows[:, :-1], self.weight)

    def outputs(self) -> np.ndarray:
        """The network's outputs at the points, quotients."""
        last = len(self.graph.nodes)
        return quotients(self.live[last].rows, self.weight * fmpz(self.denominator[last]))

    def advance(self, k: int) -> None:
        """Computes value k from values that are affine, or of one sign, on every cell."""
        ins, shapes = self.graph.nodes[k - 1].inputs, self.graph.shapes
        z, den = self.live[ins[0]].rows, self.denominator[ins[0]]
        if k in self.net.affine:
            layer = self.net.affine[k]
            xs, den = aligned([Rows(self.live[i].rows.reshape(-1, *shapes[i]), self.denominator[i]) for i in ins])
            y = layer.push([Rows(x, den) for x in xs])
            bias = layer.push([Rows(zeros((1, *shapes[i])), den) for i in ins], constant=np.array([True]))
            rows = y.numerators.reshape(len(z), -1) + self.weight * bias.numerators.reshape(1, -1)
            self.live[k], self.denominator[k] = Growing(rows), y.denominator
        elif k in self.net.pools:
            table = self.net.pools[k][0]
            windows = z.reshape(len(z), shapes[ins[0]][0], -1)[:, :, table]
            self.live[k], self.denominator[k] = Growing(windows.max(-1).reshape(len(z), -1)), den
        else:
            p, q = self.net.slope(k)
            factor = objects([fmpz(p), fmpz(q)], (2,))[(z > 0).astype(int)]
            self.live[k], self.denominator[k] = Growing(z * factor), den * q

    def forget(self, needed: set[int]) -> None:
        self.live = {i: v for i, v in self.live.items() if i in needed}

    def bent(self, i: int) -> np.ndarray:
        """The units of value i that change sign somewhere."""
        z = self.live[i].rows
        return np.flatnonzero((z > 0).any(0) & (z < 0).any(0))

    def unit(self, i: int, j: int) -> np.ndarray:
        """A positive multiple of unit j of value i at all points."""
        return self.live[i].rows[:, j]

    def entries(self, i: int, columns: np.ndarray) -> np.ndarray:
        """Positive multiples of some entries of value i at all points, at each point of all entries the same one."""
        return self.live[i].rows[:, columns]

    def largest(self, i: int, columns: np.ndarray) -> np.ndarray:
        """Which of some entries are the largest of their window; windows on the last axis."""
        e = self.entries(i, columns)
        return e == e.max(-1, keepdims=True)

    def gap(self, i: int, columns: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return a - b

    def insert(self, born: np.ndarray, g: np.ndarray) -> None:
        """Rows for new points, where the function g is 0 on the edges `born`, (2, new points)."""
        a, b = born
        numbers = (len(g) + len(a)) * sum(v.rows.shape[1] for v in self.live.values())
        if (needed := 128 * numbers) > self.memory:
            raise TooLarge(
                f"{self.graph.name!r}: {numbers:,} rationals at corners of regions take about {needed / 2**20:,.0f} MiB, "
                f"allowed are {self.memory / 2**20:,.0f}; make the slice smaller, or raise memory"
            )
        p, q = abs(g[b])[:, None], abs(g[a])[:, None]
        frame, divisor = primitive(self.frame.rows[a] * p + self.frame.rows[b] * q)
        self.frame.append(frame)
        for rows in self.live.values():
            rows.append((rows.rows[a] * p + rows.rows[b] * q) // divisor)

    def settle(self, i: int, j: int, first: int) -> None:
        """Unit j of value i is 0 at the points from `first` on, and is so already."""

    def keep(self, points: np.ndarray) -> None:
        for rows in (self.frame, *self.live.values()):
            rows.keep(points)


def primitive(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of integers without their common divisors, and these as a column."""
    divisors = [reduce(lambda a, b: a.gcd(b), row, fmpz(0)) for row in rows]
    column = objects(divisors, (len(rows), 1))
    return rows // column, column


def quotients(numerators: np.ndarray, denominators: np.ndarray) -> np.ndarray:
    wide = np.broadcast_to(denominators, numerators.shape)
    return objects([fmpq(p, q) for p, q in zip(numerators.ravel(), wide.ravel(), strict=True)], numerators.shape)
