"""The game of groups of features: a network whose inputs are switches, one for each group."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from attrtheory.errors import BadInput
from attrtheory.models.graph import Graph, Node
from attrtheory.models.ops import Linear, Reshape

MAX_GROUPS = 16


def grouped(graph: Graph, x: np.ndarray, baseline: np.ndarray, groups: np.ndarray) -> Graph:
    r"""$z \mapsto f(x^0 + \sum_g z_g\,(x - x^0)|_g)$ for switches $z_g$; at $z = 1$ it is the input, at 0 the baseline.

    `groups`: for each feature the number of its group, 0 to g - 1. Differences are taken in float64; with a zero
    baseline they are exact.
    """
    labels = np.asarray(groups).ravel()
    if labels.dtype.kind not in "iu" or not labels.size:
        raise BadInput(f"groups are whole numbers, one for each feature; got {labels.size} entries of {labels.dtype}")
    count = int(labels.max()) + 1
    if labels.size != graph.features or set(labels.tolist()) != set(range(count)) or count > MAX_GROUPS:
        raise BadInput(
            f"groups are numbers 0 to g - 1, g at most {MAX_GROUPS}, one for each of {graph.features} features; "
            f"got {labels.size} numbers with values {sorted(set(labels.tolist()))[:8]}"
        )
    start = np.asarray(baseline, dtype=np.float64).ravel()
    step = np.asarray(x, dtype=np.float64).ravel() - start
    weight = np.where(labels[:, None] == np.arange(count)[None, :], step[:, None], 0.0)
    switch = (Node(Linear(weight, start), (0,), "switches"), Node(Reshape(graph.input_shape), (1,), "input"))
    nodes = (Node(n.op, tuple(i + 2 for i in n.inputs), n.name) for n in graph.nodes)
    return Graph((count,), (*switch, *nodes), f"{graph.name} on {count} groups")


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
