"""Affine layers on rows of float64 tensors: forwards, backwards along the transpose, and with absolute weights."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import prod

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.grad import conv2d_input

from attrtheory.lower.banded import Banded, pays
from attrtheory.lower.fan import Fan
from attrtheory.lower.wiring import magnitude, pool_counts, roundings
from attrtheory.models.ops import OUTSIDE, AvgPool2d, Combine, Conv2d, Linear, Op, Pair, Scale, Select, Shape

Sides = tuple[int, int, int, int]
UNIT = 2.0**-53  # unit roundoff of float64
TINY = 2.0**-960  # covers what underflow loses in a sum of products; a normal number, since subnormal ones are slow


def gamma(n: int) -> float:
    """The usual bound n u / (1 - n u) on the relative error of n rounded operations."""
    return n * UNIT / (1 - n * UNIT)


def tensor(array: np.ndarray, device: torch.device) -> Tensor:
    return torch.tensor(np.asarray(array, dtype=np.float64), device=device)


class Affine:
    """`y = W x + b`, on rows."""

    weight: Tensor
    bias: Tensor
    index: Tensor

    def __init__(self, op: Op, ins: Sequence[Shape], out: Shape, device: torch.device) -> None:
        self.op, self.ins, self.out, self.device = op, ins, out, device
        self.gamma_push, self.gamma_pull = (gamma(n) for n in roundings(op))
        match op:
            case Linear() | Conv2d():
                self.weight, self.bias = tensor(op.weight, device), tensor(op.bias, device)
            case Scale():
                self.weight = tensor(op.scale, device).expand(out)
                self.bias = tensor(op.shift, device).expand(out)
            case AvgPool2d():
                self.weight = (1 / tensor(pool_counts(ins[0], op), device)).view(out[1:])
            case Select():  # OUTSIDE is the entry behind the last one
                entries = np.where(op.index == OUTSIDE, sum(map(prod, ins)), op.index)
                self.index, self.bias = torch.tensor(entries.ravel(), device=device), tensor(op.fill, device)
            case _:
                pass
        self.banded = None
        if isinstance(op, Conv2d) and pays(op, ins[0], out, device):
            self.banded = Banded(op, self.weight, ins[0], out)

    @cached_property
    def absolute(self) -> Affine:
        """`y = |W| x + |b|`."""
        return Affine(magnitude(self.op), self.ins, self.out, self.device)

    @cached_property
    def fan(self) -> Fan:
        """What single entries of a convolution's input reach."""
        if not isinstance(self.op, Conv2d):
            raise TypeError(f"only convolutions have a fan; got {self.op}")
        return Fan(self.op, self.ins[0], self.out)

    @cached_property
    def norm(self) -> float:
        """The largest row sum of |W|."""
        ones = [torch.ones(1, *shape, dtype=torch.float64, device=self.device) for shape in self.ins]
        return float(self.absolute.push(*ones, bias=0.0).amax())

    @cached_property
    def shift(self) -> float:
        """The largest |b|."""
        zeros = [torch.zeros(1, *shape, dtype=torch.float64, device=self.device) for shape in self.ins]
        return float(self.absolute.push(*zeros).amax())

    def push(self, *xs: Tensor, bias: float = 1.0) -> Tensor:
        """`W x + bias * b` for every row."""
        x, op = xs[0], self.op
        match op:
            case Linear() if x.dim() == 2:
                return torch.addmm(self.bias, x, self.weight.T, beta=bias)
            case Linear():
                return x @ self.weight.T + bias * self.bias
            case Conv2d() if self.banded is not None and not x.requires_grad:  # written in place: not for autograd
                return self.banded.push(x, bias * self.bias)
            case Conv2d():
                x, both = padded(x, op.padding)
                return functional.conv2d(x, self.weight, bias * self.bias, op.stride, both, op.dilation, op.groups)
            case AvgPool2d():
                x = functional.pad(x, _sides(op.padding))
                return functional.avg_pool2d(x, op.kernel, op.stride, divisor_override=1) * self.weight
            case Scale():
                return x * self.weight + bias * self.bias
            case Combine():
                first, *rest = (v if c == 1 else c * v for c, v in zip(op.coefficients, xs, strict=True))
                return sum(rest, first)
            case Select():
                rows = max(map(len, xs))  # a value may have one row for all
                flat = torch.cat([*(v.flatten(1).expand(rows, -1) for v in xs), x.new_zeros(rows, 1)], 1)
                return flat[:, self.index].view(-1, *self.out) + bias * self.bias
            case _:
                return x.reshape(-1, *self.out)

    def pull(self, g: Tensor) -> list[Tensor]:
        """`W^T g` for every row: one signal for each input."""
        op = self.op
        match op:
            case Linear():
                return [g @ self.weight]
            case Conv2d():
                return [self._transposed(g, self.weight, op.stride, op.padding, op.dilation, op.groups)]
            case AvgPool2d():
                ones = g.new_ones((self.out[0], 1, *op.kernel))
                return [self._transposed(g * self.weight, ones, op.stride, op.padding, (1, 1), self.out[0])]
            case Scale():
                return [g * self.weight]
            case Combine():
                return [g if c == 1 else c * g for c in op.coefficients]
            case Select():
                sizes = [prod(shape) for shape in self.ins]
                flat = g.new_zeros(len(g), sum(sizes) + 1).index_add_(1, self.index, g.flatten(1))
                parts = flat[:, :OUTSIDE].split(sizes, 1)
                return [part.reshape(-1, *shape) for part, shape in zip(parts, self.ins, strict=True)]
            case _:
                return [g.reshape(-1, *self.ins[0])]

    def _transposed(
        self, g: Tensor, weight: Tensor, stride: Pair, padding: Sides, dilation: Pair, groups: int
    ) -> Tensor:
        (c, h, w), (top, left, bottom, right) = self.ins[0], padding
        both = (top, left)
        if both != (bottom, right):
            size = (len(g), c, h + top + bottom, w + left + right)
            whole = conv2d_input(size, weight, g, stride, 0, dilation, groups)  # pyright: ignore[reportArgumentType]
            return whole[:, :, top : top + h, left : left + w]
        size = (len(g), c, h, w)
        return conv2d_input(size, weight, g, stride, both, dilation, groups)  # pyright: ignore[reportArgumentType]


def padded(x: Tensor, padding: Sides) -> tuple[Tensor, Pair]:
    """The input and the padding that is left to the library, which knows only equal sides."""
    top, left, bottom, right = padding
    if (top, left) == (bottom, right):
        return x, (top, left)
    return functional.pad(x, _sides(padding)), (0, 0)


def _sides(padding: Sides) -> Sides:
    top, left, bottom, right = padding
    return (left, right, top, bottom)
