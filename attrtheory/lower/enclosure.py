"""A rigorous interval for Integrated Gradients of a piecewise linear network, from float64 breakpoints nobody trusts.

Cut [0, 1] anywhere. On one part [a, b] say that a bound e belongs to a value v when, for some affine function A of t,

    |v(t) - A(t)| <= d on [a, b],   A = v and |v - computed| <= r at both ends,   d + r <= e.

Affine layers add their rounding and pass e through |W|. A unit whose computed values at both ends exceed e with one sign
has that sign on the whole part, and e passes unchanged. Any other unit is free: its output stays within the largest
|z| + e of its chord, which is added to e, and its slope runs over [0, 1]. Max-pooling is the same with differences to the
winner. So the gradient of the whole part lies in the interval of the backward pass, whatever the convention at kinks.

Parts around breakpoints, of length 1e-11 or a little more, hold the units that change; everywhere else all units should be decided.
Assumed: matrix products and convolutions obey |error| <= n u / (1 - n u) |W| |x|, in any order, and subnormals are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from attrtheory.lower.layers import UNIT, Affine, Network, Pool, Ramp
from attrtheory.lower.line import MEMORY, Rows, forget, frontier, straight_values
from attrtheory.lower.slopes import OUTWARD, TINY, Slopes, along, position, pulled_back, rows_at_once

FIRST_GAP, WIDEN, ROUNDS = 2.0**-38, 2.0**5, 3  # half widths of the parts around breakpoints, attempt by attempt
KINK = 2.0**-24  # a part this long on which a unit is not decided is a kink rather than a gap between two pieces


@dataclass(eq=False)
class Enclosure:
    """`centre +- radius` contains the mean gradient on the path; `kinks[k]` is (units, length) left undecided in layer k."""

    centre: Tensor
    radius: Tensor
    undecided: int = 0
    kinks: dict[int, tuple[int, float]] = field(default_factory=dict)


def mean_gradient(net: Network, x0: Tensor, x: Tensor, t: Tensor, target: int, *, memory: int = MEMORY) -> Enclosure:
    """Encloses the integral of the gradient over the segment, cut next to the breakpoints t."""
    ends = straight_values(net, torch.stack([x0, x]))
    errors = straight_errors(net, torch.stack([x0, x]))
    step = rows_at_once(net, memory)
    zero = torch.zeros((1, *net.graph.input_shape), dtype=torch.float64, device=t.device)
    result = Enclosure(zero, zero.clone())
    gap, parts = FIRST_GAP, around(t, FIRST_GAP)
    for attempt in range(ROUNDS):
        split: list[Tensor] = []
        for block in parts.split(step):
            slopes, hopeful = slopes_between(net, ends, errors, block, shared=attempt == 0)
            length = block[:, 1] - block[:, 0]
            again = hopeful & (length > 4 * WIDEN * gap) & (attempt < ROUNDS - 1)
            split.append(block[again])
            part = pulled_back(net, slopes, torch.where(again, 0.0, length), target, bounded=True)
            result.centre = result.centre + part[0]
            result.radius = OUTWARD * (result.radius + part[1] + 2 * UNIT * result.centre.abs())
            count(result, slopes, torch.where(again, 0.0, length))
        gap *= WIDEN
        parts = torch.cat(split)
        if not len(parts):
            break
        parts = cut(parts[:, 0], parts[:, 1], gap)
    return result


def doubt(net: Network, x0: Tensor, x: Tensor, t: Tensor, target: int, *, memory: int = MEMORY) -> tuple[int, Tensor]:
    """How many slopes float64 cannot decide at the middle of the pieces between t, and how much gradient hangs on them."""
    ends, errors = straight_values(net, torch.stack([x0, x])), straight_errors(net, torch.stack([x0, x]))
    step = rows_at_once(net, memory)
    undecided, spread = 0, torch.zeros((1, *net.graph.input_shape), dtype=torch.float64, device=t.device)
    for a, b in zip(t[:-1].split(step), t[1:].split(step), strict=True):
        middle = (a + b) / 2
        slopes, _ = slopes_between(net, ends, errors, torch.stack([middle, middle], 1))
        units = sum((s.free.flatten(1).sum(1) for s in slopes.values()), torch.zeros(len(a), device=t.device))
        if units.any():
            undecided += int(units.sum())
            weight = torch.where(units > 0, b - a, 0.0)
            spread = spread + pulled_back(net, slopes, weight, target, bounded=True)[1]
    return undecided, spread


def around(t: Tensor, gap: float) -> Tensor:
    """[0, 1] cut a little to the left and to the right of every breakpoint. Pairs, (parts, 2)."""
    points = torch.unique(torch.cat([t, (t[1:-1] - gap).clamp(min=0), (t[1:-1] + gap).clamp(max=1)]))
    inner = torch.isin(points, t[1:-1])
    points = points[~inner]
    return torch.stack([points[:-1], points[1:]], 1)


def cut(a: Tensor, b: Tensor, gap: float) -> Tensor:
    """Every [a, b] as two ends of length `gap` and the core between them; short ones stay whole. Pairs, (parts, 2)."""
    whole = b - a <= 4 * gap
    inner = torch.where(whole, a, a + gap), torch.where(whole, a, b - gap)
    pairs = torch.stack([torch.stack([a, inner[0]], 1), torch.stack(inner, 1), torch.stack([inner[1], b], 1)], 1)
    pairs = pairs.flatten(0, 1)
    return pairs[pairs[:, 1] > pairs[:, 0]]


def straight_errors(net: Network, rows: Tensor) -> Rows:
    """Bounds on the rounding of `straight_values`."""
    values, errors = {0: rows}, {0: torch.zeros_like(rows)}
    for k, layer, ins in net.nodes:
        if net.straight[k] and isinstance(layer, Affine):
            values[k] = layer.push(*(values[i] for i in ins))
            errors[k] = pushed(net, k, layer, [values[i] for i in ins], [errors[i] for i in ins])
    return {i: e for i, e in errors.items() if i in frontier(net)}


def pushed(net: Network, k: int, layer: Affine, values: list[Tensor], errors: list[Tensor]) -> Tensor:
    absolute, g = net.absolute[k - 1], layer.gamma_push
    assert absolute is not None
    return OUTWARD * absolute.push(*(e + g * v.abs() for v, e in zip(values, errors, strict=True)), bias=g) + TINY


def slopes_between(
    net: Network, ends: Rows, errors: Rows, parts: Tensor, *, shared: bool = False
) -> tuple[dict[int, Slopes], Tensor]:
    """Decided and free slopes on every part, and which parts a cut may help: a free unit that is decided at one end.

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
            bound[k] = pushed(net, k, layer, [live[i] for i in ins], [bound[i] for i in ins])
            live[k] = layer.push(*(live[i] for i in ins))
        else:
            decide = _ramp if isinstance(layer, Ramp) else _pool
            found[k], one_sided, bound[k] = decide(layer, live[ins[0]], bound[ins[0]], left, right)
            hopeful |= one_sided.flatten(1).any(1)
            live[k] = layer.act(live[ins[0]])
        live, bound = forget(net, live, k), forget(net, bound, k)
    return found, hopeful


