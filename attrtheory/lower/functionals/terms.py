"""On a model given as a term: points and segments in exact rationals, piece by piece; jumps with mass are refused."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, cast

from attrtheory.errors import SideCondition
from attrtheory.expr.algebra import fold
from attrtheory.expr.binder import close, hole
from attrtheory.expr.term import ONE, Term, lift
from attrtheory.lower.functionals.numbers import Row, Summand
from attrtheory.lower.functionals.result import Share, plain
from attrtheory.models.fn import Fn
from attrtheory.semantics.exact import Exact, Pieces


class Unambiguous(Exact):
    """Exact evaluation that refuses a branch whose two sides differ on a set with mass."""

    def ite(self, g: Any, a: Any, b: Any) -> Any:
        value = super().ite(g, a, b)
        other = super().ite(self.affine(Fraction(0), (Fraction(-1),), (g,)), b, a)
        if value != other:
            raise SideCondition(
                "the model jumps where the functional has mass: at a point on a split, or along a path inside one. The value is "
                "a matter of convention; move the input or the baseline off the split"
            )
        return value


class Conventional(Exact):
    """Exact evaluation of slopes; `kinks` also counts points at which a guard is 0 and its branches differ."""

    def ite(self, g: Any, a: Any, b: Any) -> Any:
        self.kinks += isinstance(g, Fraction) and not g and a != b
        return super().ite(g, a, b)


def on_term(s: Summand) -> bool:
    return not s.law.normal and len(s.law.uniform) <= 1


def by_pieces(model: Fn, rows: Sequence[Row]) -> Share:
    """Integrals at points and along segments, exact.

    Raises:
        SideCondition: the model jumps where a measure has mass, or anywhere along a path on which slopes are averaged.
    """
    kinks = Conventional({})
    values = [sum((s.weight * _integral(model, s, kinks) for s in row), Fraction(0)) for row in rows]
    points = len({s.law.origin for row in rows for s in row if not s.law.uniform})
    paths = len({s.law for row in rows for s in row if s.law.uniform})
    words = f"exact evaluation at points, {points}, and piece by piece on segments, {paths}"
    named = (f"guards vanish at {kinks.kinks} points or pieces of paths where slopes are taken",) if kinks.kinks else ()
    return plain(values, "exact", words, kinks=named, evaluations=points)


def _integral(model: Fn, s: Summand, kinks: Exact) -> Fraction:
    if not s.law.uniform:
        value = _exactly(model(*s.law.origin), Unambiguous({}))
        return value if s.feature is None else _exactly(model.partial(s.feature, *s.law.origin), kinks)
    u = hole()
    at = [lift(o) + c * u for o, c in zip(s.law.origin, s.law.uniform[0], strict=True)]
    along = fold(model(*at), Unambiguous({}))
    if s.feature is not None:
        _check_continuous(along)
    monomial = ONE
    for _ in range(s.powers[0]):
        monomial = monomial * u
    if s.feature is None:
        return _exactly(close(u.payload, monomial * model(*at)), Unambiguous({}))
    return _exactly(close(u.payload, monomial * model.partial(s.feature, *at)), kinks)


def _exactly(term: Term, algebra: Exact) -> Fraction:
    return cast("Fraction", fold(term, algebra))  # no bound variable is open


def _check_continuous(along: Any) -> None:
    if not isinstance(along, Pieces):
        return
    for left, right, t in zip(along.polys, along.polys[1:], along.breaks[1:], strict=False):
        at = [sum(c * t**k for k, c in enumerate(p)) for p in (left, right)]
        if at[0] != at[1]:
            raise SideCondition(
                f"the model jumps by {at[1] - at[0]} at {t} of a path on which its slopes are averaged: slopes do not see jumps. "
                "Explain a continuous model, or ask for the atoms of its splits"
            )
