"""Exact Shapley values beside shapiq's and shap's exact computers, on one random network for each number of players."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import comb, prod
from typing import Any

import numpy as np
import torch
from benchmarks.modules import as_module
from benchmarks.networks import he
from benchmarks.rows import Row
from benchmarks.timing import interleaved

from attrtheory.lower.points.measures import shapley_values
from attrtheory.lower.wiring import products
from attrtheory.models.graph import Graph
from attrtheory.models.ops import Linear, Relu

MOST_PLAYERS = {"shapiq-exact": 16, "shap-exact": 20, "shap-kernel": 12}  # beyond, a peer takes minutes
Values = Callable[[np.ndarray], np.ndarray]


def ours(graph: Graph, x: np.ndarray) -> np.ndarray:
    """The one place that calls our kernel: Shapley values of output 0 against a zero baseline."""
    return shapley_values(graph, x).values[0]


def shapiq_exact(values: Values, x: np.ndarray) -> np.ndarray:
    from shapiq import ExactComputer

    game = lambda coalitions: values(np.atleast_2d(coalitions).astype(bool) * x)
    return ExactComputer(game, n_players=len(x))("SV", 1).get_n_order_values(1)


def shap_exact(values: Values, x: np.ndarray) -> np.ndarray:
    from shap.explainers import Exact

    explainer = Exact(values, np.zeros((1, len(x))))
    return explainer(x[None], max_evals=2 ** len(x), silent=True).values[0]


def shap_kernel(values: Values, x: np.ndarray) -> np.ndarray:
    """All coalitions, and no selection of features."""
    from shap import KernelExplainer

    explainer = KernelExplainer(values, np.zeros((1, len(x))))
    return np.ravel(explainer.shap_values(x[None], nsamples=2 ** len(x), l1_reg=False, silent=True))


PEERS: dict[str, Callable[[Values, np.ndarray], np.ndarray]] = {
    "shapiq-exact": shapiq_exact, "shap-exact": shap_exact, "shap-kernel": shap_kernel,
}  # fmt: skip


@cache
def warm() -> None:
    """Let the peers import and compile, on four players: the first call of shap's takes half a minute."""
    for peer in PEERS.values():
        peer(lambda points: np.asarray(points).sum(1), np.arange(1.0, 5.0))


def by_definition(graph: Graph, x: np.ndarray, rows: int = 2**14) -> np.ndarray:
    r"""$\sum_S \pm v(S)$ with Shapley's weights, every output in extended precision, independent of our kernel."""
    d = len(x)
    phi = np.zeros(d, dtype=np.longdouble)
    share = np.array([1 / (np.longdouble(d) * comb(d - 1, k)) for k in range(d)], dtype=np.longdouble)
    for start in range(0, 2**d, rows):
        members = np.arange(start, min(start + rows, 2**d))[:, None] >> np.arange(d) & 1
        v, size = _outputs(graph, members * x.astype(np.longdouble)), members.sum(1)
        joined, left = share[np.maximum(size - 1, 0)] * v, share[np.minimum(size, d - 1)] * v
        phi += (members * joined[:, None] - (1 - members) * left[:, None]).sum(0)
    return phi


def _outputs(graph: Graph, z: np.ndarray) -> np.ndarray:
    for node in graph.nodes:
        match node.op:
            case Linear(w, b):
                z = z @ w.T.astype(np.longdouble) + b
            case Relu():
                z = np.maximum(z, 0)
            case other:
                raise TypeError(other)
    return z[:, 0]


def shapley_rows(d: int, *, seconds: float) -> list[Row]:
    """One row per peer that is affordable with d players; without any, one with our time alone."""
    warm()
    graph = he((d,), 64, 2, 1)
    x = np.random.default_rng(1).random(d)
    network = as_module(graph, torch.float64)

    def values(points: Any) -> np.ndarray:
        with torch.no_grad():
            return network(torch.tensor(np.asarray(points, dtype=np.float64))).numpy()[:, 0]

    peers = {name: peer for name, peer in PEERS.items() if d <= MOST_PLAYERS[name]}
    calls = {name: lambda peer=peer: peer(values, x) for name, peer in peers.items()}
    measured = interleaved({"ours": lambda: ours(graph, x), **calls}, seconds)
    truth, mine = by_definition(graph, x), measured["ours"]

    def off(found: np.ndarray) -> float:
        return float(np.abs(found - truth).max() / np.abs(truth).max())

    def row(peer: str | None) -> Row:
        other = measured[peer] if peer else None
        return Row(
            "shapley", f"he_{d}_64_64_1", "exact-shapley", mine.seconds, peer, other and other.seconds, off(mine.result),
            other and off(other.result), None, 1, "cpu", mine.memory, other and other.memory, products(graph),
            sum(map(prod, graph.shapes)), None, "extended precision",
        )  # fmt: skip

    return [row(peer) for peer in peers or (None,)]
