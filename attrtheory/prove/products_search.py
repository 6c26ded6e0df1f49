# pyright: standard
# scipy ships no types.
"""The search behind rule "products of hypotheses": a linear program for each case; what it finds is checked exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import chain, combinations_with_replacement
from typing import Any

from attrtheory.expr.algebra import fold
from attrtheory.expr.syntax import dumps
from attrtheory.expr.term import ZERO, Term
from attrtheory.prove.products import MAX_CASES, Known, holds, in_case, next_guard
from attrtheory.semantics.ring import Poly, Ring

MAX_DEGREE = 3
MAX_PRODUCTS = 4000
LARGEST_DENOMINATOR = 10_000
SMALL, TINY = 1e-3, 1e-9  # how much of a strict product is asked for; what is taken for 0
NO_GOAL = Known("no goal", ZERO, strict=False)

Product = tuple[tuple[Known, ...], tuple[Term, ...]]  # facts, and terms that are squared


def prove_goal(
    facts: Sequence[Known], goal: Known, squares: Sequence[Term] = (), *, degree: int = MAX_DEGREE, depth: int = 0
) -> Any | None:
    """A proof that `holds`, of products of up to `degree` facts, or None where none was found, which says nothing."""
    guard = next_guard(facts, goal)
    if guard is None:
        return _first(facts, goal, squares, degree)
    if depth and (none := _none(facts, degree=1)) is not None:
        return none
    if depth >= MAX_CASES:
        return None
    parts = [
        prove_goal(
            *in_case(facts, goal, guard, positive=positive, depth=depth), squares, degree=degree, depth=depth + 1
        )
        for positive in (True, False)
    ]
    return None if None in parts else {"cases": parts}


def _first(facts: Sequence[Known], goal: Known, squares: Sequence[Term], most: int) -> Any | None:
    for degree in range(1, most + 1):
        if (proof := _combined(facts, goal, squares, degree)) is not None:
            return proof
        if degree < MAX_DEGREE and (proof := _none(facts, degree)) is not None:
            return proof
    return None


def _none(facts: Sequence[Known], degree: int) -> Any | None:
    return _combined(facts, None, (), degree)


def _products(facts: Sequence[Known], squares: Sequence[Term], degree: int) -> Iterator[Product]:
    for k in range(degree + 1):
        yield from ((of, ()) for of in combinations_with_replacement(facts, k))
        yield from ((of, (s,)) for s in squares for of in combinations_with_replacement(facts, k))


def _combined(facts: Sequence[Known], goal: Known | None, squares: Sequence[Term], degree: int) -> Any | None:
    """Positive coefficients with which some products add up to the goal, or to 0 with a positive part (goal None)."""
    ring, memo = Ring(), dict[Term, Poly]()
    products = list(_products(facts, squares, degree))
    if len(products) > MAX_PRODUCTS:
        return None
    columns: list[Poly] = []
    for of, squared in products:
        column = ring.const(Fraction(1))
        for form in chain((f.form for f in of), *((s, s) for s in squared)):
            column = ring.mul(column, fold(form, ring, memo))
        columns.append(column)
    strict = [all(f.strict for f in of) and not squared for of, squared in products]
    target = {} if goal is None else fold(goal.form, ring, memo)
    found = _coefficients(columns, target, strict if goal is None or goal.strict else None)
    if found is None:
        return None
    parts = [
        {"times": str(c), "of": [f.label for f in of], "squares": [dumps(s) for s in squared]}
        for c, (of, squared) in zip(found, products, strict=True)
        if c
    ]
    proof = {"none" if goal is None else "sum": parts}
    return proof if holds(facts, goal or NO_GOAL, proof) else None


def _coefficients(columns: Sequence[Poly], target: Poly, strict: Sequence[bool] | None) -> list[Fraction] | None:
    """Non-negative rationals c with sum c_k column_k = target, a strict one among them where that is asked; the least sum."""
    import numpy as np
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    rows = {m: i for i, m in enumerate(dict.fromkeys(chain(target, *columns)))}
    entries = [(rows[m], k, float(c)) for k, column in enumerate(columns) for m, c in column.items()]
    i, k, values = zip(*entries, strict=True)
    solved = linprog(
        np.ones(len(columns)),
        A_eq=coo_array((values, (i, k)), shape=(len(rows), len(columns))).tocsr(),
        b_eq=[float(target.get(m, 0)) for m in rows],
        A_ub=None if strict is None else -np.array([strict], float),
        b_ub=None if strict is None else [-1.0 if not target else -SMALL],
        method="highs-ds",
    )
    if solved.status != 0:
        return None
    return [Fraction(c).limit_denominator(LARGEST_DENOMINATOR) if c > TINY else Fraction(0) for c in solved.x]
