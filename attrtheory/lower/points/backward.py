"""Gradients of a network at rows of points."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from attrtheory.lower.affine_rows import Affine
from attrtheory.lower.layers import Network, Pool, position


def gradients(net: Network, x: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Outputs (rows, outputs) and branch derivatives (rows, *input_shape) of one output for each row."""
    values, branches = [x], dict[int, Tensor]()
    for k, layer, ins in net.nodes:
        z = values[ins[0]]
        if isinstance(layer, Affine):
            values.append(layer.push(*(values[i] for i in ins)))
            continue
        branches[k] = position(layer, layer.best(layer.windows(z))) if isinstance(layer, Pool) else layer.on(z)
        values.append(layer.act(z))
    return values[-1].flatten(1), pulled(net, branches, target)


def pulled(net: Network, branches: Mapping[int, Tensor], target: Tensor) -> Tensor:
    """The gradient of an output, given which units of a ramp are on, or their share, and who wins the windows of a pool."""
    start = one_hot(target, net.graph.outputs).to(torch.float64)
    signals = {len(net.graph.nodes): start.view(-1, *net.graph.shapes[-1])}
    for k, layer, ins in reversed(net.nodes):
        if k in signals:
            g = signals.pop(k)
            found = layer.pull(g) if isinstance(layer, Affine) else [layer.back(branches[k], g)]
            for i, back in zip(ins, found, strict=True):
                signals[i] = signals[i] + back if i in signals else back
    return signals.get(0, start.new_zeros(len(start), *net.graph.input_shape))
