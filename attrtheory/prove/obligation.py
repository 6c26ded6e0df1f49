"""What a solver is asked: SMT-LIB text made from a statement alone, the same for the prover and the checker."""

from __future__ import annotations

from attrtheory.errors import TooLarge
from attrtheory.expr.algebra import fold
from attrtheory.expr.syntax import postorder
from attrtheory.expr.term import Term, lift
from attrtheory.properties import Relation, Statement
from attrtheory.semantics.paths import close_means
from attrtheory.semantics.smt import Smt

MAX_NODES = 600


def obligations(statement: Statement) -> list[str]:
    """For each conclusion the text that is unsatisfiable exactly if it follows from the hypotheses.

    Raises:
        Unsupported: a mean without closed form.
        TooLarge: more nodes than a solver is asked about.
    """
    closed = [_closed(r) for r in statement.conclusions]
    hypotheses = [_closed(r) for r in statement.hypotheses]
    nodes = sum(len(postorder(side)) for r in (*closed, *hypotheses) for side in (r.lhs, r.rhs))
    if nodes > MAX_NODES:
        raise TooLarge(f"{nodes} nodes are too many for the solver (limit {MAX_NODES})")
    return [_text(r, hypotheses) for r in closed]


def _text(goal: Relation, hypotheses: list[Relation]) -> str:
    smt, memo = Smt(), dict[Term, str]()

    def formula(r: Relation) -> str:
        return f"({r.kind} {fold(r.lhs, smt, memo)} {fold(r.rhs, smt, memo)})"

    asserted = [f"(assert {formula(h)})" for h in hypotheses]
    asserted.append(f"(assert (not {formula(goal)}))")
    return "\n".join([*smt.lines, *asserted, "(check-sat)"])


def _closed(r: Relation) -> Relation:
    return Relation(close_means(lift(r.lhs)), r.kind, close_means(lift(r.rhs)), r.label)
