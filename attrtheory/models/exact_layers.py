"""Layers on exact rationals, forward and backward: affine, rectifying, maximal."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm
from typing import Any, Protocol

from flint import fmpz_mat

from attrtheory.models.affine import OUTSIDE, affine_form, max_windows
from attrtheory.models.ops import Array, LeakyRelu, MaxPool2d, Op, Relu, Shape
from attrtheory.models.ratios import Ratios, dyadic, ratios


class ExactLayer(Protocol):
    """`backward(g, x)`: the derivative in the input at `x`, given the derivative `g` in the output."""

    def forward(self, x: Ratios) -> Ratios: ...
    def backward(self, g: Ratios, x: Ratios) -> Ratios: ...


def exact_layer(op: Op, x: Shape) -> ExactLayer:
    match op:
        case Relu():
            return Rectifier(0.0)
        case LeakyRelu(slope):
            return Rectifier(slope)
        case MaxPool2d():
            return Maxima(max_windows(op, x))
        case affine:
            return ExactAffine(affine, x)


class ExactAffine:
    """`factor * (matrices on gathered entries) + shift`, with integer matrices over one denominator."""

    def __init__(self, op: Op, x: Shape) -> None:
        form = affine_form(op, x)
        self.size, self.blocks = form.size, form.blocks
        weights = [dyadic(b.weight) for b in form.blocks or ()]
        self.denominator = lcm(*(w.denominator for w in weights))
        self.matrices: list[fmpz_mat] = []
        for block, w in zip(form.blocks or (), weights, strict=True):
            self.matrices.append(_matrix(block.weight, w.over(self.denominator)))
        self.factor = None if form.factor is None else ratios(form.factor)
        self.shift = None if form.shift is None else ratios(form.shift)

    def forward(self, x: Ratios) -> Ratios:
        y = x
        if self.blocks is not None:
            out: list[Any] = [0] * self.size
            padded = [*x.integers, 0]  # OUTSIDE reads the last entry
            for block, matrix in zip(self.blocks, self.matrices, strict=True):
                gathered = _matrix(block.source, [padded[i] for i in block.source.ravel().tolist()])
                for i, n in zip(block.sink.ravel().tolist(), (matrix * gathered).entries(), strict=True):
                    out[i] = n
            y = Ratios(out, x.denominator * self.denominator)
        y = y if self.factor is None else y.times(self.factor)
        return y if self.shift is None else y.plus(self.shift)

    def backward(self, g: Ratios, x: Ratios) -> Ratios:
        g = g if self.factor is None else g.times(self.factor)
        if self.blocks is None:
            return g
        total: list[Any] = [0] * (len(x.integers) + 1)  # OUTSIDE adds to the last entry, which is dropped
        for block, matrix in zip(self.blocks, self.matrices, strict=True):
            gathered = _matrix(block.sink, [g.integers[i] for i in block.sink.ravel().tolist()])
            spread = (matrix.transpose() * gathered).entries()
            for i, n in zip(block.source.ravel().tolist(), spread, strict=True):
                total[i] += n
        return Ratios(total[:OUTSIDE], g.denominator * self.denominator)


class Rectifier:
    """`x` where x > 0, else `slope x`; the derivative at 0 is the slope."""

    def __init__(self, slope: float) -> None:
        self.below, self.above = Fraction(slope).as_integer_ratio()

    def _branches(self, g: Ratios, x: Ratios) -> Ratios:
        factors = (self.above if n > 0 else self.below for n in x.integers)
        return Ratios([f * m for f, m in zip(factors, g.integers, strict=True)], g.denominator * self.above)

    def forward(self, x: Ratios) -> Ratios:
        return self._branches(x, x)

    def backward(self, g: Ratios, x: Ratios) -> Ratios:
        return self._branches(g, x)


class Maxima:
    """Window maxima; the derivative is that of the first maximum (`max` keeps the first of equals)."""

    def __init__(self, windows: list[list[int]]) -> None:
        self.windows = windows

    def forward(self, x: Ratios) -> Ratios:
        return Ratios([max(x.integers[i] for i in window) for window in self.windows], x.denominator)

    def backward(self, g: Ratios, x: Ratios) -> Ratios:
        total: list[Any] = [0] * len(x.integers)
        for m, window in zip(g.integers, self.windows, strict=True):
            total[max(window, key=x.integers.__getitem__)] += m
        return Ratios(total, g.denominator)


def _matrix(like: Array, integers: Sequence[Any]) -> fmpz_mat:
    rows, columns = like.shape
    return fmpz_mat(rows, columns, integers)
