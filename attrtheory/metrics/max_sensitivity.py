r"""Max-sensitivity: how far attributions move when the input is perturbed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal

from attrtheory.errors import BadCertificate, BadInput
from attrtheory.expr.syntax import read_rational
from attrtheory.metrics.explained import Explained, explained, texts
from attrtheory.metrics.given import vectors
from attrtheory.metrics.numbers import ZERO, Matrix, Vector, vector
from attrtheory.metrics.optimum import Optimum

NORMS = ("max", "sum", "squares")
Norm = Literal["max", "sum", "squares"]


def max_sensitivity(
    model: Any, x: Any, neighbours: Sequence[Any], norm: Norm = "squares", *, baseline: Any = None, target: int = 0
) -> MaxSensitivity:
    r"""$\max_k \|\Phi(f, y_k) - \Phi(f, x)\|$ over finitely many inputs $y_k$ near $x$. Smaller is better.

    It is a property of attributions at several inputs: of a method, or of a table, the row for $x$ first.

    Args:
        neighbours: the inputs $y_k$, each d numbers.
        norm: "max" (largest entry), "sum" (of absolute entries) or "squares" (the squared Euclidean length, which is rational
            where the length is not).

    Source: Yeh, Hsieh, Suggala, Inouye, Ravikumar 2019, arXiv 1901.09392.

    >>> from attrtheory.models.dsl import parse_model
    >>> metric = max_sensitivity(parse_model("x1*x2"), [1, 1], [[2, 1], [1, 0]], "sum", baseline=[0, 0])
    >>> metric.value("gradient"), metric.optimum(complete=True).value
    (Fraction(1, 1), Fraction(1, 1))
    """
    at = explained(model, x, baseline, target)
    if norm not in NORMS:
        raise BadInput(f"norm: got {norm!r}; there are {', '.join(NORMS)}")
    points = vectors(neighbours, "neighbours", at.n)
    return MaxSensitivity(at, points, norm)


@dataclass(frozen=True, eq=False)
class MaxSensitivity:
    """The largest change of attributions over finitely many neighbours of an input."""

    at: Explained
    neighbours: tuple[Vector, ...]
    norm: Norm

    def table(self, given: Any) -> Matrix:
        """Attributions at the input, then at each neighbour: a method's, or as given."""
        if isinstance(given, Sequence) and not isinstance(given, str):
            rows, count = tuple(vector(row, "attributions", self.at.n) for row in given), 1 + len(self.neighbours)
            if len(rows) != count:
                raise BadInput(f"attributions: a row for x, then one for each neighbour, {count} in all; got {len(rows)}")
            return rows
        return tuple(self.at.attributions(given, y) for y in (self.at.x, *self.neighbours))

    def exact(self, rows: Matrix) -> Fraction:
        return max(length([a - b for a, b in zip(row, rows[0], strict=True)], self.norm) for row in rows[1:])

    def value(self, attributions: Any) -> Fraction | float:
        """The metric of a method (by name), or of rows of attributions (1 + neighbours, d)."""
        return self.at.labelled(self.exact(self.table(attributions)))

    @cached_property
    def changes(self) -> Vector:
        """How much the output changes to each neighbour."""
        first, *others = self.at.values([self.at.x, *self.neighbours])
        return tuple(v - first for v in others)

    def optimum(self, *, complete: bool = False) -> SensitivityOptimum:
        r"""0 by a constant table; by norm $\max_k |\Delta_k|/d$, $|\Delta_k|$ or $\Delta_k^2/d$ among complete ones.

        Complete attributions change by $\Delta_k = f(y_k) - f(x)$ in sum, so that Hölder's inequality bounds each norm from
        below; equal shares attain the bound. So the metric prefers attributions that say nothing.
        """
        n = self.at.n
        start = self.at.difference() / n if complete else ZERO
        shares = [start, *(start + c / n if complete else start for c in self.changes)]
        return SensitivityOptimum(self, complete, tuple((v,) * n for v in shares))

    def gap(self, attributions: Any, *, complete: bool = False) -> Fraction | float:
        """How much an attribution's change exceeds the least."""
        return self.at.labelled(self.exact(self.table(attributions)) - self.optimum(complete=complete).exact)

    def loss(self, attributions: Any) -> Any:
        """The metric as a differentiable torch function of tables (..., 1 + neighbours, d); shape (...)."""
        from attrtheory.metrics.losses import largest_change

        return largest_change(attributions, 1 + len(self.neighbours), self.at.n, self.norm)

    def to_json(self) -> dict[str, Any]:
        parameters = {"neighbours": [texts(y) for y in self.neighbours], "norm": self.norm}
        return {"name": "max_sensitivity", "question": self.at.to_json(), "parameters": parameters}


def length(v: Sequence[Fraction], norm: Norm) -> Fraction:
    if norm == "max":
        return max(abs(q) for q in v)
    return sum((abs(q) if norm == "sum" else q * q for q in v), ZERO)


@dataclass(frozen=True, eq=False, repr=False)
class SensitivityOptimum(Optimum):
    """The best table of attributions, the row for the input first."""

    metric: MaxSensitivity
    complete: bool
    attributions: Matrix

    @property
    def exact(self) -> Fraction:
        return self.metric.exact(self.attributions)

    def evidence(self) -> dict[str, Any]:
        rows = [texts(row) for row in self.attributions]
        return {"complete": self.complete, "value": str(self.exact), "attributions": rows}


def check_sensitivity(metric: MaxSensitivity, evidence: dict[str, Any]) -> SensitivityOptimum:
    """That the table is in its class and attains the bound that Hölder's inequality gives."""
    complete = evidence["complete"]
    rows = metric.table([[read_rational(v) for v in row] for row in evidence["attributions"]])
    if type(complete) is not bool:
        raise BadCertificate("complete is true or false")
    changes = [ZERO, *metric.changes] if complete else []
    if complete and any(sum(row, ZERO) != metric.at.difference() + c for row, c in zip(rows, changes, strict=True)):
        raise BadCertificate("the attributions are not complete")
    most = max((abs(c) for c in changes), default=ZERO)
    bound = {"max": most / metric.at.n, "sum": most, "squares": most * most / metric.at.n}[metric.norm]
    if metric.exact(rows) != bound or read_rational(evidence["value"]) != bound:
        raise BadCertificate("the attributions change by more than the least")
    return SensitivityOptimum(metric, complete, rows)
