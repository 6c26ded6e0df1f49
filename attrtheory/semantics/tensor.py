"""Batched torch tensors: the meaning that runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import torch

from attrtheory.errors import BadInput, Unsupported
from attrtheory.expr.algebra import fold
from attrtheory.expr.special import DENSITY, PHI, QUANTILE, ROOT
from attrtheory.expr.term import Term
from attrtheory.semantics.special import written_out

Tensor = torch.Tensor
functions: Any = torch.special  # without types
FUNCTIONS: dict[str, Callable[[Any], Tensor]] = {
    PHI: functions.ndtr,
    DENSITY: lambda z: torch.exp(-z * z / 2) / math.sqrt(2 * math.pi),
    QUANTILE: functions.ndtri,
    ROOT: lambda t: t.clamp(min=0).sqrt(),
}


class Batched:
    """Columns of a batch, all of one shape, dtype and device."""

    def __init__(self, env: Mapping[str, Tensor], like: Tensor) -> None:
        self.env, self.like = env, like

    def const(self, q: Fraction) -> Tensor:
        return torch.full_like(self.like, q.numerator / q.denominator)

    def var(self, name: str) -> Tensor:
        if name not in self.env:
            raise BadInput(f"no column for variable {name!r}")
        return self.env[name]

    def bound(self, level: int) -> Any:
        raise Unsupported("a bound variable in a kernel; close the mean first")

    def affine(self, constant: Fraction, coefficients: Sequence[Fraction], values: Sequence[Tensor]) -> Tensor:
        out = self.const(constant)
        for q, v in zip(coefficients, values, strict=True):
            out = out + v * (q.numerator / q.denominator)
        return out

    def mul(self, a: Tensor, b: Tensor) -> Tensor:
        return a * b

    def div(self, a: Tensor, b: Tensor) -> Tensor:
        ok = b != 0
        return torch.where(ok, a / torch.where(ok, b, torch.ones_like(b)), torch.zeros_like(b))

    def ite(self, g: Tensor, a: Tensor, b: Tensor) -> Tensor:
        return torch.where(g > 0, a, b)

    def mean01(self, level: int, body: Tensor) -> Any:
        raise Unsupported("a mean in a kernel; close it first")

    def call(self, name: str, orders: tuple[int, ...], args: Sequence[Tensor]) -> Any:
        if name in FUNCTIONS and not orders:
            return FUNCTIONS[name](*args)
        raise Unsupported(f"the unknown function {name!r} in a kernel; put a model in its place")


def run(term: Term, env: Mapping[str, Tensor]) -> Tensor:
    """The float value of a term on a batch: one column for each variable."""
    like = next(iter(env.values()), torch.zeros((), dtype=torch.float64))
    return fold(written_out(term), Batched(env, like))
