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
from fractions import Fraction
from typing import Literal

import numpy as np
import torch
from flint import fmpq

from attrtheory.errors import EngineDisagreement, TooLarge
from attrtheory.lower.enclosure import Enclosure, doubt, mean_gradient
from attrtheory.lower.inputs import Data, paired, rows, targets
from attrtheory.lower.integral_exact import ExactLine, integrated_gradients_exact
from attrtheory.lower.layers import UNIT, forward, network
from attrtheory.lower.line import MEMORY, line_sweep
from attrtheory.lower.slopes import OUTWARD, TINY, mean_gradient_float
from attrtheory.lower.wiring import products
from attrtheory.models.graph import Graph

Trust = Literal["float", "enclosed", "exact"]
BUDGET = 10**9  # multiplications of one rational sweep: products of one forward pass times pieces
TOLERANCE = 1e-6  # the widest enclosure, relative to the largest attribution, that is not settled in rationals
NEGLIGIBLE = 1e-12  # what undecided slopes may move, relative to the largest attribution, under trust `float`
SMALLEST = 1e-250  # below this, float64 may have lost products to underflow


@dataclass(frozen=True, eq=False)
class LineResult:
    """Attributions along a path; see the module for what each `trust` promises."""

    values: np.ndarray
    trust: Trust
    lower: np.ndarray | None
    upper: np.ndarray | None
    kinks: tuple[str, ...]
    undecided: int
    pieces: int
    residual: float
    output_difference: float
    quotients: tuple[fmpq, ...] | None = None

    @property
    def exact_values(self) -> tuple[Fraction, ...] | None:
        """The exact attributions, feature by feature; None unless `trust` is `exact`."""
        return self.quotients and tuple(Fraction(int(q.p), int(q.q)) for q in self.quotients)


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


def segment(graph: Graph, x0: np.ndarray, x: np.ndarray, target: int, options: Options) -> LineResult:
    """Integrated Gradients on one segment, float64 arrays of the input's shape."""
    if (x0 == x).all():
        return _settled(graph, x, ExactLine(*((fmpq(0),) * x.size for _ in range(3)), fmpq(0), {}, 1))
    a, b = (torch.tensor(v, device=options.device) for v in (x0, x))
    net = network(graph, options.device)
    t = line_sweep(graph, a, b, memory=options.memory)
    pieces = len(t) - 1
    ends = forward(graph, torch.stack([a, b])).flatten(1)[:, target]
    difference = float(ends[1] - ends[0])
    values = (mean_gradient_float(net, a, b, t, target, memory=options.memory)[0] * (b - a)).cpu().numpy()
    finite = bool(np.isfinite(values).all() and np.isfinite(difference))
    work = products(graph) * (pieces if finite else graph.units + 1)
    if options.exact:
        if work > options.budget:
            raise TooLarge(f"a rational sweep of {graph.name!r} takes about {work:.1e} multiplications; "
                           f"allowed are {options.budget:.1e}: raise budget, or leave exact out")  # fmt: skip
        return _settled(graph, x, integrated_gradients_exact(graph, x0, x, target))
    largest = float(np.abs(values).max())
    cpu = (network(graph), a.cpu(), b.cpu(), t.cpu(), target)
    undecided = 0
    if finite and not options.certify:
        undecided, spread = doubt(*cpu, memory=options.memory)
        moved = float((spread[0] * (b - a).abs().cpu()).max())
        if moved <= NEGLIGIBLE * largest and largest > SMALLEST:
            return _result(values, "float", None, None, (), undecided, pieces, difference)
    bounds = _bounds(mean_gradient(*cpu, memory=options.memory), cpu[2] - cpu[1]) if finite else None
    narrow = bounds is not None and float((bounds.upper - bounds.lower).max()) <= options.tolerance * largest
    if not narrow and options.settle and work <= options.budget:
        return _settled(graph, x, integrated_gradients_exact(graph, x0, x, target))
    if bounds is None:
        raise TooLarge(f"float64 overflows on {graph.name!r}, and a rational sweep takes about {work:.1e} multiplications; "
                       f"allowed are {options.budget:.1e}: raise budget and keep settle")  # fmt: skip
    slack = 1e-9 * largest
    if (values < bounds.lower - slack).any() or (values > bounds.upper + slack).any():
        raise EngineDisagreement(f"the sweep of {graph.name!r} lies outside its own enclosure; please report this")
    inside = np.clip(values, bounds.lower, bounds.upper)
    kinks = () if narrow else _undecided_kinks(network(graph), bounds.enclosure)
    return _result(inside, "enclosed", bounds.lower, bounds.upper, kinks, bounds.enclosure.undecided, pieces, difference)
