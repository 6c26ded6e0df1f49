"""Slopes of the piecewise layers on pieces of a path, and the backward pass that they determine.

On a piece the network is affine: its gradient is a product of layer matrices and of one slope per unit (one winner
per pooling window). A unit whose slope is not decided is `free`: its slope runs over an interval, a free window's
winner over its rivals. The backward pass then carries a centre and a radius, and the radius also bounds every
rounding on the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from attrtheory.lower.affine_rows import TINY, UNIT, Affine, gamma
from attrtheory.lower.layers import Network, Pool, Ramp, position
from attrtheory.lower.straight import Rows, forget

MEMORY = 2**28  # bytes of live rows before paths are looked at one after the other, and then in parts
OUTWARD = 1 + 1e-9  # covers the roundings made while a bound itself is computed


@dataclass(frozen=True, eq=False)
class RampSlopes:
    """Where units of a ramp have slope 1, and which ones are undecided; on a batch of pieces."""

    on: Tensor
    free: Tensor | None = None


@dataclass(frozen=True, eq=False)
class PoolSlopes:
    """The flat positions of the windows' winners, which windows are undecided, and all entries that may win."""

    winner: Tensor
    free: Tensor | None = None
    rivals: Tensor | None = None


Slopes = RampSlopes | PoolSlopes


