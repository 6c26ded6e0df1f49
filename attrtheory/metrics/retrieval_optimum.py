r"""The best recall, precision and F1 over all families of probability measures on the cube, with the proof.

A feature's value $w\cdot m + b$ takes, over the cube, every value of an interval $[\text{low}, \text{high}]$; its ends
are optima of linear programs, certified by multipliers. Hence every feature alike

    can pass   iff  max(high, -low) >= alpha              full recall is possible; otherwise recall is 0
    can fail   iff  low < alpha and high > -alpha         (0 < alpha: the interval meets (-alpha, alpha))

and all three metrics are decided by these two answers: the condition is the same for every feature, so one and the same
barycentre serves all that should pass, relevant or not, and recall alone ties no measure to its feature.
With b = 0 the first is C(w) = max(sum of positive, sum of negative parts) >= alpha, and the second always holds (m = 0).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, get_args

from attrtheory.errors import BadCertificate, BadInput
from attrtheory.metrics.numbers import Vector, dot, number
from attrtheory.metrics.programs import Optimum, Program, check_optimum, optimal
from attrtheory.metrics.retrieval import Retrieval

Metric = Literal["recall", "precision", "f1"]


@dataclass(frozen=True)
class BestRetrieval:
    """`value` is attained by `barycentres`; `low` and `high` bound every value a feature can get.

    `passing`, `failing`: barycentres under which a feature passes or not, None where there is none. `empty` stands for a
    share of nothing.
    """

    question: Retrieval
    metric: Metric
    value: Fraction
    barycentres: tuple[Vector, ...]
    low: Optimum
    high: Optimum
    passing: Vector | None
    failing: Vector | None
    empty: Fraction | None

    def __repr__(self) -> str:
        return f"BestRetrieval({self.metric}, value {self.value}, {self.question.n} features, trust exact)"

    def check(self) -> None:
        """Checks both programs' certificates, that the value is attained, and that none is better.

        Raises:
            BadCertificate: one of these does not hold.
        """
        for sign, end in ((1, self.low), (-1, self.high)):
            check_optimum(_end(self.question, sign), end)
        if self != _decided(self.question, self.metric, self.low, self.high, self.empty):
            raise BadCertificate("the value or its barycentres do not follow from the two programs")


def best_retrieval(question: Retrieval, metric: Metric = "recall", empty: Any = None) -> BestRetrieval:
    """The largest value of a metric over all barycentres; see the module for why it is the largest.

    >>> from attrtheory.metrics.retrieval import retrieval
    >>> best = best_retrieval(retrieval([3, -1, 2], tau=1, alpha=5), "f1")
    >>> best.value, [[int(q) for q in m] for m in best.barycentres]  # features 0 and 2 share one measure
    (Fraction(1, 1), [[1, 0, 1], [0, 0, 0], [1, 0, 1]])
    >>> best.check()

    Raises:
        BadInput: another metric.
        SideCondition: the best family leaves a share of nothing, and `empty` is not given.
    """
    if metric not in get_args(Metric):
        raise BadInput(f"metric: {', '.join(get_args(Metric))}; got {metric!r}")
    low, high = (optimal(_end(question, sign)) for sign in (1, -1))
    return _decided(question, metric, low, high, None if empty is None else number(empty, "empty"))


def _end(question: Retrieval, sign: int) -> Program:
    """minimise sign (w m), 0 <= m <= 1: slack variables make the upper bounds equations."""
    n, one = question.n, Fraction(1)
    rows = tuple({j: one, n + j: one} for j in range(n))
    prices = (*(sign * w for w in question.weights), *([Fraction(0)] * n))
    return Program(rows, (one,) * n, prices, frozenset(range(2 * n)))


def _decided(question: Retrieval, metric: Metric, low: Optimum, high: Optimum, empty: Fraction | None) -> BestRetrieval:
    n, alpha = question.n, question.alpha
    ends = [low.solution[:n], high.solution[:n]]
    values = [dot(question.weights, m) + question.intercept for m in ends]
    passing = next((m for m, v in zip(reversed(ends), reversed(values), strict=True) if abs(v) >= alpha), None)
    failing = _inside(ends, values, alpha)
    relevant = question.relevant
    family = tuple(passing or failing if j in relevant else failing or passing for j in range(n))
    barycentres = tuple(m for m in family if m is not None)
    value: Fraction = getattr(question, metric)(barycentres, empty)
    return BestRetrieval(question, metric, value, barycentres, low, high, passing, failing, empty)


def _inside(ends: list[Vector], values: list[Fraction], alpha: Fraction) -> Vector | None:
    """A point of the segment between the ends whose value is nearest to 0, if that is inside (-alpha, alpha)."""
    low, high = values
    if low < 0 < high:
        t = -low / (high - low)
        return tuple(p + t * (q - p) for p, q in zip(*ends, strict=True))
    best = min((abs(v), k) for k, v in enumerate(values))
    return ends[best[1]] if best[0] < alpha else None
