"""An attribution over a box, and what is stated of it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from operator import ge, gt, le, lt
from typing import Any

from attrtheory.errors import BadInput
from attrtheory.models.graph import Graph

Point = tuple[Fraction, ...]
Interval = tuple[Fraction, Fraction]
METHODS = ("gradient", "gradient_x_input", "integrated_gradients")
RELATIONS = {">": gt, ">=": ge, "<": lt, "<=": le}
ZERO, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True, eq=False)
class Box:
    """All inputs with `lower <= x <= upper`, entry by entry in row-major order."""

    lower: Point
    upper: Point

    def __post_init__(self) -> None:
        if len(self.lower) != len(self.upper):
            raise BadInput(f"a box has as many lower as upper ends; got {len(self.lower)} and {len(self.upper)}")
        for i, (a, b) in enumerate(zip(self.lower, self.upper, strict=True)):
            if a > b:
                raise BadInput(f"feature {i} of the box runs from {float(a)} up to {float(b)}; write the smaller end first")

    @property
    def is_point(self) -> bool:
        return self.lower == self.upper

    def __contains__(self, x: Point) -> bool:
        return all(a <= v <= b for a, v, b in zip(self.lower, x, self.upper, strict=True))

    def cut(self, feature: int, at: Fraction | None = None) -> tuple[Box, Box]:
        """Two boxes that meet where the feature is `at`, in the middle by default."""
        a, b = self.lower[feature], self.upper[feature]
        at = (a + b) / 2 if at is None else at
        if not a < at < b:
            raise BadInput(f"feature {feature} runs from {a} to {b} and can't be cut at {at}")
        left = Box(self.lower, (*self.upper[:feature], at, *self.upper[feature + 1 :]))
        return left, Box((*self.lower[:feature], at, *self.lower[feature + 1 :]), self.upper)


@dataclass(frozen=True, eq=False)
class Question:
    """The attributions of one output by one method: a displacement times a mean of the gradient over `span`.

    gradient               d_i f(x)
    gradient_x_input       x_i d_i f(x)
    integrated_gradients   (x_i - b_i) mean over t in [0, 1] of d_i f(b + t (x - b))
    """

    graph: Graph
    method: str
    target: int
    baseline: Point

    def __post_init__(self) -> None:
        n = self.graph.features
        if self.method not in METHODS:
            raise BadInput(f"method: got {self.method!r}; over a box there are {', '.join(METHODS)}")
        if type(self.target) is not int or not 0 <= self.target < self.graph.outputs:
            raise BadInput(f"target: got {self.target!r}; the network has outputs 0 to {self.graph.outputs - 1}")
        if len(self.baseline) != n:
            raise BadInput(f"the network has {n} features; the baseline has {len(self.baseline)}")
        if self.method != "integrated_gradients" and any(self.baseline):
            raise BadInput(f"{self.method} has no baseline; leave it out")

    @property
    def span(self) -> Interval:
        """Where on the segment from the baseline to the input the gradient is looked at."""
        return (ZERO, ONE) if self.method == "integrated_gradients" else (ONE, ONE)

    def displacement(self, box: Box, feature: int) -> Interval:
        """What the mean gradient is multiplied by."""
        if self.method == "gradient":
            return ONE, ONE
        return box.lower[feature] - self.baseline[feature], box.upper[feature] - self.baseline[feature]


@dataclass(frozen=True)
class Statement:
    """`attribution[feature] relation bound`."""

    feature: int
    relation: str
    bound: Fraction

    def __post_init__(self) -> None:
        if self.relation not in RELATIONS:
            raise BadInput(f"relation: got {self.relation!r}; there are {' '.join(RELATIONS)}")

    def holds(self, value: Any) -> bool:
        return bool(RELATIONS[self.relation](value, self.bound))

    def holds_between(self, low: Any, high: Any) -> bool:
        """Whether it holds for all values of an interval."""
        return self.holds(low) and self.holds(high)

    def __str__(self) -> str:
        return f"attribution {self.feature} {self.relation} {self.bound}"


def product(a: tuple[Any, Any], b: tuple[Any, Any]) -> tuple[Any, Any]:
    """The interval of all products."""
    corners = [u * v for u in a for v in b]
    return min(corners), max(corners)
