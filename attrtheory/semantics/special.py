r"""The axioms of special functions, and the normal form modulo them.

    Phi'(z) = phi(z)         Phi(-z) = 1 - Phi(z)     Phi(0) = 1/2          probit(Phi(z)) = z
    phi'(z) = -z phi(z)      phi(-z) = phi(z)         sqrt(t)^2 = t 1[t > 0]      sqrt(t) 1[t > 0] = sqrt(t)
    sqrt'(t) = 1 / (2 sqrt(t)), 0 where t <= 0        probit'(a) = 1 / phi(probit(a))

Each is an entry of `AXIOMS`. Equal normal forms prove that two terms are equal, given these axioms and nothing else of the
functions. Exact evaluation refuses their values, which are irrational; `semantics.balls` encloses them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from attrtheory.expr import term as t
from attrtheory.expr.algebra import Free, fold
from attrtheory.expr.forms import relu, step
from attrtheory.expr.special import (
    DENSITY,
    PHI,
    QUANTILE,
    ROOT,
    SPECIAL,
    normal_cdf,
    normal_density,
    normal_quantile,
    rational_root,
    square_root,
)
from attrtheory.expr.syntax import postorder
from attrtheory.expr.term import Scalar, Term, lift, var
from attrtheory.semantics.derive import derivative
from attrtheory.semantics.ring import ONE, Monomial, Poly, Ring


@dataclass(frozen=True, eq=False)
class Axiom:
    """`lhs = rhs` for every value of the variable z."""

    name: str
    lhs: Term
    rhs: Term


Z = var("z")
AXIOMS = (
    Axiom("Phi-derivative", derivative(normal_cdf(Z), Z), normal_density(Z)),
    Axiom("phi-derivative", derivative(normal_density(Z), Z), -Z * normal_density(Z)),
    Axiom("Phi-reflection", normal_cdf(-Z), 1 - normal_cdf(Z)),
    Axiom("phi-even", normal_density(-Z), normal_density(Z)),
    Axiom("Phi-zero", normal_cdf(0), t.const(Fraction(1, 2))),
    Axiom("probit-inverse", normal_quantile(normal_cdf(Z)), Z),
    Axiom("probit-derivative", derivative(normal_quantile(Z), Z), 1 / normal_density(normal_quantile(Z))),
    Axiom("sqrt-square", square_root(Z) * square_root(Z), relu(Z)),
    Axiom("sqrt-positive", square_root(Z) * step(Z), square_root(Z)),
    Axiom("sqrt-derivative", derivative(square_root(Z), Z), Fraction(1, 2) / square_root(Z)),
)


class WithoutDerivatives(Free):
    """The free algebra in which derivatives of special functions are written out."""

    def call(self, name: str, orders: tuple[int, ...], args: Sequence[Term]) -> Term:
        if name not in SPECIAL or not orders:
            return t.call(name, orders, tuple(args))
        (z,) = args
        slope = {
            PHI: normal_density(z),
            DENSITY: -z * normal_density(z),
            QUANTILE: 1 / normal_density(normal_quantile(z)),
            ROOT: Fraction(1, 2) / square_root(z),
        }[name]
        if len(orders) == 1:
            return slope
        hole = var("z_")
        again = fold(t.call(name, (0,), (hole,)), self)
        for _ in orders[1:]:
            again = fold(derivative(again, hole), self)
        return fold(again, Free(), stop=lambda u: z if u is hole else None)


def written_out(term: Term) -> Term:
    """The same term without derivatives of special functions."""
    return fold(term, WithoutDerivatives())


def is_special(term: Term) -> bool:
    """Whether a special function occurs in the term."""
    return any(u.op == "call" and u.payload[0] in SPECIAL for u in postorder(term))


class SpecialRing(Ring):
    """Normal forms modulo the axioms. Roots come with the indicator that their radicand is positive."""

    def __init__(self) -> None:
        super().__init__()
        self.squares: dict[int, Poly] = {}  # root -> its radicand
        self.arguments: dict[Monomial, Poly] = {}  # Phi(z) as a monomial -> z

    def call(self, name: str, orders: tuple[int, ...], args: Sequence[Poly]) -> Poly:
        if name not in SPECIAL:
            return super().call(name, orders, args)
        (z,) = args
        match name:
            case "sqrt":
                return self._root(z)
            case "probit":
                only = next(iter(z)) if len(z) == 1 else ONE
                if z.get(only) == 1 and only in self.arguments:
                    return self.arguments[only]
                return super().call(name, (), args)
            case _:
                return self._normal(name, z)

    def _normal(self, name: str, z: Poly) -> Poly:
        """Phi or phi, of the one of z and -z whose leading coefficient is positive."""
        if name == PHI and not z:
            return self.const(Fraction(1, 2))
        turned = bool(z) and self._monic(z)[2] < 0
        there = self.affine(Fraction(0), (Fraction(-1),), (z,)) if turned else z
        value = super().call(name, (), (there,))
        if name == PHI:
            self.arguments[next(iter(value))] = there
            return self.affine(Fraction(1), (Fraction(-1),), (value,)) if turned else value
        return value

    def _root(self, radicand: Poly) -> Poly:
        if not radicand or set(radicand) == {ONE}:
            known = rational_root(radicand.get(ONE, Fraction(0)))
            if known is not None:
                return self.const(known)
        monic, _, c = self._monic(radicand)
        scale = rational_root(c) if c > 0 else None
        inside = radicand if scale is None else monic
        root = super().call(ROOT, (), (inside,))
        ((atom, _),) = next(iter(root))
        self.squares[atom] = inside
        self.rules.setdefault(atom, (((atom, 2),), self._raw_product(inside, atom)))  # r^2 r = t r; r^2 = t: below
        return self.affine(Fraction(0), (scale or Fraction(1),), (self.mul(root, self._positive(inside)),))

    def _positive(self, g: Poly) -> Poly:
        """`1[g > 0]`."""
        return self.const(Fraction(1)) if set(g) == {ONE} and g[ONE] > 0 else self._step(g)

    def _inverse(self, h: Poly, lead: Monomial) -> Poly:
        """`1 / sqrt(t)` is `sqrt(t) / t`."""
        radicand = self._radicand(h)
        if radicand is None:
            return super()._inverse(h, lead)
        return self.mul(h, self.div(self.const(Fraction(1)), radicand))

    def _step(self, g: Poly) -> Poly:
        """`1[sqrt(t) > 0]` is `1[t > 0]`."""
        sign = next(iter(g.values())) if len(g) == 1 else Fraction(0)
        radicand = self._radicand({m: q / sign for m, q in g.items()}) if sign else None
        if radicand is None:
            return super()._step(g)
        return self._positive(radicand) if sign > 0 else {}

    def _radicand(self, h: Poly) -> Poly | None:
        """t, if h is sqrt(t)."""
        roots = [i for i, _ in next(iter(h)) if i in self.squares] if len(h) == 1 else []
        if len(roots) != 1:
            return None
        radicand = self.squares[roots[0]]
        return radicand if h == self._root(radicand) else None

    def _applicable(self, m: Monomial) -> tuple[Monomial, Poly] | None:
        for i, k in m:
            if k >= 2 and i in self.squares:
                rest = tuple((j, p - 2 * (j == i)) for j, p in m if j != i or p > 2)
                return rest, self.squares[i]
        return super()._applicable(m)


def equal(lhs: Scalar, rhs: Scalar) -> bool:
    """Whether two terms have one normal form modulo the axioms; if so, they are equal wherever the axioms hold."""
    ring = SpecialRing()
    memo: dict[Term, Poly] = {}
    return fold(written_out(lift(lhs)), ring, memo) == fold(written_out(lift(rhs)), ring, memo)
