"""What the tests of designs share: tables, and properties checked straight from their definitions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import permutations
from math import factorial
from typing import Any

import attrtheory.metrics.design.wishes as module
from attrtheory.metrics.design import (
    Support,
)
from attrtheory.metrics.design.constraints import program_of

Q = Fraction
Table = dict[tuple[Fraction, ...], Fraction]


def by_orders(n: int, i: int) -> Table:
    """Feature i's Shapley measure from all orders of arrival."""
    table = Table()
    for order in permutations(range(n)):
        before = order[: order.index(i)]
        for members, sign in (((*before, i), 1), (before, -1)):
            point = tuple(Q(k in members) for k in range(n))
            table[point] = table.get(point, Q(0)) + Q(sign, factorial(n))
    return {p: w for p, w in table.items() if w}


def violations(masses: Sequence[Table], x: Sequence[Fraction], z: Sequence[Fraction]) -> set[str]:
    """Which of completeness, dummy, constants and affine exactness fail, straight from their definitions."""
    found = set[str]()
    total = Table()
    for i, table in enumerate(masses):
        marginal = Table()
        for p, w in table.items():
            total[p] = total.get(p, Q(0)) + w
            rest = (*p[:i], *p[i + 1 :])
            marginal[rest] = marginal.get(rest, Q(0)) + w
        if any(marginal.values()):
            found.add("dummy")
        moment = [sum((w * p[j] for p, w in table.items()), Q(0)) for j in range(len(x))]
        if sum(table.values()):
            found |= {"constants", "affine_exactness"}
        if moment != [x[j] - z[j] if i == j else 0 for j in range(len(x))]:
            found.add("affine_exactness")
    total[tuple(x)] = total.get(tuple(x), Q(0)) - 1
    total[tuple(z)] = total.get(tuple(z), Q(0)) + 1
    return found | ({"completeness"} if any(total.values()) else set())


def dense(support: Support, wishes: Any) -> tuple[list[list[Fraction]], list[Fraction]]:
    program = program_of(support, module.wished(wishes))
    return [[row.get(j, Q(0)) for j in range(program.width)] for row in program.rows], list(program.right)
