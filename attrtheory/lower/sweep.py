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

from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from attrtheory.lower.affine_rows import Affine
from attrtheory.lower.bends import PoolBends, RampBends, Ties, changes, snapped
from attrtheory.lower.grid import Grid, Refinement, index, refine
from attrtheory.lower.layers import Network, Ramp
from attrtheory.lower.size import behind, of_ends, of_values
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
    straight, live = Straight(net, x0, x), Rows()
    sizes = dict(straight.sizes)
    ends = Grid.ends(len(x), *part)
    found = Sweep(ends, x)
    value = lambda i, grid: live[i] if i in live else straight.at(i, grid)
    last = max((k for k, layer, _ in net.nodes if not isinstance(layer, Affine)), default=0)
    for k, layer, ins in net.nodes:
        if net.straight[k]:
            continue
        if k in net.turning and k < last:
            live[k] = found.turns[net.turning[k]].behind(layer, found.grid)
            sizes[k] = behind(layer, [sizes[i] for i in ins])
        elif isinstance(layer, Affine):
            # behind the last kink only the ends are still asked for
            live[k] = layer.push(*(value(i, found.grid if k < last else ends) for i in ins))
            if k < last:
                sizes[k] = behind(layer, [sizes[i] for i in ins])
        else:
            z, size, before = value(ins[0], found.grid), sizes[ins[0]], found.grid
            bends = (RampBends if isinstance(layer, Ramp) else PoolBends)(layer, z, size, before)
            finer = refine(before, bends.piece, bends.ratio, k)
            _check_memory(finer, [z, *live.values()], memory)
            live, found.grid = {i: finer(v) for i, v in live.items()}, finer.grid
            plain = isinstance(layer, Ramp) and net.straight[ins[0]]
            if plain:
                found.ends[k], found.ties[k] = snapped(straight.ends[ins[0]], size, part[1] - part[0])
                if k in net.turning.values():
                    found.turns[k] = Turns.on(layer, found.ends[k], part)
            else:
                found.patterns[k], found.ties[k] = bends.settle(finer)
                found.grid = found.grid.changing(changes(found.patterns[k]), k)
            z = value(ins[0], found.grid)
            if k == last:
                rows = index(np.flatnonzero(found.grid.born == 0), z)
                live, z = {i: v[rows] for i, v in live.items()}, z[rows]
            if k == last or k not in net.turning.values() or k in net.rows_asked:
                live[k] = layer.act(z)
            if k < last:
                sizes[k] = of_ends(*straight.ends[ins[0]]) if plain else of_values(live[k], found.grid)
        live = forget(net, live, k)
    found.outputs = value(len(net.layers), ends).flatten(1).unflatten(0, (-1, 2))
    return found


def _check_memory(finer: Refinement, rows: list[Tensor], memory: int) -> None:
    if len(finer.new) > 1 and len(finer.grid) * 8 * sum(v[0].numel() for v in rows) > memory:
        raise TooManyRowsError(float(np.median(finer.grid.t[finer.new])))
