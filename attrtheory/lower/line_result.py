"""What an attribution along a path comes with: its trust, its bounds, and the kinks that the path lies in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import fsum, inf, nextafter
from typing import Literal

import numpy as np
from flint import fmpq
from torch import Tensor

from attrtheory.errors import EngineDisagreement, TooLarge
from attrtheory.lower.affine_rows import UNIT
from attrtheory.lower.arrange import arranged
from attrtheory.lower.enclosure import Enclosure
from attrtheory.lower.integral_exact import ExactLine
from attrtheory.lower.slopes import OUTWARD, tiny
from attrtheory.models.graph import Graph
from attrtheory.models.ops import MaxPool2d

Trust = Literal["float", "enclosed", "exact"]
LADDER: tuple[Trust, ...] = ("float", "enclosed", "exact")


@dataclass(frozen=True, eq=False)
class LineResult:
    """Attributions along a path.

    `lower` and `upper` contain the attribution under every convention at kinks; `kinks` says where one matters.
    `undecided` counts pairs of a unit and a piece whose slope float64 did not decide. `residual` is by how much the
    attributions miss `output_difference`: near 0 whatever else is wrong, so no evidence for the attributions.
    """

    values: np.ndarray
    trust: Trust
    lower: np.ndarray | None
    upper: np.ndarray | None
    kinks: tuple[str, ...]
    undecided: int
    pieces: int
    residual: float
    output_difference: float
    quotients: tuple[fmpq, ...] | None = None

    @property
    def exact_values(self) -> tuple[Fraction, ...] | None:
        """The exact attributions, feature by feature; None unless `trust` is `exact`."""
        if self.quotients is None:
            return None
        return tuple(Fraction(int(q.p), int(q.q)) for q in self.quotients)


@dataclass(frozen=True, eq=False)
class Bounds:
    """An enclosure of the mean gradient, times the displacement."""

    lower: np.ndarray
    upper: np.ndarray
    enclosure: Enclosure

    @property
    def width(self) -> float:
        return float((self.upper - self.lower).max())


def bounded(e: Enclosure, step: Tensor) -> Bounds | None:
    """Bounds of the attributions, given the rounded displacement; None where float64 overflows."""
    middle = e.centre[0] * step
    reach = OUTWARD * (e.radius[0] * step.abs() + 8 * UNIT * middle.abs()) + tiny(step != 0)
    lower, upper = (middle - reach).numpy(), (middle + reach).numpy()
    return Bounds(lower, upper, e) if np.isfinite(lower).all() and np.isfinite(upper).all() else None


@dataclass(frozen=True, eq=False)
class Found:
    """What the float sweep found on one segment."""

    values: np.ndarray
    pieces: int
    difference: float

    @property
    def finite(self) -> bool:
        return bool(np.isfinite(self.values).all() and np.isfinite(self.difference))

    @property
    def largest(self) -> float:
        return float(np.abs(self.values).max())

    def plain(self, graph: Graph, ties: dict[int, tuple[int, float]]) -> LineResult:
        """The float values as they are, and where they follow conventions."""
        residual, undecided = fsum(self.values.ravel().tolist()) - self.difference, sum(units for units, _ in ties.values())
        named = named_kinks(graph, ties, "up to ")
        return LineResult(self.values, "float", None, None, named, undecided, self.pieces, residual, self.difference)

    def interval(self, graph: Graph, bounds: Bounds, left: float) -> LineResult:
        """What is known of a path of which the share `left` was not swept: the middle of the bounds."""
        middle = Found((bounds.lower + bounds.upper) / 2, self.pieces, self.difference)
        found = middle.enclosed(graph, bounds, kinks=False)
        return replace(found, kinks=(f"{left:.3g} of the path was not swept",))

    def enclosed(self, graph: Graph, bounds: Bounds, *, kinks: bool) -> LineResult:
        """The float values within their bounds, which they cannot miss by more than rounding."""
        slack = 1e-9 * self.largest
        if (self.values < bounds.lower - slack).any() or (self.values > bounds.upper + slack).any():
            raise EngineDisagreement(f"the sweep of {graph.name!r} lies outside its own enclosure: please report it")
        values, undecided = np.clip(self.values, bounds.lower, bounds.upper), bounds.enclosure.undecided
        residual = fsum(values.ravel().tolist()) - self.difference
        named = named_kinks(graph, bounds.enclosure.kinks, "up to ") if kinks else ()
        return LineResult(values, "enclosed", bounds.lower, bounds.upper, named, undecided, self.pieces, residual,
                          self.difference)  # fmt: skip


def nothing_moves(features: int) -> ExactLine:
    """The attribution of a path that is one point."""
    none = (fmpq(0),) * features
    return ExactLine(none, none, none, fmpq(0), {}, 1)


def from_exact(graph: Graph, e: ExactLine) -> LineResult:
    """The exact attributions, rounded once; where conventions at kinks matter their range, rounded outwards."""
    shape = graph.input_shape
    values = np.array([rounded(q) for q in e.values]).reshape(shape)
    lower = upper = None
    if e.kinks:
        lower = np.array([nextafter(rounded(q), -inf) for q in e.lower]).reshape(shape)
        upper = np.array([nextafter(rounded(q), inf) for q in e.upper]).reshape(shape)
    kinks = named_kinks(graph, {k: (units, rounded(share)) for k, (units, share) in e.kinks.items()}, "")
    return LineResult(values, "exact", lower, upper, kinks, 0, e.pieces, 0.0, rounded(e.difference), e.values)


def rounded(q: fmpq) -> float:
    """The nearest float64."""
    try:
        return int(q.p) / int(q.q)
    except OverflowError as error:
        raise TooLarge("an exact attribution is larger than any float64 number: rescale the output") from error


def named_kinks(graph: Graph, kinks: dict[int, tuple[int, float]], most: str) -> tuple[str, ...]:
    """One sentence per layer."""
    if not kinks:
        return ()
    nodes = arranged(graph).nodes
    found = []
    for k, (units, share) in sorted(kinks.items()):
        one = "" if units == 1 else "s"
        what = f"window{one} tied" if isinstance(nodes[k - 1].op, MaxPool2d) else f"unit{one} at 0"
        found.append(f"{nodes[k - 1].name}: {most}{units} {what} on {min(share, 1.0):.3g} of the path")
    return tuple(found)
