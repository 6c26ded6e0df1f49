"""What a network is, in words and numbers."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from math import prod

import numpy as np

from attrtheory.auditing.data import LayerRow, NetworkFacts
from attrtheory.models.graph import Graph
from attrtheory.models.ops import (
    OUTSIDE,
    AvgPool2d,
    Combine,
    Conv2d,
    LeakyRelu,
    Linear,
    MaxPool2d,
    Op,
    Relu,
    Reshape,
    Scale,
    Select,
)
from attrtheory.models.serial import graph_digest


def network_facts(graph: Graph, accuracy: float | None) -> NetworkFacts:
    """The network's layers, size and digest."""
    layers = tuple(LayerRow(n.name, _words(n.op), s) for n, s in zip(graph.nodes, graph.shapes[1:], strict=True))
    weighted = [n.op for n in graph.nodes if not isinstance(n.op, Select)]
    parameters = sum(v.size for op in weighted for v in vars(op).values() if isinstance(v, np.ndarray))
    return NetworkFacts(
        graph.name,
        graph_digest(graph),
        graph.input_shape,
        prod(graph.shapes[-1]),
        graph.units,
        parameters,
        layers,
        accuracy,
    )


def _words(op: Op) -> str:
    match op:
        case Linear(weight=w):
            return f"linear, {w.shape[1]} to {w.shape[0]}"
        case Conv2d(weight=w, stride=s, padding=p):
            return f"convolution {w.shape[2]}x{w.shape[3]}, {w.shape[0]} channels, stride {s[0]}, padding {p[0]}"
        case AvgPool2d(kernel=k):
            return f"average pooling {k[0]}x{k[1]}"
        case MaxPool2d(kernel=k):
            return f"max pooling {k[0]}x{k[1]}"
        case Scale():
            return "scale and shift"
        case Relu():
            return "ReLU"
        case LeakyRelu(slope=s):
            return f"leaky ReLU, slope {s:g}"
        case Combine(coefficients=c):
            return f"weighted sum of {len(c)}"
        case Reshape():
            return "reshape"
        case Select(index=i):
            return f"selection of {np.count_nonzero(i != OUTSIDE)} entries, {np.count_nonzero(i == OUTSIDE)} constants"


def versions() -> dict[str, str]:
    """Versions of what took part."""
    found: dict[str, str] = {}
    for name in ("attrtheory", "torch", "numpy", "z3-solver", "python-flint", "captum"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
