r"""Integrated Gradients of a piecewise linear network, as a sum over the pieces of the path instead of a quadrature.

$\phi_i = (x_i - x^0_i)\int_0^1 \partial_i f\bigl(x^0 + t(x - x^0)\bigr)\,dt
        = (x_i - x^0_i)\sum_k (t_{k+1} - t_k)\,g_{k,i}$

Conventions: branch derivative, strict guard (relu'(0) = 0, leaky relu'(0) = slope), the first of tied entries wins.
What a result is worth stands in its `trust`:

* `float`: the sum in float64, with no analysis of its roundings. `kinks` names the layers with units that are 0 on a
  piece of the path, up to rounding: they follow the conventions, and the value may depend on them.
* `enclosed`: `lower` and `upper` contain the attribution, all roundings included, under every convention at kinks.
* `exact`: computed in rationals; `values` are the exact numbers, rounded once. With `kinks`, `lower` and `upper`
  contain what other conventions give; without, no convention matters.

The sweep is a refinement of the definition: tested against it on exact rationals, not proved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
import torch

from attrtheory.errors import BadInput, TooLarge
from attrtheory.lower.enclosure import mean_gradient
from attrtheory.lower.inputs import Data, paired, rows, targets
from attrtheory.lower.integral_exact import integrated_gradients_exact
from attrtheory.lower.layers import network
from attrtheory.lower.line import Line, lines
from attrtheory.lower.line_result import Found, LineResult, bounded, from_exact, nothing_moves
from attrtheory.lower.slopes import MEMORY
from attrtheory.lower.wiring import products
from attrtheory.models.graph import Graph

BUDGET = 10**9  # multiplications of one rational sweep: those of one forward pass times the pieces
TOLERANCE = 1e-6  # an enclosure wider than this, relative to the largest attribution, is settled in rationals
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
    max_pieces: int | None = None
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name, value in (("memory", self.memory), ("budget", self.budget), ("max_pieces", self.max_pieces)):
            if value is not None and not (isinstance(value, int | float) and value >= 1):
                raise BadInput(f"{name}: got {value!r}; give a number of at least 1")
        if not (isinstance(self.tolerance, int | float) and 0 <= self.tolerance < inf):
            raise BadInput(f"tolerance: got {self.tolerance!r}; give a number of at least 0, such as 1e-6")
        try:
            torch.empty(0, device=self.device)
        except (RuntimeError, AssertionError, TypeError) as error:
            raise BadInput(f"device: got {self.device!r}; torch knows or finds no such device here") from error


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
    max_pieces: int | None = None,
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
        certify: enclose every result rigorously, on the CPU, at some ten times the work of the sweep.
        settle: where an enclosure is wider than `tolerance`, or the path lies in a kink, compute in rationals if
            `budget` allows.
        tolerance: relative to the largest attribution.
        budget: multiplications allowed for one rational sweep (those of one forward pass times the pieces).
        memory: bytes that a sweep may hold, roughly.
        max_pieces: stop the sweep of a path after so many pieces, roughly; the result is then an interval, with the rest
            of the path enclosed by what is known of all slopes there.
        device: where the float sweep runs.
        progress: called with (rows done, rows) after every row.
    """
    options = Options(exact, certify, settle, tolerance, budget, memory, max_pieces, device)
    xs = rows(graph, inputs, "inputs")
    x0s, classes = paired(graph, xs, baselines), targets(graph, target, len(xs))
    return segments(graph, x0s, xs, classes, options, progress)


def segments(
    graph: Graph,
    x0s: np.ndarray,
    xs: np.ndarray,
    targets: Sequence[int],
    options: Options,
    progress: Callable[[int, int], None] | None = None,
) -> list[LineResult]:
    """Integrated Gradients on segments between finite float64 arrays of the input's shape, swept together."""
    net, place = network(graph, options.device), torch.device(options.device)
    starts, stops, outputs = (torch.tensor(v, device=place) for v in (x0s, xs, list(targets)))
    swept = lines(net, starts, stops, outputs, memory=options.memory, max_pieces=options.max_pieces)
    results = []
    for x0, x, k, line in zip(x0s, xs, targets, swept, strict=True):
        results.append(_worth(graph, x0, x, k, line, options))
        if progress:
            progress(len(results), len(xs))
    return results


def _worth(graph: Graph, x0: np.ndarray, x: np.ndarray, target: int, line: Line, options: Options) -> LineResult:
    """What the sweep found, with the evidence asked for."""
    if (x0 == x).all():
        return from_exact(graph, nothing_moves(x.size))
    with np.errstate(over="ignore", invalid="ignore"):  # looked at below
        found = Found(line.gradient.cpu().numpy() * (x - x0), line.pieces, line.last - line.first)
    whole, kept = not line.unswept, found.finite and found.largest > SMALLEST
    if kept and whole and not (options.exact or options.certify or (line.ties and options.settle)):
        return found.plain(graph, line.ties)
    work = products(graph) * (found.pieces if found.finite and whole else graph.units + 1)
    affordable, cost = work <= options.budget, f"a rational sweep takes about {work:.1e} multiplications"
    if options.exact and not affordable:
        raise TooLarge(f"{graph.name!r}: {cost}, allowed are {options.budget:.1e}; raise budget, or leave exact out")
    if options.exact:
        return from_exact(graph, integrated_gradients_exact(graph, x0, x, target))
    settle = options.settle and affordable and whole
    if kept and whole and not options.certify and not settle:
        return found.plain(graph, line.ties)
    bounds = None
    if found.finite:
        a, b = torch.tensor(x0), torch.tensor(x)
        bounds = bounded(mean_gradient(network(graph), a, b, line.t, target, memory=options.memory), b - a)
    narrow = bounds is not None and bounds.width <= options.tolerance * found.largest
    if not narrow and settle:
        return from_exact(graph, integrated_gradients_exact(graph, x0, x, target))
    if bounds is None:
        raise TooLarge(f"{graph.name!r}: float64 overflows, and {cost}; raise budget, and keep settle")
    if whole:
        return found.enclosed(graph, bounds, kinks=not narrow)
    return found.interval(graph, bounds, sum(b - a for a, b in line.unswept))
