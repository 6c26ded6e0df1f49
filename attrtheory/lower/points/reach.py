"""What a network's values can be on a box, and how far float64 may be from them there."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from attrtheory.lower.affine_rows import UNIT, Affine
from attrtheory.lower.decisions import pushed
from attrtheory.lower.layers import Network, Pool, Ramp
from attrtheory.lower.slopes import OUTWARD, TINY


@dataclass(frozen=True, eq=False)
class Reach:
    """On a whole box: a value lies in `centre +- radius`, and is computed at any point with at most `error`.

    `size`: what computed values do not exceed. The error holds for points passed through the layers one by one, and
    also for points in two parts: layers that are affine in the input act on each, and the two are added behind them.
    """

    centre: Tensor
    radius: Tensor
    error: Tensor
    size: Tensor

    @property
    def lower(self) -> Tensor:
        return self.centre - OUTWARD * self.radius - 2 * UNIT * self.centre.abs()

    @property
    def upper(self) -> Tensor:
        return self.centre + OUTWARD * self.radius + 2 * UNIT * self.centre.abs()


def reach(net: Network, low: Tensor, high: Tensor) -> list[Reach]:
    """Every value of the network on the boxes between rows of corners, (n, *input_shape)."""
    size = torch.maximum(low.abs(), high.abs())
    values = [_between(low, high, torch.zeros_like(low), size)]
    for k, layer, ins in net.nodes:
        split = [i for i in ins if net.straight[i] and not net.straight[k]]
        found = [_added(values[i]) if i in split else values[i] for i in ins]
        match layer:
            case Affine():
                values.append(_affine(layer, found, straight=net.straight[k]))
            case Ramp():
                values.append(_ramp(layer, found[0]))
            case Pool():
                z = found[0]
                values.append(
                    _between(layer.act(z.lower), layer.act(z.upper), layer.act(z.error), layer.act(z.size))
                )
    last = values[-1]
    return [*values[:-1], _added(last) if net.straight[-1] else last]


def _affine(layer: Affine, found: list[Reach], *, straight: bool) -> Reach:
    centre = layer.push(*(v.centre for v in found))
    radius = pushed(layer, [v.centre for v in found], [v.radius for v in found])
    error = pushed(layer, [v.size for v in found], [v.error for v in found])
    # a part of a point may lie outside the box, but not beyond |W| |x| + |b|
    whole = layer.absolute.push(*(v.size for v in found)) if straight else centre.abs() + radius
    return Reach(centre, radius, error, OUTWARD * (whole + error))


def _added(z: Reach) -> Reach:
    """The sum of two parts."""
    return Reach(z.centre, z.radius, OUTWARD * 2 * (z.error + UNIT * z.size), 2 * z.size)


def _between(low: Tensor, high: Tensor, error: Tensor, size: Tensor) -> Reach:
    centre = low / 2 + high / 2
    return Reach(centre, OUTWARD * torch.maximum(high - centre, centre - low) + TINY, error, size)


def _ramp(layer: Ramp, z: Reach) -> Reach:
    steep = max(1.0, abs(layer.slope))
    rounding = 0.0 if layer.slope == 0 else 2 * UNIT * steep * z.size + TINY
    ends = torch.stack([layer.act(z.lower), layer.act(z.upper)])
    low, high = ends.amin(0), ends.amax(0)
    low = torch.where((z.lower < 0) & (z.upper > 0), low.clamp(max=0), low)  # a slope below 0 turns there
    size = OUTWARD * torch.minimum(steep * z.size, torch.maximum(low.abs(), high.abs()) + steep * z.error + rounding)
    return _between(low - rounding, high + rounding, OUTWARD * (steep * z.error + rounding), size)
