"""The layers of a graph on rows of float64 tensors, and the graph made ready to run, once per device."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from attrtheory.lower.affine_rows import Affine, gamma
from attrtheory.lower.arrange import arranged
from attrtheory.lower.wiring import affine_in_input, pool_table, roundings, with_axes
from attrtheory.models.graph import Graph
from attrtheory.models.ops import Conv2d, LeakyRelu, MaxPool2d, Relu, Shape


class Ramp:
    """ReLU (slope 0) and leaky ReLU: slope 1 where z > 0, else `slope`."""

    def __init__(self, op: Relu | LeakyRelu) -> None:
        self.slope = float(op.slope) if isinstance(op, LeakyRelu) else 0.0

    def on(self, z: Tensor) -> Tensor:
        """Where the slope is 1: strictly above 0."""
        return z > 0

    def act(self, z: Tensor) -> Tensor:
        return z.clamp(min=0) if self.slope == 0 else torch.where(z > 0, z, self.slope * z)

    def back(self, on: Tensor, g: Tensor) -> Tensor:
        """The gradient before the layer; `on` is 1 or 0, or a share of a piece."""
        on = on.to(g.dtype)
        return g * (on if self.slope == 0 else self.slope + (1 - self.slope) * on)


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

    def back(self, winner: Tensor, g: Tensor) -> Tensor:
        """The gradient before the layer."""
        return self.scatter(winner, g.flatten(2))

    def scatter(self, position: Tensor, g: Tensor) -> Tensor:
        """Adds `g` (rows, channels, n) at flat positions (rows, channels, n) of the input."""
        zero = g.new_zeros(len(g), self.ins[0], prod(self.ins[1:]))
        return zero.scatter_add_(2, position, g).view(-1, *self.ins)


def position(pool: Pool, best: Tensor) -> Tensor:
    """The flat position in a channel of the entry `best` (rows, channels, windows) of every window."""
    return pool.table.expand(*best.shape, -1).gather(-1, best.unsqueeze(-1)).squeeze(-1)


Layer = Affine | Ramp | Pool


@dataclass(frozen=True, eq=False)
class Network:
    """A graph made ready to run: pools before ReLUs, tensors on a device; `straight`: what is affine in the input."""

    graph: Graph
    layers: tuple[Layer, ...]
    straight: tuple[bool, ...]
    turning: dict[int, int]  # convolution -> the ramp before it, whose input is affine on the whole path

    @cached_property
    def rows_asked(self) -> frozenset[int]:
        """Values of which another layer than a convolution behind their turns needs the rows."""
        return frozenset(i for k, n in enumerate(self.graph.nodes, start=1) if k not in self.turning for i in n.inputs)

    @property
    def nodes(self) -> list[tuple[int, Layer, tuple[int, ...]]]:
        """Value number, layer and the values it reads, in evaluation order."""
        return [(k, self.layers[k - 1], n.inputs) for k, n in enumerate(self.graph.nodes, start=1)]


_networks: WeakKeyDictionary[Graph, dict[str, Network]] = WeakKeyDictionary()


def network(graph: Graph, device: str | torch.device = "cpu") -> Network:
    """The graph's tensors, made once for each device."""
    made = _networks.setdefault(graph, {})
    if str(device) not in made:
        made[str(device)] = _network(arranged(with_axes(graph)), torch.device(device))
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
    straight, turning = affine_in_input(graph), {}
    for k, node in enumerate(graph.nodes, start=1):
        i = node.inputs[0]
        sparse = isinstance(node.op, Conv2d) and node.op.groups == 1
        if sparse and i and isinstance(layers[i - 1], Ramp) and straight[graph.nodes[i - 1].inputs[0]]:
            turning[k] = i
    return Network(graph, tuple(layers), tuple(straight), turning)


def forward(graph: Graph, x: Tensor) -> Tensor:
    """The network's outputs in float64 for rows of inputs."""
    return values(graph, x)[-1]


def values(graph: Graph, x: Tensor) -> list[Tensor]:
    """The values of all layers of the network made ready, in float64, for rows of inputs; the last are the outputs."""
    net = network(graph, x.device)
    found = [x.to(torch.float64)]
    for _, layer, ins in net.nodes:
        xs = [found[i] for i in ins]
        found.append(layer.push(*xs) if isinstance(layer, Affine) else layer.act(xs[0]))
    return found
