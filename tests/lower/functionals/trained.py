"""Tiny networks, trained with a fixed seed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from lower.nets import chain, linear

from attrtheory.models.graph import Graph
from attrtheory.models.ops import Relu


def trained(sizes: tuple[int, ...], seed: int = 0, steps: int = 150) -> Graph:
    """A ReLU network fitted to a bumpy function, weights rounded to multiples of 1/64."""
    torch.manual_seed(seed)
    layers = [layer for a, b in pairwise(sizes) for layer in (torch.nn.Linear(a, b), torch.nn.ReLU())]
    net = torch.nn.Sequential(*layers[:-1])
    x = torch.rand(256, sizes[0]) * 2 - 1
    y = (3 * x).sin().prod(1, keepdim=True) + x[:, :1].abs()
    optimiser = torch.optim.Adam(net.parameters(), lr=0.03)
    for _ in range(steps):
        optimiser.zero_grad()
        loss = ((net(x) - y) ** 2).mean()
        loss.backward()
        optimiser.step()
    ops = []
    for layer in layers[:-1]:
        if isinstance(layer, torch.nn.Linear):
            rounded = [np.round(p.detach().numpy() * 64) / 64 for p in (layer.weight, layer.bias)]
            ops.append(linear(*rounded))
        else:
            ops.append(Relu())
    return chain((sizes[0],), *ops)
