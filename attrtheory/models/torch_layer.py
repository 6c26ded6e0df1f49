"""Where a torch operation stands, and how its arguments are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attrtheory.errors import Unsupported
from attrtheory.models.build import Builder, Value
from attrtheory.models.checks import exact_array
from attrtheory.models.ops import Array

SUPPORTED = (
    "supported are Linear, convolution and pooling in 1 and 2 dimensions, BatchNorm (eval), ReLU, LeakyReLU, PReLU, "
    "Hardtanh, ReLU6, clamp, abs, maximum and minimum, padding, cat, slices, permutations and reshape, Dropout (eval), "
    "addition and subtraction of values, and + - * / with constants"
)


@dataclass(frozen=True)
class Layer:
    """Where an operation stands: the graph under construction, the layer's name, torch's results."""

    build: Builder
    name: str
    results: Sequence[Tensor]
    several: bool = False  # a tuple of results, also if it is one

    @property
    def result(self) -> Tensor:
        return self.results[0]

    def refuse(self, why: str) -> Unsupported:
        return Unsupported(f"layer {self.name!r} {why}")

    def value(self, x: Any) -> Value:
        if not isinstance(x, Value):
            raise self.refuse(f"has a constant where a value of the network is expected; {SUPPORTED}")
        return x

    def constant(self, x: Any) -> Array:
        """A weight, exactly."""
        if not isinstance(x, Tensor):
            raise self.refuse("needs a constant weight that does not depend on the input")
        if x.dtype in (torch.float16, torch.bfloat16):
            x = x.to(torch.float32)  # exact; numpy has no bfloat16
        return exact_array(x.detach().cpu().numpy(), f"a tensor of {self.name!r}")

    def operand(self, x: Any) -> Value | Array:
        """An operand of `+ - * /`: torch rounds integers and scalars to the result's precision."""
        if isinstance(x, Value):
            return x
        precision = torch.float64 if self.result.dtype is torch.float64 else torch.float32
        tensor = torch.tensor(x, dtype=torch.float64) if isinstance(x, float) else torch.as_tensor(x)
        scalar = not tensor.ndim or not tensor.is_floating_point()
        return self.constant(tensor.to(precision) if scalar and not tensor.is_complex() else tensor)

    def bound(self, x: Any, *, below: bool) -> Array | None:
        """A bound of `clamp`, if there is one."""
        if isinstance(x, Value):
            raise self.refuse("has a bound that depends on the input; write torch.maximum or torch.minimum")
        none = x is None or (isinstance(x, float) and x == (-np.inf if below else np.inf))
        return None if none else np.asarray(self.operand(x))

    def number(self, x: float) -> float:
        return float(self.operand(x))  # type: ignore[arg-type]  # a 0-d array

    def features(self, x: Any) -> Value:
        """The layer is defined on vectors: the batch axis must not be taken for features."""
        if not self.build.shape(self.value(x)):
            raise self.refuse("takes the batch axis for features; write it for inputs (batch, features)")
        return x
