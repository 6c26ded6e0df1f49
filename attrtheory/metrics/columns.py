"""Exact values of a model at many points: whole numbers over one denominator for each subterm, in numpy's object arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np

from attrtheory.errors import Unsupported
from attrtheory.expr.algebra import fold
from attrtheory.models.fn import Fn
from attrtheory.semantics.exact import evaluate


@dataclass(frozen=True, eq=False)
class Column:
    """The rationals `whole / denominator`, one for each point."""

    whole: Any  # an array of Python's integers, or one of them
    denominator: int


class Columns:
    """The algebra of columns."""

    def __init__(self, env: dict[str, Column]) -> None:
        self.env = env

    def const(self, q: Fraction) -> Column:
        return Column(q.numerator, q.denominator)

    def var(self, name: str) -> Column:
        return self.env[name]

    def affine(self, constant: Fraction, coefficients: Sequence[Fraction], values: Sequence[Column]) -> Column:
        scale = lcm(constant.denominator, *(q.denominator * v.denominator for q, v in zip(coefficients, values, strict=True)))
        whole = constant.numerator * (scale // constant.denominator)
        for q, v in zip(coefficients, values, strict=True):
            whole = whole + v.whole * (q.numerator * (scale // (q.denominator * v.denominator)))
        return Column(whole, scale)

    def mul(self, a: Column, b: Column) -> Column:
        return Column(a.whole * b.whole, a.denominator * b.denominator)

    def div(self, a: Column, b: Column) -> Column:
        if isinstance(b.whole, np.ndarray):
            raise Unsupported("a denominator of its own for every point")
        q = Fraction(b.denominator, b.whole) if b.whole else Fraction(0)  # division is total
        return Column(a.whole * q.numerator, a.denominator * q.denominator)

    def ite(self, g: Column, a: Column, b: Column) -> Column:
        scale = lcm(a.denominator, b.denominator)
        left, right = a.whole * (scale // a.denominator), b.whole * (scale // b.denominator)
        if not isinstance(g.whole, np.ndarray):
            return Column(left if g.whole > 0 else right, scale)
        ends = [np.asarray(side, dtype=object) for side in (left, right)]  # never machine integers, which overflow
        return Column(np.where((g.whole > 0).astype(bool), *ends), scale)

    def bound(self, level: int) -> Column:
        raise Unsupported("a mean, which is evaluated point by point")

    def mean01(self, level: int, body: Column) -> Column:
        raise Unsupported("a mean, which is evaluated point by point")

    def call(self, name: str, orders: tuple[int, ...], args: Sequence[Column]) -> Column:
        raise Unsupported(f"the unknown function {name!r} has no values")


def values_at(model: Fn, points: Sequence[Sequence[Fraction]]) -> list[Fraction]:
    """The model at every point, in exact rationals."""
    return _values(model, [_column([p[k] for p in points]) for k in range(model.n)], len(points))


def values_between(model: Fn, x: Sequence[Fraction], baseline: Sequence[Fraction], kept: np.ndarray) -> list[Fraction]:
    """The model at `x` where `kept` (points, features), at the baseline elsewhere."""
    ends = [_column(pair) for pair in zip(baseline, x, strict=True)]
    columns = [Column(end.whole[kept[:, k].astype(int)], end.denominator) for k, end in enumerate(ends)]
    return _values(model, columns, len(kept))


def _values(model: Fn, columns: Sequence[Column], count: int) -> list[Fraction]:
    try:
        value = fold(model.body, Columns(dict(zip(model.names, columns, strict=True))))
    except Unsupported:
        points = [[Fraction(c.whole[k], c.denominator) for c in columns] for k in range(count)]
        return [evaluate(model.body, dict(zip(model.names, p, strict=True))) for p in points]
    whole = value.whole if isinstance(value.whole, np.ndarray) else [value.whole] * count
    return [Fraction(v, value.denominator) for v in whole]


def _column(values: Sequence[Fraction]) -> Column:
    scale = lcm(*(v.denominator for v in values))
    return Column(np.array([v.numerator * (scale // v.denominator) for v in values], dtype=object), scale)
