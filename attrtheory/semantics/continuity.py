r"""Whether the branches of a term meet on their guards, and how fast a term changes in each variable on a box."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from attrtheory.errors import SideCondition, Unsupported
from attrtheory.expr import term as t
from attrtheory.expr.algebra import Free, fold
from attrtheory.expr.term import Term
from attrtheory.semantics.ring import Poly, Ring

Interval = tuple[Fraction, Fraction]
ZERO = Fraction(0)


def meets(node: Term, ring: Ring, memo: dict[Term, Poly]) -> bool:
    """Whether the branches of an `ite` differ by a rational multiple of the guard, by normal form: so they agree on it."""
    g, gap = fold(node.args[0], ring, memo), fold(node.args[1] - node.args[2], ring, memo)
    lead = next(iter(g), ())
    ratio = gap.get(lead, ZERO) / g[lead] if g else ZERO
    return gap == ring.affine(ZERO, (ratio,), (g,))


@dataclass(frozen=True, eq=False)
class Bounded:
    """A term, an interval of its values on the box, and for each variable a bound on the size of its slope."""

    term: Term
    low: Fraction
    high: Fraction
    slopes: Mapping[str, Fraction]

    @property
    def size(self) -> Fraction:
        return max(abs(self.low), abs(self.high))


class Lipschitz:
    r"""The algebra of terms with bounds on values and slopes, in exact rationals.

    *Proof.* Values: interval arithmetic. Slopes: sum, product and quotient rule with these intervals. A term whose branches
    meet on every guard that changes its sign on the box is continuous there, and along a segment it has finitely many
    pieces, on each of which the larger bound of the two branches holds.
    """

    def __init__(self, box: Mapping[str, Interval]) -> None:
        self.box, self.ring, self.memo = box, Ring(), dict[Term, Poly]()

    def const(self, q: Fraction) -> Bounded:
        return Bounded(t.const(q), q, q, {})

    def var(self, name: str) -> Bounded:
        if name not in self.box:
            raise Unsupported(f"nothing is known of the size of {name}; give its interval, or a number for it")
        return Bounded(t.var(name), *self.box[name], {name: Fraction(1)})

    def bound(self, level: int) -> Bounded:
        return Bounded(t.bound(level), ZERO, Fraction(1), {})

    def affine(self, constant: Fraction, coefficients: Sequence[Fraction], values: Sequence[Bounded]) -> Bounded:
        rows = list(zip(coefficients, values, strict=True))
        low = constant + sum((q * (v.low if q > 0 else v.high) for q, v in rows), ZERO)
        high = constant + sum((q * (v.high if q > 0 else v.low) for q, v in rows), ZERO)
        return Bounded(t.affine(constant, ((q, v.term) for q, v in rows)), low, high, _weighted((abs(q), v) for q, v in rows))

    def mul(self, a: Bounded, b: Bounded) -> Bounded:
        ends = [p * q for p in (a.low, a.high) for q in (b.low, b.high)]
        low = max(min(ends), ZERO) if a.term is b.term else min(ends)
        return Bounded(a.term * b.term, low, max(ends), _weighted([(b.size, a), (a.size, b)]))

    def div(self, a: Bounded, b: Bounded) -> Bounded:
        least = b.low if b.low > 0 else -b.high
        if least <= 0:
            raise Unsupported(f"the denominator {b.term!r} may vanish on the box, so no slope is known")
        ends = [p / q for p in (a.low, a.high) for q in (b.low, b.high)]
        slopes = _weighted([(1 / least, a), (a.size / least**2, b)])
        return Bounded(a.term / b.term, min(ends), max(ends), slopes)

    def ite(self, g: Bounded, a: Bounded, b: Bounded) -> Bounded:
        if g.low > 0:
            return a
        if g.high <= 0:
            return b
        node = t.ite(g.term, a.term, b.term)
        if node.op == "ite" and not meets(node, self.ring, self.memo):
            raise SideCondition(
                f"the term is not known to be continuous where {g.term!r} = 0: {a.term!r} and {b.term!r} need not agree there"
            )
        above = max(a.low, ZERO) if a.term is g.term else a.low
        names = {*a.slopes, *b.slopes}
        slopes = {k: max(a.slopes.get(k, ZERO), b.slopes.get(k, ZERO)) for k in names}
        return Bounded(node, min(above, b.low), max(a.high, b.high), slopes)

    def mean01(self, level: int, body: Bounded) -> Bounded:
        return Bounded(Free().mean01(level, body.term), body.low, body.high, body.slopes)

    def call(self, name: str, orders: tuple[int, ...], args: Sequence[Bounded]) -> Bounded:
        raise Unsupported(f"nothing is known of the slopes of {name}")


def _weighted(rows: Iterable[tuple[Fraction, Bounded]]) -> dict[str, Fraction]:
    out: dict[str, Fraction] = {}
    for q, v in rows:
        for name, slope in v.slopes.items():
            out[name] = out.get(name, ZERO) + q * slope
    return out


def lipschitz(term: Term, box: Mapping[str, Interval]) -> dict[str, Fraction]:
    r"""For each variable $k$ a number $L_k$ with $|f(y) - f(y')| \le \sum_k L_k\,|y_k - y'_k|$ on the box.

    >>> from attrtheory.expr import relu, var
    >>> bound = lipschitz(relu(3 * var("x") - var("y")), {"x": (ZERO, Fraction(1)), "y": (ZERO, Fraction(1))})
    >>> [str(bound[name]) for name in "xy"]
    ['3', '1']

    Raises:
        SideCondition: the term is not known to be continuous on the box.
        Unsupported: a denominator may vanish, or a function is not known.
    """
    found = fold(term, Lipschitz(box))
    return {name: found.slopes.get(name, ZERO) for name in box}
