r"""Shapley and Banzhaf values of the game `v(S) = f(x on S, baseline elsewhere)`."""

from collections.abc import Callable
from fractions import Fraction
from itertools import combinations
from math import factorial

from attrtheory.errors import TooLarge
from attrtheory.expr.views import FnView, Point, Value, summed

MAX_FEATURES = 16


def shapley(f: FnView, x: Point, x0: Point, i: int) -> Value:
    r"""The mean marginal contribution over all orders of arrival.

    Definition:
        $\phi_i = \sum_{S\not\ni i}\frac{|S|!\,(n-|S|-1)!}{n!}\bigl[v(S\cup i) - v(S)\bigr]$,
        $v(S) = f(x_S, x^0_{-S})$

    Source: Shapley 1953; Sundararajan and Najmi 2020 (baseline Shapley), arXiv 1908.08474.
    Proved: completeness, dummy, null_displacement, linearity, symmetry, implementation_invariance,
        affine_scale_invariance, non_decreasing_positivity, affine_exactness, constants.
    """
    n = f.n
    return _mean_marginal(f, x, x0, i, lambda size: Fraction(factorial(size) * factorial(n - size - 1), factorial(n)))


def banzhaf(f: FnView, x: Point, x0: Point, i: int) -> Value:
    r"""The mean marginal contribution over all coalitions, each equally likely.

    Definition:
        $\phi_i = 2^{1-n}\sum_{S\not\ni i}\bigl[v(S\cup i) - v(S)\bigr]$, $v(S) = f(x_S, x^0_{-S})$

    Source: Banzhaf 1965; Covert, Lundberg, Lee 2021, arXiv 2011.14878.
    Proved: completeness (two features), dummy, null_displacement, linearity, symmetry, implementation_invariance,
        affine_scale_invariance, non_decreasing_positivity, affine_exactness, constants.
    Refuted: completeness (three features and more).
    """
    return _mean_marginal(f, x, x0, i, lambda size: Fraction(1, 2 ** (f.n - 1)))


def _mean_marginal(f: FnView, x: Point, x0: Point, i: int, weight: Callable[[int], Fraction]) -> Value:
    r"""$\sum_{S\not\ni i} \text{weight}(|S|)\,[v(S\cup i) - v(S)]$."""
    if f.n > MAX_FEATURES:
        raise TooLarge(f"{f.n} features have 2^{f.n} coalitions; the definition is evaluated for up to {MAX_FEATURES}")

    def v(members: set[int]) -> Value:
        return f(*(x[k] if k in members else x0[k] for k in range(f.n)))

    others = [k for k in range(f.n) if k != i]
    coalitions = (set(s) for size in range(f.n) for s in combinations(others, size))
    return summed(weight(len(s)) * (v(s | {i}) - v(s)) for s in coalitions)
