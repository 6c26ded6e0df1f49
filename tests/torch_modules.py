"""Torch modules on which float64 does not round, and the comparison of a module with its graph."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction as Q

import torch
from torch import Tensor, nn

from attrtheory.models.exact_graph import evaluate_exact, gradient_exact
from attrtheory.models.graph import Graph
from attrtheory.models.torch_import import from_torch


def quarters(generator: torch.Generator, *shape: int) -> Tensor:
    """Multiples of 1/4 from -2 to 2: on these float64 doesn't round in the networks below."""
    return torch.randint(-8, 9, shape, generator=generator).double() / 4


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def on_quarters(module: nn.Module) -> nn.Module:
    module, generator = module.double().eval(), seeded(0)
    for t in (*module.parameters(), *module.buffers()):
        if t.is_floating_point():
            t.data = quarters(generator, *t.shape)
    for m in module.modules():
        if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d) and m.running_var is not None:
            m.eps = 0.0
            m.running_var.data = torch.full_like(m.running_var, 4.0)
    return module


def agrees(module: nn.Module, shape: tuple[int, ...], points: int = 3) -> Graph:
    """Values and derivatives of the graph are those of the module, as rationals."""
    graph, generator = from_torch(module, shape), seeded(1)
    assert graph.input_shape == shape
    for _ in range(points):
        x = quarters(generator, 1, *shape).requires_grad_()
        y = module(x * 1).reshape(-1)  # * 1: an in-place first layer must not change a leaf
        point = [Q(v) for v in x.detach().ravel().tolist()]
        assert evaluate_exact(graph, point) == [Q(v) for v in y.tolist()]
        target = int(torch.randint(len(y), (1,), generator=generator))
        (g,) = torch.autograd.grad(y[target], x)
        assert gradient_exact(graph, point, target) == [Q(v) for v in g.ravel().tolist()]
    return graph


class Of(nn.Module):
    """A module from a function and the layers that it uses."""

    def __init__(self, f: Callable[..., Tensor], **layers: nn.Module) -> None:
        super().__init__()
        self.f, self.layers = f, nn.ModuleDict(layers)
        self.register_buffer("c", torch.zeros(3))

    def forward(self, x: Tensor) -> Tensor:
        return self.f(self, x)


class Block(nn.Module):
    """A residual block that writes into its own tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(2, 2, 3, padding=1)
        self.bn1, self.bn2 = nn.BatchNorm2d(2), nn.BatchNorm2d(2)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        y += x
        return self.relu(y)


def functions(x: Callable[[Tensor], Tensor]) -> nn.Module:
    return Of(lambda _, v: x(v))
