"""Branch enumeration, and the closed form of means: terms without `mean01`, for solvers, printing and kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from attrtheory.errors import TooLarge, Unsupported
from attrtheory.expr import term as t
from attrtheory.expr.algebra import Free, fold
from attrtheory.expr.binder import open_body
from attrtheory.expr.forms import least, most, step
from attrtheory.expr.term import ONE, ZERO, Term
from attrtheory.semantics.derive import derivative

Branch = tuple[dict[Term, bool], Term]  # (which guards are > 0, the branch-free value there)
MAX_BRANCHES = 4096
MAX_DEGREE = 12


class Branches:
    """Every consistent choice of branches; guards in `fixed` (no open bound variable) stay inside the values."""

    def __init__(self, splits: Callable[[Term], bool] = lambda guard: True) -> None:
        self.splits = splits

    def const(self, q: Fraction) -> list[Branch]:
        return [({}, t.const(q))]

    def var(self, name: str) -> list[Branch]:
        return [({}, t.var(name))]

    def bound(self, level: int) -> list[Branch]:
        return [({}, t.bound(level))]

    def affine(
        self, constant: Fraction, coefficients: Sequence[Fraction], values: Sequence[list[Branch]]
    ) -> list[Branch]:
        return _product(lambda *ts: t.affine(constant, zip(coefficients, ts, strict=True)), *values)

    def mul(self, a: list[Branch], b: list[Branch]) -> list[Branch]:
        return _product(t.mul, a, b)

    def div(self, a: list[Branch], b: list[Branch]) -> list[Branch]:
        return _product(t.div, a, b)

    def ite(self, g: list[Branch], a: list[Branch], b: list[Branch]) -> list[Branch]:
        out: list[Branch] = []
        for choice, guard in g:
            here: list[Branch] = [(choice, guard)]
            if guard.op == "const":
                out += _product(_second, here, a if guard.payload > 0 else b)
            elif not self.splits(guard):
                out += _product(t.ite, here, a, b)
            else:
                for taken, side in ((True, a), (False, b)):
                    if choice.get(guard, taken) is taken:
                        out += _product(_second, [({**choice, guard: taken}, guard)], side)
        return _bounded(out)

    def mean01(self, level: int, body: list[Branch]) -> list[Branch]:
        raise Unsupported("branches of a mean; close the inner mean first")

    def call(self, name: str, orders: tuple[int, ...], args: Sequence[list[Branch]]) -> list[Branch]:
        return _product(lambda *ts: t.call(name, orders, ts), *args)


def _second(_: Term, value: Term) -> Term:
    return value


def _product(build: Callable[..., Term], *lists: list[Branch]) -> list[Branch]:
    out: list[tuple[dict[Term, bool], tuple[Term, ...]]] = [({}, ())]
    for branches in lists:
        out = _bounded(
            [
                (choice | more, (*values, value))
                for choice, values in out
                for more, value in branches
                if all(choice.get(g, taken) is taken for g, taken in more.items())
            ]
        )
    return [(choice, build(*values)) for choice, values in out]


def _bounded(branches: list[t.Any]) -> list[t.Any]:
    if len(branches) > MAX_BRANCHES:
        raise TooLarge(
            f"a closed form with more than {MAX_BRANCHES} branches; keep the mean (prove by rules, evaluate exactly)"
        )
    return branches


class Closed(Free):
    """The free algebra without means: each is integrated branch by branch, with symbolic end points."""

    def mean01(self, level: int, body: Term) -> Term:
        if level not in body.levels:
            return body
        branches = fold(body, Branches(lambda guard: level in guard.levels))
        return t.affine(Fraction(0), ((Fraction(1), _closed_branch(level, *b)) for b in branches))


def close_means(term: Term) -> Term:
    """The same function without means; guards must be affine and integrands polynomial in the path parameter."""
    return fold(term, Closed())


def _closed_branch(level: int, choice: dict[Term, bool], value: Term) -> Term:
    """The integral of `value` over the part of [0, 1] where the guards have the chosen signs."""
    a = t.bound(level)
    low, high, gate = ZERO, ONE, ONE
    for guard, taken in choice.items():
        slope, start = derivative(guard, a), open_body(level, guard, ZERO)
        if level in slope.levels:
            raise Unsupported(f"a guard that is not affine in the path parameter: {guard!r}")
        up, down = (slope, -slope) if taken else (-slope, slope)
        root = -start / slope
        low, high = most(low, t.ite(up, root, 0)), least(high, t.ite(down, root, 1))
        flat = step(start) if taken else 1 - step(start)
        gate = gate * t.ite(slope, 1, t.ite(-slope, 1, flat))
    return gate * t.ite(high - low, _integral(level, value, low, high), 0)


def _integral(level: int, value: Term, low: Term, high: Term) -> Term:
    """Integrate a polynomial in the bound variable by its Taylor coefficients at 0."""
    a, area, factorial = t.bound(level), ZERO, Fraction(1)
    low_k, high_k = low, high
    for k in range(MAX_DEGREE):
        area = area + open_body(level, value, ZERO) * (high_k - low_k) * (factorial / (k + 1))
        value = derivative(value, a)
        if value is ZERO:
            return area
        factorial, low_k, high_k = factorial / (k + 1), low_k * low, high_k * high
    raise Unsupported(f"an integrand of degree above {MAX_DEGREE - 1} in the path parameter")
