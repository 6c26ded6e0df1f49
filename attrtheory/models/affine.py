"""Every affine layer in one form: matrices over gathered entries, then a factor and a shift per entry.

    y = factor * (sum over blocks of weight @ x[source], put at sink) + shift

Where a convolution's windows lie is said here and nowhere else: exact evaluation, its derivative and the
symbolic rows all read these tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import NamedTuple

import numpy as np

from attrtheory.errors import TooLarge, Unsupported
from attrtheory.models.ops import (
    OUTSIDE,
    Array,
    AvgPool2d,
    Combine,
    Conv2d,
    Linear,
    MaxPool2d,
    Op,
    Pair,
    Reshape,
    Scale,
    Select,
    Shape,
    windows,
)

AFFINE = (Linear, Conv2d, AvgPool2d, Scale, Combine, Reshape, Select)
Sides = tuple[int, int, int, int]
LARGEST_TABLE = 2**25  # gathered entries of one layer


class Row(NamedTuple):
    """One output entry: `sum weight * x[index] + bias`; several inputs stand one behind the other."""

    terms: list[tuple[int, Fraction]]
    bias: Fraction


@dataclass(frozen=True, eq=False)
class Block:
    """`weight` (m, k); `source` (k, p) and `sink` (m, p) are positions in the flattened input and output.

    The entry at OUTSIDE is 0.
    """

    weight: Array
    source: Array
    sink: Array


@dataclass(frozen=True, eq=False)
class Affine:
    """`blocks` None is the identity; `factor` and `shift` None are 1 and 0."""

    size: int
    blocks: tuple[Block, ...] | None = None
    factor: list[Fraction] | None = None
    shift: list[Fraction] | None = None


def affine_form(op: Op, x: Shape) -> Affine:
    """The form of an affine layer on inputs of shape `x`; a selection needs no shape."""
    if isinstance(op, Select):
        block = Block(np.ones((1, 1)), op.index.reshape(1, -1), _grid(1, op.index.size))
        return Affine(op.index.size, (block,), shift=fractions(op.fill.ravel()))
    out = prod(op.shape(*([x] * len(op.coefficients) if isinstance(op, Combine) else [x])))
    match op:
        case Linear(w, b):
            rows = out // w.shape[0]
            block = Block(w, _grid(rows, w.shape[1]).T, _grid(rows, w.shape[0]).T)
            return Affine(out, (block,), shift=fractions(np.tile(b, rows)))
        case Conv2d(w, b, stride, padding, dilation, groups):
            source = patches(x, (w.shape[2], w.shape[3]), stride, padding, dilation)
            positions = source.shape[-1]
            sink, share = _grid(w.shape[0], positions), x[0] // groups
            blocks = tuple(
                Block(
                    w[rows].reshape(len(sink[rows]), -1),
                    source[g * share : (g + 1) * share].reshape(-1, positions),
                    sink[rows],
                )
                for g, rows in enumerate(_split(w.shape[0], groups))
            )
            return Affine(out, blocks, shift=fractions(np.repeat(b, positions)))
        case AvgPool2d(kernel, stride, padding, include):
            source = patches(x, kernel, stride, padding, (1, 1)).transpose(1, 0, 2).reshape(prod(kernel), -1)
            counts = np.full(out, prod(kernel)) if include else (source != OUTSIDE).sum(axis=0)
            block = Block(np.ones((1, prod(kernel))), source, _grid(1, out))
            return Affine(out, (block,), factor=[Fraction(1, n) for n in counts.tolist()])
        case Scale(scale, shift):
            factor, offset = (fractions(np.broadcast_to(a, x).ravel()) for a in (scale, shift))
            return Affine(out, None, factor, offset)
        case Combine(coefficients):
            block = Block(np.array([coefficients]), _grid(len(coefficients), out), _grid(1, out))
            return Affine(out, (block,))
        case Reshape():
            return Affine(out)
        case other:
            raise Unsupported(f"{type(other).__name__} is not affine")


def sparse_rows(op: Op, in_shape: Shape) -> list[Row]:
    """One row for each entry of the layer's output, in row-major order; zero weights are left out."""
    form = affine_form(op, in_shape)
    rows: list[list[tuple[int, Fraction]]] = [[] for _ in range(form.size)]
    if form.blocks is None:
        rows = [[(i, Fraction(1))] for i in range(form.size)]
    for block in form.blocks or ():
        sources = block.source.T.tolist()
        for weight, sinks in zip(block.weight, block.sink.tolist(), strict=True):
            exact = fractions(weight)
            for i, source in zip(sinks, sources, strict=True):
                rows[i] += [(j, w) for j, w in zip(source, exact, strict=True) if w and j != OUTSIDE]
    if form.factor is not None:
        rows = [[(j, f * w) for j, w in row if f] for f, row in zip(form.factor, rows, strict=True)]
    bias = form.shift or [Fraction(0)] * form.size
    return [Row(row, b) for row, b in zip(rows, bias, strict=True)]


def patches(x: Shape, kernel: Pair, stride: Pair, padding: Sides, dilation: Pair) -> Array:
    """(channels, kernel entries, windows): which entry of the flattened input a window reads where."""
    counts = windows(x, kernel, stride, padding, dilation)
    if (size := x[0] * prod(kernel) * prod(counts)) > LARGEST_TABLE:
        raise TooLarge(f"windows {kernel} on {x} gather {size:,} entries; at most {LARGEST_TABLE:,} are")
    h, w = (
        s * np.arange(c)[None, :] + d * np.arange(k)[:, None] - before
        for c, k, s, d, before in zip(counts, kernel, stride, dilation, padding[:2], strict=True)
    )
    rows, columns = h[:, None, :, None], w[None, :, None, :]
    inside = (rows >= 0) & (rows < x[1]) & (columns >= 0) & (columns < x[2])
    plane = np.where(inside, rows * x[2] + columns, OUTSIDE).reshape(prod(kernel), prod(counts))
    offsets = (np.arange(x[0]) * x[1] * x[2])[:, None, None]
    return np.where(plane == OUTSIDE, OUTSIDE, plane + offsets)


def fractions(values: Array) -> list[Fraction]:
    """The exact values, with one object per distinct number."""
    numbers = values.tolist()
    exact = {v: Fraction(v) for v in set(numbers)}
    return [exact[v] for v in numbers]


def _grid(rows: int, columns: int) -> Array:
    return np.arange(rows * columns).reshape(rows, columns)


def _split(n: int, groups: int) -> Iterable[slice]:
    return (slice(g * (n // groups), (g + 1) * (n // groups)) for g in range(groups))


def max_windows(op: MaxPool2d, x: Shape) -> list[list[int]]:
    """For each output entry, the entries that compete for it, in row-major order."""
    source = patches(x, op.kernel, op.stride, op.padding, op.dilation).transpose(0, 2, 1)
    return [[i for i in window if i != OUTSIDE] for window in source.reshape(-1, source.shape[2]).tolist()]
