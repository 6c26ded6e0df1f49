r"""Recall, precision and F1 of global attributions of linear models against the features known to matter.

The model is $f(y) = w\cdot y + b$ on the cube $[0,1]^n$; feature j is attributed $\phi_j = \int f\,d\mu_j$, $\mu_j$ a
probability measure, which is $w\cdot m_j + b$: only the barycentre $m_j$ matters, and every point of the cube is one.

    relevant  S = {j : |w_j| > tau}        passing  P = {j : |phi_j| >= alpha}
    recall = |S n P| / |S|      precision = |S n P| / |P|      F1 = 2 |S n P| / (|S| + |P|)

A share of nothing (no relevant feature, none that passes) has no value; `empty` says which number stands for it.
Source: Taimeskhanov and Garreau 2025, arXiv 2505.24729 (recall); the conditions for all three are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from attrtheory.errors import BadInput, SideCondition
from attrtheory.metrics.given import vectors
from attrtheory.metrics.numbers import Vector, dot, number, vector


@dataclass(frozen=True)
class Retrieval:
    """The question: a linear model and two thresholds. `intercept` is b."""

    weights: Vector
    tau: Fraction
    alpha: Fraction
    intercept: Fraction = Fraction(0)

    @property
    def n(self) -> int:
        return len(self.weights)

    @property
    def relevant(self) -> frozenset[int]:
        return frozenset(j for j, w in enumerate(self.weights) if abs(w) > self.tau)

    def passing(self, barycentres: Any) -> frozenset[int]:
        return frozenset(j for j, phi in enumerate(self.attributions(barycentres)) if abs(phi) >= self.alpha)

    def attributions(self, barycentres: Any) -> Vector:
        r"""$w\cdot m_j + b$ for each feature.

        Raises:
            BadInput: there is not one barycentre in the cube for each feature.
        """
        rows = cube_points(barycentres, self.n)
        return tuple(dot(self.weights, m) + self.intercept for m in rows)

    def recall(self, barycentres: Any, empty: Any = None) -> Fraction:
        found, asked = self.passing(barycentres), self.relevant
        return share(len(asked & found), len(asked), "no feature is relevant", empty)

    def precision(self, barycentres: Any, empty: Any = None) -> Fraction:
        found = self.passing(barycentres)
        return share(len(self.relevant & found), len(found), "no feature passes", empty)

    def f1(self, barycentres: Any, empty: Any = None) -> Fraction:
        found, asked = self.passing(barycentres), self.relevant
        return share(2 * len(asked & found), len(asked) + len(found), "no feature is relevant and none passes", empty)


def retrieval(weights: Any, tau: Any, alpha: Any, intercept: Any = 0) -> Retrieval:
    """The question with its numbers read exactly; `tau >= 0` and `alpha > 0`.

    >>> asked = retrieval([3, -1, 2], tau=1, alpha=2)
    >>> sorted(asked.relevant), asked.recall([[1, 0, 0], [0, 0, 0], [0, 1, 0]])
    ([0, 2], Fraction(1, 2))

    Raises:
        BadInput: a number is missing or not finite, or a threshold is out of range.
    """
    asked = Retrieval(
        vector(weights, "weights"), number(tau, "tau"), number(alpha, "alpha"), number(intercept, "intercept")
    )
    if not asked.weights:
        raise BadInput("weights: at least one is needed")
    if asked.tau < 0 or asked.alpha <= 0:
        raise BadInput(f"thresholds: tau is at least 0 and alpha above 0; got tau={tau!r} and alpha={alpha!r}")
    return asked


def cube_points(points: Any, n: int) -> Sequence[Vector]:
    """`n` points of the cube [0, 1]^n, one for each feature."""
    rows = vectors(points, "barycentres", n)
    if len(rows) != n:
        raise BadInput(f"one barycentre for each of the {n} features; got {len(rows)}")
    if any(not 0 <= q <= 1 for row in rows for q in row):
        raise BadInput("barycentres of probability measures on the cube have coordinates from 0 to 1")
    return rows


def share(part: int, whole: int, nothing: str, empty: Any) -> Fraction:
    if whole:
        return Fraction(part, whole)
    if empty is None:
        raise SideCondition(f"{nothing}: the share has no value; give the number that stands for it, empty=0 or empty=1")
    value = number(empty, "empty")
    if not 0 <= value <= 1:
        raise BadInput(f"empty stands for a share, a number from 0 to 1; got {empty!r}")
    return value
