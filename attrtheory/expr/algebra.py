"""What a meaning is, the one traversal, and the conventions, fixed here and nowhere else.

1. Division is total, `x / 0 = 0`; nothing is cancelled unguarded. That a denominator is non-zero is a claim.
2. `ite(g, a, b)` is `a` where `g > 0`, else `b`. Hence relu'(0) = 0, as torch's `relu`.
3. The derivative is the branch derivative: inside branches, never across a guard. Where a piece of a path lies inside
   a kink, a method that differentiates depends on how the model is written; verdicts and results say so.
4. Numbers are exact rationals. A float enters only through `Fraction(float)`.
5. A term has no truth value and no `==`.
6. Commutative arguments have one order, by structural digest.
7. Conventions on which the literature disagrees are explicit parameters of a method.
8. The bound variable of a mean is nameless. A mean whose denominator contains its bound variable is refused.
9. The indicator ring: `1[g>0]` is idempotent; `1[g>0] 1[-g>0] = 0`; `g (1 - 1[g>0] - 1[-g>0]) = 0`;
   `g (1/g) = 1[g>0] + 1[-g>0]`; guards are scaled by positive rationals only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Protocol, TypeVar

from attrtheory.expr import term as t
from attrtheory.expr.term import Term

T = TypeVar("T")


class Algebra(Protocol[T]):
    """A meaning for terms: one method per node. A forgotten case is a type error."""

    def const(self, q: Fraction) -> T: ...
    def var(self, name: str) -> T: ...
    def bound(self, level: int) -> T: ...
    def affine(self, constant: Fraction, coefficients: Sequence[Fraction], values: Sequence[T]) -> T: ...
    def mul(self, a: T, b: T) -> T: ...
    def div(self, a: T, b: T) -> T: ...
    def ite(self, g: T, a: T, b: T) -> T: ...
    def mean01(self, level: int, body: T) -> T: ...
    def call(self, name: str, orders: tuple[int, ...], args: Sequence[T]) -> T: ...


def apply(algebra: Algebra[T], node: Term, values: Sequence[T]) -> T:
    """The meaning of one node, given the meanings of its arguments."""
    p = node.payload
    match node.op:
        case "affine":
            return algebra.affine(p[0], p[1], values)
        case "ite":
            return algebra.ite(values[0], values[1], values[2])
        case "mul":
            return algebra.mul(values[0], values[1])
        case "div":
            return algebra.div(values[0], values[1])
        case "const":
            return algebra.const(p)
        case "var":
            return algebra.var(p)
        case "bound":
            return algebra.bound(p)
        case "mean01":
            return algebra.mean01(p, values[0])
        case "call":
            return algebra.call(p[0], p[1], values)
        case other:
            raise AssertionError(f"no such node: {other}")


def fold(
    root: Term,
    algebra: Algebra[T],
    memo: dict[Term, T] | None = None,
    stop: Callable[[Term], T | None] | None = None,
) -> T:
    """The only traversal: iterative, each shared subterm visited once.

    Where `stop` returns a value, that value is taken and nothing below is visited.
    """
    memo = {} if memo is None else memo
    stack = [root]
    while stack:
        node = stack[-1]
        if node in memo:
            stack.pop()
            continue
        early = None if stop is None else stop(node)
        if early is not None:
            memo[node] = early
            continue
        todo = [a for a in node.args if a not in memo]
        if todo:
            stack.extend(todo)
        else:
            memo[node] = apply(algebra, node, [memo[a] for a in node.args])
    return memo[root]


class Free:
    """The initial algebra: it builds terms. Folding a term in it gives the same term."""

    def const(self, q: Fraction) -> Term:
        return t.const(q)

    def var(self, name: str) -> Term:
        return t.var(name)

    def bound(self, level: int) -> Term:
        return t.bound(level)

    def affine(self, constant: Fraction, coefficients: Sequence[Fraction], values: Sequence[Term]) -> Term:
        return t.affine(constant, zip(coefficients, values, strict=True))

    def mul(self, a: Term, b: Term) -> Term:
        return t.mul(a, b)

    def div(self, a: Term, b: Term) -> Term:
        return t.div(a, b)

    def ite(self, g: Term, a: Term, b: Term) -> Term:
        return t.ite(g, a, b)

    def mean01(self, level: int, body: Term) -> Term:
        from attrtheory.expr.binder import close  # the binder folds; the fold builds

        return close(level, body)

    def call(self, name: str, orders: tuple[int, ...], args: Sequence[Term]) -> Term:
        return t.call(name, orders, tuple(args))