def rows_at_once(net: Network, memory: int) -> int:
    """How many pieces are looked at together, so that their values stay well below the memory given (in bytes)."""
    return max(1, memory // (256 * sum(map(prod, net.graph.shapes))))


def tiny(mask: Tensor) -> Tensor:
    """What underflow may have lost where `mask` holds."""
    return TINY * mask.to(torch.float64)


def along(ends: Rows, t: Tensor) -> Rows:
    """The affine values at the points t of the path, from their values at its two ends."""
    return {i: torch.lerp(v[:1], v[1:], t.view(-1, *[1] * (v.dim() - 1))) for i, v in ends.items()}


def slopes_at(net: Network, ends: Rows, t: Tensor) -> dict[int, Slopes]:
    """Slopes at points of the path as float64 computes them: strict guard, the first of tied entries wins."""
    live, found = along(ends, t), {}
    for k, layer, ins in net.nodes:
        if net.straight[k]:
            continue
        match layer:
            case Affine():
                live[k] = layer.push(*(live[i] for i in ins))
            case Ramp():
                found[k] = RampSlopes(on=layer.on(live[ins[0]]))
                live[k] = layer.act(live[ins[0]])
            case Pool():
                windows = layer.windows(live[ins[0]])
                found[k] = PoolSlopes(winner=position(layer, layer.best(windows)))
                live[k] = windows.amax(-1).view(-1, *layer.out)
        live = forget(net, live, k)
    return found


def pulled_back(
    net: Network, slopes: dict[int, Slopes], weight: Tensor, target: int, *, bounded: bool = False
) -> tuple[Tensor, Tensor]:
    """Centre and radius of `sum_pieces weight * gradient`, one row. The radius is 0 unless `bounded`."""
    seed = weight.new_zeros(len(weight), net.graph.outputs)
    seed[:, target] = weight
    signals: dict[int, tuple[Tensor, Tensor]] = {}

    def add(i: int, c: Tensor, r: Tensor) -> None:
        """Adds a signal at value i. What is affine in the input has one gradient: there the pieces are summed."""
        if net.straight[i]:
            c, r = summed(c, r, bounded=bounded)
        if i in signals:
            c = c + signals[i][0]
            r = OUTWARD * (r + signals[i][1] + UNIT * c.abs()) if bounded else r
        signals[i] = c, r

    last = len(net.layers)
    seed = seed.view(-1, *net.graph.shapes[last])
    # a weight is the length of a piece, rounded once
    add(last, seed, 2 * UNIT * seed.abs() if bounded else seed.new_zeros(()))
    for k, layer, ins in reversed(net.nodes):
        if k not in signals:
            continue
        centre, radius = signals.pop(k)
        match layer, slopes.get(k):
            case Affine(), _:
                radii = _affine_radii(layer, centre, radius) if bounded else [radius] * len(ins)
                parts = list(zip(layer.pull(centre), radii, strict=True))
            case Ramp(), RampSlopes() as s:
                parts = [_through_ramp(layer, s, centre, radius, bounded=bounded)]
            case Pool(), PoolSlopes() as s:
                parts = [_through_pool(layer, s, centre, radius, bounded=bounded)]
            case _:
                raise KeyError(k)
        for i, part in zip(ins, parts, strict=True):
            add(i, *part)
    nothing = weight.new_zeros(1, *net.graph.input_shape)
    return signals.get(0, (nothing, nothing))


def summed(centre: Tensor, radius: Tensor, *, bounded: bool) -> tuple[Tensor, Tensor]:
    """The sum of the rows, as one row."""
    if bounded:
        radius = OUTWARD * (radius.sum(0, keepdim=True) + gamma(len(centre)) * centre.abs().sum(0, keepdim=True))
    return centre.sum(0, keepdim=True), radius


def _affine_radii(layer: Affine, centre: Tensor, radius: Tensor) -> list[Tensor]:
    alive = ((centre != 0) | (radius != 0)).flatten(1).any(1)  # rows of exact zeros stay exact zeros
    lost = tiny(alive).view(-1, *[1] * len(layer.ins[0]))
    return [OUTWARD * r + lost for r in layer.absolute.pull(radius + layer.gamma_pull * centre.abs())]


def _through_ramp(
    layer: Ramp, s: RampSlopes, centre: Tensor, radius: Tensor, *, bounded: bool
) -> tuple[Tensor, Tensor]:
    through = torch.where(s.on, centre, layer.slope * centre)
    if not bounded:
        return through, radius
    kept = torch.where(s.on, radius, abs(layer.slope) * radius)
    if layer.slope != 0:
        kept = OUTWARD * kept + UNIT * through.abs() + tiny(centre != 0)
    if s.free is not None and s.free.any():
        c, r = ball(*hull(centre, radius, min(layer.slope, 1.0), max(layer.slope, 1.0)))
        through, kept = torch.where(s.free, c, through), torch.where(s.free, r, kept)
    return through, kept


def _through_pool(
    pool: Pool, s: PoolSlopes, centre: Tensor, radius: Tensor, *, bounded: bool
) -> tuple[Tensor, Tensor]:
    g = centre.flatten(2)
    if not bounded:
        return pool.scatter(s.winner, g), radius
    r = radius.flatten(2)
    if s.free is None or s.rivals is None or not s.free.any():
        return pool.scatter(s.winner, g), OUTWARD * pool.scatter(s.winner, r + pool.overlaps * g.abs())
    through = pool.scatter(s.winner, g * ~s.free)
    kept = pool.scatter(s.winner, (r + pool.overlaps * g.abs()) * ~s.free)
    # a free window sends something between 0 and its signal to each of its rivals
    c, q = ball(*hull(g[s.free], r[s.free], 0.0, 1.0))
    row, channel, window = s.free.nonzero(as_tuple=True)
    one, entry = s.rivals[s.free].nonzero(as_tuple=True)
    at = (row[one], channel[one], pool.table[window[one], entry])
    through.flatten(2).index_put_(at, c[one], accumulate=True)
    kept.flatten(2).index_put_(at, (q + pool.overlaps * (c.abs() + q))[one], accumulate=True)
    return through, OUTWARD * kept


def hull(centre: Tensor, radius: Tensor, p: float, q: float) -> tuple[Tensor, Tensor]:
    """The interval of all products of a number of the ball with a slope in [p, q]."""
    corners = torch.stack([e * s for e in (centre - radius, centre + radius) for s in (p, q)])
    return corners.amin(0), corners.amax(0)


def ball(low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Centre and radius that contain [low, high] and the few roundings that led to it."""
    size = low.abs() + high.abs()
    return (low + high) / 2, OUTWARD * ((high - low) / 2 + 8 * UNIT * size) + tiny(size > 0)
