"""How large the terms are that a value is summed from: what rounding may leave of a value that is 0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from attrtheory.lower.affine_rows import Affine
from attrtheory.lower.grid import Grid


@dataclass(frozen=True, eq=False)
class Size:
    """`|W| |x| + |b|` for every unit on every path, and a number that no unit exceeds; the former only on demand."""

    most: float
    compute: Callable[[], Tensor]

    @cached_property
    def each(self) -> Tensor:
        """For every path and unit, (paths, ...)."""
        return self.compute()


def of_values(values: Tensor, grid: Grid) -> Size:
    """The largest absolute values on each path."""
    return Size(max(float(values.amax()), -float(values.amin())), lambda: grid.largest(values))


def of_ends(x0: Tensor, x: Tensor) -> Size:
    """The same for values that are affine on the path."""
    each = torch.maximum(x0.abs(), x.abs())
    return Size(float(each.amax()), lambda: each)


def behind(layer: Affine, sizes: list[Size]) -> Size:
    """The sizes behind an affine layer."""
    return Size(
        layer.norm * max(s.most for s in sizes) + layer.shift, lambda: layer.absolute.push(*(s.each for s in sizes))
    )
