"""Facts about a graph that every line kernel needs: window tables, absolute weights, what is affine on a path."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from attrtheory.errors import Unsupported
from attrtheory.models.graph import Graph, Node
from attrtheory.models.ops import (
    OUTSIDE,
    PIECEWISE,
    AvgPool2d,
    Combine,
    Conv2d,
    LeakyRelu,
    Linear,
    MaxPool2d,
    Op,
    Pair,
    Relu,
    Reshape,
    Scale,
    Select,
    Shape,
    windows,
)

Windowed = Conv2d | AvgPool2d | MaxPool2d


def window_table(x: Shape, op: Windowed) -> np.ndarray:
    """Flat positions within a channel of all windows' entries, (windows, entries), row by row; -1 is padding."""
    kernel: Pair = (op.weight.shape[2], op.weight.shape[3]) if isinstance(op, Conv2d) else op.kernel
    dilation: Pair = (1, 1) if isinstance(op, AvgPool2d) else op.dilation
    counts = windows(x, kernel, op.stride, op.padding, dilation)
    at = [
        np.arange(n)[:, None] * s - p + np.arange(k)[None, :] * d
        for n, s, p, k, d in zip(counts, op.stride, op.padding[:2], kernel, dilation, strict=True)
    ]
    row, column = at[0][:, None, :, None], at[1][None, :, None, :]
    inside = (row >= 0) & (row < x[1]) & (column >= 0) & (column < x[2])
    return np.where(inside, row * x[2] + column, -1).reshape(prod(counts), prod(kernel))


def pool_table(x: Shape, op: MaxPool2d) -> tuple[np.ndarray, np.ndarray]:
    """The window table of a max-pool and which entries are real; padding repeats the window's first real one.

    A repeated entry never changes a maximum, so that no infinity enters the arithmetic (`inf * 0` would be NaN).
    """
    table = window_table(x, op)
    real = table >= 0
    if not real.any(1).all():
        raise Unsupported(f"a max-pool window of {op.kernel} lies wholly in the padding {op.padding}")
    first = np.take_along_axis(table, real.argmax(1)[:, None], 1)
    return np.where(real, table, first), real


def pool_counts(x: Shape, op: AvgPool2d) -> np.ndarray:
    """By how many entries each window of an average is divided."""
    real = (window_table(x, op) >= 0).sum(1)
    return np.full_like(real, prod(op.kernel)) if op.count_include_pad else np.maximum(real, 1)


def magnitude(op: Op) -> Op:
    """The same affine layer with the absolute values of its weights: it carries bounds."""
    match op:
        case Linear() | Conv2d():
            return replace(op, weight=np.abs(op.weight), bias=np.abs(op.bias))
        case Scale():
            return Scale(np.abs(op.scale), np.abs(op.shift))
        case Combine():
            return Combine(tuple(abs(c) for c in op.coefficients))
        case Select():
            return replace(op, fill=np.abs(op.fill))
        case _:
            return op


def roundings(op: Op) -> tuple[int, int]:
    """Upper bounds on the rounded operations behind one entry, forwards and backwards, in any order of summation."""
    match op:
        case Linear():
            return op.weight.shape[1] + 2, op.weight.shape[0] + 2
        case Conv2d():
            out, inner, *kernel = op.weight.shape
            return inner * prod(kernel) + 2, out // op.groups * prod(kernel) + 2
        case AvgPool2d():
            return prod(op.kernel) + 4, prod(op.kernel) + 4
        case Scale() | LeakyRelu():
            return 3, 3
        case Combine():
            return len(op.coefficients) + 2, 3
        case MaxPool2d():
            return 0, prod(op.kernel) + 2
        case Select():
            return 0, int(np.unique(op.index[op.index != OUTSIDE], return_counts=True)[1].max(initial=1)) - 1
        case Relu() | Reshape():
            return 0, 0


def products(graph: Graph) -> int:
    """Multiplications of one forward pass: the unit in which the work of a sweep is counted."""
    total = 0
    for k, node in enumerate(graph.nodes, start=1):
        match node.op:
            case Linear() | Conv2d() as op:
                each = roundings(op)[0] - 2
            case AvgPool2d() | MaxPool2d() as op:
                each = prod(op.kernel)
            case _:
                each = 1
        total += prod(graph.shapes[k]) * each
    return total


def consumers(graph: Graph) -> list[list[int]]:
    """For every value, the values computed from it."""
    users: list[list[int]] = [[] for _ in graph.shapes]
    for k, node in enumerate(graph.nodes, start=1):
        for i in node.inputs:
            users[i].append(k)
    return users


def affine_in_input(graph: Graph) -> list[bool]:
    """Which values have no piecewise layer before them: they are affine on the whole path."""
    plain = [True]
    for node in graph.nodes:
        plain.append(not isinstance(node.op, PIECEWISE) and all(plain[i] for i in node.inputs))
    return plain


def pools_first(graph: Graph) -> Graph:
    """The same function and branch derivative with `relu(pool(z))` for `pool(relu(z))`: far fewer kinks on a path.

    A monotone unit commutes with a maximum. Derivatives agree too: where the maximum is positive the winner is the
    same, also the first of ties; where it is not, both orders give 0 (leaky: the slope, at the same winner).
    """
    nodes, users = list(graph.nodes), consumers(graph)
    for k in range(1, len(nodes) + 1):
        node = nodes[k - 1]
        monotone = isinstance(node.op, Relu) or (isinstance(node.op, LeakyRelu) and node.op.slope > 0)
        if not monotone or len(users[k]) != 1:
            continue
        p = users[k][0]
        pool = nodes[p - 1]
        if isinstance(pool.op, MaxPool2d):
            nodes[k - 1] = Node(pool.op, node.inputs, pool.name)
            nodes[p - 1] = Node(node.op, pool.inputs, node.name)
    return Graph(graph.input_shape, tuple(nodes), graph.name)


def with_axes(graph: Graph) -> Graph:
    """The same network where a value without an axis has one, of one entry: rows of values then have two axes or more."""

    def with_axis(op: Op) -> Op:
        match op:
            case Reshape(()):
                return Reshape((1,))
            case Select() if not op.index.shape:
                return Select(op.index.reshape(1), op.fill.reshape(1))
            case _:
                return op

    return Graph(graph.input_shape, tuple(Node(with_axis(n.op), n.inputs, n.name) for n in graph.nodes), graph.name)
