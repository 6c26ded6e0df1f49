"""A rigorous interval for Integrated Gradients of a piecewise linear network, from float64 breakpoints nobody trusts.

Cut [0, 1] anywhere. On one part [a, b] say that a bound e belongs to a value v when, for some affine function A of t,

    |v(t) - A(t)| <= d on [a, b],   A = v and |v - computed| <= r at both ends,   d + r <= e.

Affine layers add their rounding and pass e through |W|. A unit whose computed values at both ends exceed e with one sign
has that sign on the whole part, and e passes unchanged. Any other unit is free: its output stays within the largest
|z| + e of its chord, which is added to e, and its slope runs over [0, 1]. Max-pooling is the same with differences to the
winner. So the gradient of the whole part lies in the interval of the backward pass, whatever the convention at kinks.

Parts around breakpoints, of length about 1e-13, hold the units that change; everywhere else all units should be decided.
Assumed: matrix products and convolutions obey |error| <= n u / (1 - n u) |W| |x|, in any order, and subnormals are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

import torch
from torch import Tensor

from attrtheory.lower.layers import UNIT, Affine, Network, Pool, Ramp
from attrtheory.lower.line import MEMORY, Rows, forget, frontier, straight_values
from attrtheory.lower.slopes import OUTWARD, TINY, Slopes, along, position, pulled_back

FIRST_GAP, WIDEN, ROUNDS = 2.0**-45, 2.0**5, 5
KINK = 2.0**-22  # a part this long on which a unit is not decided is a kink rather than a gap between two pieces


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
    step = max(1, memory // (64 * sum(map(prod, net.graph.shapes))))
    zero = torch.zeros((1, *net.graph.input_shape), dtype=torch.float64, device=t.device)
    result = Enclosure(zero, zero.clone())
    gap, parts = FIRST_GAP, cut(t[:-1], t[1:], FIRST_GAP)
    for attempt in range(ROUNDS):
        split: list[Tensor] = []
        for block in parts.split(step):
            slopes, hopeful = slopes_between(net, ends, errors, block)
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


def slopes_between(net: Network, ends: Rows, errors: Rows, parts: Tensor) -> tuple[dict[int, Slopes], Tensor]:
    """Decided and free slopes on every part, and which parts a cut may help: a free unit that is decided at one end."""
    n = len(parts)
    t = parts.T.reshape(-1)  # all left ends, then all right ends
    live, found = along(ends, t), {}
    wide = {
        i: OUTWARD * (e.amax(0, keepdim=True) + 8 * UNIT * ends[i].abs().sum(0, keepdim=True)) + TINY
        for i, e in errors.items()
    }
    bound = {i: e.expand(2 * n, *e.shape[1:]) for i, e in wide.items()}
    hopeful = torch.zeros(n, dtype=torch.bool, device=t.device)
    for k, layer, ins in net.nodes:
        if net.straight[k]:
            continue
        z, e = live[ins[0]], bound[ins[0]]
        match layer:
            case Affine():
                live[k] = layer.push(*(live[i] for i in ins))
                bound[k] = pushed(net, k, layer, [live[i] for i in ins], [bound[i] for i in ins])
            case Ramp():
                found[k], one_sided, bound[k] = _ramp(layer, z, e, n)
                hopeful |= one_sided
                live[k] = layer.act(z)
            case Pool():
                found[k], one_sided, bound[k] = _pool(layer, z, e, n)
                hopeful |= one_sided
                live[k] = layer.act(z)
        live, bound = forget(net, live, k), forget(net, bound, k)
    return found, hopeful


def _ramp(layer: Ramp, z: Tensor, e: Tensor, n: int) -> tuple[Slopes, Tensor, Tensor]:
    above, below = z > e, z < -e
    on, off = above[:n] & above[n:], below[:n] & below[n:]
    free = ~(on | off)
    some = above | below
    reach = OUTWARD * (z.abs() + e)
    # the output of a free unit leaves its chord by no more than its own range
    stray = torch.where(free, torch.maximum(reach[:n], reach[n:]), 0.0).repeat(2, *[1] * (z.dim() - 1))
    steep, sides = max(1.0, abs(layer.slope)), 1 if layer.slope == 0 else 2
    passed = torch.where(below, abs(layer.slope) * e, steep * e)
    if layer.slope != 0:
        passed = OUTWARD * passed + 2 * UNIT * steep * z.abs() + TINY
    bound = OUTWARD * (passed + sides * steep * stray)
    return Slopes(on=on, free=free), (free & (some[:n] | some[n:])).flatten(1).any(1), bound


def _pool(layer: Pool, z: Tensor, e: Tensor, n: int) -> tuple[Slopes, Tensor, Tensor]:
    w, q = layer.windows(z), layer.windows(e)
    best = layer.best(w[:n] + w[n:]).unsqueeze(-1)
    both = best.repeat(2, 1, 1, 1)
    lead = w.gather(-1, both) - w
    margin = OUTWARD * (q.gather(-1, both) + q) + 2 * UNIT * w.abs() + 2 * UNIT * w.gather(-1, both).abs()
    beaten = lead > margin
    rivals = ~(beaten[:n] & beaten[n:]) & layer.real
    rivals.scatter_(-1, best, True)  # noqa: FBT003
    free = rivals.sum(-1) > 1
    at_ends = (~beaten & layer.real).sum(-1)  # one where the winner is certain at that end
    one_sided = free & ((at_ends[:n] == 1) | (at_ends[n:] == 1))
    # the maximum leaves its chord by no more than the winner falls short of it at an end
    short = torch.where(free, (w.amax(-1) - w.gather(-1, both).squeeze(-1)).view(2, n, *free.shape[1:]).amax(0), 0.0)
    spread = torch.where(free, q.view(2, n, *q.shape[1:]).amax(0).amax(-1), 0.0)
    top = w.amax(-1)
    ends = torch.maximum((w + q).amax(-1) - top, top - (w - q).amax(-1)) + 4 * UNIT * top.abs()
    bound = OUTWARD * (ends + (short + 4 * spread).repeat(2, 1, 1)) + TINY
    slopes = Slopes(winner=position(layer, best.squeeze(-1)), free=free, rivals=rivals)
    return slopes, one_sided.flatten(1).any(1), bound.view(-1, *layer.out)


def count(result: Enclosure, slopes: dict[int, Slopes], length: Tensor) -> None:
    """Notes the units that stay undecided on long parts: the path lies in or next to their kink."""
    long = length > KINK
    for k, s in slopes.items():
        units = s.free[long].flatten(1).sum(1) if s.free is not None else length.new_zeros(0)
        if units.any():
            most, total = result.kinks.get(k, (0, 0.0))
            result.kinks[k] = max(most, int(units.max())), total + float(length[long][units > 0].sum())
            result.undecided += int(units.sum())
