r"""Integrated Gradients of a piecewise linear network, exactly: a sum over the pieces of the path, not a quadrature.

$\phi_i = (x_i - x^0_i)\int_0^1 \partial_i f\bigl(x^0 + t(x - x^0)\bigr)\,dt = (x_i - x^0_i)\sum_k (t_{k+1} - t_k)\,g_{k,i}$

Conventions: branch derivative, strict guard (relu'(0) = 0, leaky relu'(0) = slope), the first of tied pool entries wins.
What a result is worth stands in its `trust`:

* `float`: float64 decided the slope of every unit at the middle of every piece, or nothing above rounding hangs on it.
  Where a unit is almost tangent to the path its breakpoint is ill-conditioned, and nothing here bounds that.
* `enclosed`: `lower` and `upper` contain the attribution, all roundings included, under every convention at kinks.
* `exact`: computed in rationals; `values` are the exact numbers, rounded once. With `kinks`, `lower` and `upper`
  contain what other conventions give; without, no convention matters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from attrtheory.errors import TooLarge
from attrtheory.lower.enclosure import doubt, mean_gradient
from attrtheory.lower.inputs import Data, paired, rows, targets
from attrtheory.lower.integral_exact import integrated_gradients_exact
from attrtheory.lower.layers import forward, network
from attrtheory.lower.line import MEMORY, line_sweep
from attrtheory.lower.line_result import Found, LineResult, bounded, from_exact, nothing_moves
from attrtheory.lower.slopes import mean_gradient_float
from attrtheory.lower.wiring import products
from attrtheory.models.graph import Graph

BUDGET = 10**9  # multiplications of one rational sweep: products of one forward pass times pieces
TOLERANCE = 1e-6  # the widest enclosure, relative to the largest attribution, that is not settled in rationals
NEGLIGIBLE = 1e-12  # what undecided slopes may move, relative to the largest attribution, under trust `float`
SMALLEST = 1e-250  # below this, float64 may have lost products to underflow


@dataclass(frozen=True)
class Options:
    """How hard to try; the fields are the keyword arguments of `integrated_gradients_line`."""

    exact: bool = False
    certify: bool = True
    settle: bool = True
    tolerance: float = TOLERANCE
    budget: int = BUDGET
    memory: int = MEMORY
    device: str = "cpu"


def integrated_gradients_line(
    graph: Graph,
    inputs: Data,
    baselines: Data | None = None,
    target: int | Sequence[int] = 0,
    *,
    exact: bool = False,
    certify: bool = True,
    settle: bool = True,
    tolerance: float = TOLERANCE,
    budget: int = BUDGET,
    memory: int = MEMORY,
    device: str = "cpu",
    progress: Callable[[int, int], None] | None = None,
) -> list[LineResult]:
    """Integrated Gradients for every row of `inputs`.

    Args:
        graph: the network.
        inputs: one input or a batch; torch, numpy or lists, converted exactly to float64.
        baselines: None for zeros, one row, or one per input.
        target: the number of an output, or one per input.
        exact: compute in rationals; refuses what is beyond `budget`.
        certify: enclose every result rigorously (on the CPU; about ten times the work of the sweep). Without it, only
            paths with undecided slopes that matter are enclosed.
        settle: where an enclosure is wider than `tolerance`, compute in rationals if `budget` allows.
        tolerance: relative to the largest attribution.
        budget: multiplications allowed for one rational sweep (one forward pass times pieces).
        memory: bytes that a sweep may hold.
        device: where the float sweep runs.
        progress: called with (rows done, rows) after every row.
    """
    options = Options(exact, certify, settle, tolerance, budget, memory, device)
    xs = rows(graph, inputs, "inputs")
    x0s, classes = paired(graph, xs, baselines), targets(graph, target, len(xs))
    results = []
    for x0, x, k in zip(x0s, xs, classes, strict=True):
        results.append(segment(graph, x0, x, k, options))
        if progress:
            progress(len(results), len(xs))
    return results


def mean_gradient_line(
    graph: Graph, x0: Tensor, x: Tensor, target: int, *, memory: int = MEMORY
) -> Tensor:
    """The mean gradient of an output on the segment, in float64 as it comes: no bounds, nothing undecided is reported."""
    a, b = x0.to(torch.float64), x.to(torch.float64)
    t = line_sweep(graph, a, b, memory=memory)
    return mean_gradient_float(network(graph, a.device), a, b, t, target, memory=memory)[0]


def segment(graph: Graph, x0: np.ndarray, x: np.ndarray, target: int, options: Options) -> LineResult:
    """Integrated Gradients on one segment, float64 arrays of the input's shape."""
    if (x0 == x).all():
        return from_exact(graph, nothing_moves(x.size))
    net, (a, b) = network(graph, options.device), (torch.tensor(v, device=options.device) for v in (x0, x))
    t = line_sweep(graph, a, b, memory=options.memory)
    values = (mean_gradient_float(net, a, b, t, target, memory=options.memory)[0] * (b - a)).cpu().numpy()
    ends = forward(graph, torch.stack([a, b])).flatten(1)[:, target].tolist()
    found = Found(values, len(t) - 1, ends[1] - ends[0])
    work = products(graph) * (found.pieces if found.finite else graph.units + 1)
    affordable = work <= options.budget
    if options.exact and not affordable:
        raise TooLarge(f"{graph.name!r}: {_too_much(work, options)}; raise budget, or leave exact out")
    if options.exact:
        return from_exact(graph, integrated_gradients_exact(graph, x0, x, target))
    cpu, undecided, bounds = (network(graph), a.cpu(), b.cpu(), t.cpu(), target), 0, None
    if found.finite and not options.certify:
        undecided, spread = doubt(*cpu, memory=options.memory)
        moved = float((spread[0] * (cpu[2] - cpu[1]).abs()).max())
        if moved <= NEGLIGIBLE * found.largest and found.largest > SMALLEST:
            return found.result("float", undecided)
    if found.finite:
        bounds = bounded(mean_gradient(*cpu, memory=options.memory), cpu[2] - cpu[1])
    narrow = bounds is not None and bounds.width <= options.tolerance * found.largest
    if not narrow and options.settle and affordable:
        return from_exact(graph, integrated_gradients_exact(graph, x0, x, target))
    if bounds is None:
        raise TooLarge(f"float64 overflows on {graph.name!r}: {_too_much(work, options)}; raise budget, keep settle")
    return found.enclosed(graph, bounds, kinks=not narrow)


def _too_much(work: int, options: Options) -> str:
    return f"a rational sweep takes about {work:.1e} multiplications, and {options.budget:.1e} are allowed"
