# pyright: standard
# (flint ships no types)
"""Rigorous rational enclosures of terms with special functions: balls of python-flint's arb, rounded outwards.

What needs no special function is computed in exact rationals, so that guards on it are decided also where they vanish; a
guard on a ball is decided once the ball does not contain 0, with as much precision as that takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb, ctx, fmpq

from attrtheory.errors import BadInput, Unsupported
from attrtheory.expr.algebra import fold
from attrtheory.expr.special import DENSITY, PHI, QUANTILE, ROOT, SPECIAL, rational_root
from attrtheory.expr.term import Term
from attrtheory.semantics.exact import Exact, Pieces
from attrtheory.semantics.special import written_out

PRECISION = 64  # bits to begin with
MOST = 4096  # bits
SMALLEST = 2**12  # numbers below 2^-SMALLEST are enclosed by 0 and that


class UndecidedError(Exception):
    """A ball is too wide to tell its sign."""


@dataclass(frozen=True)
class Enclosure:
    """`lower <= value <= upper`; equal where the value is rational."""

    lower: Fraction
    upper: Fraction

    @property
    def width(self) -> Fraction:
        return self.upper - self.lower

    @property
    def middle(self) -> Fraction:
        return (self.lower + self.upper) / 2

    def __contains__(self, value: Fraction) -> bool:
        return self.lower <= value <= self.upper


class Balls(Exact):
    """Exact rationals, and balls where special functions occur."""

    def affine(self, constant: Fraction, coefficients: Sequence[Fraction], values: Sequence[Any]) -> Any:
        pairs = list(zip(coefficients, values, strict=True))
        plain = [(q, v) for q, v in pairs if not isinstance(v, arb)]
        flat = super().affine(constant, [q for q, _ in plain], [v for _, v in plain])
        balls = [ball(q) * v for q, v in pairs if isinstance(v, arb)]
        return sum(balls, ball(flat)) if balls else flat

    def mul(self, a: Any, b: Any) -> Any:
        if not isinstance(a, arb) and not isinstance(b, arb):
            return super().mul(a, b)
        return Fraction(0) if _is_zero(a) or _is_zero(b) else ball(a) * ball(b)

    def div(self, a: Any, b: Any) -> Any:
        if isinstance(b, arb):
            if b.contains(0):
                raise UndecidedError
            return Fraction(0) if _is_zero(a) else ball(a) / b
        return self.mul(a, 1 / b if b else Fraction(0)) if isinstance(a, arb) else super().div(a, b)

    def ite(self, g: Any, a: Any, b: Any) -> Any:
        if isinstance(g, arb):
            if g.contains(0):
                raise UndecidedError
            return a if g > 0 else b
        if isinstance(g, Pieces) and (isinstance(a, arb) or isinstance(b, arb)):
            raise Unsupported("a special function along a path; integrate it in closed form first")
        return super().ite(g, a, b)

    def mean01(self, level: int, body: Any) -> Any:
        return body if isinstance(body, arb) else super().mean01(level, body)

    def call(self, name: str, orders: tuple[int, ...], args: Sequence[Any]) -> Any:
        if name not in SPECIAL:
            return super().call(name, orders, args)
        (z,) = args
        if isinstance(z, Pieces):
            raise Unsupported(f"{name} along a path; integrate it in closed form first")
        match name, z:
            case "Phi", Fraction(numerator=0):
                return Fraction(1, 2)
            case "sqrt", Fraction() if (root := rational_root(z)) is not None:
                return root
        return FUNCTIONS[name](ball(z))


def _cdf(z: arb) -> arb:
    return (-z / arb(2).sqrt()).erfc() / 2


def _density(z: arb) -> arb:
    return (-z * z / 2).exp() / (2 * arb.pi()).sqrt()


def _quantile(a: arb) -> arb:
    if a <= 0 or a >= 1:
        raise BadInput("probit is the quantile function of the normal law: its argument lies between 0 and 1")
    if not (a > 0 and a < 1):
        raise UndecidedError
    return -arb(2).sqrt() * (2 * a).erfcinv()


def _root(t: arb) -> arb:
    if t.contains(0):
        raise UndecidedError
    return t.sqrt() if t > 0 else arb(0)


FUNCTIONS = {PHI: _cdf, DENSITY: _density, QUANTILE: _quantile, ROOT: _root}


def _is_zero(value: Any) -> bool:
    return isinstance(value, Fraction) and not value


def ball(value: Any) -> arb:
    if isinstance(value, Pieces):
        raise Unsupported("a special function along a path; integrate it in closed form first")
    return value if isinstance(value, arb) else arb(fmpq(value.numerator, value.denominator))


def enclose(term: Term, env: Mapping[str, Fraction], bits: int = 53) -> Enclosure:
    """Rational bounds on a closed term at a rational point, of relative width at most 2^-bits unless the value is near 0.

    >>> from attrtheory.expr import var
    >>> from attrtheory.expr.special import normal_cdf
    >>> bounds = enclose(normal_cdf(var("z")), {"z": Fraction(1)})
    >>> float(bounds.lower), float(bounds.upper)
    (0.8413447460685429, 0.8413447460685429)

    Raises:
        Unsupported: a guard or a denominator cannot be told from 0; a special function under a mean.
        BadInput: a variable without a value.
    """
    plain, precision = written_out(term), PRECISION + bits
    while precision <= max(MOST, 4 * bits):
        with ctx.workprec(precision):
            try:
                value = fold(plain, Balls(env))
            except UndecidedError:
                value = None
            if isinstance(value, Fraction):
                return Enclosure(value, value)
            if isinstance(value, Pieces):
                raise Unsupported("a term with an open bound variable has no value")
            if value is not None and value.is_finite():
                found = _ends(value)
                if found.width * 2**bits <= max(abs(found.lower), abs(found.upper)) or precision * 2 > MOST:
                    return found
        precision *= 2
    raise Unsupported(
        f"a guard or a denominator of {term!r} is not told from 0 by {MOST} bits: it may vanish, and then no number of bits "
        "tells it; move the point, or prove that it vanishes"
    )


def _ends(value: arb) -> Enclosure:
    middle, radius = value.mid(), value.rad()
    (_, exponent), (_, spread) = middle.man_exp(), radius.man_exp()
    if min(exponent, spread) < -4 * SMALLEST:
        small = arb(2) ** -SMALLEST
        if abs(value) < small:
            edge = Fraction(1, 2**SMALLEST)
            return Enclosure(-edge if not value >= 0 else Fraction(0), edge if not value <= 0 else Fraction(0))
        radius = small if spread < -4 * SMALLEST else radius
    if exponent > 4 * SMALLEST:
        raise Unsupported("a value beyond 2^16384; rescale")
    return Enclosure(_fraction(middle) - _fraction(radius), _fraction(middle) + _fraction(radius))


def _fraction(exact: arb) -> Fraction:
    mantissa, exponent = (int(v) for v in exact.man_exp())
    return Fraction(mantissa) * Fraction(2) ** exponent
