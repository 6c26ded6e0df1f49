r"""Sensitivity-n: do the attributions of n features add up to what the output loses without them?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from math import comb, sqrt
from typing import Any

from attrtheory.errors import BadInput, SideCondition, TooLarge
from attrtheory.metrics.explained import explained, texts
from attrtheory.metrics.least_squares import LeastSquares
from attrtheory.metrics.numbers import ONE, ZERO, Vector, dot
from attrtheory.metrics.optimum import Optimum

MOST_SUBSETS = 100_000


def sensitivity_n(
    model: Any, x: Any, baseline: Any, size: int, subsets: Sequence[Sequence[int]] | None = None, *, target: int = 0
) -> LeastSquares:
    r"""$\frac1m\sum_S \bigl(\sum_{i\in S} a_i - [f(x) - f(x \text{ with } x_S \to b_S)]\bigr)^2$ over sets of `size` features.

    It is 0 exactly if the attribution satisfies sensitivity-n on these sets. `subsets`: the sets, numbers of features; all
    of that size by default.

    Source: Ancona, Ceolini, Oztireli, Gross 2018, arXiv 1711.06104 (the property; they report its correlation).
    """
    return _squared("sensitivity_n", model, x, baseline, size, subsets, target, intercept=False)


def sensitivity_n_correlation(
    model: Any, x: Any, baseline: Any, size: int, subsets: Sequence[Sequence[int]] | None = None, *, target: int = 0
) -> Correlation:
    r"""The correlation of $\sum_{i\in S} a_i$ with $f(x) - f(x \text{ with } x_S \to b_S)$ over sets S of `size` features.

    Undefined, and refused, where one of the two is the same for all sets: a single set (n = d), equal attributions, a
    model that loses the same without any. Adding a number to all attributions, or scaling them by a positive one, does
    not change it.

    Source: Ancona, Ceolini, Oztireli, Gross 2018, arXiv 1711.06104.
    """
    return Correlation(_squared("sensitivity_n_correlation", model, x, baseline, size, subsets, target, intercept=True))


def _squared(
    name: str, model: Any, x: Any, baseline: Any, size: int, subsets: Any, target: int, *, intercept: bool
) -> LeastSquares:
    at = explained(model, x, baseline, target)
    at.beside()
    if type(size) is not int or not 1 <= size <= at.n:
        raise BadInput(f"size: how many features a set has, from 1 to {at.n}; got {size!r}")
    if subsets is None:
        if comb(at.n, size) > MOST_SUBSETS:
            raise TooLarge(f"{comb(at.n, size):,} sets of {size} of {at.n} features, not {MOST_SUBSETS:,}: give some subsets")
        chosen = list(combinations(range(at.n), size))
    else:
        listed = isinstance(subsets, Sequence) and all(isinstance(s, Collection) for s in subsets)
        chosen = [tuple(s) for s in subsets] if listed else []
        if not chosen or any(len(set(s)) != size or len(s) != size or not set(s) <= set(range(at.n)) for s in chosen):
            raise BadInput(f"subsets: lists of {size} distinct features from 0 to {at.n - 1}; got {str(subsets)[:60]}")
    rows = tuple(tuple(ONE if i in s else ZERO for i in range(at.n)) for s in map(set, chosen))
    minus = tuple(at.masked([1 - v for v in row]) for row in rows)
    weights = (Fraction(1, len(rows)),) * len(rows)
    parameters = {"size": size, "subsets": None if subsets is None else [list(s) for s in chosen]}
    return LeastSquares(name, at, rows, weights, (at.x,) * len(rows), minus, parameters, intercept)


@dataclass(frozen=True, eq=False)
class Correlation:
    r"""$\operatorname{corr}_S\bigl(\sum_{i\in S} a_i, t_S\bigr)$; larger is better.

    `value` is its signed square, $c\,|c| / (u v)$ for covariance c and variances u and v, which is rational.
    """

    squares: LeastSquares

    @property
    def at(self) -> Any:
        return self.squares.at

    @cached_property
    def spread(self) -> Fraction:
        """The variance of what the output loses."""
        spread = self.squares.quadratic.constant
        if not spread:
            raise SideCondition("the correlation is undefined: the output loses the same without any of these sets")
        return spread

    def exact(self, a: Vector) -> Fraction:
        q = self.squares.quadratic
        covariance = dot(q.linear, a)
        variance = dot(a, tuple(dot(row, a) for row in q.square))
        if not variance:
            raise SideCondition("the correlation is undefined: the attributions add up to the same on all of these sets")
        return covariance * abs(covariance) / (variance * self.spread)

    def value(self, attribution: Any) -> Fraction | float:
        """The signed square of the correlation."""
        return self.at.labelled(self.exact(self.at.attributions(attribution)))

    def correlation(self, attribution: Any) -> float:
        """The correlation itself, rounded."""
        square = self.exact(self.at.attributions(attribution))
        return sqrt(square) if square > 0 else -sqrt(-square)

    def optimum(self) -> CorrelationOptimum:
        r"""The largest correlation: the multiple correlation $R^2$, attained by the coefficients of a regression.

        For $C a^* = c$ every $a$ has $c \cdot a = a^\top C a^* \le \sqrt{a^\top C a}\,\sqrt{a^{*\top} C a^*}$.
        """
        q = self.squares.quadratic
        if not any(q.linear):
            free = next((i for i in range(q.n) if q.square[i][i] > 0), None)
            if not self.spread or free is None:
                raise SideCondition("the correlation is undefined for all attributions: there is a single set")
            return CorrelationOptimum(self, tuple(ONE * (i == free) for i in range(q.n)))
        self.spread  # noqa: B018  (refused where it is 0)
        return CorrelationOptimum(self, q.minimum([])["attribution"])

    def gap(self, attribution: Any) -> Fraction | float:
        """How much the signed square falls short of the largest."""
        return self.at.labelled(self.optimum().exact - self.exact(self.at.attributions(attribution)))

    def loss(self, attribution: Any) -> Any:
        """1 - correlation, differentiable, of attributions (..., d); NaN where it is undefined."""
        from attrtheory.metrics.losses import one_minus_correlation

        return one_minus_correlation(attribution, *self.squares.rounded)

    def to_json(self) -> dict[str, Any]:
        return self.squares.to_json()


@dataclass(frozen=True, eq=False, repr=False)
class CorrelationOptimum(Optimum):
    """The best attribution, centred; positive multiples of it, shifted alike in all features, are as good."""

    metric: Correlation
    attribution: Vector

    @property
    def exact(self) -> Fraction:
        return self.metric.exact(self.attribution)

    def evidence(self) -> dict[str, Any]:
        return {"value": str(self.exact), "attribution": texts(self.attribution)}
