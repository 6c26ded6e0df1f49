"""SMT-LIB 2 text over the reals: every node is one definition, so that sharing is kept and any solver can read it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from attrtheory.errors import Unsupported


class Smt:
    """The algebra of SMT-LIB expressions; `lines` collects declarations and definitions in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.known: set[str] = set()

    def _declare(self, symbol: str, arity: int) -> str:
        if symbol not in self.known:
            self.known.add(symbol)
            self.lines.append(f"(declare-fun {symbol} ({' '.join(['Real'] * arity)}) Real)")
        return symbol

    def _define(self, expression: str) -> str:
        symbol = f"n{len(self.lines)}"
        self.lines.append(f"(define-fun {symbol} () Real {expression})")
        return symbol

    def const(self, q: Fraction) -> str:
        size = f"{abs(q.numerator)}.0" if q.denominator == 1 else f"(/ {abs(q.numerator)}.0 {q.denominator}.0)"
        return size if q >= 0 else f"(- {size})"

    def var(self, name: str) -> str:
        return self._declare(symbol(name), 0)

    def bound(self, level: int) -> str:
        raise Unsupported("a bound variable in a solver term; close the mean first")

    def affine(self, constant: Fraction, coefficients: Sequence[Fraction], values: Sequence[str]) -> str:
        summands = (f"(* {self.const(q)} {v})" for q, v in zip(coefficients, values, strict=True))
        return self._define(f"(+ {self.const(constant)} {' '.join(summands)})")

    def mul(self, a: str, b: str) -> str:
        return self._define(f"(* {a} {b})")

    def div(self, a: str, b: str) -> str:
        return self._define(f"(ite (= {b} 0.0) 0.0 (/ {a} {b}))")

    def ite(self, g: str, a: str, b: str) -> str:
        return self._define(f"(ite (> {g} 0.0) {a} {b})")

    def mean01(self, level: int, body: str) -> str:
        raise Unsupported("a mean in a solver term; close it first")

    def call(self, name: str, orders: tuple[int, ...], args: Sequence[str]) -> str:
        f = self._declare("f." + name + "".join(f".d{k + 1}" for k in orders), len(args))
        return self._define(f"({f} {' '.join(args)})") if args else f


def symbol(name: str) -> str:
    """The SMT-LIB symbol of a variable; it clashes with no definition and no keyword."""
    return "v." + name
