"""The reference meaning: exact rational numbers.

Under a mean a value is a function of the bound variable, piecewise polynomial on [0, 1] with rational break points; the
mean integrates it. So a term with means is evaluated in one pass, without closing them first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise, zip_longest

from attrtheory.errors import BadInput, Unsupported
from attrtheory.expr.algebra import fold
from attrtheory.expr.special import SPECIAL
from attrtheory.expr.term import Term

Poly = tuple[Fraction, ...]
ZERO = Fraction(0)


@dataclass(frozen=True)
class Pieces:
    """A piecewise polynomial function of bound variable `level`: `polys[k]` between `breaks[k]` and `breaks[k+1]`."""

    level: int
    breaks: tuple[Fraction, ...]
    polys: tuple[Poly, ...]


Value = Fraction | Pieces
Function = Callable[..., Fraction]


@dataclass
class Exact:
    """Exact evaluation at a point. `kinks` counts the pieces of paths on which a guard vanishes identically.

    `functions` gives the unknown functions a meaning: `functions[name](orders, args)`.
    """

    env: Mapping[str, Fraction]
    functions: Mapping[str, Callable[[tuple[int, ...], Sequence[Fraction]], Fraction]] = field(
        default_factory=dict[str, Callable[[tuple[int, ...], Sequence[Fraction]], Fraction]]
    )
    kinks: int = 0

    def const(self, q: Fraction) -> Value:
        return q

    def var(self, name: str) -> Value:
        if name not in self.env:
            raise BadInput(f"no value for variable {name!r}; give one for each of the term's variables")
        return self.env[name]

    def bound(self, level: int) -> Value:
        return Pieces(level, (ZERO, Fraction(1)), ((ZERO, Fraction(1)),))

    def affine(self, constant: Fraction, coefficients: Sequence[Fraction], values: Sequence[Value]) -> Value:
        flat = constant
        moving: list[tuple[Fraction, Pieces]] = []
        for q, v in zip(coefficients, values, strict=True):
            if isinstance(v, Pieces):
                moving.append((q, v))
            else:
                flat += q * v
        if not moving:
            return flat
        return _on_common_pieces([v for _, v in moving], lambda ps: _combine(flat, [q for q, _ in moving], ps))

    def mul(self, a: Value, b: Value) -> Value:
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            return a * b
        return _on_common_pieces([a, b], lambda ps: _times(*ps))

    def div(self, a: Value, b: Value) -> Value:
        if isinstance(b, Pieces):
            raise Unsupported("a quotient whose denominator varies along the path is not piecewise polynomial")
        return self.mul(a, 1 / b if b else ZERO)

    def ite(self, g: Value, a: Value, b: Value) -> Value:
        if isinstance(g, Fraction):
            return a if g > 0 else b
        signs = _signs(g)
        self.kinks += sum(s == 0 for s in signs.polys for s in s)
        return _on_common_pieces([signs, a, b], lambda ps: ps[1] if ps[0] == (Fraction(1),) else ps[2])

    def mean01(self, level: int, body: Value) -> Value:
        if isinstance(body, Fraction):
            return body
        if body.level != level:
            raise Unsupported("nested means whose inner bound variable leaves its mean")
        return sum((_integral(p, *ends) for p, ends in zip(body.polys, pairwise(body.breaks), strict=True)), ZERO)

    def call(self, name: str, orders: tuple[int, ...], args: Sequence[Value]) -> Value:
        if name in SPECIAL:
            raise Unsupported(f"{name} has irrational values; semantics.balls.enclose gives rational bounds on them")
        if name not in self.functions:
            raise BadInput(f"the unknown function {name!r} has no values; put a model in its place")
        if any(isinstance(a, Pieces) for a in args):
            raise Unsupported(f"the unknown function {name!r} along a path")
        return self.functions[name](orders, [a for a in args if isinstance(a, Fraction)])


def evaluate(term: Term, env: Mapping[str, Fraction]) -> Fraction:
    """The exact value of a closed term at a rational point."""
    value = fold(term, Exact(env))
    if isinstance(value, Pieces):
        raise Unsupported("a term with an open bound variable has no value")
    return value


def _on_common_pieces(values: Sequence[Value], combine: Callable[[list[Poly]], Poly]) -> Pieces:
    """Apply `combine` piece by piece, after cutting all values at all break points."""
    moving = [v for v in values if isinstance(v, Pieces)]
    if len({v.level for v in moving}) > 1:
        raise Unsupported("nested means: close the inner mean first")
    breaks = tuple(sorted({q for v in moving for q in v.breaks}))
    columns = [list(_refined(v, breaks)) if isinstance(v, Pieces) else [(v,)] * (len(breaks) - 1) for v in values]
    polys = [combine(list(ps)) for ps in zip(*columns, strict=True)]
    keep = [k for k in range(len(polys)) if k == 0 or polys[k] != polys[k - 1]]
    return Pieces(moving[0].level, (*(breaks[k] for k in keep), breaks[-1]), tuple(polys[k] for k in keep))


def _refined(v: Pieces, breaks: tuple[Fraction, ...]) -> Iterator[Poly]:
    k = 0
    for left in breaks[:-1]:
        while v.breaks[k + 1] <= left:
            k += 1
        yield v.polys[k]


def _signs(g: Pieces) -> Pieces:
    """1, 0 or -1 on each piece: the sign of a function that is affine on each piece."""
    breaks, signs = [ZERO], list[Poly]()
    for p, (left, right) in zip(g.polys, pairwise(g.breaks), strict=True):
        if len(p) > 2:
            raise Unsupported(f"a guard of degree {len(p) - 1} along the path; its sign changes may be irrational")
        root = -p[0] / p[1] if len(p) == 2 else left
        for end in [root, right] if left < root < right else [right]:
            value = _at(p, (breaks[-1] + end) / 2)
            breaks.append(end)
            signs.append((Fraction((value > 0) - (value < 0)),))
    return Pieces(g.level, tuple(breaks), tuple(signs))


def _trim(p: Sequence[Fraction]) -> Poly:
    end = len(p)
    while end > 1 and not p[end - 1]:
        end -= 1
    return tuple(p[:end])


def _combine(constant: Fraction, coefficients: Sequence[Fraction], ps: Sequence[Poly]) -> Poly:
    columns = zip_longest(*ps, fillvalue=ZERO)
    total = [sum((q * c for q, c in zip(coefficients, column, strict=True)), ZERO) for column in columns]
    return _trim([total[0] + constant, *total[1:]])


def _times(p: Poly, q: Poly) -> Poly:
    out = [ZERO] * (len(p) + len(q) - 1)
    for i, a in enumerate(p):
        for j, b in enumerate(q):
            out[i + j] += a * b
    return _trim(out)


def _at(p: Poly, x: Fraction) -> Fraction:
    value = ZERO
    for c in reversed(p):
        value = value * x + c
    return value


def _integral(p: Poly, left: Fraction, right: Fraction) -> Fraction:
    anti = (ZERO, *(c / (k + 1) for k, c in enumerate(p)))
    return _at(anti, right) - _at(anti, left)
