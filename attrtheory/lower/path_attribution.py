"""Attributions along piecewise linear paths, and their mean over baselines: sums of segments."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import fsum, inf, nextafter
from typing import Any

import numpy as np
from flint import fmpq

from attrtheory.errors import BadInput
from attrtheory.lower.inputs import Data, rows, targets
from attrtheory.lower.integrated_gradients import Options, segments
from attrtheory.lower.line_result import LADDER, LineResult, rounded
from attrtheory.models.graph import Graph


def path_attribution_line(graph: Graph, knots: Data, target: int = 0, **options: Any) -> LineResult:
    """The path integral of the gradient along straight segments between `knots`, two points or more.

    Args:
        graph: the network.
        knots: points (k, *input_shape), from the baseline to the input.
        target: the number of an output.
        options: keyword arguments of `integrated_gradients_line`.
    """
    points = rows(graph, knots, "knots")
    if len(points) < 2:
        raise BadInput(f"knots: got {len(points)} point; a path needs two or more")
    (k,) = targets(graph, target, 1)
    return combined(segments(graph, points[:-1], points[1:], [k] * (len(points) - 1), Options(**options)), Fraction(1))


def expected_gradients_line(
    graph: Graph, inputs: Data, baselines: Data, target: int | Sequence[int] = 0, **options: Any
) -> list[LineResult]:
    """The mean of Integrated Gradients over all rows of `baselines`, for every row of `inputs`."""
    xs, bases = rows(graph, inputs, "inputs"), rows(graph, baselines, "baselines")
    each = targets(graph, target, len(xs))
    mean = Fraction(1, len(bases))
    starts, stops = np.concatenate([bases] * len(xs)), np.repeat(xs, len(bases), axis=0)
    parts = segments(graph, starts, stops, np.repeat(each, len(bases)).tolist(), Options(**options))
    return [combined(parts[i : i + len(bases)], mean) for i in range(0, len(parts), len(bases))]


def combined(parts: Sequence[LineResult], factor: Fraction) -> LineResult:
    """`factor` times the sum of results: exact if all are, bounded if all are, as trusted as the weakest."""
    trust, shape = LADDER[min(LADDER.index(p.trust) for p in parts)], parts[0].values.shape
    scale = fmpq(factor.numerator, factor.denominator)

    def total(columns: Sequence[Sequence[fmpq]]) -> list[fmpq]:
        return [scale * sum(column, fmpq(0)) for column in zip(*columns, strict=True)]

    def bound(sides: list[np.ndarray | None], direction: float) -> np.ndarray:
        """A part without bounds is exact."""
        known = [p.quotients or () if s is None else quotients(s) for p, s in zip(parts, sides, strict=True)]
        return np.array([nextafter(rounded(q), direction) for q in total(known)]).reshape(shape)

    exact = tuple(total([p.quotients or () for p in parts])) if trust == "exact" else None
    values = np.array([rounded(q) for q in exact or total([quotients(p.values) for p in parts])]).reshape(shape)
    plain = trust == "float" or all(p.lower is None for p in parts)
    difference = float(factor) * fsum(p.output_difference for p in parts)
    return LineResult(
        values,
        trust,
        None if plain else bound([p.lower for p in parts], -inf),
        None if plain else bound([p.upper for p in parts], inf),
        tuple(dict.fromkeys(kink for p in parts for kink in p.kinks)),
        sum(p.undecided for p in parts),
        sum(p.pieces for p in parts),
        0.0 if exact else fsum(values.ravel().tolist()) - difference,
        difference,
        exact,
    )


def quotients(values: np.ndarray) -> list[fmpq]:
    """The floats' exact values."""
    return [fmpq(*v.as_integer_ratio()) for v in values.ravel().tolist()]
