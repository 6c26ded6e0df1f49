r"""Credits of orthants for known methods with baseline 0, each at a fixed input x: see `dual_sum`.

An orthant with thresholds t > 0 is reached from the baseline 0 if $t_k \le x_k$ for all k in u; else nobody is credited.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from attrtheory.errors import BadInput
from attrtheory.expr.forms import step
from attrtheory.expr.term import ONE, ZERO, Scalar, Term
from attrtheory.measures.extension.dual import Credit
from attrtheory.models.fn import rational

Features = tuple[int, ...]


def shapley_credit(x: Sequence[Scalar], i: int) -> Credit:
    """An equal share to each feature of the orthant."""
    return _reached(x, i, lambda p, u, t: ONE * Fraction(1, len(u)))


def occlusion_credit(x: Sequence[Scalar], i: int) -> Credit:
    """All of it to each feature of the orthant."""
    return _reached(x, i, lambda p, u, t: ONE)


def straight_path_credit(x: Sequence[Scalar], i: int) -> Credit:
    """All of it to the feature that arrives last on the straight path: Integrated Gradients."""

    def last(p: list[Fraction], u: Features, t: Sequence[Term]) -> Term:
        own = t[u.index(i)]
        out = ONE
        for k, threshold in zip(u, t, strict=True):
            out = out if k == i else out * step(own * p[k] - threshold * p[i])
        return out

    return _reached(x, i, last)


def partial_dependence_credit(x: Sequence[Scalar], i: int) -> Credit:
    """Feature i at its value, the others uniform on [0, 1]: the share of their values beyond the thresholds."""
    p = _point(x, i)

    def share(u: Features, t: Sequence[Term]) -> Term:
        out = ONE
        for k, threshold in zip(u, t, strict=True):
            out = out * (1 - step(threshold - p[k]) if k == i else 1 - threshold)
        return out

    return Credit(len(p), share)


Share = Callable[[list[Fraction], Features, Sequence[Term]], Term]


def _reached(x: Sequence[Scalar], i: int, share: Share) -> Credit:
    """A share of each orthant that contains the input, to the features that it asks for."""
    p = _point(x, i)

    def credit(u: Features, t: Sequence[Term]) -> Term:
        if i not in u:
            return ZERO
        out = share(p, u, t)
        for k, threshold in zip(u, t, strict=True):
            out = out * (1 - step(threshold - p[k]))
        return out

    return Credit(len(p), credit)


def _point(x: Sequence[Scalar], i: int) -> list[Fraction]:
    p = [rational(q) for q in x]
    if not 0 <= i < len(p) or not all(0 <= q <= 1 for q in p):
        raise BadInput(f"a point of the unit cube and one of its features are asked for; got {[*map(str, p)]} and {i}")
    return p
