"""The values of a network at the points of a complex, in float64, layer by layer."""

from __future__ import annotations

from math import prod

import numpy as np
import torch
from torch import Tensor

from attrtheory.lower.affine_rows import Affine, gamma
from attrtheory.lower.layers import Pool, Ramp, network
from attrtheory.lower.regions.rows import FloatRows, Growing
from attrtheory.lower.regions.slices import Slice
from attrtheory.models.graph import Graph

LERP = gamma(16)  # roundings of a value that was interpolated a few times
CHUNK = 2**24  # entries of one product


class FloatValues(FloatRows):
    """The live values of a graph whose pools stand before its ReLUs."""

    def __init__(self, graph: Graph, domain: Slice, corners: np.ndarray, memory: int) -> None:
        self.net = network(graph)
        self.graph = self.net.graph
        s = np.array(corners, dtype=np.float64)
        x = domain.rounded().inputs(s)
        super().__init__(s, {0: x}, {0: gamma(4) * np.abs(x).max(0)}, memory)

    def outputs(self) -> np.ndarray:
        """The network's outputs at the points."""
        return self.live[len(self.graph.nodes)].rows

    def advance(self, k: int) -> None:
        """Computes value k from values that are affine, or of one sign, on every cell."""
        layer, ins = self.net.layers[k - 1], self.graph.nodes[k - 1].inputs
        size, rows = prod(self.graph.shapes[k]), len(self.at.rows)
        self.afford(size, 0)
        out, step = np.empty((rows, size)), max(1, CHUNK // size)
        for a in range(0, rows, step):
            xs = [self._shaped(i, self.live[i].rows[a : a + step]) for i in ins]
            y = layer.push(*xs) if isinstance(layer, Affine) else layer.act(xs[0])
            out[a : a + step] = y.flatten(1).numpy()
        self.error[k] = self._error(layer, ins).flatten().numpy()
        self.live[k] = Growing(out)

    def _shaped(self, i: int, rows: np.ndarray) -> Tensor:
        return torch.from_numpy(rows).view(-1, *self.graph.shapes[i])

    def _error(self, layer: Affine | Ramp | Pool, ins: tuple[int, ...]) -> Tensor:
        """A bound on the roundings in the layer's value at any point so far."""
        errors = [self._shaped(i, self.error[i]) for i in ins]
        if not isinstance(layer, Affine):
            return layer.act(errors[0])
        reach = [self._shaped(i, np.abs(self.live[i].rows).max(0)) for i in ins]
        return layer.absolute.push(*errors, bias=0.0) + (layer.gamma_push + LERP) * layer.absolute.push(*reach)
