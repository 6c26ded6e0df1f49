r"""Insertion and deletion curves: the area under the output while features are put in, or taken out, in the order of rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal

import numpy as np

from attrtheory.errors import BadInput, SideCondition, TooLarge
from attrtheory.metrics.explained import Explained, explained
from attrtheory.metrics.numbers import ZERO, Vector

MOST_FEATURES = 16  # 65,536 sets
TIES = ("refuse", "index", "mean", "best", "worst")
Ties = Literal["refuse", "index", "mean", "best", "worst"]


def deletion(model: Any, x: Any, baseline: Any, *, target: int = 0) -> Curve:
    r"""The area under $k \mapsto f(x \text{ with its } k \text{ highest ranked features at the baseline})$. Smaller is better.

    The trapezoid rule on $k/d$, $k = 0 \dots d$. An attribution enters by its order alone, largest first.

    Source: Petsiuk, Das, Saenko 2018 (RISE), arXiv 1806.07421.

    >>> from attrtheory.models.dsl import parse_model
    >>> curve = deletion(parse_model("2*x1 + x2"), [1, 1], [0, 0])
    >>> curve.value([2, 1]), curve.optimum().order
    (Fraction(5, 4), (0, 1))
    """
    return _curve("deletion", model, x, baseline, target)


def insertion(model: Any, x: Any, baseline: Any, *, target: int = 0) -> Curve:
    r"""The area under $k \mapsto f(\text{baseline with the } k \text{ highest ranked features of } x)$. Larger is better.

    Source: Petsiuk, Das, Saenko 2018 (RISE), arXiv 1806.07421.
    """
    return _curve("insertion", model, x, baseline, target)


def _curve(name: Any, model: Any, x: Any, baseline: Any, target: int) -> Curve:
    at = explained(model, x, baseline, target)
    at.beside()
    return Curve(name, at)


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve over the sets of features passed, as numbers whose bit i says that feature i was passed."""

    name: Literal["deletion", "insertion"]
    at: Explained

    @property
    def sign(self) -> int:
        """1 where smaller is better."""
        return 1 if self.name == "deletion" else -1

    def along(self, sets: Sequence[int]) -> list[Fraction]:
        """The model after passing each set."""
        passed = np.array([[s >> i & 1 for i in range(self.at.n)] for s in sets], dtype=bool)
        return self.at.mixtures(passed if self.name == "insertion" else ~passed)

    def share(self, size: int) -> Fraction:
        """The weight of a set of this size in the trapezoid rule."""
        return Fraction(1, self.at.n * (2 if size in (0, self.at.n) else 1))

    @cached_property
    def table(self) -> list[Fraction]:
        """The model on all sets, for up to 16 features."""
        if self.at.n > MOST_FEATURES:
            raise TooLarge(f"{self.at.n} features have 2^{self.at.n} sets, not at most 2^{MOST_FEATURES}: see bounds()")
        return self.along(range(2**self.at.n))

    @cached_property
    def rounded(self) -> np.ndarray:
        """What each set adds to the loss."""
        return np.array([float(self.sign * self.share(s.bit_count()) * v) for s, v in enumerate(self.table)])

    def of_order(self, order: Sequence[int]) -> Fraction:
        """The area for features passed in this order."""
        if sorted(order) != list(range(self.at.n)):
            raise BadInput(f"order: each of the features 0 to {self.at.n - 1} once; got {tuple(order)}")
        sets = [sum(1 << i for i in order[:k]) for k in range(self.at.n + 1)]
        return sum((self.share(k) * v for k, v in enumerate(self.along(sets))), ZERO)

    def value(self, attribution: Any, ties: Ties = "refuse") -> Fraction | float:
        """The area for the ranking of a vector, or of a method (by name) on this model.

        Args:
            ties: equal attributions are refused, ranked by index (lower first), or stand for the mean, the best or the
                worst over the orders within each group of equals (these three for up to 16 equals).
        """
        return self.at.labelled(self.exact(self.at.attributions(attribution), ties))

    def exact(self, a: Vector, ties: Ties) -> Fraction:
        if ties not in TIES:
            raise BadInput(f"ties: got {ties!r}; there are {', '.join(TIES)}")
        groups = [[i for i, v in enumerate(a) if v == level] for level in sorted(set(a), reverse=True)]
        if ties == "refuse" and (tied := [g for g in groups if len(g) > 1]):
            raise SideCondition(f"features {tied[0]} have equal attributions: say how ties are ranked, ties='mean' for one")
        if ties in ("refuse", "index"):
            return self.of_order([i for g in groups for i in g])
        from attrtheory.metrics.ties import within_groups

        return within_groups(self, groups, ties)

    def optimum(self) -> Any:
        """The best order of up to 16 features, proved by a potential on the sets. Any attributions in that order attain it.

        Raises:
            TooLarge: more features; `bounds` says what is known then.
        """
        from attrtheory.metrics.orders import best_order

        return best_order(self)

    def bounds(self) -> Any:
        """For any number of features: an order, and a bound that no order passes (Fn and Graph only)."""
        from attrtheory.metrics.curve_bounds import curve_bounds

        return curve_bounds(self)

    def gap(self, attribution: Any, ties: Ties = "refuse") -> Fraction | float:
        """How far an attribution is from the best order."""
        return self.at.labelled(self.sign * (self.exact(self.at.attributions(attribution), ties) - self.optimum().exact))

    def loss(self, attribution: Any, temperature: float = 1.0) -> Any:
        r"""The mean area over random orders, differentiable, of attributions (..., d); negated for insertion.

        Plackett-Luce orders: the next feature is i with probability proportional to $e^{a_i/\tau}$. The mean is exact, by a
        recursion over all sets; for $\tau \to 0$ it tends to the area (ties: the mean over orders).

        Source: Plackett 1975, Luce 1959 (the law of the order).
        """
        from attrtheory.metrics.losses import mean_area

        return mean_area(attribution, self.rounded, self.at.n, temperature)

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "question": self.at.to_json(), "parameters": {}}
