"""sympy terms and LaTeX: for people to read, never for proofs. The only file that imports sympy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy

from attrtheory.expr.algebra import fold
from attrtheory.expr.special import DENSITY, PHI, QUANTILE, ROOT
from attrtheory.expr.term import Term

SYMBOLS = {PHI: r"\Phi", DENSITY: r"\varphi", QUANTILE: r"\Phi^{-1}"}


class Reading:
    """The algebra of sympy expressions. ReLU is `Max(0, z)`; other branches and total division are `Piecewise`."""

    def const(self, q: Fraction) -> Any:
        return sympy.Rational(q.numerator, q.denominator)

    def var(self, name: str) -> Any:
        return sympy.Symbol(name, real=True)

    def bound(self, level: int) -> Any:
        return sympy.Symbol("alpha" if level == 0 else f"alpha_{level}", real=True)

    def affine(self, constant: Fraction, coefficients: Sequence[Fraction], values: Sequence[Any]) -> Any:
        return sympy.Add(self.const(constant), *(self.const(q) * v for q, v in zip(coefficients, values, strict=True)))

    def mul(self, a: Any, b: Any) -> Any:
        return a * b

    def div(self, a: Any, b: Any) -> Any:
        return sympy.Piecewise(
            (0, sympy.Eq(b, 0)), (sympy.Mul(a, sympy.Pow(b, -1, evaluate=False), evaluate=False), True)
        )

    def ite(self, g: Any, a: Any, b: Any) -> Any:
        if b == 0 and a == g:
            return sympy.Max(0, g)
        return sympy.Piecewise((a, sympy.Gt(g, 0)), (b, True))

    def mean01(self, level: int, body: Any) -> Any:
        return sympy.Integral(body, (self.bound(level), 0, 1))

    def call(self, name: str, orders: tuple[int, ...], args: Sequence[Any]) -> Any:
        if name == ROOT and not orders:
            return sympy.sqrt(args[0])
        head = "".join(rf"\partial_{{{k + 1}}}" for k in orders) + SYMBOLS.get(name, name)
        return sympy.Function(head, real=True)(*args)


def to_sympy(term: Term) -> Any:
    """The sympy expression of a term, for reading."""
    return fold(term, Reading())


def latex(term: Term, names: Mapping[str, str] | None = None) -> str:
    r"""LaTeX of a term; `names` gives the LaTeX of variables.

    >>> from attrtheory.expr import relu, var
    >>> latex(relu(var("x1") - 1))
    '\\max\\left(0, x_{1} - 1\\right)'
    """
    symbols = {sympy.Symbol(k, real=True): v for k, v in (names or {}).items()}
    return sympy.latex(to_sympy(term), symbol_names=symbols)
