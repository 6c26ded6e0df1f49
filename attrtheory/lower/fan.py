"""Which outputs of a convolution each entry of its input reaches, and with which weight."""

from __future__ import annotations

from math import prod

import numpy as np

from attrtheory.lower.wiring import window_table
from attrtheory.models.ops import Array, Conv2d, Shape


class Fan:
    """The columns of a convolution's matrix, for a few entries at a time."""

    def __init__(self, op: Conv2d, x: Shape, out: Shape) -> None:
        self.positions, self.windows = prod(x[1:]), prod(out[1:])
        table = window_table(x, op)
        self.order = np.argsort(table, axis=None, kind="stable")
        self.entries = table.shape[1]
        reached = table.ravel()[self.order]
        self.first = np.searchsorted(reached, np.arange(self.positions))
        self.count = np.searchsorted(reached, np.arange(self.positions), side="right") - self.first
        self.weight = np.ascontiguousarray(op.weight.reshape(*op.weight.shape[:2], -1).transpose(1, 2, 0))
        self.channels = np.arange(out[0]) * self.windows

    def of(self, units: Array) -> tuple[Array, Array, Array]:
        """Which of the units, which output and which weight, entry by entry."""
        channel, position = np.divmod(units, self.positions)
        count = self.count[position]
        which = np.repeat(np.arange(len(units)), count)
        run = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        window, entry = np.divmod(self.order[self.first[position][which] + run], self.entries)
        outputs, weights = window[:, None] + self.channels, self.weight[channel[which], entry]
        return np.repeat(which, len(self.channels)), outputs.ravel(), weights.ravel()
