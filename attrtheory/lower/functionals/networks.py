"""On a network: point masses by forward and backward passes, affine densities on at most three variables by regions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from attrtheory.lower.functionals.numbers import Row, Spread, Summand
from attrtheory.lower.functionals.result import Share, plain
from attrtheory.lower.layers import network
from attrtheory.lower.regions.attributions import functional_attributions
from attrtheory.lower.regions.measures import Patch
from attrtheory.lower.regions.pieces import gradients_exact, gradients_float
from attrtheory.lower.regions.slices import MOST, Slice
from attrtheory.lower.wiring import pools_first
from attrtheory.models.graph import Graph


def is_point(s: Summand) -> bool:
    return not s.law.columns


def has_regions(s: Summand) -> bool:
    """Whether cells and their moments give the integral."""
    return 0 < len(s.law.uniform) <= MOST and not s.law.normal and sum(s.powers) <= 1 and s.law.independent


def by_points(graph: Graph, rows: Sequence[Row], target: int, *, exact: bool) -> Share:
    """Sums over points of the output and of its slopes, all distinct points in one batch."""
    points = [*dict.fromkeys(s.law.origin for row in rows for s in row)]
    index = {p: k for k, p in enumerate(points)}
    if exact:
        found = gradients_exact(pools_first(graph), [[*p] for p in points], target)
    else:
        at = np.array([[float(v) for v in p] for p in points])
        found = gradients_float(network(graph), {}, at, target)
    number: Any = (lambda w: w) if exact else float

    def value(s: Summand) -> Any:
        k = index[s.law.origin]
        return number(s.weight) * (found.output[k] if s.feature is None else found.gradient[k, s.feature])

    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused below
        values = [sum(map(value, row), number(Fraction(0))) for row in rows]
    slopes = any(s.feature is not None for row in rows for s in row)
    words = f"forward{' and backward' * slopes} passes, {len(points)}"
    kinks = tuple(found.kinks) if slopes else ()
    return plain(values, "exact" if exact else "float", words, kinks=kinks, evaluations=len(points))


def by_regions(graph: Graph, rows: Sequence[Row], target: int, *, exact: bool, max_regions: int) -> Share:
    """Sums over the regions of segments, parallelograms and parallelepipeds."""
    supports: dict[Spread, Slice] = {}
    patches = [[(_patch(s, supports), s.feature) for s in row] for row in rows]
    found = functional_attributions(graph, patches, target, exact=exact, max_regions=max_regions)
    values = found.values.tolist() if found.exact_values is None else found.exact_values
    dimension = max(map(len, (law.uniform for law in supports)))
    words = f"{found.regions} regions on supports of dimension up to {dimension}, of which there are {len(supports)}"
    return plain(values, found.trust, words, kinks=found.kinks, regions=found.regions)


def _patch(s: Summand, supports: dict[Spread, Slice]) -> Patch:
    if s.law not in supports:
        origin, directions = (np.array(v, dtype=object) for v in (s.law.origin, s.law.uniform))
        supports[s.law] = Slice(origin, directions)
    if not any(s.powers):
        return Patch(supports[s.law], s.weight)
    return Patch(supports[s.law], Fraction(0), tuple(s.weight * p for p in s.powers))
