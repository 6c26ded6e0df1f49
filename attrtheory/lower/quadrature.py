"""Integrated Gradients by quadrature, as other libraries compute it: for comparison, never for a claim.

Rules have captum's names. One differs on purpose: the weights of `riemann_trapezoid` add up to 1 here, as those of a
trapezoid rule do. captum 0.9 divides by n where there are n - 1 intervals: its attributions are short by 1/n.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from attrtheory.errors import BadInput
from attrtheory.lower.inputs import Data, paired, rows, targets
from attrtheory.lower.layers import network
from attrtheory.lower.slopes import MEMORY, pulled_back, rows_at_once, slopes_at
from attrtheory.lower.straight import straight_values
from attrtheory.models.graph import Graph

Rule = tuple[np.ndarray, np.ndarray]  # nodes in [0, 1] and their weights


def _gauss_legendre(n: int) -> Rule:
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return (1 + nodes) / 2, weights / 2


def _trapezoid(n: int) -> Rule:
    weights = np.full(n, 1 / (n - 1))
    weights[[0, -1]] /= 2
    return np.linspace(0, 1, n), weights


def _riemann(offset: float) -> Callable[[int], Rule]:
    return lambda n: ((np.arange(n) + offset) / n, np.full(n, 1 / n))


RULES: dict[str, Callable[[int], Rule]] = {
    "gausslegendre": _gauss_legendre,
    "riemann_left": _riemann(0.0),
    "riemann_middle": _riemann(0.5),
    "riemann_right": _riemann(1.0),
    "riemann_trapezoid": _trapezoid,
}


def integrated_gradients_quadrature(
    graph: Graph,
    inputs: Data,
    baselines: Data | None = None,
    target: int | Sequence[int] = 0,
    *,
    n_steps: int = 50,
    method: str = "gausslegendre",
    device: str = "cpu",
) -> np.ndarray:
    """The approximation with `n_steps` gradients, for every row of `inputs`: (n, *input_shape)."""
    if method not in RULES:
        raise BadInput(f"method: got {method!r}; give one of {', '.join(RULES)}")
    if n_steps < 2:
        raise BadInput(f"n_steps: got {n_steps}; give 2 or more")
    xs = rows(graph, inputs, "inputs")
    x0s, classes = paired(graph, xs, baselines), targets(graph, target, len(xs))
    net = network(graph, device)
    nodes, weights = (torch.tensor(v, device=device) for v in RULES[method](n_steps))
    step, found = rows_at_once(net, MEMORY), []
    for x0, x, k in zip(x0s, xs, classes, strict=True):
        a, b = (torch.tensor(v, device=device) for v in (x0, x))
        ends = straight_values(net, torch.stack([a, b]))
        gradient = torch.zeros_like(a)
        for t, w in zip(nodes.split(step), weights.split(step), strict=True):
            gradient = gradient + pulled_back(net, slopes_at(net, ends, t), w, k)[0][0]
        found.append((gradient * (b - a)).cpu().numpy())
    return np.stack(found)
