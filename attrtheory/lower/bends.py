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
        self.on, self.ties = _positive(z), None
        if float(z.abs().amin()) <= ROUNDING * size.most:
            zero = z.abs() <= ROUNDING * size.each.flatten(1).index_select(0, index(grid.path, z))
            self.on &= ~zero
            self.ties = shares((zero[1:] & zero[:-1]).sum(1).cpu().numpy(), grid)
        self.piece, self.unit = _true_entries(self.on[1:] ^ self.on[:-1])
        a, b = (z[index(self.piece + i, z), index(self.unit, z)].cpu().numpy() for i in (0, 1))
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            self.ratio = 1 / (1 - b / a)  # a - b may overflow

    def settle(self, finer: Refinement) -> tuple[Tensor, Ties | None]:
        """Which units are on behind every row of the refined grid, as bytes."""
        states = self.on.view(torch.uint8).index_select(0, index(finer.source, self.on))
        # units that change do so at a row of their own; from there to the next old row they are what they are at that
        rows, following = finer.row, finer.old[self.piece + 1]
        count = following - rows
        run = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        rows, unit = index(np.repeat(rows, count) + run, states), index(np.repeat(self.unit, count), states)
        states[rows, unit] ^= 1
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
        margin = layer.windows(2 * ROUNDING * self.size.each).amax(-1, keepdim=True).index_select(0, index(path, z))
        close = middle >= middle.amax(-1, keepdim=True) - margin
        close = close if layer.whole else close & layer.real
        tied = (close.sum(-1) > 1).flatten(1).sum(1)[:-1].cpu().numpy()
        winner = close.to(torch.uint8).argmax(-1)  # the first of equals
        return position(layer, winner), shares(tied, finer.grid) if tied.any() else None


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
    if float(ends.abs().amax(0).amin()) > ROUNDING * size.most:
        return ends, None
    tied = (ends.abs() <= ROUNDING * size.each).all(0)
    units = tied.flatten(1).sum(1).cpu().numpy()
    return ends.masked_fill(tied, 0.0) if units.any() else ends, (units, length * (units > 0))


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
