"""Convolutions in float64 as few dense products: a row of pixels at a time.

Libraries are quick at convolutions in float32 only. Here a kernel row becomes a banded matrix from all entries of one
input row (channels x width) to all entries of one output row, so that an output row is one product with a block of
neighbouring input rows. It wastes width / kernel width of the multiplications, and is still several times faster
while that is small.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from attrtheory.models.ops import Conv2d, Shape

WASTE = 6  # width / kernel width up to which a dense product pays
Reach = list[list[tuple[int, int]]]
ENTRIES = 2**22  # of all banded matrices of a layer


def pays(op: Conv2d, x: Shape, out: Shape, device: torch.device) -> bool:
    """Whether the banded form is quicker than the library's convolution."""
    band = op.weight.shape[2] * x[0] * x[2] * out[0] * out[2]
    plain = op.groups == 1 and op.dilation == (1, 1) and device.type == "cpu"
    return plain and x[2] <= WASTE * op.weight.shape[3] and band <= ENTRIES


class Banded:
    """The linear part of a convolution (rows, C, H, W) -> (rows, O, Ho, Wo), and its transpose."""

    def __init__(self, op: Conv2d, weight: Tensor, x: Shape, out: Shape) -> None:
        self.x, self.out, self.stride, self.top = x, out, op.stride[0], op.padding[0]
        self.kernel = weight.shape[2]
        column = torch.arange(x[2])[:, None] + op.padding[1] - torch.arange(out[2])[None, :] * op.stride[1]
        inside = (column >= 0) & (column < weight.shape[3])
        band = weight[:, :, :, column.clamp(0, weight.shape[3] - 1)] * inside  # (O, C, kernel row, W, Wo)
        self.band = band.permute(2, 1, 3, 0, 4).reshape(self.kernel, x[0] * x[2], out[0] * out[2])
        self.forwards = cache(lambda rows: self.band[list(rows)].flatten(0, 1))
        self.backwards = cache(lambda rows: self.band[list(rows)].transpose(1, 2).flatten(0, 1))

    def push(self, x: Tensor, bias: Tensor) -> Tensor:
        """`W * x + b`."""
        reach = [[(y * self.stride - self.top + r, r) for r in range(self.kernel)] for y in range(self.out[1])]
        return _products(x, reach, self.x, self.out, self.forwards, bias.repeat_interleave(self.out[2]))


def _products(
    x: Tensor, reach: Reach, ins: Shape, out: Shape, matrix: Callable[[tuple[int, ...]], Tensor], shift: Tensor
) -> Tensor:
    """Row by row of the output: neighbouring rows of the input, times the stacked bands of the kernel rows."""
    n, width, result = len(x), ins[0] * ins[2], x.new_empty(len(x), out[1], out[0] * out[2])
    lines = x.transpose(1, 2).reshape(n, -1)  # all entries of an input row side by side
    for y, pairs in enumerate(reach):
        there = [(h, r) for h, r in pairs if 0 <= h < ins[1]]
        if not there:
            result[:, y] = shift
            continue
        first, rows = there[0][0], tuple(r for _, r in there)
        torch.addmm(shift, lines[:, first * width : (first + len(rows)) * width], matrix(rows), out=result[:, y])
    return result.view(n, out[1], out[0], out[2]).transpose(1, 2).contiguous()
