r"""Whether a model jumps where a measure has mass: then step functions need not tend to an integral.

On a part of the measure (a point, a segment, a box in some coordinates) the model is a function of the part's variables. A
guard that is not zero as a polynomial in them vanishes on a null set only. One that is zero on all of the part leaves both of
its branches near each of its points; the model is continuous there if they agree as polynomials.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product
from math import prod

from flint import fmpq_mpoly, fmpq_mpoly_ctx

from attrtheory.errors import SideCondition, TooLarge, Unsupported
from attrtheory.expr.algebra import fold
from attrtheory.measures.extension.cells import OnCell, Undecided, Value
from attrtheory.measures.extension.polynomial import coefficients, sign, to_flint, variables
from attrtheory.measures.law import Law
from attrtheory.models.fn import Fn

MAX_CASES = 512
SHARES = tuple(map(Fraction, ("1/2", "3/7", "5/11")))
Polys = Mapping[str, fmpq_mpoly]  # by their texts, which tell them apart
Values = Polys | Undecided


class Nearby:
    """The algebra of what a term may tend to near the points of a part: some polynomials in the part's variables.

    `assumed`: the signs of guards that change theirs on the part, by the guards' texts.
    """

    def __init__(self, ring: fmpq_mpoly_ctx, env: Mapping[str, fmpq_mpoly], assumed: Mapping[str, bool]) -> None:
        self.cell, self.assumed = OnCell(ring, env), assumed

    def const(self, q: Fraction) -> Values:
        return _distinct([self.cell.const(q)])

    def var(self, name: str) -> Values:
        return _distinct([self.cell.var(name)])

    def bound(self, level: int) -> Values:
        raise Unsupported("a mean inside the model; close it first")

    def affine(self, constant: Fraction, coefficients: Sequence[Fraction], values: Sequence[Values]) -> Values:
        return _each(lambda *row: self.cell.affine(constant, coefficients, row), values)

    def mul(self, a: Values, b: Values) -> Values:
        return _each(self.cell.mul, (a, b))

    def div(self, a: Values, b: Values) -> Values:
        return _each(self.cell.div, (a, b))

    def ite(self, g: Values, a: Values, b: Values) -> Values:
        if isinstance(g, Undecided):
            return g
        out: list[fmpq_mpoly] = []
        for text, guard in g.items():
            positive = sign(guard)
            if positive is None:
                if text not in self.assumed:
                    return Undecided(guard)
                positive = 1 if self.assumed[text] else -1
            for side in (a,) * (positive >= 0) + (b,) * (positive <= 0):
                if isinstance(side, Undecided):
                    return side
                out += side.values()
        return _distinct(out)

    def mean01(self, level: int, body: Values) -> Values:
        return self.bound(level)

    def call(self, name: str, orders: tuple[int, ...], args: Sequence[Values]) -> Values:
        raise Unsupported(f"the function {name} inside the model: whether it is continuous is not known")


def _distinct(values: Iterable[Value]) -> Values:
    return {str(v): v for v in values if not isinstance(v, Undecided)}


def _each(combine: Callable[..., Value], values: Sequence[Values]) -> Values:
    known = [v for v in values if not isinstance(v, Undecided)]
    if len(known) < len(values):
        return next(v for v in values if isinstance(v, Undecided))
    if prod(map(len, known)) > MAX_CASES:
        raise TooLarge(f"more than {MAX_CASES} values near one point of the measure")
    return _distinct(combine(*row) for row in product(*(v.values() for v in known)))


def require_continuous(f: Fn, law: Law) -> None:
    """Refuse a model that jumps where the law has mass.

    Raises:
        SideCondition: the model is discontinuous on a set to which the law gives mass; the jump is named. Or that could not be
            excluded.
    """
    ring, gens = variables(max(1, len(law.uniform)))
    columns = zip(*(c for c in law.uniform), strict=True) if law.uniform else ((),) * law.n
    moving = [sum((to_flint(c.payload) * s for c, s in zip(row, gens, strict=False)), ring.constant(0)) for row in columns]
    at = [to_flint(o.payload) + m for o, m in zip(law.origin, moving, strict=True)]
    env = dict(zip(f.names, at, strict=True))
    for values in _cases(f, ring, env):
        if len(values) > 1:
            raise SideCondition(_jump(f, at) or "the model could not be shown to be continuous where the measure has mass")


def _cases(f: Fn, ring: fmpq_mpoly_ctx, env: Mapping[str, fmpq_mpoly]) -> Iterator[Polys]:
    """What the model may tend to, in each case of the signs of guards that change theirs."""
    todo: list[dict[str, bool]] = [{}]
    for _ in range(MAX_CASES):
        assumed = todo.pop()
        found = fold(f.body, Nearby(ring, env, assumed))
        if isinstance(found, Undecided):
            todo += [assumed | {str(found.guard): taken} for taken in (False, True)]
        else:
            yield found
        if not todo:
            return
    raise TooLarge(f"a model with more than {MAX_CASES} cases of signs where the measure has mass")


class Germ(OnCell):
    """The algebra of polynomials in s near s = 0, s > 0: the lowest power gives the sign."""

    def ite(self, g: Value, a: Value, b: Value) -> Value:
        terms = {} if isinstance(g, Undecided) else coefficients(g)
        return a if terms and terms[min(terms)] > 0 else b


def _jump(f: Fn, at: Sequence[fmpq_mpoly]) -> str | None:
    """A point of the part at which the model's value is not what it tends to along some direction."""
    ring, (s,) = variables(1)
    for share in SHARES:
        point = [_value(p, share) for p in at]
        here = _limit(f, ring, [s * 0 + to_flint(q) for q in point])
        for direction in product((1, 0, -1), repeat=f.n):
            there = _limit(f, ring, [to_flint(q) + s * d for q, d in zip(point, direction, strict=True)])
            if there != here:
                where, towards = (f"({', '.join(map(str, p))})" for p in (point, direction))
                return (
                    f"the model is discontinuous where the measure has mass: at {where} it is {here}, towards {towards} it "
                    f"tends to {there}. The limit of step functions then depends on the side of the cells; move the point, "
                    "or use a continuous model"
                )
    return None


def _value(p: fmpq_mpoly, share: Fraction) -> Fraction:
    """p where all variables are `share`."""
    return sum((c * share ** sum(powers) for powers, c in coefficients(p).items()), Fraction(0))


def _limit(f: Fn, ring: fmpq_mpoly_ctx, env: Sequence[fmpq_mpoly]) -> Fraction:
    value = fold(f.body, Germ(ring, dict(zip(f.names, env, strict=True))))
    return Fraction(0) if isinstance(value, Undecided) else coefficients(value).get((0,), Fraction(0))
