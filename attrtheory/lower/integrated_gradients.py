r"""Integrated Gradients of a piecewise linear network, as a sum over the pieces of the path instead of a quadrature.

$\phi_i = (x_i - x^0_i)\int_0^1 \partial_i f\bigl(x^0 + t(x - x^0)\bigr)\,dt
        = (x_i - x^0_i)\sum_k (t_{k+1} - t_k)\,g_{k,i}$

Conventions: branch derivative, strict guard (relu'(0) = 0, leaky relu'(0) = slope), the first of tied entries wins.
What a result is worth stands in its `trust`:

* `float`: float64 decided all slopes at the middle of the pieces, or nothing above rounding hangs on them. Where a
  unit is almost tangent to the path its breakpoint is ill-conditioned, and nothing here bounds that.
* `enclosed`: `lower` and `upper` contain the attribution, all roundings included, under every convention at kinks.
* `exact`: computed in rationals; `values` are the exact numbers, rounded once. With `kinks`, `lower` and `upper`
  contain what other conventions give; without, no convention matters.

The sweep is a refinement of the definition: tested against it on exact rationals, not proved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

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

BUDGET = 10**9  # multiplications of one rational sweep: those of one forward pass times the pieces
TOLERANCE = 1e-6  # an enclosure wider than this, relative to the largest attribution, is settled in rationals
NEGLIGIBLE = 1e-12  # what undecided slopes may move, relative to the largest attribution, under trust `float`
SMALLEST = 1e-250  # attributions below this may have lost products to underflow


@dataclass(frozen=True)
class Options:
    """How hard to try: the keyword arguments of `integrated_gradients_line`."""

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
        certify: enclose every result rigorously, on the CPU, at some ten times the work of the sweep. Without it only
            results whose undecided slopes matter are enclosed.
        settle: where an enclosure is wider than `tolerance`, compute in rationals if `budget` allows.
        tolerance: relative to the largest attribution.
        budget: multiplications allowed for one rational sweep (those of one forward pass times the pieces).
        memory: bytes that a sweep may hold, roughly.
        device: where the float sweep runs.
        progress: called with (rows done, rows) after every row.
    """
    options = Options(exact, certify, settle, tolerance, budget, memory, device)
    xs = rows(graph, inputs, "inputs")
    x0s, classes, results = paired(graph, xs, baselines), targets(graph, target, len(xs)), []
    for x0, x, k in zip(x0s, xs, classes, strict=True):
        results.append(segment(graph, x0, x, k, options))
        if progress:
            progress(len(results), len(xs))
    return results


def segment(graph: Graph, x0: np.ndarray, x: np.ndarray, target: int, options: Options) -> LineResult:
    """Integrated Gradients on one segment between finite float64 arrays of the input's shape."""
    if (x0 == x).all():
        return from_exact(graph, nothing_moves(x.size))
    net, (a, b) = network(graph, options.device), (torch.tensor(v, device=options.device) for v in (x0, x))
    t = line_sweep(graph, a, b, memory=options.memory)
    values = (mean_gradient_float(net, a, b, t, target, memory=options.memory)[0] * (b - a)).cpu().numpy()
    first, last = forward(graph, torch.stack([a, b])).flatten(1)[:, target].tolist()
    found = Found(values, len(t) - 1, last - first)
    work = products(graph) * (found.pieces if found.finite else graph.units + 1)
    affordable, cost = work <= options.budget, f"a rational sweep takes about {work:.1e} multiplications"
    if options.exact and not affordable:
        raise TooLarge(f"{graph.name!r}: {cost}, allowed are {options.budget:.1e}; raise budget, or leave exact out")
    if options.exact:
        return from_exact(graph, integrated_gradients_exact(graph, x0, x, target))
    cpu, step, bounds = (network(graph), a.cpu(), b.cpu(), t.cpu(), target), (b - a).cpu(), None
    if found.finite and not options.certify:
        undecided, spread = doubt(*cpu, memory=options.memory)
        moved = float((spread[0] * step.abs()).max())
        if moved <= NEGLIGIBLE * found.largest and found.largest > SMALLEST:
            return found.plain(undecided)
    if found.finite:
        bounds = bounded(mean_gradient(*cpu, memory=options.memory), step)
    narrow = bounds is not None and bounds.width <= options.tolerance * found.largest
    if not narrow and options.settle and affordable:
        return from_exact(graph, integrated_gradients_exact(graph, x0, x, target))
    if bounds is None:
        raise TooLarge(f"{graph.name!r}: float64 overflows, and {cost}; raise budget, and keep settle")
    return found.enclosed(graph, bounds, kinks=not narrow)
