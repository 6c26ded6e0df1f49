"""Rule "cases": the signs of some guards are told apart until the rest is decided."""

from __future__ import annotations

from attrtheory.errors import TooLarge
from attrtheory.expr.algebra import fold
from attrtheory.expr.syntax import postorder
from attrtheory.expr.term import ZERO, Term, lift
from attrtheory.models.fn import variables
from attrtheory.properties import Relation, Statement
from attrtheory.prove.order import Decided
from attrtheory.semantics.ring import equal

MAX_CASES = 400
MAX_SUMMED = 3  # a chain l < c < p <= u is the sum of three of its links


def by_cases(s: Statement, first: str = "") -> bool:
    r"""Whether in each case of the signs of some guards both sides of the one conclusion have one normal form.

    `first`: guards that read this variable are told apart before others.

    *Proof.* At every point each guard is positive or not, so the cases cover all points where the hypotheses hold; in each
    the sign is one more hypothesis, and rule "decided guards" applies.

    Raises:
        TooLarge: more cases than are looked at.
    """
    (goal,) = s.conclusions
    todo = [(lift(goal.lhs) - lift(goal.rhs), s.hypotheses)]
    for _ in range(MAX_CASES):
        difference, known = todo.pop()
        left = fold(difference, Decided(known, most=MAX_SUMMED))
        if not equal(left, ZERO):
            guard = _open_guard(left, first)
            if guard is None:
                return False
            todo += [(left, (*known, Relation(guard, ">", 0))), (left, (*known, Relation(-guard, ">=", 0)))]
        if not todo:
            return True
    raise TooLarge(f"a proof by cases looks at up to {MAX_CASES} cases; this statement needs more")


def _open_guard(term: Term, first: str) -> Term | None:
    """A guard without guards inside."""
    plain = [u.args[0] for u in postorder(term) if u.op == "ite" and all(v.op != "ite" for v in postorder(u.args[0]))]
    return next((g for g in plain if first in variables(g)), plain[0] if plain else None)
