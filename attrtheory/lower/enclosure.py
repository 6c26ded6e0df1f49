"""A rigorous interval for Integrated Gradients of a piecewise linear network, from breakpoints nobody trusts.

[0, 1] is cut a little to the left and to the right of every breakpoint. `decisions` says which slopes are certain on a
whole part; the others run over all their values, and so does the gradient in the backward pass. Short parts around
breakpoints hold the units that change; everywhere else all units should be decided, or the path lies next to a kink.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from attrtheory.lower.affine_rows import UNIT, Affine
from attrtheory.lower.decisions import pushed, slopes_between
from attrtheory.lower.layers import Network
from attrtheory.lower.slopes import MEMORY, OUTWARD, Slopes, pulled_back, rows_at_once
from attrtheory.lower.straight import Rows, frontier, straight_values

# Half the length of the parts around breakpoints, then by how much it grows, for how many attempts.
FIRST_GAP, WIDEN, ATTEMPTS = 2.0**-38, 2.0**5, 3
KINK = 2.0**-24  # where a unit stays undecided on a part this long, that is a kink and no gap between two pieces


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


def count(result: Enclosure, slopes: dict[int, Slopes], length: Tensor) -> None:
    """Notes the units that stay undecided on long parts: the path lies in their kink or next to it."""
    long = length > KINK
    for k, s in slopes.items():
        units = s.free[long].flatten(1).sum(1) if s.free is not None else length.new_zeros(0)
        if units.any():
            most, total = result.kinks.get(k, (0, 0.0))
            result.kinks[k] = max(most, int(units.max())), total + float(length[long][units > 0].sum())
            result.undecided += int(units.sum())
