r"""Metrics that are squared errors: $\sum_k w_k (r_k \cdot a - t_k)^2 + \rho\,|a|^2$, minimal where a linear system says.

The targets are differences of model values, so every optimum below is linear in the model: a signed measure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from attrtheory.errors import BadInput
from attrtheory.metrics.explained import Explained, texts
from attrtheory.metrics.numbers import ZERO, Matrix, Vector, dot, matrix, rows_of, transposed
from attrtheory.metrics.optimum import Optimum
from attrtheory.metrics.quadratic import Constraint, Quadratic, completeness, vanishing


@dataclass(frozen=True, eq=False)
class LeastSquares:
    r"""$q(a) = \sum_k w_k (r_k \cdot a - t_k)^2 + \rho\,|a|^2$, $t_k = f(p_k) - f(q_k)$. Smaller is better.

    With `intercept`, rows and targets are taken less their weighted means, which is the minimum over an intercept.

    Shapes: `rows` (k, d), `weights` (k), `plus` and `minus` (k) points of d numbers. `parameters`: what rebuilds it.
    """

    name: str
    at: Explained
    rows: Matrix
    weights: Vector
    plus: tuple[Vector, ...]
    minus: tuple[Vector, ...]
    parameters: Mapping[str, Any]
    intercept: bool = False
    ridge: Fraction = ZERO

    @cached_property
    def design(self) -> Matrix:
        """The rows, centred if there is an intercept."""
        if not self.intercept:
            return self.rows
        whole = sum(self.weights, ZERO)
        mean = [dot(self.weights, column) / whole for column in transposed(self.rows, self.at.n)]
        return tuple(tuple(v - m for v, m in zip(row, mean, strict=True)) for row in self.rows)

    @cached_property
    def targets(self) -> Vector:
        """The targets, centred if there is an intercept."""
        points = list(dict.fromkeys([*self.plus, *self.minus]))
        value = dict(zip(points, self.at.values(points), strict=True))
        found = [value[p] - value[q] for p, q in zip(self.plus, self.minus, strict=True)]
        mean = dot(self.weights, found) / sum(self.weights, ZERO) if self.intercept else ZERO
        return tuple(t - mean for t in found)

    @cached_property
    def quadratic(self) -> Quadratic:
        r"""$A = \sum_k w_k r_k r_k^\top + \rho I$, $c = \sum_k w_k t_k r_k$, $\sum_k w_k t_k^2$."""
        n, w = self.at.n, self.weights
        weighted = matrix(transposed([tuple(q * v for v in row) for q, row in zip(w, self.design, strict=True)], n), len(w))
        square = rows_of(weighted * matrix(self.design, n))
        ridged = [[v + self.ridge * (i == j) for j, v in enumerate(row)] for i, row in enumerate(square)]
        linear = [row[0] for row in rows_of(weighted * matrix([[t] for t in self.targets], 1))]
        constant = sum((q * t * t for q, t in zip(w, self.targets, strict=True)), ZERO)
        return Quadratic(tuple(map(tuple, ridged)), tuple(linear), constant)

    @cached_property
    def rounded(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows, targets and weights as the loss takes them."""
        rows = np.array([[float(v) for v in row] for row in self.design])
        return rows, np.array([float(t) for t in self.targets]), np.array([float(w) for w in self.weights])

    def value(self, attribution: Any) -> Fraction | float:
        """The metric of a vector, or of a method (by name) on this model: exact, a float where the model is one."""
        return self.at.labelled(self.quadratic(self.at.attributions(attribution)))

    def constraints(self, *, complete: bool = False, zero: Sequence[int] = ()) -> list[Constraint]:
        """The class of attributions: `complete` ones, those that are 0 at the features `zero`; by default all."""
        if any(type(i) is not int or not 0 <= i < self.at.n for i in zero) or len(set(zero)) < len(zero):
            raise BadInput(f"zero: distinct features from 0 to {self.at.n - 1}; got {zero}")
        whole = [completeness(self.at.n, self.at.difference())] if complete else []
        return [*whole, *(vanishing(self.at.n, i) for i in zero)]

    def optimum(self, *, complete: bool = False, zero: Sequence[int] = ()) -> LeastSquaresOptimum:
        """The best attribution of a class; of several the shortest, with the directions in which it is not unique.

        Raises:
            SideCondition: the class is empty.
        """
        solution = self.quadratic.minimum(self.constraints(complete=complete, zero=zero))
        return LeastSquaresOptimum(self, complete, tuple(zero), **solution)

    def gap(self, attribution: Any, *, complete: bool = False, zero: Sequence[int] = ()) -> Fraction | float:
        """How much the metric of an attribution exceeds the best of the class."""
        best = self.optimum(complete=complete, zero=zero).exact
        return self.at.labelled(self.quadratic(self.at.attributions(attribution)) - best)

    def loss(self, attribution: Any) -> Any:
        """The metric as a differentiable torch function of attributions (..., d), in their dtype; shape (...)."""
        from attrtheory.metrics.losses import squared_errors

        return squared_errors(attribution, *self.rounded, float(self.ridge))

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "question": self.at.to_json(), "parameters": dict(self.parameters)}


