r"""The mean gradient along straight paths, from the pattern that a sweep found.

$\int_0^1 \partial f\,dt = \sum_k (t_{k+1} - t_k)\,g_k$. The gradient behind a layer depends only on the patterns of
later layers: the backward pass begins with one row for each path, and every piecewise layer refines the pieces by its
own bends. Where a value is affine in the input the pieces are summed, so that the first product is done once.
"""

from __future__ import annotations

import torch
from torch import Tensor

from attrtheory.lower.affine_rows import Affine
from attrtheory.lower.grid import Level, index
from attrtheory.lower.layers import Network, Ramp
from attrtheory.lower.sweep import Sweep


def mean_gradient(net: Network, found: Sweep, target: Tensor) -> Tensor:
    """The integral of the gradient of output `target` (one for each path) over the swept part, (paths, *input)."""
    paths, final = len(target), len(net.layers)
    levels: dict[int, Level] = {}
    signals: dict[int, tuple[int, Tensor]] = {}  # value -> the level of its pieces, and the gradient on them
    totals: dict[int, Tensor] = {}

    def level(k: int) -> Level:
        if k not in levels:
            levels[k] = found.grid.level(k)
        return levels[k]

    def finer(signal: tuple[int, Tensor], k: int) -> Tensor:
        """A gradient on the pieces of level k."""
        at, g = signal
        return level(at).within(level(k), g)

    def arrive(i: int, k: int, g: Tensor) -> None:
        """Adds a gradient at value i, given on the pieces of level k."""
        if net.straight[i]:
            arrive_total(i, level(k).integral(g, paths))
        elif i in signals:
            least = min(k, signals[i][0])
            signals[i] = least, finer(signals[i], least) + finer((k, g), least)
        else:
            signals[i] = k, g

    def arrive_total(i: int, g: Tensor) -> None:
        totals[i] = totals[i] + g if i in totals else g

    seed = target.new_zeros(paths, net.graph.outputs, dtype=torch.float64)
    seed[torch.arange(paths, device=target.device), target] = 1.0
    arrive(final, final + 1, seed.view(-1, *net.graph.shapes[final]))
    for k, layer, ins in reversed(net.nodes):
        if k in totals:
            for i, g in zip(ins, layer.pull(totals.pop(k)), strict=True):
                arrive_total(i, g)
        if k not in signals:
            continue
        at, g = signals.pop(k)
        if net.turning.get(k) in found.turns:
            ramp = net.turning[k]
            arrive_total(net.nodes[ramp - 1][2][0], found.turns[ramp].before(layer, level(at), g))
        elif isinstance(layer, Affine):
            for i, part in zip(ins, layer.pull(g), strict=True):
                arrive(i, at, part)
        elif k in found.ends:
            arrive_total(ins[0], through_straight(layer, found.ends[k], level(at), g, paths))
        else:
            rows = index(found.grid.ranks(k, level(k).rows), g)
            arrive(ins[0], k, layer.back(found.patterns[k].index_select(0, rows), finer((at, g), k)))
    return totals.get(0, seed.new_zeros(paths, *net.graph.input_shape))


def through_straight(layer: Ramp, ends: Tensor, pieces: Level, g: Tensor, paths: int) -> Tensor:
    """The integral of the gradient before a ramp whose input is affine on the whole path.

    Such a unit is on in one interval of the path, which is known without any sweep.
    """
    z0, z1 = ends.flatten(2)
    on0, on1 = z0 > 0, z1 > 0
    steady = layer.back(on0.view(paths, *g.shape[1:]), pieces.integral(g, paths))
    turning = (on0 != on1).any(0).nonzero().squeeze(1)
    z0, z1, on0, on1 = (v.index_select(1, turning) for v in (z0, z1, on0, on1))
    turn = torch.where(on0 == on1, 1.0, 1 / (1 - z1 / z0))
    # on until `turn`, or from there on
    path, start, stop = (index(v, g) for v in (pieces.path, pieces.start[:, None], pieces.stop[:, None]))
    before = (turn[path] - start).div_(stop - start).clamp_(0.0, 1.0)
    share = torch.where(on0[path], before, 1 - before)
    steady.flatten(1)[:, turning] = pieces.integral(layer.back(share, g.flatten(1)[:, turning]), paths)
    return steady
