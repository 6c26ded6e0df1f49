r"""Bounds of terms by affine forms: $c + \sum_k \alpha_k z_k + [l, h]$ in rationals, for unknowns z of which a range is known.

What the range of $\sum_k \alpha_k z_k$ is, the caller says: z in a box, or the indicator of a set of a given size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from attrtheory.errors import Unsupported
from attrtheory.metrics.numbers import ZERO, Vector

Interval = tuple[Fraction, Fraction]
Span = Callable[[Vector], Interval]


@dataclass(frozen=True, eq=False)
class Form:
    """A value that lies in `slopes . z + [low, high]`."""

    slopes: Vector
    low: Fraction
    high: Fraction

    @property
    def constant(self) -> Fraction | None:
        """The value, where it is one number."""
        return None if any(self.slopes) or self.low != self.high else self.low


class Forms:
    """The algebra of forms. ReLU keeps its chord (Singh et al. 2018, "Fast and effective robustness certification")."""

    def __init__(self, env: Mapping[str, Form], span: Span, unknowns: int) -> None:
        self.env, self.span, self.none = env, span, (ZERO,) * unknowns
        self.ranges: dict[int, tuple[Form, Interval]] = {}

    def range(self, v: Form) -> Interval:
        if id(v) not in self.ranges:
            low, high = self.span(v.slopes)
            self.ranges[id(v)] = v, (low + v.low, high + v.high)  # the form is kept, so that no other takes its id
        return self.ranges[id(v)][1]

    def const(self, q: Fraction) -> Form:
        return Form(self.none, q, q)

    def var(self, name: str) -> Form:
        return self.env[name]

    def bound(self, level: int) -> Form:
        return Form(self.none, ZERO, Fraction(1))

    def mean01(self, level: int, body: Form) -> Form:
        return body  # bounds for every number in [0, 1] hold for the mean over them

    def affine(self, constant: Fraction, coefficients: Sequence[Fraction], values: Sequence[Form]) -> Form:
        slopes, low, high = list(self.none), constant, constant
        for q, v in zip(coefficients, values, strict=True):
            slopes = [s + q * t if t else s for s, t in zip(slopes, v.slopes, strict=True)]
            low, high = (low + q * v.low, high + q * v.high) if q > 0 else (low + q * v.high, high + q * v.low)
        return Form(tuple(slopes), low, high)

    def mul(self, a: Form, b: Form) -> Form:
        for p, v in ((a, b), (b, a)):
            if (q := p.constant) is not None:
                return self.affine(ZERO, (q,), (v,))
        (al, ah), (bl, bh) = self.range(a), self.range(b)
        corners = [al * bl, al * bh, ah * bl, ah * bh]
        square = a is b
        low, high = max(min(corners), ZERO) if square and al <= 0 <= ah else min(corners), max(corners)
        am, ar, bm, br = (al + ah) / 2, (ah - al) / 2, (bl + bh) / 2, (bh - bl) / 2
        rest = Form(self.none, ZERO if square else -ar * br, ar * br)  # (a - am)(b - bm)
        tangent = self.affine(-am * bm, (bm, am, Fraction(1)), (a, b, rest))
        interval = Form(self.none, low, high)
        ends = self.range(tangent)
        return interval if high - low <= ends[1] - ends[0] else tangent

    def div(self, a: Form, b: Form) -> Form:
        low, high = self.range(b)
        if low == high == 0:
            return self.const(ZERO)  # division is total
        if low <= 0 <= high:
            raise Unsupported("a denominator that may be 0: the quotient has no bounds")
        return self.mul(a, Form(self.none, 1 / high, 1 / low))

    def ite(self, g: Form, a: Form, b: Form) -> Form:
        low, high = self.range(g)
        if low > 0:
            return a
        if high <= 0:
            return b
        if (ramp := self._ramp(g, a, b)) is not None:
            base, steep = ramp
            chord = high / (high - low)
            relu = self.affine(ZERO, (chord, Fraction(1)), (g, Form(self.none, ZERO, -chord * low)))
            return self.affine(ZERO, (Fraction(1), steep), (base, relu))
        ends = [self.range(a), self.range(b)]
        return Form(self.none, min(e[0] for e in ends), max(e[1] for e in ends))

    def _ramp(self, g: Form, a: Form, b: Form) -> tuple[Form, Fraction] | None:
        """`base, s` if the branches are `base + s relu(g)`, where that can be seen."""
        if a is g and b.constant == 0:
            return b, Fraction(1)
        if b is g and a.constant == 0:
            return g, Fraction(-1)  # min(g, 0)
        if any(v.low != v.high for v in (g, a, b)):
            return None
        difference = self.affine(ZERO, (Fraction(1), Fraction(-1)), (a, b))
        steep = next((d / s for d, s in zip(difference.slopes, g.slopes, strict=True) if s), None)
        if steep is None or self.affine(ZERO, (Fraction(1), -steep), (difference, g)).constant != 0:
            return None
        return b, steep

    def call(self, name: str, orders: tuple[int, ...], args: Sequence[Form]) -> Form:
        raise Unsupported(f"the unknown function {name!r} has no bounds")
