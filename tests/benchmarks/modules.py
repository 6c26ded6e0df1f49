"""A graph as a torch module, for peers that want one."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from attrtheory.errors import Unsupported
from attrtheory.models.graph import Graph
from attrtheory.models.ops import AvgPool2d, Combine, Conv2d, LeakyRelu, Linear, MaxPool2d, Op, Relu, Reshape, Scale


class GraphModule(nn.Module):
    """The same network, layer by layer, from torch's own modules."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_module(node.op) for node in graph.nodes)
        self.inputs = [node.inputs for node in graph.nodes]

    def forward(self, x: Tensor) -> Tensor:
        values = [x]
        for layer, ins in zip(self.layers, self.inputs, strict=True):
            values.append(layer(*(values[i] for i in ins)))
        return values[-1].flatten(1)


def as_module(graph: Graph, dtype: torch.dtype, device: str = "cpu") -> nn.Module:
    """The graph in evaluation mode; parameters need no gradient, so none is computed for them."""
    return GraphModule(graph).requires_grad_(requires_grad=False).to(device, dtype).eval()


class Shaped(nn.Module):
    def __init__(self, target: tuple[int, ...]) -> None:
        super().__init__()
        self.target = target

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(len(x), *self.target)


class Scaled(nn.Module):
    def __init__(self, op: Scale) -> None:
        super().__init__()
        self.scale, self.shift = nn.Parameter(_tensor(op.scale)), nn.Parameter(_tensor(op.shift))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale + self.shift


class Summed(nn.Module):
    def __init__(self, op: Combine) -> None:
        super().__init__()
        self.coefficients = op.coefficients

    def forward(self, *xs: Tensor) -> Tensor:
        return sum((x if c == 1 else c * x for c, x in zip(self.coefficients[1:], xs[1:], strict=True)), self._head(xs[0]))

    def _head(self, x: Tensor) -> Tensor:
        return x if self.coefficients[0] == 1 else self.coefficients[0] * x


def _tensor(values: np.ndarray) -> Tensor:
    return torch.tensor(np.asarray(values, dtype=np.float64))


def _filled(layer: nn.Module, op: Linear | Conv2d) -> nn.Module:
    layer.weight, layer.bias = nn.Parameter(_tensor(op.weight)), nn.Parameter(_tensor(op.bias))
    return layer


def _module(op: Op) -> nn.Module:
    match op:
        case Linear():
            return _filled(nn.Linear(op.weight.shape[1], op.weight.shape[0]), op)
        case Conv2d():
            out, inner, *kernel = op.weight.shape
            sizes = (inner * op.groups, out, tuple(kernel))
            layer = nn.Conv2d(*sizes, stride=op.stride, padding=_even(op.padding), dilation=op.dilation, groups=op.groups)
            return _filled(layer, op)
        case MaxPool2d():
            return nn.MaxPool2d(op.kernel, op.stride, _even(op.padding), op.dilation)
        case AvgPool2d():
            return nn.AvgPool2d(op.kernel, op.stride, _even(op.padding), count_include_pad=op.count_include_pad)
        case Relu():
            return nn.ReLU()
        case LeakyRelu():
            return nn.LeakyReLU(op.slope)
        case Scale():
            return Scaled(op)
        case Combine():
            return Summed(op)
        case Reshape():
            return Shaped(op.target)
        case other:
            raise Unsupported(f"no torch module for {type(other).__name__}; add one to benchmarks/modules.py")


def _even(padding: tuple[int, int, int, int]) -> tuple[int, int]:
    top, left, bottom, right = padding
    if (top, left) != (bottom, right):
        raise Unsupported(f"torch pads both sides alike; got {padding}")
    return top, left
