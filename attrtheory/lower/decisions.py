"""Which slopes of a piecewise linear network are certain on a part of a path, by float64 with error bounds.

Cut [0, 1] anywhere. On one part [a, b] say that a bound e belongs to a value v if for some affine function A of t

    |v(t) - A(t)| <= d on [a, b],   A = v and |v - computed| <= r at both ends,   d + r <= e.

Affine layers add their rounding and pass e through |W|. A unit whose computed values at both ends exceed e with one
sign has that sign on the whole part, and e passes unchanged. Any other unit is free: its output stays within the
largest |z| + e of its chord, which is added to e, and its slope runs over [0, 1]. Max-pooling is the same with
differences to the winner. So the gradient on the whole part lies in the interval of the backward pass, whatever the
convention at kinks.

Assumed: products and convolutions obey |error| <= n u / (1 - n u) |W| |x| in any order of summation, and subnormal
numbers are kept.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from attrtheory.lower.affine_rows import TINY, UNIT, Affine
from attrtheory.lower.layers import Network, Pool, Ramp, position
from attrtheory.lower.slopes import OUTWARD, PoolSlopes, RampSlopes, Slopes, along
from attrtheory.lower.straight import Rows, forget

Decision = tuple[Slopes, Tensor, Tensor]  # slopes on the parts, units that a cut may help, bounds on the rows


def pushed(layer: Affine, values: list[Tensor], errors: list[Tensor]) -> Tensor:
    """Bounds behind an affine layer: what came in through |W|, and its own rounding."""
    g = layer.gamma_push
    wide = (e + g * v.abs() for v, e in zip(values, errors, strict=True))
    return OUTWARD * layer.absolute.push(*wide, bias=g) + TINY


def slopes_between(
    net: Network, ends: Rows, errors: Rows, parts: Tensor, *, shared: bool = False
) -> tuple[dict[int, Slopes], Tensor]:
    """Slopes on every part, and which parts a cut may help: those with a free unit that is decided at one end.

    `shared`: neighbours use one row for their common end, and the larger of their bounds there.
    """
    t, index = torch.unique(parts, return_inverse=True) if shared else (parts.flatten(), None)
    left, right = (torch.arange(len(t), device=t.device).view(-1, 2) if index is None else index).T
    live, found = along(ends, t), {}
    bound = {i: _along_bound(ends[i], e).expand(len(t), *e.shape[1:]) for i, e in errors.items()}
    hopeful = torch.zeros(len(parts), dtype=torch.bool, device=t.device)
    for k, layer, ins in net.nodes:
        if net.straight[k]:
            continue
        if isinstance(layer, Affine):
            bound[k] = pushed(layer, [live[i] for i in ins], [bound[i] for i in ins])
            live[k] = layer.push(*(live[i] for i in ins))
        else:
            z, e = live[ins[0]], bound[ins[0]]
            decision = _ramp(layer, z, e, left, right) if isinstance(layer, Ramp) else _pool(layer, z, e, left, right)
            found[k], one_sided, bound[k] = decision
            hopeful |= one_sided.flatten(1).any(1)
            live[k] = layer.act(z)
        live, bound = forget(net, live, k), forget(net, bound, k)
    return found, hopeful


def _along_bound(ends: Tensor, error: Tensor) -> Tensor:
    """On the whole path: the larger error of its ends, and the rounding of the interpolation between them."""
    return OUTWARD * (error.amax(0, keepdim=True) + 8 * UNIT * ends.abs().sum(0, keepdim=True)) + TINY


def _at_ends(stray: Tensor, like: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """A quantity of the parts on the rows: the larger one of the two parts that meet there."""
    rows = like.new_zeros(2, len(like), *stray.shape[1:])
    rows[0, left], rows[1, right] = stray, stray
    return rows.amax(0)


def _ramp(layer: Ramp, z: Tensor, e: Tensor, left: Tensor, right: Tensor) -> Decision:
    above, below = z > e, z < -e
    on, some = above[left] & above[right], above | below
    free = ~(on | (below[left] & below[right]))
    steep, sides = max(1.0, abs(layer.slope)), 1 if layer.slope == 0 else 2
    bound = torch.where(below, abs(layer.slope) * e, steep * e)
    if layer.slope != 0:
        bound = OUTWARD * bound + 2 * UNIT * steep * z.abs() + TINY
    if free.any():
        # the output of a free unit leaves its chord by no more than its own range
        reach = z.abs() + e
        stray = torch.where(free, torch.maximum(reach[left], reach[right]), 0.0)
        bound = OUTWARD * (bound + sides * steep * _at_ends(stray, z, left, right))
    return RampSlopes(on, free), free & (some[left] | some[right]), bound


def _pool(layer: Pool, z: Tensor, e: Tensor, left: Tensor, right: Tensor) -> Decision:
    w, q = layer.windows(z), layer.windows(e)
    best = layer.best(w[left] + w[right]).unsqueeze(-1)
    winner: Callable[[Tensor], Tensor] = lambda v: v.gather(-1, best)

    def beaten(end: Tensor) -> Tensor:
        """Which entries the winner certainly exceeds at one end."""
        margin = OUTWARD * (winner(q[end]) + q[end]) + 2 * UNIT * (w[end].abs() + winner(w[end]).abs())
        return winner(w[end]) - w[end] > margin

    at_left, at_right = beaten(left), beaten(right)
    rivals = (~(at_left & at_right) & layer.real).scatter(-1, best, value=True)
    free = rivals.sum(-1) > 1
    certain = [(~b & layer.real).sum(-1) == 1 for b in (at_left, at_right)]
    top = w.amax(-1)
    bound = torch.maximum((w + q).amax(-1) - top, top - (w - q).amax(-1)) + 4 * UNIT * top.abs() + TINY
    if free.any():
        # the maximum leaves its chord by no more than the winner falls short of it at an end, and three bounds
        short = torch.maximum(*(top[end] - winner(w[end]).squeeze(-1) for end in (left, right)))
        rounding = 4 * UNIT * torch.maximum(top[left].abs(), top[right].abs())
        stray = short + 4 * torch.maximum(q[left], q[right]).amax(-1) + rounding
        bound = bound + _at_ends(torch.where(free, stray, 0.0), top, left, right)
    slopes = PoolSlopes(position(layer, best.squeeze(-1)), free, rivals)
    return slopes, free & (certain[0] | certain[1]), OUTWARD * bound.view(-1, *layer.out)
