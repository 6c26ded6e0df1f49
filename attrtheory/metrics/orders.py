r"""The best order of a curve, by dynamic programming over sets, and the potential that proves it.

An order is a path from the empty to the full set, its area the sum of $c(S)$ over its sets. If $\Phi(N) \le c(N)$ and
$\Phi(S) \le c(S) + \Phi(S \cup i)$ for all S and $i \notin S$, then no path costs less than $\Phi(\emptyset)$.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

from attrtheory.errors import BadCertificate
from attrtheory.metrics.curves import Curve
from attrtheory.metrics.numbers import Vector
from attrtheory.metrics.optimum import Optimum


@dataclass(frozen=True, eq=False)
class CurveOptimum(Optimum):
    """The best order. `potential / denominator` is a bound from below on what every order still costs from each set on.

    `attribution`: d for the first feature of the order, 1 for the last; no ties.
    """

    metric: Curve
    order: tuple[int, ...]
    potential: tuple[int, ...]
    denominator: int

    def __repr__(self) -> str:
        return f"CurveOptimum({self.metric.name}, value {self.value}, order {self.order}, trust {self.trust})"

    @property
    def exact(self) -> Fraction:
        return self.metric.sign * Fraction(self.potential[0], self.denominator)

    @property
    def attribution(self) -> Vector:
        return ranks(self.order)

    def evidence(self) -> dict[str, Any]:
        potential, value = list(self.potential), str(self.exact)
        return {"value": value, "order": list(self.order), "denominator": self.denominator, "potential": potential}


def ranks(order: Sequence[int]) -> Vector:
    """Attributions in this order: d, d - 1, ..., 1."""
    place = {i: k for k, i in enumerate(order)}
    return tuple(Fraction(len(order) - place[i]) for i in range(len(order)))


def best_order(curve: Curve) -> CurveOptimum:
    """The best order and what it costs from every set on."""
    costs, scale = scaled_costs(curve)
    n, potential = curve.at.n, list(costs)
    for s in range(2**n - 2, -1, -1):
        potential[s] += min(potential[s | 1 << i] for i in range(n) if not s >> i & 1)
    order, s = list[int](), 0
    for _ in range(n):
        i = min((i for i in range(n) if not s >> i & 1), key=lambda i: potential[s | 1 << i])
        order.append(i)
        s |= 1 << i
    return CurveOptimum(curve, tuple(order), tuple(potential), scale)


def scaled_costs(curve: Curve) -> tuple[list[int], int]:
    """The cost of every set, times one denominator."""
    shares = [curve.sign * curve.share(size) for size in range(curve.at.n + 1)]
    of_values, of_shares = lcm(*(v.denominator for v in curve.table)), lcm(*(q.denominator for q in shares))
    factors = [q.numerator * (of_shares // q.denominator) for q in shares]
    costs = [v.numerator * (of_values // v.denominator) * factors[s.bit_count()] for s, v in enumerate(curve.table)]
    return costs, of_values * of_shares


def check_potential(curve: Curve, order: Sequence[int], potential: Sequence[int], denominator: int) -> None:
    """That no order costs less than the potential of the empty set, and that this order attains it.

    Raises:
        BadCertificate: it does not.
    """
    costs, scale = scaled_costs(curve)
    n = curve.at.n
    if denominator < 1 or len(potential) != len(costs):
        raise BadCertificate(f"a potential has one number for each of {len(costs)} sets, over a positive denominator")
    if curve.sign * curve.of_order(order) * denominator != potential[0]:
        raise BadCertificate("the order does not attain what the potential proves")
    costs, held = [c * denominator for c in costs], [p * scale for p in potential]
    if held[-1] > costs[-1]:
        raise BadCertificate("the potential of the full set exceeds its cost")
    for s in range(2**n - 1):
        if any(held[s] > costs[s] + held[s | 1 << i] for i in range(n) if not s >> i & 1):
            raise BadCertificate(f"the potential of set {s:b} exceeds what some order costs from there on")
