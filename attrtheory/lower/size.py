"""How large the terms are that a value is summed from, and what rounding may have made of it on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from attrtheory.lower.affine_rows import TINY, UNIT, Affine
from attrtheory.lower.grid import Grid
from attrtheory.lower.layers import Pool, Ramp

STEPS = 16  # roundings of an interpolation and of what surrounds it


@dataclass(frozen=True, eq=False)
class Size:
    """Bounds for every unit on every path: on the terms of its last sum, and on the rounding errors of all layers so far.

    `most` and `error` are numbers that no unit exceeds; the bounds of each unit are worked out only on demand.
    """

    most: float
    error: float
    compute: Callable[[], tuple[Tensor, Tensor]]

    @cached_property
    def both(self) -> tuple[Tensor, Tensor]:
        return self.compute()

    def hides(self, least: float, rounding: float) -> bool:
        """Whether a value of this absolute value may be 0: first by the rough numbers, then by those of the units."""
        if least > max(rounding * self.most, self.error):
            return False
        return least <= max(rounding * float(self.each.amax()), float(self.doubt.amax()))

    @property
    def each(self) -> Tensor:
        """`|W| |x| + |b|` of the last layer, (paths, ...)."""
        return self.both[0]

    @property
    def doubt(self) -> Tensor:
        """A bound on the error of the value as computed, (paths, ...)."""
        return self.both[1]


def of_inputs(x0: Tensor, x: Tensor) -> Size:
    """The inputs along a path: right at its ends, interpolated between them."""
    each = torch.maximum(x0.abs(), x.abs())
    most = float(each.amax())
    return Size(most, STEPS * UNIT * most, lambda: (each, STEPS * UNIT * each))


def behind(layer: Affine, sizes: list[Size], turns: int = 0) -> Size:
    """The sizes behind an affine layer; `turns` is how many changes were added up along the path."""
    relative = layer.gamma_push + (STEPS + turns) * UNIT
    most = layer.norm * max(s.most for s in sizes) + layer.shift

    def compute() -> tuple[Tensor, Tensor]:
        each = layer.absolute.push(*(s.each for s in sizes))
        return each, layer.absolute.push(*(s.doubt for s in sizes), bias=0.0) + relative * each + TINY

    return Size(most, layer.norm * max(s.error for s in sizes) + relative * most + TINY, compute)


def past(layer: Ramp | Pool, before: Size, values: Tensor | None, grid: Grid) -> Size:
    """The sizes behind a piecewise layer, from its values where they are at hand, else from those before it."""
    steep = max(1.0, abs(layer.slope)) if isinstance(layer, Ramp) else 1.0
    through = lambda v: steep * v if isinstance(layer, Ramp) else layer.windows(v).amax(-1).view(-1, *layer.out)
    if values is None:
        return Size(steep * before.most, steep * before.error, lambda: (through(before.each), through(before.doubt)))
    most = max(float(values.amax()), -float(values.amin()))
    return Size(most, steep * before.error, lambda: (grid.largest(values), through(before.doubt)))
