"""Random networks with real weights, one maker per family, and small networks written out by hand."""

from __future__ import annotations

import numpy as np

from attrtheory.models.graph import Graph, Node
from attrtheory.models.ops import (
    AvgPool2d,
    Combine,
    Conv2d,
    LeakyRelu,
    Linear,
    MaxPool2d,
    Relu,
    Reshape,
    Scale,
    Select,
)


def chain(shape, *ops, name="network") -> Graph:
    """Layers one after the other."""
    return Graph(shape, tuple(Node(op, (k,), f"layer{k}") for k, op in enumerate(ops)), name)


def linear(weight, bias=None) -> Linear:
    weight = np.array(weight, dtype=np.float64)
    return Linear(weight, np.zeros(len(weight)) if bias is None else np.array(bias, dtype=np.float64))


def conv(weight, bias=None, stride=(1, 1), padding=(0, 0, 0, 0), dilation=(1, 1), groups=1) -> Conv2d:
    weight = np.array(weight, dtype=np.float64)
    return Conv2d(weight, np.zeros(len(weight)) if bias is None else np.array(bias), stride, padding, dilation, groups)


def random_linear(rng, n, m) -> Linear:
    return Linear(rng.normal(size=(m, n)) / np.sqrt(n), rng.normal(size=m) / 4)


def random_conv(rng, n, m, k=3, padding=1, stride=1, groups=1) -> Conv2d:
    weight = rng.normal(size=(m, n // groups, k, k)) / np.sqrt(n // groups * k * k)
    return Conv2d(weight, rng.normal(size=m) / 4, (stride, stride), (padding,) * 4, (1, 1), groups)


def batch_norm(rng, channels) -> Scale:
    return Scale(rng.uniform(0.5, 2, size=(channels, 1, 1)), rng.normal(size=(channels, 1, 1)) / 4)


def dense(rng) -> Graph:
    a, b = rng.integers(4, 16, size=2)
    return chain(
        (6,), random_linear(rng, 6, a), Relu(), random_linear(rng, a, b), Relu(), random_linear(rng, b, 3)
    )


def leaky(rng) -> Graph:
    slope = LeakyRelu(float(rng.uniform(0.01, 0.5)))
    return chain((5,), random_linear(rng, 5, 12), slope, random_linear(rng, 12, 8), slope, random_linear(rng, 8, 3))


def residual(rng) -> Graph:
    """Two blocks, one with a projection on the skip."""
    layers = [
        (random_linear(rng, 6, 8), (0,)),
        (Relu(), (1,)),
        (random_linear(rng, 8, 8), (2,)),
        (Combine((1.0, 1.0)), (3, 1)),
        (Relu(), (4,)),
        (random_linear(rng, 8, 6), (5,)),
        (random_linear(rng, 6, 6), (0,)),
        (Combine((1.0, -0.5)), (6, 7)),
        (LeakyRelu(0.1), (8,)),
        (random_linear(rng, 6, 3), (9,)),
    ]
    return Graph((6,), tuple(Node(op, ins, f"layer{k}") for k, (op, ins) in enumerate(layers)))


def convolutional(rng) -> Graph:
    return chain(
        (1, 6, 6), random_conv(rng, 1, 3), Relu(), MaxPool2d((2, 2), (2, 2), (0, 0, 0, 0), (1, 1)),
        random_conv(rng, 3, 4), MaxPool2d((2, 2), (1, 1), (1, 0, 0, 1), (1, 1)), LeakyRelu(0.05),
        Reshape((36,)), random_linear(rng, 36, 3),
    )  # fmt: skip


def averaging(rng) -> Graph:
    return chain(
        (2, 5, 5), random_conv(rng, 2, 4, groups=2), batch_norm(rng, 4), Relu(),
        AvgPool2d((3, 3), (2, 2), (1, 1, 1, 1), bool(rng.integers(2))), batch_norm(rng, 4), Relu(),
        Reshape((36,)), random_linear(rng, 36, 3),
    )  # fmt: skip


def selecting(rng) -> Graph:
    """Two parts of the input and a constant, some entries read twice, padded and joined with a skip."""
    twice = np.array([[0, 1, -1, 3], [-1, 3, 2, 0]])
    joined = np.array([2, 13, 0, -1, 5, 9, 9, 12, -1, 7])
    layers = [
        (Select(twice, np.where(twice < 0, rng.normal(size=twice.shape), 0.0)), (0,)),
        (random_linear(rng, 4, 5), (1,)),
        (Relu(), (2,)),
        (Select(joined, np.where(joined < 0, rng.normal(size=joined.shape), 0.0)), (3, 0)),
        (random_linear(rng, 10, 6), (4,)),
        (LeakyRelu(0.1), (5,)),
        (random_linear(rng, 6, 3), (6,)),
    ]
    return Graph((2, 2), tuple(Node(op, ins, f"layer{k}") for k, (op, ins) in enumerate(layers)))


FAMILIES = (dense, leaky, residual, convolutional, averaging, selecting)