def _along_bound(ends: Tensor, error: Tensor) -> Tensor:
    """On the whole path: the larger error of the two ends and the rounding of the interpolation between them."""
    return OUTWARD * (error.amax(0, keepdim=True) + 8 * UNIT * ends.abs().sum(0, keepdim=True)) + TINY


def _at_ends(stray: Tensor, like: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """A quantity of the parts on the rows: the larger one of the two parts that meet there."""
    rows = like.new_zeros(2, len(like), *stray.shape[1:])
    rows[0, left], rows[1, right] = stray, stray
    return rows.amax(0)


def _ramp(layer: Ramp, z: Tensor, e: Tensor, left: Tensor, right: Tensor) -> tuple[Slopes, Tensor, Tensor]:
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
    return Slopes(on=on, free=free), free & (some[left] | some[right]), bound


def _pool(layer: Pool, z: Tensor, e: Tensor, left: Tensor, right: Tensor) -> tuple[Slopes, Tensor, Tensor]:
    w, q = layer.windows(z), layer.windows(e)
    a, b = w[left], w[right]
    best = layer.best(a + b).unsqueeze(-1)

    def ahead(end: Tensor, error: Tensor) -> Tensor:
        """Which entries the winner certainly beats at one end."""
        first = end.gather(-1, best)
        return first - end > OUTWARD * (error.gather(-1, best) + error) + 2 * UNIT * (end.abs() + first.abs())

    beaten = ahead(a, q[left]), ahead(b, q[right])
    rivals = (~(beaten[0] & beaten[1]) & layer.real).scatter(-1, best, value=True)
    free = rivals.sum(-1) > 1
    certain = [(~one & layer.real).sum(-1) == 1 for one in beaten]
    top = w.amax(-1)
    bound = torch.maximum((w + q).amax(-1) - top, top - (w - q).amax(-1)) + 4 * UNIT * top.abs() + TINY
    if free.any():
        # the maximum leaves its chord by no more than the winner falls short of it at an end
        short = torch.maximum(*(end.amax(-1) - end.gather(-1, best).squeeze(-1) for end in (a, b)))
        spread = torch.maximum(q[left], q[right]).amax(-1)
        stray = torch.where(free, short + 4 * spread + 4 * UNIT * torch.maximum(top[left].abs(), top[right].abs()), 0.0)
        bound = bound + _at_ends(stray, top, left, right)
    slopes = Slopes(winner=position(layer, best.squeeze(-1)), free=free, rivals=rivals)
    return slopes, free & (certain[0] | certain[1]), OUTWARD * bound.view(-1, *layer.out)


def count(result: Enclosure, slopes: dict[int, Slopes], length: Tensor) -> None:
    """Notes the units that stay undecided on long parts: the path lies in or next to their kink."""
    long = length > KINK
    for k, s in slopes.items():
        units = s.free[long].flatten(1).sum(1) if s.free is not None else length.new_zeros(0)
        if units.any():
            most, total = result.kinks.get(k, (0, 0.0))
            result.kinks[k] = max(most, int(units.max())), total + float(length[long][units > 0].sum())
            result.undecided += int(units.sum())
