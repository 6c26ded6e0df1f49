"""Intervals that contain every gradient of a network on a box, or anywhere."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from attrtheory.lower.affine_rows import UNIT, Affine
from attrtheory.lower.layers import Network, Pool, Ramp
from attrtheory.lower.points.reach import Reach
from attrtheory.lower.slopes import OUTWARD, TINY

Interval = tuple[Tensor, Tensor]


def gradient_range(net: Network, target: int, box: Sequence[Reach] | None = None) -> Interval:
    """Lower and upper bounds of all partial derivatives of an output, (features) each.

    On a box whose values are known, a unit that keeps its sign has one slope there; every other unit has all slopes from
    one branch to the other, every entry of a pooling window may win. Without a box, on the whole space.
    """
    device = next((v.centre.device for v in box or ()), torch.device("cpu"))
    start = torch.zeros((1, net.graph.outputs), dtype=torch.float64, device=device)
    start[0, target] = 1.0
    first = start.view(1, *net.graph.shapes[-1])
    signals: dict[int, Interval] = {len(net.graph.nodes): (first, first)}
    for k, layer, ins in reversed(net.nodes):
        if k not in signals:
            continue  # a value that the output does not read
        low, high = signals.pop(k)
        match layer:
            case Affine():
                back = _pulled(layer, low, high)
            case Ramp():
                back = [_through_ramp(layer, low, high, box[ins[0]] if box else None)]
            case Pool():
                back = [_through_pool(layer, low, high)]
        for i, (a, b) in zip(ins, back, strict=True):
            signals[i] = _plus(signals[i], (a, b)) if i in signals else (a, b)
    zero = torch.zeros(net.graph.features, dtype=torch.float64, device=device)
    low, high = signals.get(0, (zero, zero))
    return low.flatten(), high.flatten()


def _outward(low: Tensor, high: Tensor, lost: Tensor) -> Interval:
    return low - OUTWARD * lost - TINY, high + OUTWARD * lost + TINY


def _plus(p: Interval, q: Interval) -> Interval:
    low, high = p[0] + q[0], p[1] + q[1]
    return _outward(low, high, 2 * UNIT * torch.maximum(low.abs(), high.abs()))


def _pulled(layer: Affine, low: Tensor, high: Tensor) -> list[Interval]:
    centre = low / 2 + high / 2
    radius = OUTWARD * torch.maximum(high - centre, centre - low)
    spread = layer.absolute.pull(radius + layer.gamma_pull * centre.abs())
    return [
        _outward(c - r, c + r, 1e-9 * r + 2 * UNIT * c.abs())
        for c, r in zip(layer.pull(centre), spread, strict=True)
    ]


def _through_ramp(layer: Ramp, low: Tensor, high: Tensor, z: Reach | None) -> Interval:
    """Products with the slopes that the unit may have."""
    one, other = torch.ones_like(low), torch.full_like(low, layer.slope)
    above = one if z is None else torch.where(z.upper < 0, other, one)
    below = other if z is None else torch.where(z.lower > 0, one, other)
    products = torch.stack([s * g for s in (above, below) for g in (low, high)])
    low, high = products.amin(0), products.amax(0)
    return _outward(low, high, UNIT * torch.maximum(low.abs(), high.abs()))


def _through_pool(layer: Pool, low: Tensor, high: Tensor) -> Interval:
    """An entry gets the signal of every window that it may win, or 0."""
    entries = layer.table.shape[1]
    where = layer.table.flatten().expand(1, layer.ins[0], -1)
    each = lambda g: g.reshape(1, layer.ins[0], -1).repeat_interleave(entries, -1)
    low, high = (layer.scatter(where, each(g)) for g in (low.clamp(max=0), high.clamp(min=0)))
    return _outward(low, high, layer.overlaps * torch.maximum(low.abs(), high.abs()))
