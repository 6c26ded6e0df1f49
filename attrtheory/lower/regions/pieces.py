"""The affine pieces: on every region one gradient of an output in the input features, by the signs at its centre.

A unit that is 0 on a whole region, or a window tied on one, follows the package's convention (strict guard, the first of
tied entries): within the slice no choice matters, across it the gradient may depend on the choice. Such kinks are named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

from attrtheory.lower.affine_rows import Affine
from attrtheory.lower.layers import Network, Pool, Ramp
from attrtheory.models.affine import max_windows
from attrtheory.models.exact_graph import ExactGraph, exact
from attrtheory.models.graph import Graph
from attrtheory.models.ops import LeakyRelu, MaxPool2d, Relu
from attrtheory.models.ratios import Ratios

CHUNK = 2**24  # entries of all values of some rows

Kinks = dict[str, int]  # layer: on how many regions some unit of it is 0, or some window tied


@dataclass(frozen=True, eq=False)
class Gradients:
    """`gradient` (rows, features) and `output` (rows,) at some points; float64, or exact quotients."""

    gradient: np.ndarray
    output: np.ndarray
    kinks: Kinks


def gradients_float(net: Network, error: dict[int, np.ndarray], x: np.ndarray, target: int) -> Gradients:
    """Gradients at the rows of x; values below `error` count as 0."""
    step = max(1, CHUNK // sum(int(np.prod(s)) for s in net.graph.shapes))
    gradient, output, kinks = np.empty(x.shape), np.empty(len(x)), dict[str, int]()
    for a in range(0, len(x), step):
        rows = torch.from_numpy(x[a : a + step]).view(-1, *net.graph.input_shape)
        g, y = _one_chunk(net, error, rows, target, kinks)
        gradient[a : a + step], output[a : a + step] = g.flatten(1).numpy(), y.numpy()
    return Gradients(gradient, output, kinks)


def _one_chunk(
    net: Network, error: dict[int, np.ndarray], x: Tensor, target: int, kinks: Kinks
) -> tuple[Tensor, Tensor]:
    values, chosen = [x], dict[int, Tensor]()
    for k, layer, ins in net.nodes:
        z = values[ins[0]]
        bound = torch.from_numpy(error[ins[0]]).view(1, *z.shape[1:]) if ins[0] in error else torch.zeros(())
        if isinstance(layer, Affine):
            values.append(layer.push(*(values[i] for i in ins)))
            continue
        if isinstance(layer, Ramp):
            chosen[k], at_kink = z > bound, z.abs() <= bound
        else:
            windows = layer.windows(z)
            near = layer.windows(bound.expand_as(z)).amax(-1, keepdim=True)
            largest = (windows >= windows.amax(-1, keepdim=True) - 2 * near) & layer.real
            best = largest.to(torch.uint8).argmax(-1)
            chosen[k] = layer.table.expand(*windows.shape).gather(-1, best[..., None])[..., 0]
            at_kink = largest.sum(-1) > 1
        if count := int(at_kink.flatten(1).any(1).sum()):
            name = net.graph.nodes[k - 1].name
            kinks[name] = kinks.get(name, 0) + count
        values.append(layer.act(z))
    y = values[-1].flatten(1)
    g = torch.zeros_like(y)
    g[:, target] = 1
    signals: dict[int, Tensor] = {len(net.layers): g.view(-1, *net.graph.shapes[-1])}
    for k, layer, ins in reversed(net.nodes):
        if k not in signals:
            continue
        g = signals.pop(k)
        match layer:
            case Affine():
                parts = layer.pull(g)
            case Ramp():
                parts = [torch.where(chosen[k], g, layer.slope * g)]
            case Pool():
                parts = [layer.scatter(chosen[k], g.flatten(2))]
        for i, part in zip(ins, parts, strict=True):
            signals[i] = signals[i] + part if i in signals else part
    return signals.get(0, torch.zeros_like(x)), y[:, target]


def gradients_exact(graph: Graph, x: Sequence[Sequence[Fraction]], target: int) -> Gradients:
    """Gradients at the rows of x in exact rationals."""
    net, gradient, output, kinks = exact(graph), [], [], dict[str, int]()
    for row in x:
        values = net.values(row)
        gradient.append(net.gradient(values, target))
        output.append(values[-1].fractions()[target])
        for name in _at_kink(net, values):
            kinks[name] = kinks.get(name, 0) + 1
    return Gradients(np.array(gradient, dtype=object), np.array(output, dtype=object), kinks)


def _at_kink(net: ExactGraph, values: list[Ratios]) -> list[str]:
    found = []
    for node in net.graph.nodes:
        z = values[node.inputs[0]].integers
        match node.op:
            case Relu() | LeakyRelu():
                hit = any(v == 0 for v in z)
            case MaxPool2d():
                windows = max_windows(node.op, net.graph.shapes[node.inputs[0]])
                hit = any(sum(z[i] == max(z[i] for i in w) for i in w) > 1 for w in windows)
            case _:
                hit = False
        if hit:
            found.append(node.name)
    return found
