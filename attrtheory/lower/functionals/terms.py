"""On a model given as a term: points and segments in exact rationals, piece by piece; jumps with mass are refused."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, cast

from attrtheory.errors import SideCondition
from attrtheory.expr.algebra import fold
from attrtheory.lower.functionals.numbers import Row, Summand
from attrtheory.lower.functionals.result import Share, plain
from attrtheory.models.fn import Fn
from attrtheory.semantics.exact import Exact, Pieces

PATH = -1  # the bound variable of the segment: that of no mean in a model


class Unambiguous(Exact):
    """Exact evaluation that refuses a branch whose two sides differ on a set with mass."""

    def ite(self, g: Any, a: Any, b: Any) -> Any:
        value = super().ite(g, a, b)
        other = super().ite(self.affine(Fraction(0), (Fraction(-1),), (g,)), b, a)
        if value != other:
            raise SideCondition(
                "the model jumps where the functional has mass: at a point on a split, or along a path inside one. The value "
                "is a matter of convention; move the input or the baseline off the split"
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
    found = [[_integral(model, s) for s in row] for row in rows]
    values = [sum((value for value, _ in row), Fraction(0)) for row in found]
    kinks = sum(k for row in found for _, k in row)
    points = len({s.law.origin for row in rows for s in row if not s.law.uniform})
    paths = len({s.law for row in rows for s in row if s.law.uniform})
    words = f"exact evaluation at points, {points}, and piece by piece on segments, {paths}"
    named = (f"guards vanish at {kinks} points or pieces of paths where slopes are taken",) if kinks else ()
    return plain(values, "exact", words, kinks=named, evaluations=points)


def _integral(model: Fn, s: Summand) -> tuple[Fraction, int]:
    """(value, how many slopes follow the convention at a kink). The body is run as it is: on numbers, guards are seen."""
    step = s.law.uniform[0] if s.law.uniform else (Fraction(0),) * model.n
    env: Any = {
        name: Pieces(PATH, (Fraction(0), Fraction(1)), ((o, c),)) if c else o
        for name, o, c in zip(model.names, s.law.origin, step, strict=True)
    }
    values = Unambiguous(env)
    found: Any = fold(model.body, values)
    kinks = 0
    if s.feature is not None:
        _check_continuous(found)
        slopes = Conventional(env)
        found, kinks = fold(model.slope(s.feature), slopes), slopes.kinks
    for _ in range(sum(s.powers)):
        found = values.mul(found, values.bound(PATH))
    return s.weight * cast("Fraction", values.mean01(PATH, found)), kinks


def _check_continuous(along: Any) -> None:
    if not isinstance(along, Pieces):
        return
    for left, right, t in zip(along.polys, along.polys[1:], along.breaks[1:], strict=False):
        at = [sum(c * t**k for k, c in enumerate(p)) for p in (left, right)]
        if at[0] != at[1]:
            raise SideCondition(
                f"the model jumps by {at[1] - at[0]} at {t} of a path on which its slopes are averaged, and slopes do not "
                "see jumps. Explain a continuous model, or ask for the atoms of its splits"
            )
