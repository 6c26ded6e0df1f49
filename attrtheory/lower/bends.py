"""Where one piecewise layer bends between neighbouring rows, and what its units do on the pieces.

A unit that is 0 on a whole piece, up to rounding, is off; of entries of a window that are equal there, the first wins.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from attrtheory.lower.affine_rows import UNIT
from attrtheory.lower.envelope import winner_changes
from attrtheory.lower.grid import Array, Grid, Refinement, index
from attrtheory.lower.layers import Pool, position
from attrtheory.lower.size import Size

ROUNDING = 512 * UNIT  # relative to |W| |x| + |b|: what may be nothing but rounding
KINK = 2.0**-30  # on shorter pieces every unit that bends nearby looks like 0
Ties = tuple[Array, Array]  # for every path: the most units tied at once, and on how much of the path


class RampBends:
    """`piece`, `ratio`: where units of a ramp change their sign."""

    def __init__(self, z: Tensor, size: Size, grid: Grid) -> None:
        self.shape, z = z.shape[1:], z.flatten(1)
        self.on, self.ties, self.off = _positive(z), None, None
        at = index(grid.path, z)
        if size.hides(float(z.abs().amin()), ROUNDING):
            zero, doubtful = (
                z.abs() <= limit.flatten(1).index_select(0, at) for limit in (ROUNDING * size.each, size.doubt)
            )
            self.off = _whole(zero, grid)
            self.ties = shares((_whole(doubtful, grid) | self.off).sum(1).cpu().numpy(), grid)
        turning = self.on[1:] ^ self.on[:-1]
        self.piece, self.unit = _true_entries(turning if self.off is None else turning & ~self.off)
        a, b = (z[index(self.piece + i, z), index(self.unit, z)].cpu().numpy() for i in (0, 1))
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            self.ratio = 1 / (1 - b / a)  # a - b may overflow

    def settle(self, finer: Refinement) -> tuple[Tensor, Ties | None]:
        """Which units are on behind every row of the refined grid, as bytes."""
        states = self.on.view(torch.uint8).index_select(0, index(finer.source, self.on))
        # units that change do so at a row of their own; from there to the next old row they are what they are at that
        rows, units = _runs(finer.row, finer.old[self.piece + 1], self.unit)
        states[index(rows, states), index(units, states)] ^= 1
        if self.off is not None:
            piece, unit = _true_entries(self.off)
            rows, units = _runs(finer.old[piece], finer.old[piece + 1], unit)
            states[index(rows, states), index(units, states)] = 0
        return states.view(-1, *self.shape), self.ties


class PoolBends:
    """`piece`, `ratio`: where windows change their winner."""

    def __init__(self, layer: Pool, z: Tensor, size: Size, grid: Grid) -> None:
        self.layer, self.z, self.size = layer, z, size
        self.piece, self.ratio = winner_changes(layer, z)

    def settle(self, finer: Refinement) -> tuple[Tensor, Ties | None]:
        """The winners' flat positions behind every row of the refined grid."""
        z, layer, path = finer(self.z), self.layer, finer.grid.path
        middle = layer.windows(torch.cat([z[:-1] + z[1:], z[-1:]]))

        def close(limit: Tensor) -> Tensor:
            """Which entries come within the limits of the largest."""
            margin = layer.windows(limit).amax(-1, keepdim=True).index_select(0, index(path, z))
            near = middle >= middle.amax(-1, keepdim=True) - margin
            return near if layer.whole else near & layer.real

        winner = close(2 * ROUNDING * self.size.each).to(torch.uint8).argmax(-1)  # the first of equals
        tied = (close(4 * self.size.doubt).sum(-1) > 1).flatten(1).sum(1)[:-1].cpu().numpy()
        return position(layer, winner), shares(tied, finer.grid) if tied.any() else None


def _whole(rows: Tensor, grid: Grid) -> Tensor:
    """What holds at both ends of a piece, and on pieces that are not all too short to tell."""
    same, length = grid.pieces()
    return rows[1:] & rows[:-1] & index(same & (length > KINK), rows)[:, None]


def _runs(start: Array, stop: Array, unit: Array) -> tuple[Array, Array]:
    """All rows from start to stop, run by run, each with the unit of its run."""
    count = stop - start
    run = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(start, count) + run, np.repeat(unit, count)


def changes(pattern: Tensor) -> Array:
    """Rows whose pattern is not that of the row before."""
    rows = pattern.flatten(1).numpy(force=True)
    return 1 + np.flatnonzero((rows[1:] != rows[:-1]).any(1))


def shares(units: Array, grid: Grid) -> Ties:
    """For every path the most units tied on one piece, and the length of the pieces with such units."""
    same, length = grid.pieces()
    units = np.where(same & (length > KINK), units, 0)
    share, starts = np.where(units > 0, length, 0.0), grid.cuts[:-1]
    return np.maximum.reduceat(units, starts), np.add.reduceat(share, starts)


def snapped(ends: Tensor, size: Size, length: float) -> tuple[Tensor, Ties | None]:
    """The input of a ramp at both ends of straight paths, 0 where it is 0 all along."""
    largest = ends.abs().amax(0)
    if not size.hides(float(largest.amin()), ROUNDING):
        return ends, None
    zero = largest <= ROUNDING * size.each
    units = (zero | (largest <= size.doubt)).flatten(1).sum(1).cpu().numpy()
    return ends.masked_fill(zero, 0.0), (units, length * (units > 0))


def _positive(z: Tensor) -> Tensor:
    """Where z > 0. On a processor numpy compares several times quicker than torch."""
    return z > 0 if not z.is_cpu else torch.from_numpy(np.greater(z.numpy(), 0.0))


def _true_entries(mask: Tensor) -> tuple[Array, Array]:
    """Rows and columns of the true entries of a matrix."""
    if not mask.is_cpu:
        row, column = (v.cpu().numpy() for v in mask.nonzero(as_tuple=True))
        return row, column
    row, column = np.divmod(np.flatnonzero(mask.numpy()), mask.shape[1])
    return row, column
