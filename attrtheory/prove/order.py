"""Rule "decided guards": what positive hypotheses say about the signs of guards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import chain, combinations

from attrtheory.expr.algebra import Free, fold
from attrtheory.expr.term import Term, lift
from attrtheory.expr.views import Value
from attrtheory.properties import Relation, Statement
from attrtheory.prove.claim import Claim
from attrtheory.prove.rules import HalfLines, equal_everywhere
from attrtheory.semantics.ring import Poly, Ring

MAX_HYPOTHESES = 10  # all sums of some of them are formed
Shape = frozenset[tuple[object, Fraction]]


class Decided(Free):
    r"""The free algebra in which a guard whose sign the hypotheses decide takes its branch.

    *Proof.* A hypothesis `t > p` says that $t - p$ is positive, `t >= p` that it is non-negative. Let $s$ be the sum of
    some of these, each times a positive rational. A guard $g = \lambda s + q$ with rationals $\lambda > 0$, $q \ge 0$ is
    non-negative, and it is positive if $q > 0$ or a summand is: the strict guard then takes its first branch. If
    $-g$ is of this form, $g \le 0$ and the guard takes its second. Forms are compared in the ring, whose equalities hold
    at every point. `most`: of how many hypotheses sums are formed.
    """

    def __init__(self, hypotheses: Sequence[Relation], most: int = MAX_HYPOTHESES) -> None:
        self.ring, self.memo = Ring(), dict[Term, Poly]()
        self.known: dict[Shape, list[tuple[Fraction, bool]]] = {}
        sides = [(_scaled(self._form(lift(h.lhs) - lift(h.rhs))), h.kind == ">") for h in hypotheses if h.kind != "="]
        for chosen in chain.from_iterable(combinations(sides, k) for k in range(1, min(most, len(sides)) + 1)):
            ones, forms = [Fraction(1)] * len(chosen), [form for form, _ in chosen]
            shape, constant = _split(_scaled(self.ring.affine(Fraction(0), ones, forms)))
            self.known.setdefault(shape, []).append((constant, any(strict for _, strict in chosen)))

    def _form(self, term: Term) -> Poly:
        return fold(term, self.ring, self.memo)

    def ite(self, g: Term, a: Term, b: Term) -> Term:
        if self._signs(g)[1]:
            return a
        return b if self._signs(-g)[0] else super().ite(g, a, b)

    def _signs(self, g: Term) -> tuple[bool, bool]:
        """Whether g is known to be non-negative, and to be positive."""
        shape, constant = _split(_scaled(self._form(g)))
        extra = [(constant - c, strict) for c, strict in self.known.get(shape, ())]
        return any(q >= 0 for q, _ in extra), any(q > 0 or (q == 0 and strict) for q, strict in extra)


def _scaled(form: Poly) -> Poly:
    """A form times the positive number that makes its first coefficient 1 or -1."""
    scale = next((abs(form[m]) for m in sorted(form) if m), Fraction(1))
    return {m: c / scale for m, c in form.items()}


def _split(form: Poly) -> tuple[Shape, Fraction]:
    """What varies in a form, and its constant."""
    return frozenset((m, c) for m, c in form.items() if m), form.get((), Fraction(0))


def decided_guards(claim: Claim) -> bool:
    """Rule "decided guards": both sides have one normal form where the hypotheses hold.

    Shares of segments get their closed forms first, as in rule "half-line".
    """
    statement = claim.statement()
    if not 0 < len(statement.hypotheses) <= MAX_HYPOTHESES:
        return False
    shares, decided = HalfLines(), Decided(statement.hypotheses)

    def settled(side: Value) -> Term:
        return fold(fold(lift(side), shares), decided)

    conclusions = (replace(r, lhs=settled(r.lhs), rhs=settled(r.rhs)) for r in statement.conclusions)
    return equal_everywhere(Statement(tuple(conclusions)))
