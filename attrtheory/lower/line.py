"""Where a piecewise linear network bends on the segment from x0 to x, in float64.

Every value of the graph is piecewise affine in t. The sweep holds the rows of all live values at the breakpoints found
so far, passes them through layer after layer, and inserts a row wherever a unit changes sign or a pooling window its
winner. A superfluous breakpoint is harmless, a missed one is not: nothing is merged but equal floats, and winners change
also where the maximum is negative, since later units see them. `enclosure` bounds what rounding does to breakpoints.
"""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor

from attrtheory.lower.affine_rows import Affine
from attrtheory.lower.layers import Network, Pool, Ramp, network
from attrtheory.models.graph import Graph

MEMORY = 2**28  # bytes of live rows before a sweep or an evaluation is split
Rows = dict[int, Tensor]


def line_sweep(graph: Graph, x0: Tensor, x: Tensor, *, memory: int = MEMORY) -> Tensor:
    """Breakpoints 0 = t_0 < ... < t_m = 1: on the pieces between them the network is affine, up to rounding."""
    net = network(graph, x0.device)
    t = torch.tensor([0.0, 1.0], dtype=torch.float64, device=x0.device)
    return _sweep(net, 1, t, straight_values(net, torch.stack([x0, x])), memory)


def straight_values(net: Network, rows: Tensor) -> Rows:
    """The values that are affine in the input, at rows of inputs, as far as a later layer reads them."""
    values: Rows = {0: rows}
    for k, layer, ins in net.nodes:
        if net.straight[k] and isinstance(layer, Affine):
            values[k] = layer.push(*(values[i] for i in ins))
    return {i: v for i, v in values.items() if i in frontier(net)}


def frontier(net: Network) -> set[int]:
    """The affine values that a layer behind the first kink reads, and the output if it is affine itself."""
    last = len(net.straight) - 1
    read = {i for k, _, ins in net.nodes if not net.straight[k] for i in ins if net.straight[i]}
    return read | ({last} if net.straight[last] else set())


def forget(net: Network, live: Rows, k: int) -> Rows:
    """The values that layers after k, which are not affine in the input, still read."""
    last = len(net.straight) - 1
    needed = {last} | {i for j, _, ins in net.nodes[k:] if not net.straight[j] for i in ins}
    return {i: v for i, v in live.items() if i in needed}


def _sweep(net: Network, start: int, t: Tensor, live: Rows, memory: int) -> Tensor:
    for k, layer, ins in net.nodes[start - 1 :]:
        if net.straight[k]:
            continue
        if isinstance(layer, Affine):
            live[k] = layer.push(*(live[i] for i in ins))
        else:
            new = bends(layer, t, live[ins[0]], memory)
            size = 8 * sum(v[0].numel() for v in live.values())
            if len(new) > 1 and (len(t) + len(new)) * size > memory:
                # too many rows at once: insert the middle one and do the two halves one after the other
                middle = new[len(new) // 2 : len(new) // 2 + 1]
                t, live = refined(t, live, middle)
                cut = int(torch.searchsorted(t, middle))
                left = _sweep(net, k, t[: cut + 1], {i: v[: cut + 1] for i, v in live.items()}, memory)
                right = _sweep(net, k, t[cut:], {i: v[cut:] for i, v in live.items()}, memory)
                return torch.cat([left, right[1:]])
            t, live = refined(t, live, new)
            live[k] = layer.act(live[ins[0]])
        live = forget(net, live, k)
    return t


def refined(t: Tensor, live: Rows, new: Tensor) -> tuple[Tensor, Rows]:
    """Rows at the new breakpoints (sorted, strictly inside pieces) for every live value, by interpolation."""
    if not len(new):
        return t, live
    piece = torch.searchsorted(t, new, right=True) - 1
    ratio = (new - t[piece]) / (t[piece + 1] - t[piece])
    merged, order = torch.sort(torch.cat([t, new]))

    def grow(v: Tensor) -> Tensor:
        inner = torch.lerp(v[piece], v[piece + 1], ratio.view(-1, *[1] * (v.dim() - 1)))
        return torch.cat([v, inner])[order]

    return merged, {i: grow(v) for i, v in live.items()}


def bends(layer: Ramp | Pool, t: Tensor, rows: Tensor, memory: int = MEMORY) -> Tensor:
    """New breakpoints of one layer, sorted, given the rows of its input at the old ones."""
    entries = layer.table.numel() * rows.shape[1] if isinstance(layer, Pool) else prod(rows.shape[1:])
    step = max(2, memory // (32 * entries))
    found = []
    for i in range(0, len(t) - 1, step):
        part, at = rows[i : i + step + 1], t[i : i + step + 1]
        piece, ratio = sign_changes(part) if isinstance(layer, Ramp) else winner_changes(layer, part)
        new = at[piece] + (at[piece + 1] - at[piece]) * ratio
        found.append(new[(new > at[piece]) & (new < at[piece + 1])])
    return torch.unique(torch.cat(found))


def sign_changes(z: Tensor) -> tuple[Tensor, Tensor]:
    """Piece and relative position of every strict sign change between neighbouring rows."""
    a, b = z.flatten(1)[:-1], z.flatten(1)[1:]
    piece, j = (((a > 0) & (b < 0)) | ((a < 0) & (b > 0))).nonzero(as_tuple=True)
    a, b = a[piece, j], b[piece, j]
    return piece, a / (a - b)


def winner_changes(pool: Pool, z: Tensor) -> tuple[Tensor, Tensor]:
    """Piece and relative position of every kink of every window's upper envelope.

    A maximum of affine functions is convex, so a window with one winner at both ends has it throughout. For the
    others the envelope is walked from left to right: the next winner is the steeper entry that overtakes first.
    """
    windows = pool.windows(z)
    best = windows.argmax(-1)
    where = (best[:-1] != best[1:]).nonzero(as_tuple=True)
    left, right = windows[:-1][where], windows[1:][where]
    slope, winner = right - left, best[:-1][where][:, None]
    pieces, ratios = [], []
    for _ in range(windows.shape[-1] - 1):
        gain = slope - slope.gather(1, winner)
        behind = left.gather(1, winner) - left
        overtakes = torch.where(gain > 0, behind / gain, torch.inf)
        ratio, following = overtakes.min(1)
        on = ratio < 1
        if not on.any():
            break
        pieces.append(where[0][on])
        ratios.append(ratio[on])
        winner = torch.where(on[:, None], following[:, None], winner)
    if not pieces:
        return where[0][:0], z.new_empty(0)
    return torch.cat(pieces), torch.cat(ratios)
