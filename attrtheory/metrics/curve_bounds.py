"""Curves of more features than all sets of which can be evaluated: a good order, and a bound that no order passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import comb
from typing import Any

from attrtheory.errors import BadCertificate, BadInput
from attrtheory.expr.algebra import fold
from attrtheory.expr.term import var
from attrtheory.metrics.curves import Curve
from attrtheory.metrics.forms import Form, Forms, Interval
from attrtheory.metrics.numbers import ZERO, Vector, identity
from attrtheory.metrics.optimum import Optimum
from attrtheory.metrics.orders import ranks
from attrtheory.models.fn import Fn
from attrtheory.models.graph import Graph
from attrtheory.models.terms import to_terms

ROUNDS = 4  # of exchanges of neighbours
MOST_SETS = 2_000  # of one size, all of which are evaluated


@dataclass(frozen=True, eq=False)
class CurveBounds(Optimum):
    """`order` attains `attained`; no order is better than `bound` (below it for deletion, above it for insertion)."""

    metric: Curve
    order: tuple[int, ...]
    attained: Fraction
    bound: Fraction

    def __repr__(self) -> str:
        bound = self.metric.at.labelled(self.bound)
        return f"CurveBounds({self.metric.name}, value {self.value}, bound {bound}, order {self.order}, trust {self.trust})"

    @property
    def statement(self) -> str:
        if self.is_optimal:
            return super().statement
        name = self.metric.name
        return f"an order attains {self.attained} of {name}, and none passes {self.bound}; the optimum lies between"

    @property
    def exact(self) -> Fraction:
        return self.attained

    @property
    def attribution(self) -> Vector:
        return ranks(self.order)

    @property
    def is_optimal(self) -> bool:
        return self.attained == self.bound

    def evidence(self) -> dict[str, Any]:
        return {"order": list(self.order), "value": str(self.attained), "bound": str(self.bound)}


def curve_bounds(curve: Curve) -> CurveBounds:
    """The feature that helps most next, then exchanges of neighbours while they help; and the bound set size by set size."""
    n, order, passed = curve.at.n, list[int](), 0
    bound = size_bound(curve)
    while len(order) < n:
        left = [i for i in range(n) if not passed >> i & 1]
        values = curve.along([passed | 1 << i for i in left])
        best = min(range(len(left)), key=lambda k: curve.sign * values[k])
        order.append(left[best])
        passed |= 1 << left[best]
    for _ in range(ROUNDS):
        before = list(order)
        _exchange(curve, order)
        if order == before:
            break
    return CurveBounds(curve, tuple(order), curve.of_order(order), bound)


def _exchange(curve: Curve, order: list[int]) -> None:
    """Neighbours k, k + 1 change places where the one set between them gets better."""
    for k in range(len(order) - 1):
        start = sum(1 << i for i in order[:k])
        here, there = curve.along([start | 1 << order[k], start | 1 << order[k + 1]])
        if curve.sign * there < curve.sign * here:
            order[k], order[k + 1] = order[k + 1], order[k]


def size_bound(curve: Curve) -> Fraction:
    """For each size the best that the model can be on a set of that size: all are tried if few, else by affine forms."""
    n, choose, area = curve.at.n, min if curve.sign > 0 else max, ZERO
    relaxed = None
    for size in range(n + 1):
        if comb(n, size) <= MOST_SETS:
            best = choose(curve.along([sum(1 << i for i in some) for some in combinations(range(n), size)]))
        else:
            relaxed = relaxed or _relaxed(curve)
            best = choose(relaxed(size))
        area += curve.share(size) * best
    return area


def _relaxed(curve: Curve) -> Callable[[int], Interval]:
    """Bounds of the model on sets of a size; the unknowns of the forms are the sets' indicators."""
    n, at = curve.at.n, curve.at
    model = _as_fn(at.model, at.target)
    start, stop = (at.x, at.beside()) if curve.name == "deletion" else (at.beside(), at.x)
    unit = identity(n)
    env = {
        name: Form(tuple((q - p) * v for v in unit[k]), p, p)
        for k, (name, p, q) in enumerate(zip(model.names, start, stop, strict=True))
    }

    def bounds(size: int) -> Interval:
        algebra = Forms(env, lambda slopes: _sized(slopes, size), n)
        return algebra.range(fold(model.body, algebra))

    return bounds


def _sized(slopes: Vector, size: int) -> Interval:
    """The least and the largest sum of `size` of the slopes."""
    ranked = sorted(slopes)
    return sum(ranked[:size], ZERO), sum(ranked[len(ranked) - size :], ZERO)


def _as_fn(model: Any, target: int) -> Fn:
    if isinstance(model, Fn):
        return model
    if isinstance(model, Graph):
        names = tuple(f"x{k + 1}" for k in range(model.features))
        return Fn(names, to_terms(model, [var(name) for name in names], target))
    raise BadInput("bounds for all orders need to see the model: a Fn or a Graph, not a function of floats")


def check_bounds(curve: Curve, order: tuple[int, ...]) -> CurveBounds:
    """The bounds as the checker finds them itself; the order is all that it is given."""
    try:
        return CurveBounds(curve, order, curve.of_order(order), size_bound(curve))
    except BadInput as error:
        raise BadCertificate(str(error)) from error
