"""Ramps whose input is affine on the whole path: each unit turns at most once, and only units that turn are touched.

A convolution behind such a ramp is affine between turns, and a turn changes the slopes of the few outputs that the
unit reaches. Backwards, a unit collects the gradient behind it from the start to its turn, or from there to the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from attrtheory.lower.affine_rows import Affine
from attrtheory.lower.grid import Array, Grid, Level, index
from attrtheory.lower.layers import Ramp


@dataclass(frozen=True, eq=False)
class Turns:
    """The turns of one ramp on a part of the paths.

    ends: the ramp's input at t = 0 and 1, (2, paths, ...). start: which units are on at the start of the part.
    path, unit, t, turns_on: where which unit turns, and in which direction.
    """

    layer: Ramp
    ends: Tensor
    part: tuple[float, float]
    start: Tensor
    path: Array
    unit: Array
    t: Array
    turns_on: Array

    @staticmethod
    def on(layer: Ramp, ends: Tensor, part: tuple[float, float]) -> Turns:
        """The turns of units whose input is given at t = 0 and 1."""
        first, last = (torch.lerp(ends[0], ends[1], t).flatten(1) for t in part)
        path, unit = (v.cpu().numpy() for v in ((first > 0) != (last > 0)).nonzero(as_tuple=True))
        at = index(path, ends), index(unit, ends)
        z0, z1 = ends.flatten(2)
        t = (1 / (1 - z1[at] / z0[at])).clamp(*part).cpu().numpy()
        return Turns(layer, ends, part, (first > 0).view_as(ends[0]), path, unit, t, (last > 0)[at].cpu().numpy())

    @property
    def most(self) -> int:
        """How many units turn on one path, at the most."""
        return int(np.bincount(self.path).max(initial=0))

    def behind(self, layer: Affine, grid: Grid) -> Tensor:
        """The values behind a convolution, at the rows of a grid that holds all turns."""
        z0, z1 = self.ends
        rate, width = z1 - z0, int(np.prod(layer.out))
        first = layer.push(self.layer.act(torch.lerp(z0, z1, self.part[0]))).flatten(1)
        slopes = layer.push(self.layer.back(self.start, rate), bias=0.0).flatten(1)
        rows = np.empty(len(self.t), dtype=int)
        for p, (i, j) in enumerate(zip(grid.cuts, grid.cuts[1:], strict=False)):
            mine = self.path == p
            rows[mine] = i + np.abs(grid.t[i:j] - self.t[mine, None]).argmin(1)  # there is a row within rounding
        which, outputs, weights = layer.fan.of(self.unit)
        change = (1 - self.layer.slope) * np.where(self.turns_on, 1.0, -1.0)
        change = change * rate.flatten(1)[index(self.path, rate), index(self.unit, rate)].cpu().numpy()
        out = rate.new_zeros(len(grid), width)
        out.view(-1).index_add_(0, index(rows[which] * width + outputs, out), index(change[which] * weights, out))
        step = index(np.append(grid.t[1:] - grid.t[:-1], 0.0)[:, None], out)
        for p, (i, j) in enumerate(zip(grid.cuts, grid.cuts[1:], strict=False)):
            out[i] += slopes[p]
            increments = accumulated(out[i:j])[:-1] * step[i : j - 1]
            out[i], out[i + 1 : j] = first[p], increments
            accumulated(out[i:j])
        return out.view(-1, *layer.out)

    def before(self, layer: Affine, pieces: Level, g: Tensor) -> Tensor:
        """The integral of the gradient before the ramp, given the gradient behind a convolution on pieces."""
        paths, g = self.ends.shape[1], g.flatten(1)
        sums = g.new_zeros(len(pieces) + paths, g.shape[1])  # from the start of a path to every row
        first = np.arange(paths) + np.searchsorted(pieces.path, np.arange(paths))
        lengths = index((pieces.stop - pieces.start)[:, None], g)
        for p, (i, j) in enumerate(zip(first, [*first[1:], len(sums)], strict=True)):
            torch.mul(g[i - p : j - p - 1], lengths[i - p : j - p - 1], out=sums[i + 1 : j])
            accumulated(sums[i:j])
        totals = sums[index(np.append(first[1:] - 1, len(sums) - 1), g)]
        (whole,) = layer.pull(totals.view(paths, *layer.out))
        steady = self.layer.back(self.start.view_as(whole), whole)
        which, outputs, weights = layer.fan.of(self.unit)
        piece = np.empty(len(self.t), dtype=int)
        for p in range(paths):
            mine, i = self.path == p, first[p] - p
            there = pieces.start[pieces.path == p]
            piece[mine] = i + np.searchsorted(there, self.t[mine], side="right") - 1
        at, row, column = piece[which], (piece + self.path)[which], index(outputs, g)
        rest = index((self.t - pieces.start[piece])[which], g)
        until = sums[index(row, g), column] + rest * g[index(at, g), column]
        until = g.new_zeros(len(self.t)).index_add_(0, index(which, g), until * index(weights, g))
        path, unit = index(self.path, g), index(self.unit, g)
        total = whole.flatten(1)[path, unit]
        steady.flatten(1)[path, unit] = self.layer.slope * total + (1 - self.layer.slope) * torch.where(
            index(self.turns_on, g), total - until, until
        )
        return steady


def accumulated(rows: Tensor) -> Tensor:
    """Running sums, in place. On a processor one row after the other is quicker than the libraries' own."""
    if not rows.is_cpu:
        return rows.copy_(rows.cumsum(0))
    lines = rows.numpy()
    for before, row in pairwise(lines):
        np.add(before, row, out=row)
    return rows
