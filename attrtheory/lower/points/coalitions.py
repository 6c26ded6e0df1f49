"""A network's outputs on all coalitions of players: features of a coalition from the input, the others' from the baseline.

The players are cut into two blocks. Layers that are affine in the input act on the coalitions of each block alone,
2^(d/2) rows; a coalition of all players is one addition behind them. Only then the rest of the network runs.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import torch
from torch import Tensor

from attrtheory.errors import TooLarge
from attrtheory.lower.affine_rows import Affine
from attrtheory.lower.layers import Network
from attrtheory.lower.points.reach import reach
from attrtheory.lower.straight import Rows, forget, frontier

Done = Callable[[int], None]
CHUNK = 2**21  # bytes of the widest layer's rows at a time on a CPU: they should stay in its cache


def all_coalitions(
    net: Network, x: Tensor, x0: Tensor, labels: Tensor, targets: Tensor, done: Done = lambda rows: None
) -> tuple[Tensor, Tensor]:
    """Values (n, targets, 2^players) of the games between rows `x` and `x0`, and bounds on their errors (n, targets).

    Args:
        net: the network.
        x: rows (n, *input_shape).
        x0: as many rows.
        labels: the player of each feature, (features).
        targets: outputs to keep for each row, (n, targets).
        done: called with the number of coalitions evaluated, after every chunk.
    """
    players = int(labels.max()) + 1
    first = players // 2
    second = players - first
    low = _block(net, x, x0, torch.where(labels < first, labels, -1), first, bias=1.0)
    high = _block(net, x, x0, torch.where(labels >= first, labels - first, -1), second, bias=0.0)
    v = x.new_empty(len(x) * 2**second, 2**first, targets.shape[1])
    for some in torch.arange(len(v), device=x.device).split(max(1, rows_in_cache(net, x.device) // 2**first)):
        game = some // 2**second
        live = {i: (low[i][game] + high[i].flatten(0, 1)[some][:, None]).flatten(0, 1) for i in low}
        outputs = behind(net, live).view(len(some), 2**first, -1)
        v[some] = torch.take_along_dim(outputs, targets[game][:, None], 2)
        done(len(some) * 2**first)
    error = torch.take_along_dim(output_error(net, x, x0), targets, 1)
    return finite(v.view(len(x), -1, targets.shape[1]).transpose(1, 2).contiguous()), finite(error)


def _block(net: Network, x: Tensor, x0: Tensor, labels: Tensor, players: int, *, bias: float) -> Rows:
    """The affine values at all coalitions of one block, (n, 2^players, ...); features that are not in it (-1) are 0."""
    members = torch.arange(2**players, device=x.device)[:, None] >> labels.clamp(min=0) & 1
    rows = torch.where(members.bool(), x.flatten(1)[:, None], x0.flatten(1)[:, None]) * (labels >= 0)
    straight: Rows = {0: rows.view(-1, *x.shape[1:])}
    for k, layer, ins in net.nodes:
        if net.straight[k] and isinstance(layer, Affine):
            straight[k] = layer.push(*(straight[i] for i in ins), bias=bias)
    return {i: straight[i].unflatten(0, (len(x), -1)) for i in frontier(net)}


def behind(net: Network, live: Rows) -> Tensor:
    """The network's outputs (rows, outputs), given the values that are affine in the input."""
    for k, layer, ins in net.nodes:
        if not net.straight[k]:
            z = [live[i] for i in ins]
            live[k] = layer.push(*z) if isinstance(layer, Affine) else layer.act(z[0])
            live = forget(net, live, k)
    return live[len(net.graph.nodes)].flatten(1)


def output_error(net: Network, *corners: Tensor) -> Tensor:
    """A bound on the rounding of outputs (n, outputs) anywhere in the box that rows of points span."""
    box = torch.stack(torch.broadcast_tensors(*corners))
    return reach(net, box.amin(0), box.amax(0))[-1].error.flatten(1)


def rows_in_cache(net: Network, device: torch.device) -> int:
    bytes_at_once = CHUNK if device.type == "cpu" else 2**6 * CHUNK
    return max(1, bytes_at_once // (8 * max(map(prod, net.graph.shapes))))


def finite(numbers: Tensor) -> Tensor:
    if not torch.isfinite(numbers).all():
        raise TooLarge("float64 overflows on this network and input; ask for exact=True")
    return numbers
