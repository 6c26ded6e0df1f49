"""The weights of least sum of squares among those that meet the equations, with multipliers that prove it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from flint import fmpq, fmpq_mat

from attrtheory.errors import BadCertificate, EngineDisagreement, TooLarge
from attrtheory.metrics.design.objectives import SumOfSquares
from attrtheory.metrics.design.supports import Support
from attrtheory.metrics.elimination import Row, Solutions, along, solutions, transposed
from attrtheory.metrics.numbers import Vector, dot
from attrtheory.metrics.programs import Optimum

MAX_FREE = 1500  # degrees of freedom: the system solved is dense


def least_squares(
    objective: SumOfSquares, support: Support, rows: tuple[Row, ...], right: Vector, feasible: Solutions
) -> tuple[Optimum, bool]:
    """The optimum, and whether it is the only one.

    On the solutions v = v0 + Z t the sum of squares is least where Z'QZ t = Z'(q - Q v0); Q is positive semidefinite by
    its form, so what is stationary is least.
    """
    if len(feasible.free) > MAX_FREE:
        raise TooLarge(f"{len(feasible.free)} degrees of freedom; least squares are solved up to {MAX_FREE}: ask for more")
    Q, q, _ = objective.normal_equations(support)
    v, Z = feasible.one(), feasible.directions()
    slope = [a - along(row, v) for a, row in zip(q, Q, strict=True)]
    steps = solutions(_curvature(Q, Z), [dot(z, slope) for z in Z], len(Z))
    if steps is None:
        raise EngineDisagreement("normal equations have no solution, which a sum of squares excludes")
    moves = transposed([{j: e for j, e in enumerate(z) if e} for z in Z], len(v))
    v = tuple(a + along(column, steps.one()) for a, column in zip(v, moves, strict=True))
    gradient = [2 * (along(row, v) - a) for row, a in zip(Q, q, strict=True)]
    multipliers = solutions(transposed(rows, len(v)), gradient, len(rows))
    if multipliers is None:
        raise EngineDisagreement("the gradient of a constrained optimum is no combination of the constraints")
    optimum = Optimum(v, multipliers.one(), value(objective, support, v))
    return check_least_squares(objective, support, rows, right, optimum), not steps.free


def is_only_minimum(objective: SumOfSquares, support: Support, feasible: Solutions) -> bool:
    """Is the sum of squares curved in every direction that the equations leave?"""
    Z = feasible.directions()
    found = solutions(_curvature(objective.normal_equations(support)[0], Z), [Fraction(0)] * len(Z), len(Z))
    return found is not None and not found.free


def _curvature(Q: Sequence[Row], Z: Sequence[Vector]) -> list[Row]:
    """Z'QZ."""
    if not Z:
        return []
    width = len(Q)
    basis = fmpq_mat(len(Z), width, [_quotient(e) for z in Z for e in z])
    hessian = fmpq_mat(width, width, [_quotient(row.get(j, Fraction(0))) for row in Q for j in range(width)])
    table = (basis * hessian * basis.transpose()).tolist()
    return [{j: Fraction(int(e.p), int(e.q)) for j, e in enumerate(row) if e} for row in table]


def value(objective: SumOfSquares, support: Support, v: Vector) -> Fraction:
    """The sum of squares at weights v."""
    Q, q, c = objective.normal_equations(support)
    return dot(v, [along(row, v) for row in Q]) - 2 * dot(q, v) + c


def check_least_squares(
    objective: SumOfSquares, support: Support, rows: tuple[Row, ...], right: Vector, optimum: Optimum
) -> Optimum:
    """The optimum, after checking that it is feasible and stationary, in rationals.

    Raises:
        BadCertificate: it is not.
    """
    v, y = optimum.solution, optimum.multipliers
    Q, q, _ = objective.normal_equations(support)
    if len(v) != len(q) or len(y) != len(rows):
        raise BadCertificate(f"{len(v)} weights and {len(y)} multipliers for {len(q)} weights and {len(rows)} equations")
    if any(along(row, v) != b for row, b in zip(rows, right, strict=True)):
        raise BadCertificate("the weights miss an equation")
    for j, column in enumerate(transposed(rows, len(v))):
        if 2 * (along(Q[j], v) - q[j]) != along(column, y):
            raise BadCertificate(f"the sum of squares is not stationary in weight {j}")
    if optimum.value != value(objective, support, v):
        raise BadCertificate(f"the value is not {optimum.value}")
    return optimum


def _quotient(e: Fraction) -> fmpq:
    return fmpq(e.numerator, e.denominator)
