"""Where a piecewise linear network bends on straight paths, in float64: many paths at once, layer after layer.

Every value of the graph is piecewise affine along a path. The sweep holds the rows of all live values at the bends
found so far, passes them through layer after layer, and inserts a row wherever a unit changes sign or a pooling
window its winner. A superfluous bend is harmless, a missed one is not: nothing is merged but equal floats, and winners
change also where the maximum is negative, since later units see them.

Of every piecewise layer the sweep keeps which units are on (which entries win) on the pieces known at that layer; no
later layer changes that. A unit that is 0 on a whole piece, up to rounding, follows the convention and is counted in
`tied`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from attrtheory.lower.affine_rows import Affine
from attrtheory.lower.bends import PoolBends, RampBends, Ties, changes, snapped
from attrtheory.lower.grid import Grid, Refinement, index, refine
from attrtheory.lower.layers import Network, Pool, Ramp
from attrtheory.lower.size import behind, past
from attrtheory.lower.straight import Rows, Straight, forget
from attrtheory.lower.turns import Turns


class TooManyRowsError(Exception):
    """The rows of this part of the paths do not fit into the memory given; `middle` cuts it in two."""

    def __init__(self, middle: float) -> None:
        super().__init__()
        self.middle = middle


@dataclass(eq=False)
class Sweep:
    """What a sweep found on its paths.

    outputs: the network's outputs at both ends of every path, (paths, 2, outputs).
    patterns: for a ramp, which units are on; for a pool, the winners' positions; a row for every row of the grid when
        the layer was swept, about the piece that begins there.
    ends: for a ramp whose input is affine on the whole path that input at t = 0 and 1, (2, paths, ...).
    """

    grid: Grid
    outputs: Tensor
    patterns: Rows = field(default_factory=dict)
    ends: Rows = field(default_factory=dict)
    turns: dict[int, Turns] = field(default_factory=dict)
    ties: dict[int, Ties | None] = field(default_factory=dict)


def sweep(net: Network, x0: Tensor, x: Tensor, part: tuple[float, float], memory: int) -> Sweep:
    """Sweeps the part [start, stop] of the straight paths from x0 to x, rows of inputs.

    Raises:
        TooManyRowsError: more rows than `memory` (bytes) holds.
    """
    state = _Sweeping(net, Straight(net, x0, x), part, memory)
    for k, layer, ins in net.nodes:
        if net.straight[k]:
            continue
        match layer:
            case Affine():
                state.push(k, layer, ins)
            case Ramp() if net.straight[ins[0]]:
                state.first_ramp(k, layer, ins[0])
            case Ramp() | Pool():
                state.bend(k, layer, ins[0])
        state.live = forget(net, state.live, k)
    outputs = state.value(len(net.layers), state.ends)
    return replace(state.found, grid=state.grid, outputs=outputs.flatten(1).unflatten(0, (-1, 2)))


class _Sweeping:
    """A sweep on its way: the grid so far, the rows of all values that are still read, and how large their terms are."""

    def __init__(self, net: Network, straight: Straight, part: tuple[float, float], memory: int) -> None:
        self.net, self.straight, self.part, self.memory = net, straight, part, memory
        self.ends = self.grid = Grid.ends(straight.paths, *part)
        self.found = Sweep(self.ends, torch.empty(0))
        self.live, self.sizes = Rows(), dict(straight.sizes)
        self.last = max((k for k, layer, _ in net.nodes if not isinstance(layer, Affine)), default=0)

    def value(self, i: int, grid: Grid) -> Tensor:
        """The rows of a value."""
        return self.live[i] if i in self.live else self.straight.at(i, grid)

    def push(self, k: int, layer: Affine, ins: tuple[int, ...]) -> None:
        """An affine layer. Behind the last kink only the ends are still asked for."""
        if k > self.last:
            self.live[k] = layer.push(*(self.value(i, self.ends) for i in ins))
            return
        turns = self.found.turns.get(self.net.turning.get(k, 0))
        self.sizes[k] = behind(layer, [self.sizes[i] for i in ins], turns.most if turns else 0)
        if turns:
            self.live[k] = turns.behind(layer, self.grid)
        else:
            self.live[k] = layer.push(*(self.value(i, self.grid) for i in ins))

    def first_ramp(self, k: int, layer: Ramp, i: int) -> None:
        """A ramp whose input is affine on the whole path."""
        self._insert(k, RampBends(self.value(i, self.grid), self.sizes[i], self.grid), [])
        ends, ties = snapped(self.straight.ends[i], self.sizes[i], self.part[1] - self.part[0])
        self.found.ends[k], self.found.ties[k] = ends, ties
        if k in self.net.turning.values():
            self.found.turns[k] = Turns.on(layer, ends, self.part)
        self.sizes[k] = past(layer, self.sizes[i], None, self.grid)
        if k == self.last or k not in self.net.turning.values() or k in self.net.rows_asked:
            self._act(k, layer, i)

    def bend(self, k: int, layer: Ramp | Pool, i: int) -> None:
        """Any other piecewise layer."""
        z, size = self.value(i, self.grid), self.sizes[i]
        bends = RampBends(z, size, self.grid) if isinstance(layer, Ramp) else PoolBends(layer, z, size, self.grid)
        finer = self._insert(k, bends, [z])
        pattern, self.found.ties[k] = bends.settle(finer)
        self.found.patterns[k], self.grid = pattern, self.grid.changing(changes(pattern), k)
        self._act(k, layer, i)
        if k < self.last:
            self.sizes[k] = past(layer, size, self.live[k], self.grid)

    def _insert(self, k: int, bends: RampBends | PoolBends, rows: list[Tensor]) -> Refinement:
        finer = refine(self.grid, bends.piece, bends.ratio, k)
        size = sum(v[0].numel() for v in (*rows, *self.live.values()))
        if len(finer.new) > 1 and len(finer.grid) * 8 * size > self.memory:
            raise TooManyRowsError(float(np.median(finer.grid.t[finer.new])))
        self.live, self.grid = {i: finer(v) for i, v in self.live.items()}, finer.grid
        return finer

    def _act(self, k: int, layer: Ramp | Pool, i: int) -> None:
        if k == self.last:
            rows = np.flatnonzero(self.grid.born == 0)
            self.live = {j: v.index_select(0, index(rows, v)) for j, v in self.live.items()}
        self.live[k] = layer.act(self.value(i, self.ends if k == self.last else self.grid))
