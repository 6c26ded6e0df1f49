"""Affine layers on rows of exact rationals: integer arrays over one common denominator, products by flint.

Every float is an integer over a power of two, so nothing is rounded and nothing is reduced on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property, reduce
from math import lcm, prod

import numpy as np
from flint import fmpz, fmpz_mat

from attrtheory.lower.wiring import pool_counts, window_table
from attrtheory.models.ops import OUTSIDE, AvgPool2d, Combine, Conv2d, Linear, Op, Scale, Select, Shape

BLOCK = 2**22  # integers gathered at once by a convolution


@dataclass(frozen=True, eq=False)
class Rows:
    """`numerators / denominator`: an object array of integers, rows first."""

    numerators: np.ndarray
    denominator: int

    def take(self, rows: np.ndarray) -> Rows:
        return Rows(self.numerators[rows], self.denominator)


def integers(array: np.ndarray) -> tuple[np.ndarray, int]:
    """Floats, integers or fractions as integers over their least common denominator."""
    ratios = [v.as_integer_ratio() for v in array.ravel().tolist()]
    scale = lcm(*{d for _, d in ratios})
    return objects([fmpz(n * (scale // d)) for n, d in ratios], array.shape), scale


def objects(entries: Sequence[object], shape: Shape) -> np.ndarray:
    out = np.empty(len(entries), dtype=object)
    out[:] = entries
    return out.reshape(shape)


def zeros(shape: Shape) -> np.ndarray:
    return np.full(shape, fmpz(0), dtype=object)


def matrix(array: np.ndarray) -> fmpz_mat:
    return fmpz_mat(array.shape[0], array.shape[1], array.ravel().tolist())


def product(x: np.ndarray, w: fmpz_mat) -> np.ndarray:
    """`x @ w` over the integers, for a 2-D array and a matrix."""
    return objects((matrix(x) * w).entries(), (len(x), w.ncols()))


def aligned(parts: Sequence[Rows]) -> tuple[list[np.ndarray], int]:
    """Numerators over one denominator."""
    common = lcm(*(p.denominator for p in parts))
    return [p.numerators * fmpz(common // p.denominator) for p in parts], common


class ExactAffine:
    """`y = (W x + b) / scale` with integer W and b."""

    def __init__(self, op: Op, ins: Sequence[Shape], out: Shape) -> None:
        self.op, self.ins, self.out, self.scale = op, ins, out, 1
        match op:
            case Linear() | Conv2d():
                (self.weight, p), (self.bias, q) = integers(op.weight), integers(op.bias)
                self._rescale(p, q)
            case Scale():
                (self.weight, p), (self.bias, q) = integers(op.scale), integers(op.shift)
                self._rescale(p, q)
                self.weight, self.bias = np.broadcast_to(self.weight, out), np.broadcast_to(self.bias, out)
            case Combine():
                self.weight, self.scale = integers(np.array(op.coefficients))
            case AvgPool2d():
                counts = pool_counts(ins[0], op)
                self.scale = lcm(*counts.tolist())
                self.weight = objects([fmpz(self.scale // c) for c in counts.tolist()], out[1:])
            case Select():
                self.bias, self.scale = integers(op.fill)
            case _:
                pass

    def _rescale(self, p: int, q: int) -> None:
        self.scale = lcm(p, q)
        self.weight, self.bias = self.weight * fmpz(self.scale // p), self.bias * fmpz(self.scale // q)

    @cached_property
    def magnitude(self) -> ExactAffine:
        """The layer with the absolute values of its weights: it carries radii, and what depends on what."""
        other = copy(self)
        other.__dict__.pop("_matrices", None)
        if hasattr(self, "weight"):
            other.weight = np.abs(self.weight)
        return other

    @cached_property
    def _matrices(self) -> list[tuple[fmpz_mat, fmpz_mat]]:
        """W^T and W; of a convolution, one pair per group on flattened windows."""
        if isinstance(self.op, Linear):
            return [(matrix(self.weight.T), matrix(self.weight))]
        groups = np.split(self.weight.reshape(len(self.weight), -1), self.op.groups)  # type: ignore[union-attr]
        return [(matrix(w.T), matrix(w)) for w in groups]

    @cached_property
    def _table(self) -> np.ndarray:
        """Flat positions of all windows in one channel, the padding as position h * w."""
        table = window_table(self.ins[0], self.op)  # type: ignore[arg-type]
        return np.where(table < 0, prod(self.ins[0][1:]), table)

    def push(self, xs: Sequence[Rows], constant: np.ndarray | None = None) -> Rows:
        """`W x` for every row, `+ b` on the rows where `constant` holds."""
        parts, den = aligned(xs)
        x, op = parts[0], self.op
        y: np.ndarray
        match op:
            case Linear():
                y = product(x.reshape(-1, x.shape[-1]), self._matrices[0][0]).reshape(len(x), *self.out)
            case Conv2d():
                step = max(1, BLOCK // (self._table.size * x.shape[1]))
                y = np.concatenate([self._convolved(x[i : i + step]) for i in range(0, len(x), step)])
            case AvgPool2d():
                y = self._windows(x).sum(-1).reshape(-1, *self.out) * self.weight
            case Scale():
                y = x * self.weight
            case Combine():
                y = reduce(np.add, (c * v for c, v in zip(self.weight, parts, strict=True)))
            case Select():
                rows = max(map(len, parts))  # a value may have one row for all
                columns = [np.broadcast_to(v.reshape(len(v), -1), (rows, v[0].size)) for v in parts]
                flat = np.concatenate([*columns, zeros((rows, 1))], axis=1)
                y = flat[:, op.index] * fmpz(self.scale)  # OUTSIDE reads the last entry
            case _:
                y = x.reshape(-1, *self.out)
        if constant is not None and isinstance(op, Linear | Conv2d | Scale | Select):
            bias = self.bias * fmpz(den)
            y[constant] = y[constant] + (bias[:, None, None] if isinstance(op, Conv2d) else bias)
        return Rows(y, den * self.scale)

    def pull(self, g: Rows) -> list[Rows]:
        """`W^T g` for every row: one signal for each input."""
        n, op, den = g.numerators, self.op, g.denominator * self.scale
        match op:
            case Linear():
                y = [product(n.reshape(-1, n.shape[-1]), self._matrices[0][1]).reshape(len(n), *self.ins[0])]
            case Conv2d():
                step = max(1, BLOCK // (self._table.size * self.ins[0][0]))
                y = [np.concatenate([self._transposed(n[i : i + step]) for i in range(0, len(n), step)])]
            case AvgPool2d():
                share = (n * self.weight).reshape(*n.shape[:2], -1, 1)
                y = [self._scattered(np.broadcast_to(share, (*n.shape[:2], *self._table.shape)))]
            case Scale():
                y = [n * self.weight]
            case Combine():
                y = [n * c for c in self.weight]
            case Select():
                flat = zeros((sum(map(prod, self.ins)) + 1, len(n)))
                np.add.at(flat, op.index.ravel(), n.reshape(len(n), -1).T * fmpz(self.scale))
                cuts = np.cumsum([prod(shape) for shape in self.ins])
                parts = np.split(flat[:OUTSIDE].T, cuts[:-1], axis=1)
                y = [part.reshape(-1, *shape) for part, shape in zip(parts, self.ins, strict=True)]
            case _:
                y = [n.reshape(-1, *self.ins[0])]
        return [Rows(v, den) for v in y]

    def _windows(self, x: np.ndarray) -> np.ndarray:
        """(rows, channels, windows, entries), 0 in the padding."""
        flat = np.concatenate([x.reshape(*x.shape[:2], -1), zeros((*x.shape[:2], 1))], axis=2)
        return flat[:, :, self._table]

    def _scattered(self, w: np.ndarray) -> np.ndarray:
        """The transpose of `_windows`."""
        rows, channels, *_ = w.shape
        flat = zeros((prod(self.ins[0][1:]) + 1, rows, channels))
        np.add.at(flat, self._table.ravel(), np.moveaxis(w.reshape(rows, channels, -1), 2, 0))
        return np.moveaxis(flat[:-1], 0, 2).reshape(rows, channels, *self.ins[0][1:])

    def _convolved(self, x: np.ndarray) -> np.ndarray:
        maps = []
        for part, (w, _) in zip(np.split(self._windows(x), len(self._matrices), axis=1), self._matrices, strict=True):
            columns = part.transpose(0, 2, 1, 3)  # rows, windows, channels, entries
            maps.append(product(columns.reshape(len(x) * len(self._table), -1), w))
        y = np.concatenate(maps, axis=1).reshape(len(x), len(self._table), -1)
        return y.transpose(0, 2, 1).reshape(-1, *self.out)

    def _transposed(self, g: np.ndarray) -> np.ndarray:
        parts, entries = [], self._table.shape[1]
        for part, (_, w) in zip(np.split(g, len(self._matrices), axis=1), self._matrices, strict=True):
            columns = part.reshape(*part.shape[:2], -1).transpose(0, 2, 1)  # rows, windows, out channels
            y = product(columns.reshape(-1, part.shape[1]), w).reshape(len(g), len(self._table), -1, entries)
            parts.append(y.transpose(0, 2, 1, 3))
        return self._scattered(np.concatenate(parts, axis=1))


