"""Substitution and the branch derivative."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from attrtheory.errors import Unsupported
from attrtheory.expr import term as t
from attrtheory.expr.algebra import Free, fold
from attrtheory.expr.syntax import postorder
from attrtheory.expr.term import ONE, ZERO, ZERO_Q, Term


class Substitute(Free):
    """The free algebra with another `var`."""

    def __init__(self, env: Mapping[str, Term]) -> None:
        self.env = env

    def var(self, name: str) -> Term:
        return self.env[name] if name in self.env else t.var(name)


def substitute(term: Term, env: Mapping[str, Term]) -> Term:
    """`term` with terms in the place of variables, all at once."""
    return fold(term, Substitute(env))


Pair = tuple[Term, Term]


class Derivative:
    """Pairs (value, derivative with respect to the leaf `wrt`): inside branches, never across a guard."""

    def __init__(self, wrt: Term) -> None:
        self.wrt = wrt

    def _leaf(self, leaf: Term) -> Pair:
        return leaf, ONE if leaf is self.wrt else ZERO

    def const(self, q: Fraction) -> Pair:
        return t.const(q), ZERO

    def var(self, name: str) -> Pair:
        return self._leaf(t.var(name))

    def bound(self, level: int) -> Pair:
        return self._leaf(t.bound(level))

    def affine(self, constant: Fraction, coefficients: Sequence[Fraction], values: Sequence[Pair]) -> Pair:
        value = t.affine(constant, ((q, v) for q, (v, _) in zip(coefficients, values, strict=True)))
        return value, t.affine(ZERO_Q, ((q, d) for q, (_, d) in zip(coefficients, values, strict=True)))

    def mul(self, a: Pair, b: Pair) -> Pair:
        return a[0] * b[0], a[0] * b[1] + a[1] * b[0]

    def div(self, a: Pair, b: Pair) -> Pair:
        return a[0] / b[0], a[1] / b[0] - a[0] * b[1] / (b[0] * b[0])

    def ite(self, g: Pair, a: Pair, b: Pair) -> Pair:
        return t.ite(g[0], a[0], b[0]), t.ite(g[0], a[1], b[1])

    def mean01(self, level: int, body: Pair) -> Pair:
        if any(u is self.wrt for u in postorder(body[0])):  # even where branches are flat, break points move
            raise Unsupported(
                "the derivative of a mean moves its break points; close the mean first, then differentiate"
            )
        return Free().mean01(level, body[0]), ZERO

    def call(self, name: str, orders: tuple[int, ...], args: Sequence[Pair]) -> Pair:
        values = tuple(v for v, _ in args)
        chain = [t.call(name, (*orders, k), values) * d for k, (_, d) in enumerate(args) if d is not ZERO]
        return t.call(name, orders, values), t.affine(ZERO_Q, ((t.ONE_Q, c) for c in chain))


def derivative(term: Term, wrt: Term) -> Term:
    """The branch derivative with respect to a variable or an open bound variable."""
    return fold(term, Derivative(wrt))[1]
