"""The same view of a network in torch float64: outputs and gradients are rounded, everything around them is exact."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isfinite

import torch

from attrtheory.errors import TooLarge
from attrtheory.lower.layers import forward, network
from attrtheory.lower.line import lines
from attrtheory.lower.network_fn import NetworkFn, Point


class FloatFn(NetworkFn):
    """Output `target` of a network, computed by torch on the CPU in float64."""

    def _rows(self, *points: Point) -> torch.Tensor:
        rows = [[float(q) for q in p] for p in points]
        return torch.tensor(rows, dtype=torch.float64).reshape(-1, *self.graph.input_shape)

    def outputs(self, p: Point) -> Sequence[Fraction]:
        return _fractions(forward(self.graph, self._rows(p)))

    def gradient(self, p: Point) -> Sequence[Fraction]:
        return self.mean_gradient(p, p)

    def mean_gradient(self, start: Point, end: Point) -> Sequence[Fraction]:
        a, b = self._rows(start), self._rows(end)
        (line,) = lines(network(self.graph), a, b, torch.tensor([self.target]))
        return _fractions(line.gradient)


def _fractions(values: torch.Tensor) -> list[Fraction]:
    flat = values.flatten().tolist()
    if not all(isfinite(v) for v in flat):
        raise TooLarge("float64 overflows on this network and input; ask for exact=True")
    return [Fraction(v) for v in flat]
