r"""Convex quadratic functions $a^\top A a - 2 c \cdot a + k$ under linear equations: minimum, uniqueness, and their proof.

$a$ is minimal among all with $C a = e$ exactly if $A a + C^\top m = c$ for some $m$ (A is positive semidefinite). It is the
shortest of all minimal ones exactly if it is orthogonal to every v with $A v = 0$, $C v = 0$.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from attrtheory.errors import BadCertificate, EngineDisagreement, SideCondition
from attrtheory.metrics.numbers import (
    ONE,
    ZERO,
    Matrix,
    Vector,
    dot,
    identity,
    matrix,
    null_space,
    rows_of,
    solve,
    transposed,
)


@dataclass(frozen=True)
class Constraint:
    """`row . a = value`, and what it is called."""

    row: Vector
    value: Fraction


def completeness(n: int, difference: Fraction) -> Constraint:
    return Constraint((ONE,) * n, difference)


def vanishing(n: int, i: int) -> Constraint:
    return Constraint(identity(n)[i], ZERO)


@dataclass(frozen=True)
class Quadratic:
    """`A` is positive semidefinite by construction: a sum of squares."""

    square: Matrix
    linear: Vector
    constant: Fraction

    @property
    def n(self) -> int:
        return len(self.linear)

    def __call__(self, a: Vector) -> Fraction:
        return dot(a, self.slope(a)) - dot(self.linear, a) + self.constant

    def slope(self, a: Vector) -> Vector:
        """Half the gradient."""
        return tuple(dot(row, a) - c for row, c in zip(self.square, self.linear, strict=True))

    def minimum(self, held: Sequence[Constraint]) -> dict[str, Any]:
        """The shortest minimal vector, with multipliers, the directions in which it is not unique, and their proof."""
        directions = self._directions(held)
        solved = self._solved(held, directions, [(c,) for c in self.linear], [(h.value,) for h in held])
        flat = [row[0] for row in solved]
        a, multipliers = tuple(flat[: self.n]), tuple(flat[self.n :])
        spanning = [*self.square, *(h.row for h in held), *directions]
        inverse = solve(transposed(spanning, self.n), identity(self.n), len(spanning))
        if inverse is None:
            raise EngineDisagreement("a null space and its orthogonal complement do not span everything")
        return {"attribution": a, "multipliers": multipliers, "directions": directions, "inverse": inverse}

    def operator(self, held: Sequence[Constraint], columns: Sequence[Vector]) -> Matrix:
        """The matrix, (n, columns + constraints), that takes the columns' coefficients and the values held to the minimum."""
        directions = self._directions(held)
        linear = [(*row, *[ZERO] * len(held)) for row in transposed(columns, self.n)]
        values = [(*[ZERO] * len(columns), *row) for row in identity(len(held))]
        return self._solved(held, directions, linear, values)[: self.n]

    def _directions(self, held: Sequence[Constraint]) -> Matrix:
        return null_space([*self.square, *(h.row for h in held)], self.n)

    def _solved(
        self, held: Sequence[Constraint], directions: Matrix, linear: Sequence[Vector], values: Sequence[Vector]
    ) -> Matrix:
        """A a + C^T m = linear, C a = values, directions a = 0."""
        m = len(held)
        rows = [
            *((*row, *(h.row[i] for h in held)) for i, row in enumerate(self.square)),
            *((*row, *[ZERO] * m) for row in [*(h.row for h in held), *directions]),
        ]
        right = [*linear, *values, *[(ZERO,) * len(linear[0])] * len(directions)]
        found = solve(rows, right, self.n + m)
        if found is None:
            raise SideCondition("no attribution is complete and 0 at all of these features: the class is empty")
        return found

    def check(self, held: Sequence[Constraint], a: Vector, multipliers: Vector, directions: Matrix, inverse: Matrix) -> None:
        """That the vector is minimal, the shortest such, and that all others differ by the directions.

        Raises:
            BadCertificate: one of these does not hold.
        """
        n = self.n
        spanning = [*self.square, *(h.row for h in held), *directions]
        shapes = ((n, len(a)), (len(held), len(multipliers)), (len(spanning), len(inverse)))
        if any(x != y for x, y in shapes) or any(len(v) != n for v in [*directions, *inverse]):
            raise BadCertificate("the optimum's vectors have wrong lengths")
        if any(dot(h.row, a) != h.value for h in held):
            raise BadCertificate("the attribution is not in the class")
        pull = [sum((m * h.row[i] for m, h in zip(multipliers, held, strict=True)), ZERO) for i in range(n)]
        if any(s + p for s, p in zip(self.slope(a), pull, strict=True)):
            raise BadCertificate("the normal equations do not hold: the attribution is not optimal")
        if any(dot(v, row) for v in directions for row in [*self.square, *(h.row for h in held), a]):
            raise BadCertificate("a direction changes the metric, leaves the class, or shortens the attribution")
        if matrix(directions, n).rank() < len(directions):
            raise BadCertificate("the directions are not independent")
        if rows_of(matrix(transposed(spanning, n), len(spanning)) * matrix(inverse, n)) != identity(n):
            raise BadCertificate("there may be other directions: rows and directions are not shown to span everything")
