"""An array that grows row by row."""

from __future__ import annotations

import numpy as np


class Growing:
    """`rows`: what is there so far. Room is doubled, so that n rows cost O(n) copies."""

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
