"""The layers of a graph on rows of float64 tensors: forwards, and backwards along the transposed linear part.

Weights are copied once per graph and device. An affine layer has a companion with absolute weights, for bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.grad import conv2d_input

from attrtheory.lower.wiring import affine_in_input, magnitude, pool_counts, pool_table, pools_first, roundings
from attrtheory.models.graph import Graph
from attrtheory.models.ops import (
    AvgPool2d,
    Combine,
    Conv2d,
    LeakyRelu,
    Linear,
    MaxPool2d,
    Op,
    Pair,
    Relu,
    Scale,
    Shape,
)

Sides = tuple[int, int, int, int]
UNIT = 2.0**-53  # unit roundoff of float64


def gamma(n: int) -> float:
    """The usual bound n u / (1 - n u) on the relative error of n rounded operations."""
    return n * UNIT / (1 - n * UNIT)


def tensor(array: np.ndarray, device: torch.device) -> Tensor:
    return torch.tensor(np.asarray(array, dtype=np.float64), device=device)


class Affine:
    """`y = W x + b`, on rows."""

    weight: Tensor
    bias: Tensor

    def __init__(self, op: Op, ins: Sequence[Shape], out: Shape, device: torch.device) -> None:
        self.op, self.ins, self.out, self.device = op, ins, out, device
        self.gamma_push, self.gamma_pull = (gamma(n) for n in roundings(op))
        match op:
            case Linear() | Conv2d():
                self.weight, self.bias = tensor(op.weight, device), tensor(op.bias, device)
            case Scale():
                self.weight = tensor(op.scale, device).expand(out)
                self.bias = tensor(op.shift, device).expand(out)
            case AvgPool2d():
                self.weight = (1 / tensor(pool_counts(ins[0], op), device)).view(out[1:])
            case _:
                pass

    @cached_property
    def absolute(self) -> Affine:
        """`y = |W| x + |b|`."""
        return Affine(magnitude(self.op), self.ins, self.out, self.device)

    def push(self, *xs: Tensor, bias: float = 1.0) -> Tensor:
        """`W x + bias * b` for every row."""
        x, op = xs[0], self.op
        match op:
            case Linear():
                return x @ self.weight.T + bias * self.bias
            case Conv2d():
                x = padded(x, op.padding)
                return functional.conv2d(x, self.weight, bias * self.bias, op.stride, 0, op.dilation, op.groups)
            case AvgPool2d():
                x = padded(x, op.padding)
                return functional.avg_pool2d(x, op.kernel, op.stride, divisor_override=1) * self.weight
            case Scale():
                return x * self.weight + bias * self.bias
            case Combine():
                first, *rest = (c * v for c, v in zip(op.coefficients, xs, strict=True))
                return sum(rest, first)
            case _:
                return x.reshape(-1, *self.out)

    def pull(self, g: Tensor) -> list[Tensor]:
        """`W^T g` for every row: one signal for each input."""
        op = self.op
        match op:
            case Linear():
                return [g @ self.weight]
            case Conv2d():
                return [self._transposed(g, self.weight, op.stride, op.padding, op.dilation, op.groups)]
            case AvgPool2d():
                ones = g.new_ones((self.out[0], 1, *op.kernel))
                return [self._transposed(g * self.weight, ones, op.stride, op.padding, (1, 1), self.out[0])]
            case Scale():
                return [g * self.weight]
            case Combine():
                return [c * g for c in op.coefficients]
            case _:
                return [g.reshape(-1, *self.ins[0])]

    def _transposed(
        self, g: Tensor, weight: Tensor, stride: Pair, padding: Sides, dilation: Pair, groups: int
    ) -> Tensor:
        (c, h, w), (top, left, bottom, right) = self.ins[0], padding
        size = (len(g), c, h + top + bottom, w + left + right)
        whole = conv2d_input(size, weight, g, stride, 0, dilation, groups)
        return whole[:, :, top : top + h, left : left + w]


def padded(x: Tensor, padding: Sides) -> Tensor:
    top, left, bottom, right = padding
    return functional.pad(x, (left, right, top, bottom)) if any(padding) else x


class Ramp:
    """ReLU (slope 0) and leaky ReLU: slope 1 where z > 0, else `slope`."""

    def __init__(self, op: Relu | LeakyRelu) -> None:
        self.slope = float(op.slope) if isinstance(op, LeakyRelu) else 0.0

    def on(self, z: Tensor) -> Tensor:
        """Where the slope is 1: strictly above 0."""
        return z > 0

    def act(self, z: Tensor) -> Tensor:
        return z.clamp(min=0) if self.slope == 0 else torch.where(z > 0, z, self.slope * z)


class Pool:
    """Max-pooling: `table` (windows, entries) of flat positions within a channel; the first of ties wins."""

    def __init__(self, op: MaxPool2d, x: Shape, out: Shape, device: torch.device) -> None:
        table, real = pool_table(x, op)
        self.ins, self.out, self.overlaps = x, out, gamma(roundings(op)[1])
        self.whole = bool(real.all())
        self.table, self.real = torch.tensor(table, device=device), torch.tensor(real, device=device)

    def windows(self, x: Tensor) -> Tensor:
        """All windows, (rows, channels, windows, entries)."""
        return x.flatten(2)[:, :, self.table]

    def best(self, windows: Tensor) -> Tensor:
        """The first largest real entry of every window."""
        return (windows if self.whole else windows.masked_fill(~self.real, -torch.inf)).argmax(-1)

    def act(self, x: Tensor) -> Tensor:
        return self.windows(x).amax(-1).view(-1, *self.out)

    def scatter(self, position: Tensor, g: Tensor) -> Tensor:
        """Adds `g` (rows, channels, n) at flat positions (rows, channels, n) of the input."""
        zero = g.new_zeros(len(g), self.ins[0], prod(self.ins[1:]))
        return zero.scatter_add_(2, position, g).view(-1, *self.ins)


Layer = Affine | Ramp | Pool


@dataclass(frozen=True, eq=False)
class Network:
    """A graph made ready to run: pools before ReLUs, tensors on a device; `straight`: what is affine in the input."""

    graph: Graph
    layers: tuple[Layer, ...]
    straight: tuple[bool, ...]

    @property
    def nodes(self) -> list[tuple[int, Layer, tuple[int, ...]]]:
        """Value number, layer and the values it reads, in evaluation order."""
        return [(k, self.layers[k - 1], n.inputs) for k, n in enumerate(self.graph.nodes, start=1)]


_networks: WeakKeyDictionary[Graph, dict[str, Network]] = WeakKeyDictionary()


def network(graph: Graph, device: str | torch.device = "cpu") -> Network:
    """The graph's tensors, made once for each device."""
    made = _networks.setdefault(graph, {})
    if str(device) not in made:
        made[str(device)] = _network(pools_first(graph), torch.device(device))
    return made[str(device)]


def _network(graph: Graph, device: torch.device) -> Network:
    layers: list[Layer] = []
    for k, node in enumerate(graph.nodes, start=1):
        ins, out = [graph.shapes[i] for i in node.inputs], graph.shapes[k]
        match node.op:
            case Relu() | LeakyRelu():
                layers.append(Ramp(node.op))
            case MaxPool2d():
                layers.append(Pool(node.op, ins[0], out, device))
            case op:
                layers.append(Affine(op, ins, out, device))
    return Network(graph, tuple(layers), tuple(affine_in_input(graph)))


def forward(graph: Graph, x: Tensor) -> Tensor:
    """The network's outputs in float64 for rows of inputs."""
    net = network(graph, x.device)
    values = [x.to(torch.float64)]
    for _, layer, ins in net.nodes:
        xs = [values[i] for i in ins]
        values.append(layer.push(*xs) if isinstance(layer, Affine) else layer.act(xs[0]))
    return values[-1]
