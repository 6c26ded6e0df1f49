"""The values of a network that are affine in its input: on a straight path their two ends say everything."""

from __future__ import annotations

import torch
from torch import Tensor

from attrtheory.lower.affine_rows import Affine
from attrtheory.lower.grid import Grid, index
from attrtheory.lower.layers import Network
from attrtheory.lower.size import behind, of_inputs

Rows = dict[int, Tensor]


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


class Straight:
    """Affine values on several paths: `ends[i]` is (2, paths, ...), `sizes[i]` says how large their terms are."""

    def __init__(self, net: Network, x0: Tensor, x: Tensor) -> None:
        self.paths = n = len(x)
        common = bool((x0 == x0[:1]).all())  # often all paths begin at one baseline
        rows = straight_values(net, torch.cat([x0[:1] if common else x0, x]))
        self.ends = {i: torch.stack([v[:-n].expand(n, *v.shape[1:]), v[-n:]]) for i, v in rows.items()}
        self.sizes = {0: of_inputs(x0, x)}
        for k, layer, ins in net.nodes:
            if net.straight[k] and isinstance(layer, Affine):
                self.sizes[k] = behind(layer, [self.sizes[i] for i in ins])

    def at(self, i: int, grid: Grid) -> Tensor:
        """Value i at the rows of a grid."""
        first, last = self.ends[i]
        if len(first) > 1:
            first, last = (v.index_select(0, index(grid.path, v)) for v in (first, last))
        return torch.lerp(first, last, index(grid.t, first).view(-1, *[1] * (first.dim() - 1)))