@dataclass(frozen=True, eq=False, repr=False)
class LeastSquaresOptimum(Optimum):
    """The best attribution of a class of attributions and its proof.

    `attribution`: of several the shortest; `directions`: a basis of what may be added to it at no cost, empty where it is
    the only one; `multipliers`: of the class's equations; `inverse`: what shows that there are no other directions.
    """

    metric: LeastSquares
    complete: bool
    zero: tuple[int, ...]
    attribution: Vector
    multipliers: Vector
    directions: Matrix
    inverse: Matrix

    @property
    def exact(self) -> Fraction:
        return self.metric.quadratic(self.attribution)

    @property
    def unique(self) -> bool:
        return not self.directions

    def measure(self) -> tuple[Any, ...]:
        r"""The optimum as signed measures, one for each feature: $a_i = \int f\,d\mu_i$ for every model $f$.

        $\mu_i = \sum_k w_k (A^+ r_k)_i (\delta_{p_k} - \delta_{q_k})$ if all attributions compete, with $A^+$ the inverse of A
        or, where A is singular, its pseudo-inverse; a complete class adds its share of $\delta_x - \delta_b$.
        """
        from attrtheory.measures.measure import finite

        metric = self.metric
        held = metric.constraints(complete=self.complete, zero=self.zero)
        columns = [tuple(q * v for v in row) for q, row in zip(metric.weights, metric.design, strict=True)]
        operator = metric.quadratic.operator(held, columns)  # (d, k + constraints)
        points, shares = [*metric.plus, *metric.minus], [tuple(row[: len(columns)]) for row in operator]
        ends = [metric.at.x, metric.at.beside()] if self.complete else []
        whole = sum(metric.weights, ZERO)

        def signed(row: Vector, weights: Vector) -> Any:
            # centred targets, t - mean: the mean's share goes to every target
            mean = sum(weights, ZERO) / whole if metric.intercept else ZERO
            each = [v - mean * q for v, q in zip(weights, metric.weights, strict=True)]
            held = [row[len(columns)], -row[len(columns)]] if self.complete else []
            gathered: dict[Vector, Fraction] = {}
            for p, v in zip([*points, *ends], [*each, *(-v for v in each), *held], strict=True):
                gathered[p] = gathered.get(p, ZERO) + v
            return finite(list(gathered), list(gathered.values()))

        return tuple(signed(row, weights) for row, weights in zip(operator, shares, strict=True))

    def evidence(self) -> dict[str, Any]:
        return {
            "complete": self.complete,
            "zero": list(self.zero),
            "value": str(self.exact),
            "attribution": texts(self.attribution),
            "multipliers": texts(self.multipliers),
            "directions": [texts(row) for row in self.directions],
            "inverse": [texts(row) for row in self.inverse],
        }
