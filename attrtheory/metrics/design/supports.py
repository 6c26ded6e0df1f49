"""The finite set of points on which a design's measures live."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any

from attrtheory.errors import BadInput, TooLarge
from attrtheory.metrics.given import vectors
from attrtheory.metrics.numbers import Vector, vector

MAX_WEIGHTS = 4000  # features times points: exact elimination grows with the cube


@dataclass(frozen=True)
class Support:
    """Distinct points, beside the input `x` and the baseline.

    `relative`: coordinates are shares u of the way, for the points baseline + u * (x - baseline) of any input and any
    baseline: `x` is then (1, .., 1) and the baseline (0, .., 0).
    """

    points: tuple[Vector, ...]
    x: Vector
    baseline: Vector
    relative: bool

    def __post_init__(self) -> None:
        if not self.n:
            raise BadInput("x: at least one feature is needed")
        if self.n * len(self.points) > MAX_WEIGHTS:
            raise TooLarge(
                f"{self.n} measures on {len(self.points)} points have {self.n * len(self.points)} weights; designs are "
                f"solved up to {MAX_WEIGHTS}. Take fewer points"
            )

    @property
    def n(self) -> int:
        return len(self.x)

    @cached_property
    def place(self) -> dict[Vector, int]:
        """The number of each point."""
        return {p: k for k, p in enumerate(self.points)}

    def column(self, feature: int, point: int) -> int:
        """The number of the weight of a point in a feature's measure."""
        return feature * len(self.points) + point

    def __str__(self) -> str:
        return f"{len(self.points)} points, {'relative to any input and baseline' if self.relative else 'fixed'}"


def hybrids(n: int) -> Support:
    """The 2^n hybrids of an input and a baseline, whatever these are: each coordinate from one or the other.

    >>> [[int(q) for q in p] for p in hybrids(2).points]
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    return grid(n, 1)


def grid(n: int, steps: int) -> Support:
    """The (steps + 1)^n points of a grid between an input and a baseline, whatever these are."""
    if type(n) is not int or type(steps) is not int or n < 1 or steps < 1:
        raise BadInput(f"a grid has at least 1 feature and 1 step, whole numbers; got n={n!r} and steps={steps!r}")
    if n > 12 or n * (steps + 1) ** n > MAX_WEIGHTS:
        raise TooLarge(f"{n} measures on ({steps} + 1)^{n} points; designs are solved up to {MAX_WEIGHTS} weights in all")
    shares = [Fraction(k, steps) for k in range(steps + 1)]
    return Support(tuple(product(shares, repeat=n)), (Fraction(1),) * n, (Fraction(0),) * n, relative=True)


def hybrid_points(x: Any, baseline: Any) -> Support:
    """The hybrids of one input and one baseline, without repetition where they agree."""
    return points_at(x, baseline, _hybrids(vector(x, "x"), vector(baseline, "baseline")))


def points_at(x: Any, baseline: Any, points: Any) -> Support:
    """Points of the user's: data, hybrids, anything. A point given twice is one point; floats stand for what they store.

    Raises:
        BadInput: no points, or not all of the input's dimension.
    """
    at = vector(x, "x")
    beside = vector(baseline, "baseline", len(at))
    listed = points if hasattr(points, "tolist") or not isinstance(points, Iterable) else list(points)
    rows = vectors(listed, "points", len(at))
    return Support(tuple(dict.fromkeys(rows)), at, beside, relative=False)


def joined(*supports: Support) -> Support:
    """All points of supports for the same input and baseline.

    Raises:
        BadInput: they are not for the same.
    """
    first = supports[0]
    if any((s.x, s.baseline, s.relative) != (first.x, first.baseline, first.relative) for s in supports):
        raise BadInput("supports are joined for one input and one baseline only")
    points = dict.fromkeys(p for s in supports for p in s.points)
    return Support(tuple(points), first.x, first.baseline, first.relative)


def _hybrids(x: Vector, baseline: Vector) -> list[Vector]:
    if len(x) != len(baseline):
        raise BadInput(f"x has {len(x)} numbers and the baseline {len(baseline)}; give as many")
    if len(x) > 12:
        raise TooLarge(f"{len(x)} features have 2^{len(x)} hybrids; up to 12 features are taken")
    return list(product(*([b] if a == b else [b, a] for a, b in zip(x, baseline, strict=True))))
