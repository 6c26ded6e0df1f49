"""z3 terms over the reals. Every solver object lives in a context of its own."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import z3

from attrtheory.errors import Unsupported


class Smt:
    """The algebra of z3 real terms in one context."""

    def __init__(self, context: z3.Context) -> None:
        self.context = context

    def const(self, q: Fraction) -> Any:
        return z3.RealVal(f"{q.numerator}/{q.denominator}", self.context)

    def var(self, name: str) -> Any:
        return z3.Real(name, self.context)

    def bound(self, level: int) -> Any:
        raise Unsupported("a bound variable in a solver term; close the mean first")

    def affine(self, constant: Fraction, coefficients: Sequence[Fraction], values: Sequence[Any]) -> Any:
        return z3.Sum([self.const(constant), *(self.const(q) * v for q, v in zip(coefficients, values, strict=True))])

    def mul(self, a: Any, b: Any) -> Any:
        return a * b

    def div(self, a: Any, b: Any) -> Any:
        return z3.If(b == 0, self.const(Fraction(0)), a / b)

    def ite(self, g: Any, a: Any, b: Any) -> Any:
        return z3.If(g > 0, a, b)

    def mean01(self, level: int, body: Any) -> Any:
        raise Unsupported("a mean in a solver term; close it first")

    def call(self, name: str, orders: tuple[int, ...], args: Sequence[Any]) -> Any:
        sort = z3.RealSort(self.context)
        symbol = name + "".join(f"_d{k + 1}" for k in orders)
        return z3.Function("fn_" + symbol, *([sort] * (len(args) + 1)))(*args)
