"""Means over several independent variables, written with the mean over [0, 1]."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrtheory.expr.special import normal_quantile
from attrtheory.expr.views import FnView, Value


def mean_uniform(f: FnView, count: int, body: Callable[[Sequence[Value]], Value]) -> Value:
    """The mean of `body(u)` over `count` independent variables, uniform on [0, 1]."""
    return _mean(f, count, lambda a: a, body)


def mean_normal(f: FnView, count: int, body: Callable[[Sequence[Value]], Value]) -> Value:
    """The mean of `body(g)` over `count` independent standard normal variables."""
    return _mean(f, count, normal_quantile, body)


def _mean(
    f: FnView, count: int, variable: Callable[[Value], Value], body: Callable[[Sequence[Value]], Value]
) -> Value:
    def inner(taken: list[Value]) -> Value:
        if len(taken) == count:
            return body(taken)
        return f.mean01(lambda a: inner([*taken, variable(a)]))

    return inner([])
