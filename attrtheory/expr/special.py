r"""Special functions: named functions, of which terms know the name only. Their axioms are in `semantics.special`.

Phi(z) = P(G <= z) of a standard normal G, phi(z) = exp(-z^2 / 2) / sqrt(2 pi), probit(Phi(z)) = z,
sqrt(t)^2 = max(t, 0).
"""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

from attrtheory.expr.term import Scalar, Term, call, const, lift

PHI, DENSITY, QUANTILE, ROOT = "Phi", "phi", "probit", "sqrt"
SPECIAL = (PHI, DENSITY, QUANTILE, ROOT)


def normal_cdf(z: Scalar) -> Term:
    r"""$\Phi(z)$, the standard normal distribution function."""
    return call(PHI, (), (lift(z),))


def normal_density(z: Scalar) -> Term:
    r"""$\varphi(z)$, the standard normal density."""
    return call(DENSITY, (), (lift(z),))


def normal_quantile(a: Scalar) -> Term:
    r"""$\Phi^{-1}(a)$: of the variable of a mean over [0, 1] it is a standard normal variable."""
    return call(QUANTILE, (), (lift(a),))


def square_root(t: Scalar) -> Term:
    r"""$\sqrt{\max(t, 0)}$; where that is rational, the number."""
    radicand = lift(t)
    known = rational_root(radicand.payload) if radicand.op == "const" else None
    return call(ROOT, (), (radicand,)) if known is None else const(known)


def rational_root(q: Fraction) -> Fraction | None:
    r"""$\sqrt{\max(q, 0)}$ where it is rational."""
    if q <= 0:
        return Fraction(0)
    root = Fraction(isqrt(q.numerator), isqrt(q.denominator))
    return root if root * root == q else None
