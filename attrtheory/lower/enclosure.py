"""A rigorous interval for Integrated Gradients of a piecewise linear network, from breakpoints nobody trusts.

Cut [0, 1] anywhere. On one part [a, b] say that a bound e belongs to a value v if for some affine function A of t

    |v(t) - A(t)| <= d on [a, b],   A = v and |v - computed| <= r at both ends,   d + r <= e.

Affine layers add their rounding and pass e through |W|. A unit whose computed values at both ends exceed e with one
sign has that sign on the whole part, and e passes unchanged. Any other unit is free: its output stays within the
largest |z| + e of its chord, which is added to e, and its slope runs over [0, 1]. Max-pooling is the same with
differences to the winner. So the gradient on the whole part lies in the interval of the backward pass, whatever the
convention at kinks.

Short parts around breakpoints hold the units that change; everywhere else all units should be decided. Assumed:
products and convolutions obey |error| <= n u / (1 - n u) |W| |x| in any order of summation, and subnormals are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from attrtheory.lower.layers import UNIT, Affine, Network, Pool, Ramp
from attrtheory.lower.line import MEMORY, Rows, forget, frontier, straight_values
from attrtheory.lower.slopes import OUTWARD, TINY, PoolSlopes, RampSlopes, Slopes, along, position, pulled_back, rows_at_once

# Half the length of the parts around breakpoints, then by how much it grows, for how many attempts.
FIRST_GAP, WIDEN, ATTEMPTS = 2.0**-38, 2.0**5, 3
KINK = 2.0**-24  # where a unit stays undecided on a part this long, that is a kink and no gap between two pieces
Decision = tuple[Slopes, Tensor, Tensor]  # slopes on the parts, units that a cut may help, bounds on the rows


@dataclass(eq=False)
class Enclosure:
    """`centre +- radius` contains the mean gradient; `kinks[k]`: (units, length) left undecided in layer k."""

    centre: Tensor
    radius: Tensor
    undecided: int = 0
    kinks: dict[int, tuple[int, float]] = field(default_factory=dict)


def mean_gradient(
    net: Network, x0: Tensor, x: Tensor, t: Tensor, target: int, *, memory: int = MEMORY
) -> Enclosure:
    """Encloses the integral of the gradient over the segment, cut next to the breakpoints t."""
    ends, errors = _straight(net, x0, x)
    zero = torch.zeros((1, *net.graph.input_shape), dtype=torch.float64, device=t.device)
    result = Enclosure(zero, zero.clone())
    gap, parts = FIRST_GAP, around(t, FIRST_GAP)
    for attempt in range(ATTEMPTS):
        later: list[Tensor] = []
        for block in parts.split(rows_at_once(net, memory)):
            slopes, hopeful = slopes_between(net, ends, errors, block, shared=attempt == 0)
            length = block[:, 1] - block[:, 0]
            again = hopeful & (length > 4 * WIDEN * gap) & (attempt < ATTEMPTS - 1)
            later.append(block[again])
            length = torch.where(again, 0.0, length)
            centre, radius = pulled_back(net, slopes, length, target, bounded=True)
            result.centre = result.centre + centre
            result.radius = OUTWARD * (result.radius + radius + 2 * UNIT * result.centre.abs())
            count(result, slopes, length)
        gap *= WIDEN
        parts = torch.cat(later)
        if not len(parts):
            break
        parts = cut(parts[:, 0], parts[:, 1], gap)
    return result


def doubt(
    net: Network, x0: Tensor, x: Tensor, t: Tensor, target: int, *, memory: int = MEMORY
) -> tuple[int, Tensor]:
    """How many slopes float64 cannot decide at the middle of pieces, and how much mean gradient hangs on them."""
    ends, errors = _straight(net, x0, x)
    undecided, spread = 0, torch.zeros((1, *net.graph.input_shape), dtype=torch.float64, device=t.device)
    step = rows_at_once(net, memory)
    for a, b in zip(t[:-1].split(step), t[1:].split(step), strict=True):
        middle = (a + b) / 2
        slopes, _ = slopes_between(net, ends, errors, torch.stack([middle, middle], 1))
        units = sum((s.free.flatten(1).sum(1) for s in slopes.values() if s.free is not None), torch.zeros_like(a))
        if units.any():
            undecided += int(units.sum())
            length = torch.where(units > 0, b - a, 0.0)
            spread = spread + pulled_back(net, slopes, length, target, bounded=True)[1]
    return undecided, spread


def around(t: Tensor, gap: float) -> Tensor:
    """[0, 1] cut a little to the left and to the right of every breakpoint: pairs, (parts, 2)."""
    inner = t[1:-1]
    points = torch.unique(torch.cat([t, (inner - gap).clamp(min=0), (inner + gap).clamp(max=1)]))
    points = points[~torch.isin(points, inner)]
    return torch.stack([points[:-1], points[1:]], 1)


def cut(a: Tensor, b: Tensor, gap: float) -> Tensor:
    """Every [a, b] as two ends of length `gap` and the core between them, short ones whole: pairs, (parts, 2)."""
    whole = b - a <= 4 * gap
    left, right = torch.where(whole, a, a + gap), torch.where(whole, a, b - gap)
    pairs = torch.stack([a, left, left, right, right, b], 1).view(-1, 2)
    return pairs[pairs[:, 1] > pairs[:, 0]]


def _straight(net: Network, x0: Tensor, x: Tensor) -> tuple[Rows, Rows]:
    """The values that are affine in the input at both ends of the path, and bounds on their rounding."""
    values = {0: torch.stack([x0, x])}
    errors = {0: torch.zeros_like(values[0])}
    for k, layer, ins in net.nodes:
        if net.straight[k] and isinstance(layer, Affine):
            values[k] = layer.push(*(values[i] for i in ins))
            errors[k] = pushed(layer, [values[i] for i in ins], [errors[i] for i in ins])
    return straight_values(net, values[0]), {i: e for i, e in errors.items() if i in frontier(net)}


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


def count(result: Enclosure, slopes: dict[int, Slopes], length: Tensor) -> None:
    """Notes the units that stay undecided on long parts: the path lies in their kink or next to it."""
    long = length > KINK
    for k, s in slopes.items():
        units = s.free[long].flatten(1).sum(1) if s.free is not None else length.new_zeros(0)
        if units.any():
            most, total = result.kinks.get(k, (0, 0.0))
            result.kinks[k] = max(most, int(units.max())), total + float(length[long][units > 0].sum())
            result.undecided += int(units.sum())
