"""Attributions by regions, in the two closed forms for piecewise linear networks.

On region P_r of the support of a measure the output is A_r y + c_r. The attribution of feature i is

    I    sum_r (A_r M_ir + c_r mu_i(P_r))    its integral against the measure mu_i, M_ir = int_{P_r} y dmu_i,
    II   sum_r nu_i(P_r) (A_r)_i             the integral of its derivative in feature i against the kernel nu_i.

I is right for every finite signed measure; II needs a kernel under which the kinks have measure 0: where it has not, the
package's convention for derivatives decides, and `kinks` says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from attrtheory.errors import BadInput, TooLarge
from attrtheory.lower.layers import network
from attrtheory.lower.regions.measures import Measure, Patch
from attrtheory.lower.regions.numbers import as_fractions
from attrtheory.lower.regions.pieces import gradients_exact, gradients_float
from attrtheory.lower.regions.result import Pieces, Regions, slice_regions
from attrtheory.lower.regions.slices import Slice
from attrtheory.lower.wiring import pools_first
from attrtheory.models.graph import Graph


@dataclass(frozen=True, eq=False)
class RegionAttribution:
    """One value for each measure: float64, and fractions under trust `exact`. `regions`: of all supports together.

    `kinks`: layers with units that vanish on whole regions (or at points) where derivatives were taken.
    """

    values: np.ndarray
    exact_values: tuple[Fraction, ...] | None
    trust: Literal["float", "exact"]
    regions: int
    kinks: tuple[str, ...]


def measure_attributions(
    graph: Graph, measures: Sequence[Measure], target: int = 0, *, exact: bool = False, max_regions: int = 200_000
) -> RegionAttribution:
    """Form I: the integral of an output against each of the measures.

    Raises:
        BadInput: a measure does not fit the network.
        TooLarge: more than `max_regions` regions on one support.
    """
    return _Supports(graph, target, max_regions, exact=exact).attributions(
        [[(patch, None) for patch in measure] for measure in measures]
    )


def kernel_attributions(
    graph: Graph, kernels: Sequence[Measure], target: int = 0, *, exact: bool = False, max_regions: int = 200_000
) -> RegionAttribution:
    """Form II: the integral of an output's derivative in feature i against the i-th kernel, one for each feature.

    Raises:
        BadInput: there is not one kernel for each feature, or one does not fit the network.
        TooLarge: more than `max_regions` regions on one support.
    """
    if len(kernels) != graph.features:
        raise BadInput(f"one kernel for each of the {graph.features} features of {graph.name!r}; got {len(kernels)}")
    return _Supports(graph, target, max_regions, exact=exact).attributions(
        [[(patch, i) for patch in kernel] for i, kernel in enumerate(kernels)]
    )


def functional_attributions(
    graph: Graph,
    rows: Sequence[Sequence[tuple[Patch, int | None]]],
    target: int = 0,
    *,
    exact: bool = False,
    max_regions: int = 200_000,
) -> RegionAttribution:
    """Both forms together: one value for each row, the sum of integrals against patches.

    What is integrated is an output (None), or its derivative in a feature. Patches with the same support should share it: it
    is decomposed once.

    Raises:
        BadInput: a patch does not fit the network.
        TooLarge: more than `max_regions` regions on one support.
    """
    return _Supports(graph, target, max_regions, exact=exact).attributions(rows)


class _Supports:
    """The decomposition of every support, made once, although measures share them."""

    def __init__(self, graph: Graph, target: int, max_regions: int, *, exact: bool) -> None:
        self.graph, self.target, self.max_regions, self.exact = graph, target, max_regions, exact
        self.made: dict[int, tuple[Regions, Pieces]] = {}
        self.kinks: dict[str, None] = {}

    def attributions(self, terms: Sequence[Sequence[tuple[Patch, int | None]]]) -> RegionAttribution:
        """The sum of each row's terms: integrals of the output, or of its derivative in a feature."""
        sums: list[Any] = [sum((self.integral(*term) for term in row), Fraction(0) if self.exact else 0.0) for row in terms]
        try:
            values = np.array([float(v) for v in sums])
        except OverflowError as error:
            raise TooLarge("an exact attribution is larger than any float64 number: rescale the output") from error
        regions = sum(len(regions) for regions, _ in self.made.values())
        return RegionAttribution(
            values, tuple(sums) if self.exact else None, "exact" if self.exact else "float", regions, tuple(self.kinks)
        )

    def integral(self, patch: Patch, feature: int | None) -> Any:
        if not isinstance(patch.support, Slice):
            return self.number(patch.constant) * self.at_point(patch.support, feature)
        regions, pieces = self.on(patch.support)
        m = regions.moments(patch.constant, patch.linear)
        mass, first = (as_fractions(v) for v in (m.mass, m.first)) if self.exact else (m.mass, m.first)
        if feature is not None:
            self.kinks |= dict.fromkeys(pieces.kinks)
            return (mass * pieces.gradient[:, feature]).sum()
        return (pieces.slope * first).sum() + (pieces.intercept * mass).sum()

    def at_point(self, x: np.ndarray, feature: int | None) -> Any:
        if x.size != self.graph.features:
            raise BadInput(f"a point mass has {x.size} features; {self.graph.name!r} has {self.graph.features}")
        if self.exact:
            found = gradients_exact(pools_first(self.graph), as_fractions(x)[None].tolist(), self.target)
        else:
            found = gradients_float(network(self.graph), {}, x.astype(np.float64)[None], self.target)
        if feature is None:
            return found.output[0]
        self.kinks |= dict.fromkeys(found.kinks)
        return found.gradient[0, feature]

    def on(self, support: Slice) -> tuple[Regions, Pieces]:
        if id(support) not in self.made:
            regions = slice_regions(self.graph, support, exact=self.exact, max_regions=self.max_regions)
            self.made[id(support)] = regions, regions.pieces(self.target)
        return self.made[id(support)]

    def number(self, weight: Fraction) -> Any:
        return weight if self.exact else float(weight)
