"""Exact Integrated Gradients beside captum's quadrature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from statistics import median

import numpy as np
import torch
from benchmarks.modules import as_module
from benchmarks.rows import Row
from benchmarks.timing import interleaved
from captum.attr import IntegratedGradients

from attrtheory.errors import TooLarge
from attrtheory.lower.integrated_gradients import BUDGET, LineResult, integrated_gradients_line
from attrtheory.lower.layers import forward
from attrtheory.lower.wiring import products
from attrtheory.models.graph import Graph

SETTLED = 3  # inputs of a batch that are settled in rationals
MEMORY = 2**31  # bytes of activations that captum may hold at a time
Settled = list[LineResult]
PUBLISHED = {torch.float32: "", torch.float64: "-float64"}  # float32 is how the networks were published


def largest(graph: Graph, x: np.ndarray) -> list[int]:
    """The predicted classes."""
    return forward(graph, torch.tensor(x, dtype=torch.float64)).flatten(1).argmax(1).tolist()


def reference(graph: Graph, x: np.ndarray, target: list[int], enclosed: list[LineResult] | None, budget: int) -> Settled:
    """Settled values of the first inputs: rationals where `budget` allows, else enclosures (those at hand, of all)."""
    some, classes = x[:SETTLED], target[:SETTLED]
    try:
        return integrated_gradients_line(graph, some, target=classes, exact=True, budget=budget)
    except TooLarge:
        return enclosed or integrated_gradients_line(graph, some, target=classes, certify=True, settle=False)


def errors(found: np.ndarray, settled: Settled, *, proved: bool) -> list[float]:
    """The error of each settled input, relative to its largest attribution; `proved`: with the enclosure's width."""

    def of(a: np.ndarray, e: LineResult) -> float:
        off = np.abs(a - e.values).max()
        if proved and e.trust == "enclosed":
            off = max(np.abs(a - e.lower).max(), np.abs(a - e.upper).max())
        return float(off / np.abs(e.values).max())

    return [of(a, e) for a, e in zip(found, settled, strict=False)]


def captum(
    graph: Graph, x: np.ndarray, target: list[int], nodes: int, dtype: torch.dtype, device: str
) -> Callable[[], np.ndarray]:
    """captum's Integrated Gradients with its default rule, in as few runs of the network as memory allows."""
    method = IntegratedGradients(as_module(graph, dtype, device))
    inputs, classes = torch.tensor(x, dtype=dtype, device=device), torch.tensor(target, device=device)
    at_once = MEMORY // (2 * inputs.element_size() * sum(map(prod, graph.shapes)))
    split = None if len(x) * nodes <= at_once else max(at_once, len(x))
    run = lambda: method.attribute(inputs, target=classes, n_steps=nodes, internal_batch_size=split)
    return lambda: run().cpu().numpy()


def line_rows(
    work: str,
    name: str,
    graph: Graph,
    x: np.ndarray,
    *,
    nodes: Sequence[int],
    dtypes: Sequence[torch.dtype] = (torch.float32,),
    seconds: float,
    device: str = "cpu",
    enclosed: bool = True,
    budget: int | None = BUDGET,
) -> list[Row]:
    """Our methods beside captum's at so many nodes, on one batch of one network; no errors without a `budget`."""
    target, n = largest(graph, x), len(x)
    ours: dict[str, Callable[[], list[LineResult]]] = {
        "exact": lambda: integrated_gradients_line(graph, x, target=target, certify=False, settle=False, device=device)
    }
    if enclosed:
        ours["exact-enclosed"] = lambda: integrated_gradients_line(graph, x, target=target, certify=True, settle=False)
    peers = {
        f"captum-{k}{PUBLISHED[dtype]}": captum(graph, x, target, k, dtype, device) for dtype in dtypes for k in nodes
    }
    measured = interleaved({**ours, **peers}, seconds, device)
    sure = measured["exact-enclosed"].result if enclosed else None
    truth = reference(graph, x, target, sure, budget) if budget is not None else []
    whole = truth + (sure or measured["exact"].result)[len(truth) :] if truth else []  # for errors far above rounding
    values = {m: np.stack([r.values for r in measured[m].result]) for m in ours}
    off = {m: errors(values[m], truth, proved=True) for m in ours}
    off |= {p: errors(measured[p].result.astype(np.float64), whole, proved=False) for p in peers}

    def row(method: str, peer: str) -> Row:
        mine, other = measured[method], measured[peer]
        return Row(
            work, name, method, mine.seconds / n, peer, other.seconds / n, max(off[method], default=None),
            max(off[peer], default=None), int(median(r.pieces for r in mine.result)), n, device, mine.memory,
            other.memory, products(graph), sum(map(prod, graph.shapes)), median(off[peer]) if truth else None,
            f"{truth[0].trust}, {len(truth)} inputs" if truth else None,
        )  # fmt: skip

    return [row(method, peer) for method in ours for peer in peers]
