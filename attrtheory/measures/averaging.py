"""A measure with a free variable, averaged over it: the variable becomes one of the laws' own."""

from __future__ import annotations

from fractions import Fraction
from math import factorial

from attrtheory.errors import Unsupported
from attrtheory.expr.algebra import Free, fold
from attrtheory.expr.binder import hole, open_body
from attrtheory.expr.special import QUANTILE
from attrtheory.expr.syntax import postorder
from attrtheory.expr.term import ZERO, Term, bound, call
from attrtheory.measures.law import Law, Part, Vector
from attrtheory.measures.measure import Measure
from attrtheory.semantics.derive import derivative

MAX_DEGREE = 12


def averaged(measure: Measure, level: int) -> Measure:
    """The mean of a measure over its open bound variable: uniform, or normal where only its quantile occurs."""
    return Measure(measure.n, tuple(p for part in measure.parts for p in _averaged(part, level)))


def _averaged(part: Part, level: int) -> list[Part]:
    terms = [part.weight, *part.law.origin, *(t for c in part.law.columns for t in c)]
    if all(level not in t.levels for t in terms):
        return [part]
    variable, terms, normal = _variable(terms, level)
    if any(u.op == "ite" and variable.payload in u.args[0].levels for t in terms for u in postorder(t)):
        raise Unsupported("a weight or a path that decides by the variable of its mean; it is not read piece by piece")
    if any(variable.payload in t.levels for t in terms[1 + part.law.n :]):
        raise Unsupported("a law in which one random variable multiplies another; only affine ones are measures here")
    moved = [_polynomial(t, variable) for t in terms[1 : 1 + part.law.n]]
    if any(len(c) > 2 for c in moved):
        raise Unsupported(f"the path is curved: {next(t for t, c in zip(terms[1:], moved, strict=False) if len(c) > 2)!r}")
    origin = tuple(c[0] for c in moved)
    column: Vector = tuple(c[1] if len(c) > 1 else ZERO for c in moved)
    law, m = part.law, len(part.law.uniform)
    if normal:
        grown = Law(origin, law.uniform, (*law.normal, column))
        powers = lambda k: (*part.powers, k)
    else:
        grown = Law(origin, (*law.uniform, column), law.normal)
        powers = lambda k: (*part.powers[:m], k, *part.powers[m:])
    return [Part(c, grown, powers(k)) for k, c in enumerate(_polynomial(terms[0], variable)) if c is not ZERO]


def _variable(terms: list[Term], level: int) -> tuple[Term, list[Term], bool]:
    """(the variable, the terms in it, whether it is normal)."""
    quantile = call(QUANTILE, (), (bound(level),))
    if not any(u is quantile for t in terms for u in postorder(t)):
        return bound(level), terms, False
    normal = hole()
    renamed = [fold(t, Free(), stop=lambda u: normal if u is quantile else None) for t in terms]
    if any(level in t.levels for t in renamed):
        raise Unsupported("a variable of a mean occurs both as it is and through its normal quantile")
    return normal, renamed, True


def _polynomial(term: Term, variable: Term) -> list[Term]:
    """The coefficients of a polynomial in the variable."""
    out: list[Term] = []
    while variable.payload in term.levels:
        out.append(_at_zero(term, variable, len(out)))
        term = derivative(term, variable)
        if len(out) > MAX_DEGREE:
            raise Unsupported(f"not a polynomial of degree up to {MAX_DEGREE} in the variable of a mean: {term!r}")
    return [*out, Fraction(1, factorial(len(out))) * term]


def _at_zero(term: Term, variable: Term, order: int) -> Term:
    return Fraction(1, factorial(order)) * open_body(variable.payload, term, ZERO)
