"""Units that bend and windows that tie exactly at an end of a path."""

from __future__ import annotations

import torch
from torch import Tensor

from attrtheory.lower.layers import Pool, Ramp, network, values
from attrtheory.models.graph import Graph

ZERO = 1e-12  # of the largest number in the layer: what rounding leaves of 0


def bends_at_ends(graph: Graph, ends: Tensor, beside: Tensor) -> int:
    """How many units are 0 at one of the `ends` (n, ...) but not `beside` it, and windows tied there but not beside it.

    A unit that is 0 on the whole piece beside the end is none of them, nor is a window whose entries stay equal.
    """
    rows = torch.cat([ends, beside]).view(-1, *graph.input_shape)
    found, count, n = values(graph, rows), 0, len(ends)
    for _, layer, ins in network(graph, rows.device).nodes:
        x = found[ins[0]]
        zero = ZERO * x[:n].abs().flatten(1).amax(1).repeat(2)
        if isinstance(layer, Ramp):
            low = x.flatten(1).abs() <= zero[:, None]
            count += int((low[:n] & ~low[n:]).sum())
        elif isinstance(layer, Pool):
            entries = layer.windows(x).masked_fill(~layer.real, -torch.inf)
            best = entries >= entries.amax(-1, keepdim=True) - zero[:, None, None, None]
            count += int((best[:n] & ~best[n:]).any(-1).sum())
    return count
