"""sympy terms and LaTeX: for people to read, never for proofs. The only file that imports sympy."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy

from attrtheory.expr.algebra import fold
from attrtheory.expr.special import DENSITY, PHI, QUANTILE, ROOT
from attrtheory.expr.term import Term

SYMBOLS = {PHI: r"\Phi", DENSITY: r"\varphi", QUANTILE: r"\Phi^{-1}"}

_BACKGROUND = re.compile(r"b(\d+)_(\d+)$")
_LOWER = re.compile(r"lower(?=\d+$)")


class Positive(sympy.Function):
    r"""`1[z > 0]`, printed as a comparison: $\mathbf{1}[x > y]$ for z = x - y."""

    relation, sign = ">", ">"

    @classmethod
    def eval(cls, z: Any) -> Any:
        return sympy.Integer((z > 0) == (cls.relation == ">")) if z.is_number else None

    def _latex(self, printer: Any, exp: Any = None) -> str:
        power = "" if exp is None else f"^{{{exp}}}"
        left, right = self._sides(printer)
        return rf"\mathbf{{1}}[{left} {self.relation} {right}]{power}"

    def _sympystr(self, printer: Any) -> str:
        left, right = self._sides(printer)
        return f"1[{left} {self.sign} {right}]"

    def _sides(self, printer: Any) -> list[str]:
        """What is compared: the summands with either sign."""
        summands = sympy.Add.make_args(self.args[0])
        more = [t for t in summands if not t.could_extract_minus_sign()]
        less = [-t for t in summands if t.could_extract_minus_sign()]
        return [printer.doprint(sympy.Add(*side)) for side in (more, less)]


class AtMostZero(Positive):
    r"""`1[z <= 0]`."""

    relation, sign = r"\le", "<="


class Reading:
    """The algebra of sympy expressions. A step is `Positive`; total division and other branches are `Piecewise`."""

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
        if (a, b) == (1, 0):
            return Positive(g)
        if (a, b) == (0, 1):
            return AtMostZero(g)
        if g in (a - b, b - a):
            return sympy.Max(a, b) if g == a - b else sympy.Min(a, b)
        return sympy.Piecewise((a, sympy.Gt(g, 0)), (b, True))

    def mean01(self, level: int, body: Any) -> Any:
        return sympy.Integral(body, (self.bound(level), 0, 1))

    def call(self, name: str, orders: tuple[int, ...], args: Sequence[Any]) -> Any:
        if name == ROOT and not orders:
            return sympy.sqrt(args[0])
        head = "".join(rf"\partial_{{{k + 1}}}" for k in orders) + SYMBOLS.get(name, name)
        return sympy.Function(head, real=True)(*args)


class Generic(Reading):
    """The same where no denominator vanishes: quotients are ordinary ones and may be cancelled."""

    def div(self, a: Any, b: Any) -> Any:
        return sympy.Integer(0) if b == 0 else a / b

    def call(self, name: str, orders: tuple[int, ...], args: Sequence[Any]) -> Any:
        if name == DENSITY and not orders and args[0] == 0:
            return 1 / sympy.sqrt(2 * sympy.pi)
        return super().call(name, orders, args)


def _generic(term: Term) -> Any:
    expression = fold(term, Generic())
    return expression if expression.has(sympy.Function, sympy.Integral) else sympy.cancel(expression)


def _positive_first(expression: Any, write: Callable[[Any], str]) -> str:
    """A sum with its positive summands first; a common rational factor before it."""
    content, primitive = expression.as_content_primitive()
    if not primitive.is_Add:
        return _summand(expression, write)
    terms = sorted(primitive.as_ordered_terms(), key=lambda t: t.could_extract_minus_sign())
    texts = [f"- {_summand(-t, write)}" if t.could_extract_minus_sign() else _summand(t, write) for t in terms]
    body = texts[0] + "".join(f" {t}" if t.startswith("- ") else f" + {t}" for t in texts[1:])
    return body if content == 1 else f"{write(content)} ({body})"


def _summand(term: Any, write: Callable[[Any], str]) -> str:
    """A rational number stands before indicators, not above them."""
    number, rest = term.as_coeff_Mul()
    if rest.has(Inside, Positive) and number not in (1, -1):
        return rf"{write(number)} \, {write(rest)}"
    return write(term)


class Inside(sympy.Function):
    r"""`1[lower_k < t <= upper_k]`, of the side $I_k$ of a box."""

    def _latex(self, printer: Any, exp: Any = None) -> str:
        return rf"\mathbf{{1}}[{printer.doprint(self.args[0])} \in I_{{{self.args[1]}}}]"

    def _sympystr(self, printer: Any) -> str:
        return f"1[{printer.doprint(self.args[0])} in I{self.args[1]}]"


def _with_sides(expression: Any) -> Any:
    """Products of `1[t > lower_k]` and `1[t <= upper_k]` as the indicators of sides that they are."""
    if expression.is_Add:
        return expression.func(*map(_with_sides, expression.args))
    factors = list(sympy.Mul.make_args(expression))
    for above in [f for f in factors if f.func is Positive]:
        for low in [v for v in above.args[0].free_symbols if _LOWER.match(v.name)]:
            k = _LOWER.sub("", low.name)
            t = above.args[0] + low
            below = AtMostZero(t - sympy.Symbol(f"upper{k}", real=True))
            if below in factors:
                factors.remove(above)
                factors.remove(below)
                factors.append(Inside(t, sympy.Integer(k)))
    return sympy.Mul(*factors)


def generic_text(term: Term) -> str:
    """A term in ordinary notation, quotients cancelled: its value where no denominator is 0.

    >>> from attrtheory.expr import var
    >>> generic_text(6 / var("h") * (2 * var("h")) - var("x1"))
    '12 - x1'
    """
    return _positive_first(_with_sides(_generic(term)), str).replace(r" \, ", " ")


def is_plain(term: Term) -> bool:
    """Whether ordinary notation is made of sums, products, quotients and indicators alone."""
    other = (sympy.Piecewise, sympy.Integral, sympy.Max, sympy.Min, sympy.core.function.AppliedUndef)
    return not fold(term, Generic()).has(*other)


def generic_latex(term: Term, names: Mapping[str, str] | None = None) -> str:
    """The same as LaTeX; the point number k of a background is $b^{(k)}$, (lower_k, upper_k] is $I_k$."""
    return _positive_first(_with_sides(_generic(term)), lambda e: sympy.latex(e, symbol_names=_symbols(e, names or {})))


def _symbols(expression: Any, names: Mapping[str, str]) -> dict[Any, str]:
    known = {s: _BACKGROUND.sub(r"b^{(\2)}_{\1}", s.name) for s in expression.free_symbols if _BACKGROUND.match(s.name)}
    return known | {sympy.Symbol(k, real=True): v for k, v in names.items()}


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
