"""Bounds of the gradient on parts of a box: forms forwards, slopes of all ReLUs, forms backwards."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from attrtheory.lower.box.forms import FINEST, Array, Forms, Matrix, aligned, matrix, ramp, ramp_back, settled
from attrtheory.lower.box.steps import Steps, steps
from attrtheory.models.graph import Graph


@dataclass(frozen=True, eq=False)
class Bounds:
    """`low 2^-p <= d output[target] / d input <= high 2^-p` on every part, for every slope in [0, 1] at kinks.

    `share[part, symbol]`: how much of the open ReLUs' ranges hangs on each symbol of the input.
    """

    low: Array
    high: Array
    exponent: Array
    share: Array


class Engine:
    """A network's matrices in one kind of numbers: float64 proposes, int64 proves."""

    def __init__(self, net: Steps, dtype: type) -> None:
        self.net, self.dtype = net, dtype
        self.forward: dict[int, Matrix] = {}
        self.backward: dict[int, Matrix] = {}
        for k, step in enumerate(net.steps, start=1):
            if step.rows is not None:
                self.forward[k] = matrix(step.rows, sum(net.sizes[i] for i in step.inputs), dtype)
                self.backward[k] = self.forward[k].transposed()

    def bounds(self, parts: Forms, target: int) -> Bounds:
        """Bounds of the gradient of one output where the input lies in `parts`."""
        net, values, masks = self.net, {0: parts}, {}
        features = symbols = parts.rows.shape[1] - 2
        share = np.zeros((len(parts.rows), symbols))
        for k, step in enumerate(net.steps, start=1):
            if k in self.forward:
                values[k] = _joined([values[i] for i in step.inputs], symbols).through(self.forward[k])
                continue
            z = values[step.inputs[0]]
            values[k], on, free = ramp(z, symbols)
            masks[k], symbols = (on[:, :-1], free[:, :-1]), values[k].rows.shape[1] - 2
            if free.any():
                part = np.abs(z.rows[:, 2 : 2 + features]) * (free / np.maximum(2 * z.radius, 1))[:, None]
                share += part.sum(2)
        low, high, exponent = self._back(masks, len(parts.rows), target)
        return Bounds(low, high, exponent, share)

    def _back(self, masks: dict[int, tuple[Array, Array]], boxes: int, target: int) -> tuple[Array, Array, Array]:
        net, symbols = self.net, 0
        seed = np.zeros((boxes, 2, net.sizes[-1]), dtype=self.dtype)
        seed[:, 0, target] = 2**FINEST
        signals = {len(net.steps): Forms(seed, np.full(boxes, FINEST))}
        for k in range(len(net.steps), 0, -1):
            if k not in signals:
                continue
            step, g = net.steps[k - 1], signals.pop(k)
            if k in self.backward:
                whole, start = g.through(self.backward[k]), 0
                pieces: list[Forms] = []
                for i in step.inputs:
                    pieces.append(Forms(whole.rows[:, :, start : start + net.sizes[i]], whole.exponent))
                    start += net.sizes[i]
            else:
                pieces = [ramp_back(g, *masks[k], symbols)]
                symbols = pieces[0].rows.shape[1] - 2
            for i, piece in zip(step.inputs, pieces, strict=True):
                signals[i] = _sum(signals[i], piece, symbols) if i in signals else piece
        zero = Forms(np.zeros((boxes, 2, net.sizes[0]), dtype=self.dtype), np.full(boxes, FINEST))
        found = signals.get(0, zero)
        return *found.ends(), found.exponent

    def gradients(self, x: Array, target: int) -> Array:
        """Gradients at points, (points, features), in float64 and by the package's convention: to look for examples."""
        net, values = self.net, {0: np.column_stack([x, np.ones(len(x))])}
        for k, step in enumerate(net.steps, start=1):
            if k in self.forward:
                m, parts = self.forward[k], [values[i] for i in step.inputs]
                values[k] = np.column_stack([*(p[:, :-1] for p in parts[:-1]), parts[-1]]) @ m.values.T
            else:
                values[k] = np.maximum(values[step.inputs[0]], 0)
        signals = {len(net.steps): np.tile(np.eye(net.sizes[-1])[target], (len(x), 1))}
        for k in range(len(net.steps), 0, -1):
            if k not in signals:
                continue
            step, g = net.steps[k - 1], signals.pop(k)
            if k in self.backward:
                m = self.backward[k]
                cuts = np.cumsum([net.sizes[i] for i in step.inputs])[:-1]
                pieces = np.split(g @ m.values.T, cuts, axis=1)
            else:
                pieces = [g * (values[step.inputs[0]][:, :-1] > 0)]
            for i, piece in zip(step.inputs, pieces, strict=True):
                signals[i] = signals[i] + piece if i in signals else piece
        return signals.get(0, np.zeros_like(x))


def _joined(parts: list[Forms], symbols: int) -> Forms:
    """Vectors one behind the other; the constant of the last one is kept."""
    if len(parts) == 1:
        return parts[0]
    rows, exponent = aligned(parts, symbols)
    return Forms(np.concatenate([*(r[:, :, :-1] for r in rows[:-1]), rows[-1]], axis=2), exponent)


def _sum(a: Forms, b: Forms, symbols: int) -> Forms:
    rows, exponent = aligned([a, b], symbols)
    return settled(rows[0] + rows[1], exponent)


@lru_cache(maxsize=16)
def engine(graph: Graph, dtype: type) -> Engine:
    """The engine of a network, kept for the networks used last."""
    return Engine(steps(graph), dtype)
