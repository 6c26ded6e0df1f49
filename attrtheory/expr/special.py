r"""Special functions: named functions, of which terms know the name only. Their axioms are in `semantics.special`.

Phi(z) = P(G <= z) of a standard normal G, phi(z) = exp(-z^2 / 2) / sqrt(2 pi), probit(Phi(z)) = z.
"""

from __future__ import annotations

from attrtheory.expr.term import Scalar, Term, call, lift

PHI, DENSITY, QUANTILE = "Phi", "phi", "probit"
SPECIAL = (PHI, DENSITY, QUANTILE)


def normal_cdf(z: Scalar) -> Term:
    r"""$\Phi(z)$, the standard normal distribution function."""
    return call(PHI, (), (lift(z),))


def normal_density(z: Scalar) -> Term:
    r"""$\varphi(z)$, the standard normal density."""
    return call(DENSITY, (), (lift(z),))


def normal_quantile(a: Scalar) -> Term:
    r"""$\Phi^{-1}(a)$: of the variable of a mean over [0, 1] it is a standard normal variable."""
    return call(QUANTILE, (), (lift(a),))
