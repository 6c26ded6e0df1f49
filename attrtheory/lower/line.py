"""Mean gradients of a piecewise linear network along straight paths, in float64, within a given memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil, inf, prod

import numpy as np
import torch
from torch import Tensor

from attrtheory.lower.grid import Array
from attrtheory.lower.layers import Network
from attrtheory.lower.pieces import mean_gradient
from attrtheory.lower.slopes import MEMORY
from attrtheory.lower.sweep import TooManyRowsError, sweep
from attrtheory.models.graph import Graph
from attrtheory.models.ops import PIECEWISE

CACHE = 64 * 2**20  # bytes of live rows that a processor handles quickly
BENDS = 0.4  # at how many of its units a network bends, roughly: only to choose the first parts
TOGETHER = 64  # paths
COARSE = 16  # pieces into which a part that is not swept is cut


@dataclass(eq=False)
class Line:
    """What is known of one path: the integral of the gradient, the bends, the outputs at both ends.

    unswept: parts of the path that were left out.
    ties: layer -> the most units that are 0 (windows tied) at once, and on how much of the path.
    """

    gradient: Tensor
    parts: list[Array] = field(default_factory=list)
    first: float = 0.0
    last: float = 0.0
    ties: dict[int, tuple[int, float]] = field(default_factory=dict)
    unswept: list[tuple[float, float]] = field(default_factory=list)

    @property
    def t(self) -> Tensor:
        """0 = t_0 < ... < t_m = 1: on the pieces between them the network is affine, up to rounding, where swept."""
        rest = [np.linspace(*part, COARSE + 1) for part in self.unswept]
        return torch.from_numpy(np.unique(np.concatenate(self.parts + rest)))

    @property
    def pieces(self) -> int:
        return len(np.unique(np.concatenate(self.parts)) if len(self.parts) > 1 else self.parts[0]) - 1

    def add(self, part: tuple[float, float], t: Array, gradient: Tensor, outputs: list[float]) -> None:
        """Adds what was found on one part of the path."""
        self.gradient = self.gradient + gradient if self.parts else gradient
        self.parts.append(t)
        self.first = outputs[0] if part[0] == 0 else self.first
        self.last = outputs[1] if part[1] == 1 else self.last

    def tie(self, layer: int, units: int, share: float) -> None:
        """Adds units that follow the convention on a part of the path."""
        if units:
            most, before = self.ties.get(layer, (0, 0.0))
            self.ties[layer] = max(most, units), before + share


def lines(
    net: Network,
    x0: Tensor,
    x: Tensor,
    target: Tensor,
    *,
    memory: int = MEMORY,
    max_pieces: int | None = None,
) -> list[Line]:
    """The straight paths from the rows of x0 to the rows of x, each with its own output `target`.

    A path with more than `max_pieces` is left where they are spent.
    """
    found = [Line(row) for row in torch.zeros_like(x)]
    rows_at_once = min(_rows_at_once(net, memory, x.device), (max_pieces or inf) / 4 + 2)
    each = 2 + BENDS * bending(net.graph)  # rows of one path: a guess, and then what the last ones had
    following = 0
    waiting: list[tuple[Tensor, tuple[float, float]]] = []
    while waiting or following < len(x):
        if not waiting:
            many = int(max(1, min(TOGETHER, rows_at_once / each)))
            group = torch.arange(following, min(following + many, len(x)), device=x.device)
            following += len(group)
            cuts = torch.linspace(0, 1, max(1, ceil(each / rows_at_once)) + 1, dtype=torch.float64).tolist()
            waiting = [(group, part) for part in pairwise(cuts)]
        group, part = waiting.pop(0)
        if max_pieces is not None and all(found[k].parts and found[k].pieces >= max_pieces for k in group.tolist()):
            for k in group.tolist():
                found[k].unswept.append(part)
            continue
        try:
            swept = sweep(net, x0[group], x[group], part, memory)
        except TooManyRowsError as full:
            if len(group) > 1:
                halves = [(half, part) for half in group.tensor_split(2)]
            else:
                halves = [(group, (part[0], full.middle)), (group, (full.middle, part[1]))]
            waiting = halves + waiting
            continue
        gradients = mean_gradient(net, swept, target[group])
        each = 1.1 * len(swept.grid) / (len(group) * (part[1] - part[0]))
        outputs = swept.outputs[torch.arange(len(group)), :, target[group]].tolist()
        ties = {k: t for k, t in swept.ties.items() if t is not None}
        for row, (k, t) in enumerate(zip(group.tolist(), swept.grid.points(), strict=True)):
            found[k].add(part, t, gradients[row], outputs[row])
            for layer, (units, share) in ties.items():
                found[k].tie(layer, int(units[row]), float(share[row]))
    return found


def bending(graph: Graph) -> int:
    """How many units may bend: those of ramps, and windows of pools."""
    return sum(prod(graph.shapes[k]) for k, n in enumerate(graph.nodes, start=1) if isinstance(n.op, PIECEWISE))


def _rows_at_once(net: Network, memory: int, device: torch.device) -> float:
    """Rows that are quick to handle together: on a processor those that stay near its cache."""
    widest = max((prod(s) for s, plain in zip(net.graph.shapes, net.straight, strict=True) if not plain), default=1)
    return max(2.0, (min(memory, CACHE) if device.type == "cpu" else memory) / (16 * widest))
