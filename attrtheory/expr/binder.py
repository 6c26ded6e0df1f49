"""The mean over [0, 1]: a binder without names.

While a body is being built its variable is a *hole* with a negative level that occurs nowhere else. Closing the mean
renames the hole to a level above every mean inside the body, so that equal means are one object whatever the names in
the model are, and nothing can be captured.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import count
from typing import cast

from attrtheory.errors import Unsupported
from attrtheory.expr.algebra import Free, fold
from attrtheory.expr.term import Scalar, Term, bound, const, intern, lift

_HOLES = count(1)


def hole() -> Term:
    """A bound variable that occurs in no other term."""
    return bound(-next(_HOLES))


def mean01(body: Callable[[Term], Scalar]) -> Term:
    r"""The mean of `body(a)` over `a` in [0, 1]: $\int_0^1 \text{body}(a)\,da$.

    >>> from attrtheory.expr import var
    >>> mean01(lambda a: var("x") + 3)
    x + 3
    """
    a = hole()
    return close(cast("int", a.payload), lift(body(a)))


def close(level: int, body: Term) -> Term:
    """The mean of `body` over its bound variable `level`; linear, so what does not vary leaves the mean at once.

    Raises:
        Unsupported: a denominator contains the bound variable; the integral may not exist.
    """

    def part(u: Term) -> Term | None:
        if level not in u.levels:
            return u
        varies = [level in a.levels for a in u.args]
        splits = (
            u.op == "affine"
            or (u.op == "mul" and not all(varies))
            or (u.op == "ite" and not varies[0])
            or (u.op == "div" and not varies[1])
        )
        return None if splits else _opaque(level, u)

    return fold(body, Free(), stop=part)


def _opaque(level: int, body: Term) -> Term:
    if body.op == "bound":
        return const(Fraction(1, 2))
    others = body.levels - {level}  # only while a term is being rebuilt; a level in use must not be taken
    new = body.height if body.height not in others else 1 + max(others)
    return intern("mean01", (open_body(level, body, bound(new)),), new)


def open_body(level: int, body: Term, value: Term) -> Term:
    """`body` with `value` in the place of its bound variable `level`."""

    def part(u: Term) -> Term | None:
        if level not in u.levels:
            return u
        if u.op == "div" and level in u.args[1].levels:
            raise Unsupported(
                f"the mean over [0, 1] of a quotient whose denominator varies with the path parameter: {u.args[1]!r}. "
                "Its integral may not exist; use a method that does not differentiate along a path, or a model without "
                "division by an input."
            )
        return value if u.op == "bound" else None

    return fold(body, Renamed() if value.op == "bound" else Free(), stop=part)


class Renamed(Free):
    """The free algebra where a variable takes another's place: a closed mean stays closed, and is not closed anew."""

    def mean01(self, level: int, body: Term) -> Term:
        return intern("mean01", (body,), level)
