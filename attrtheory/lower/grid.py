"""Points on several straight paths at once: the grid that a sweep refines, layer after layer.

The grid is small and stays in numpy; the values at its rows are large and stay on their device.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

Array = np.ndarray


def index(rows: Array, like: Tensor) -> Tensor:
    """Row numbers as torch takes them."""
    numbers = torch.from_numpy(rows)
    return numbers if like.is_cpu else numbers.to(like.device)


@dataclass(frozen=True, eq=False)
class Grid:
    """Rows in order: path after path, on each of them from its start to its end.

    `born[r]` is the number of the layer that inserted row r, 0 for the ends of a path; `last[r]` of the last one whose
    pattern changes there.
    """

    path: Array
    t: Array
    born: Array
    last: Array

    @staticmethod
    def ends(paths: int, start: float, stop: float) -> Grid:
        """Two rows for each path."""
        path = np.repeat(np.arange(paths), 2)
        return Grid(path, np.tile([start, stop], paths), np.zeros_like(path), np.zeros_like(path))

    def changing(self, rows: Array, k: int) -> Grid:
        """The same rows, with the pattern of layer k changing at some of them."""
        last = self.last.copy()
        last[rows] = k
        return Grid(self.path, self.t, self.born, last)

    def __len__(self) -> int:
        return len(self.t)

    @cached_property
    def cuts(self) -> list[int]:
        """Where the rows of each path begin, and where those of the last one end."""
        return [0, *(np.flatnonzero(self.path[1:] != self.path[:-1]) + 1).tolist(), len(self)]

    def points(self) -> list[Array]:
        """The points of every path."""
        return np.split(self.t, self.cuts[1:-1])

    def pieces(self) -> tuple[Array, Array]:
        """For all rows but the last: whether a piece begins there, and its length."""
        return self.path[1:] == self.path[:-1], self.t[1:] - self.t[:-1]

    def largest(self, values: Tensor) -> Tensor:
        """The largest absolute value on each path, (paths, ...)."""
        parts = (values[i:j] for i, j in zip(self.cuts, self.cuts[1:], strict=False))
        return torch.stack([torch.maximum(v.amax(0), -v.amin(0)) for v in parts])

    def level(self, k: int) -> Level:
        """The coarser grid of the ends and the bends of layers k and later."""
        rows = np.flatnonzero((self.last >= k) | (self.born == 0))
        path, t = self.path[rows], self.t[rows]
        inner = path[1:] == path[:-1]  # no piece from the end of a path to the start of the next one
        return Level(rows[:-1][inner], path[:-1][inner], t[:-1][inner], t[1:][inner])

    def ranks(self, k: int, rows: Array) -> Array:
        """For rows of this grid, the last row before or at them that was there when layer k had been swept."""
        return (np.cumsum(self.born <= k) - 1)[rows]


@dataclass(frozen=True, eq=False)
class Level:
    """Pieces of the paths: the row where each begins, its path, and its ends."""

    rows: Array
    path: Array
    start: Array
    stop: Array

    def __len__(self) -> int:
        return len(self.rows)

    def within(self, finer: Level, values: Tensor) -> Tensor:
        """Values on these pieces, given on the pieces of a finer level."""
        if len(finer) == len(self):
            return values
        return values.index_select(0, index(np.searchsorted(self.rows, finer.rows, side="right") - 1, values))

    def integral(self, values: Tensor, paths: int) -> Tensor:
        """The sum over the pieces of every path of their length times the value there, (paths, ...)."""
        weights = np.zeros((paths, len(self)))
        weights[self.path, np.arange(len(self))] = self.stop - self.start
        return (index(weights, values) @ values.flatten(1)).view(paths, *values.shape[1:])


@dataclass(frozen=True, eq=False)
class Refinement:
    """New rows between old ones: in which piece, at which relative position, and where all rows go.

    `row` is where each bend went that was asked for, `source` for every row the old row at or before it.
    """

    grid: Grid
    piece: Array
    ratio: Array
    old: Array
    new: Array
    row: Array
    source: Array

    def __call__(self, values: Tensor) -> Tensor:
        """Values at all rows, by interpolation at the new ones."""
        if not len(self.piece):
            return values
        left, right = (values.index_select(0, index(self.piece + i, values)) for i in (0, 1))
        weight = index(self.ratio, values).view(-1, *[1] * (values.dim() - 1))
        out = values.new_empty(len(self.grid), *values.shape[1:])
        out.index_copy_(0, index(self.old, values), values)
        return out.index_copy_(0, index(self.new, values), torch.lerp(left, right, weight))


def refine(grid: Grid, piece: Array, ratio: Array, layer: int) -> Refinement:
    """The grid with new rows strictly inside pieces; equal floats are one row."""
    start, stop = grid.t[piece], grid.t[piece + 1]
    at = start + ratio * (stop - start)
    inside = (at > start) & (at < stop) & (grid.path[piece] == grid.path[piece + 1])
    chosen = np.flatnonzero(inside)
    chosen = chosen[np.lexsort((at[chosen], piece[chosen]))]
    fresh = np.ones(len(chosen), dtype=bool)
    fresh[1:] = (at[chosen[1:]] != at[chosen[:-1]]) | (piece[chosen[1:]] != piece[chosen[:-1]])
    first = chosen[fresh]
    rows = np.arange(len(grid))
    old, new = rows + np.searchsorted(piece[first], rows), piece[first] + 1 + np.arange(len(first))
    row = np.where(at > start, old[piece + 1], old[piece])  # bends at an end of their piece
    row[chosen] = new[np.cumsum(fresh) - 1]

    def merged(before: Array, added: Array) -> Array:
        out = np.empty(len(before) + len(added), before.dtype)
        out[old], out[new] = before, added
        return out

    source = merged(rows, piece[first])
    own = np.full_like(first, layer)
    whole = Grid(grid.path[source], merged(grid.t, at[first]), merged(grid.born, own), merged(grid.last, own))
    return Refinement(whole, piece[first], ratio[first], old, new, row, source)
