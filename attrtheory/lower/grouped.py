"""The game of groups of features: a network whose inputs are switches, one for each group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from attrtheory.errors import BadInput, TooLarge, Unsupported
from attrtheory.expr.views import FnView, Value
from attrtheory.models.graph import Graph, Node
from attrtheory.models.ops import Linear, Reshape

MAX_GROUPS = 16


def grouped(graph: Graph, x: np.ndarray, baseline: np.ndarray, groups: np.ndarray) -> Graph:
    r"""$z \mapsto f(x^0 + \sum_g z_g\,(x - x^0)|_g)$ for switches $z_g$; at $z = 1$ it is the input, at 0 the baseline.

    `groups`: for each feature the number of its group, 0 to g - 1. Differences are taken in float64; with a zero
    baseline they are exact.
    """
    labels = group_numbers(groups, graph.features)
    count = int(labels.max()) + 1
    if count > MAX_GROUPS:
        raise TooLarge(f"{count} groups; a network of switches has up to {MAX_GROUPS}. Merge groups")
    start = np.asarray(baseline, dtype=np.float64).ravel()
    step = np.asarray(x, dtype=np.float64).ravel() - start
    weight = np.where(labels[:, None] == np.arange(count)[None, :], step[:, None], 0.0)
    switch = (Node(Linear(weight, start), (0,), "switches"), Node(Reshape(graph.input_shape), (1,), "input"))
    nodes = (Node(n.op, tuple(i + 2 for i in n.inputs), n.name) for n in graph.nodes)
    return Graph((count,), (*switch, *nodes), f"{graph.name} on {count} groups")


@dataclass(frozen=True, eq=False)
class Switched:
    """The same game on a view of a model, at switches that are on or off: exact, for no differences are taken.

    `labels`: for each feature the number of its group.
    """

    f: FnView
    x: Sequence[Fraction]
    baseline: Sequence[Fraction]
    labels: np.ndarray

    @property
    def n(self) -> int:
        return int(self.labels.max()) + 1

    def __call__(self, *switches: Value) -> Value:
        if any(z not in (0, 1) for z in switches):
            raise Unsupported(f"switches of groups are 0 or 1 here; got {switches}")
        ends = zip(self.x, self.baseline, self.labels.tolist(), strict=True)
        return self.f(*(p if switches[g] else b for p, b, g in ends))

    def partial(self, i: int, *point: Value) -> Value:
        raise Unsupported("slopes between switches of groups that are on or off")

    def mean01(self, body: Callable[[Value], Value]) -> Value:
        raise Unsupported("means between switches of groups that are on or off")


def group_numbers(groups: Any, features: int, each: str = "feature") -> np.ndarray:
    """The number of its group for every feature, (features): 0 to g - 1, each of them taken."""
    labels = np.asarray(groups).ravel()
    if labels.dtype.kind not in "iu" or not labels.size:
        raise BadInput(f"groups are whole numbers, one for each {each}; got {labels.size} entries of {labels.dtype}")
    labels = labels.astype(np.int64)
    if labels.size != features or set(labels.tolist()) != set(range(int(labels.max()) + 1)):
        raise BadInput(
            f"groups are numbers 0 to g - 1, all of them, one for each of {features} {each}s; "
            f"got {labels.size} numbers with values {sorted(set(labels.tolist()))[:8]}"
        )
    return labels


def exact_differences(x: np.ndarray, baseline: np.ndarray) -> bool:
    """Whether float64 holds every x - baseline."""
    pairs = zip(np.ravel(x).tolist(), np.ravel(baseline).tolist(), strict=True)
    return all(Fraction(a - b) == Fraction(a) - Fraction(b) for a, b in pairs)


def blocks(shape: tuple[int, ...], most: int = 8) -> np.ndarray:
    """Groups of neighbouring features: square blocks of an image, else runs; at most `most` of them."""
    if len(shape) == 3 and shape[1] >= 4 and shape[2] >= 4:
        rows = np.arange(shape[1]) * 2 // shape[1]
        columns = np.arange(shape[2]) * (most // 2) // shape[2]
        image = rows[:, None] * (most // 2) + columns[None, :]
        return np.broadcast_to(image, shape).copy()
    n = int(np.prod(shape))
    return (np.arange(n) * min(most, n) // n).reshape(shape)
