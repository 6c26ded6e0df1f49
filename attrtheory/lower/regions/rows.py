"""Numbers at the points of a complex in float64: which units change sign, which entries are largest, new points.

New points lie on edges, where all values so far are affine: theirs are interpolated. Beside every value goes one row of
bounds on its rounding errors: what is smaller counts as 0, so that two units with one kink cut once.
"""

from __future__ import annotations

import numpy as np

from attrtheory.errors import TooLarge


class Growing:
    """An array that grows row by row. Room is doubled, so that n rows cost O(n) copies."""

    def __init__(self, rows: np.ndarray) -> None:
        self._store, self._count = rows, len(rows)

    @property
    def rows(self) -> np.ndarray:
        return self._store[: self._count]

    def append(self, rows: np.ndarray) -> None:
        count = self._count + len(rows)
        if count > len(self._store):
            store = np.empty((2 * count, *self._store.shape[1:]), dtype=self._store.dtype)
            store[: self._count] = self.rows
            self._store = store
        self._store[self._count : count] = rows
        self._count = count

    def keep(self, which: np.ndarray) -> None:
        self._store = self.rows[which]
        self._count = len(self._store)


class FloatRows:
    """`live[i]`: value i at all points, (points, size), `error[i]` (size,); `at`: the points in slice coordinates."""

    trust = "float"

    def __init__(self, at: np.ndarray, live: dict[int, np.ndarray], error: dict[int, np.ndarray], memory: int) -> None:
        self.at, self.live = Growing(at), {i: Growing(v) for i, v in live.items()}
        self.error, self.memory = error, memory

    def coordinates(self) -> np.ndarray:
        """The points in slice coordinates."""
        return self.at.rows

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
        self.afford(0, born.shape[1])
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

    def afford(self, columns: int, rows: int) -> None:
        """Refuses so many more columns and rows where they take too much memory."""
        size, count = sum(v.rows.shape[1] for v in self.live.values()) + columns, len(self.at.rows) + rows
        if (needed := 16 * size * count) > self.memory:
            raise TooLarge(
                f"values at {count:,} corners of regions take {needed / 2**20:,.0f} MiB, allowed are "
                f"{self.memory / 2**20:,.0f}; make the slice smaller, or raise memory"
            )


def snapped(g: np.ndarray, tolerance: float) -> np.ndarray:
    g[np.abs(g) <= tolerance] = 0
    return g
