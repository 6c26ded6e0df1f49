"""The regions of a network on a slice: polytopes, affine pieces, who is whose neighbour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from attrtheory.errors import BadInput
from attrtheory.lower.layers import network
from attrtheory.lower.regions.complex import Complex
from attrtheory.lower.regions.moments import Moments, centres, moments
from attrtheory.lower.regions.numbers import Number, as_floats, as_fractions, as_quotients
from attrtheory.lower.regions.pieces import Kinks, gradients_exact, gradients_float
from attrtheory.lower.regions.slices import Slice
from attrtheory.lower.regions.sweep import NetworkValues, Sweep
from attrtheory.lower.regions.values import FloatValues
from attrtheory.lower.regions.values_exact import ExactValues
from attrtheory.lower.wiring import pools_first
from attrtheory.models.graph import Graph


@dataclass(frozen=True, eq=False)
class Pieces:
    """On region r the output is `slope[r] . s + intercept[r]` in slice coordinates.

    `gradient[r]`, (features,), is its gradient in the input features. `kinks`: for layers with units that vanish on whole
    regions, or windows tied there, on how many; within the slice no choice matters there, across it it may.
    """

    gradient: np.ndarray
    slope: np.ndarray
    intercept: np.ndarray
    kinks: Kinks


@dataclass(frozen=True, eq=False)
class Regions:
    """The activation regions of a network on a slice.

    `points` (points, k) are the corners of regions in slice coordinates, `outputs` (points, outputs) the network there:
    float64 under trust `float`, exact quotients (flint.fmpq) under trust `exact`. `undecided` counts faces that rounded
    signs did not let cut; it is 0 under `exact`.
    """

    graph: Graph
    slice: Slice
    complex: Complex
    points: np.ndarray
    outputs: np.ndarray
    trust: Literal["float", "exact"]
    undecided: int
    error: dict[int, np.ndarray]

    def __len__(self) -> int:
        return self.complex.cells

    def polygon(self, region: int) -> np.ndarray:
        """The corners of a region (corners, k); in two dimensions in order around it."""
        return self.points[self.complex.corners(region)]

    @cached_property
    def centres(self) -> np.ndarray:
        """An inner point of every region, in slice coordinates."""
        return centres(self.complex, self.points)

    @cached_property
    def volumes(self) -> np.ndarray:
        """Lengths, areas or volumes in slice coordinates."""
        return self.moments().mass

    def moments(self, constant: Number = 1, linear: Sequence[Number] | None = None) -> Moments:
        """Mass and first moment of every region under the density `constant + linear . s`."""
        number = as_quotients if self.trust == "exact" else as_floats
        weights = number(np.array([constant, *(linear or ())], dtype=object))
        return moments(self.complex, self.points, weights[0], weights[1:] if linear else None)

    @property
    def neighbours(self) -> np.ndarray:
        """Pairs of regions with a common face of one dimension less, (pairs, 2)."""
        return self.complex.neighbours[:, 1:]

    def checked(self, target: int) -> None:
        """Refuses what is not the number of an output."""
        if isinstance(target, bool) or not isinstance(target, int | np.integer) or not 0 <= target < self.graph.outputs:
            raise BadInput(f"target: got {target!r}; the network has outputs 0 to {self.graph.outputs - 1}")

    def pieces(self, target: int = 0) -> Pieces:
        """The affine piece of one output on every region."""
        self.checked(target)
        if self.trust == "exact":
            domain, centre = self.slice.rational(), as_fractions(self.centres)
            found = gradients_exact(pools_first(self.graph), domain.inputs(centre).tolist(), int(target))
        else:
            domain, centre = self.slice.rounded(), self.centres
            found = gradients_float(network(self.graph), self.error, domain.inputs(centre), int(target))
        slope = found.gradient @ domain.directions.T
        return Pieces(found.gradient, slope, found.output - (slope * centre).sum(1), found.kinks)


def slice_regions(
    graph: Graph, domain: Slice, *, exact: bool = False, max_regions: int = 200_000, memory: int = 2**31
) -> Regions:
    """The activation regions of a network on a slice of dimension 1, 2 or 3.

    A region is a polytope on which every ReLU and leaky ReLU keeps its sign and every pooling window its winner, with
    pools before ReLUs. Float64 decides signs up to a bound on its rounding (trust `float`); with `exact` everything is
    rational (trust `exact`), for small networks. A refinement: tested against the definition, not proved.

    >>> from attrtheory.lower.regions import box
    >>> from attrtheory.models.graph import Node
    >>> from attrtheory.models.ops import Linear, Relu
    >>> unit = Node(Linear(np.array([[1.0, -1.0]]), np.zeros(1)), (0,), "z"), Node(Relu(), (1,), "relu")
    >>> regions = slice_regions(Graph((2,), unit), box([0.0, 0.0], [1.0, 1.0]), exact=True)
    >>> len(regions), regions.volumes.tolist()
    (2, [1/2, 1/2])
    >>> regions.pieces().gradient.tolist()
    [[Fraction(1, 1), Fraction(-1, 1)], [Fraction(0, 1), Fraction(0, 1)]]

    Raises:
        BadInput: the slice does not fit the network.
        TooLarge: more than `max_regions` regions, or values that take more than `memory` bytes.
    """
    if domain.origin.size != graph.features:
        raise BadInput(f"the slice has {domain.origin.size} features; {graph.name!r} has {graph.features}")
    start, corners = domain.start()
    values: NetworkValues = (ExactValues if exact else FloatValues)(graph, domain, corners, memory)
    sweep = Sweep(start, values, max_regions)
    sweep.run(values)
    return Regions(graph, domain, sweep.complex, values.coordinates(), values.outputs(), "exact" if exact else "float",
                   sweep.undecided, values.error)  # fmt: skip
