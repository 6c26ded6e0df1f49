"""Engine 3: z3, for small statements that need reasoning about order. A budget of work, never of seconds."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import z3

from attrtheory.errors import EngineDisagreement, TooLarge, Unsupported
from attrtheory.expr.algebra import fold
from attrtheory.expr.syntax import postorder
from attrtheory.expr.term import Term, lift
from attrtheory.properties import Relation, Statement
from attrtheory.properties.statement import HOLDS
from attrtheory.prove.refute import Question
from attrtheory.prove.verdict import Witness
from attrtheory.semantics.paths import close_means
from attrtheory.semantics.smt import Smt

RLIMIT = 4_000_000
MAX_NODES = 600


@dataclass(frozen=True)
class Answer:
    """`proved`, with the obligations as SMT-LIB text; or a witness; or neither, and why."""

    proved: bool
    obligations: tuple[str, ...] = ()
    witness: Witness | None = None
    reason: str = ""
    version: str = z3.get_version_string()


def solve(question: Question, rlimit: int = RLIMIT) -> Answer:
    """Ask z3 whether each conclusion follows from the hypotheses."""
    statement = question.statement
    try:
        closed = [_closed(r) for r in statement.conclusions]
        hypotheses = [_closed(r) for r in statement.hypotheses]
    except (Unsupported, TooLarge) as error:
        return Answer(proved=False, reason=f"no closed form for the solver: {error}")
    nodes = sum(len(postorder(side)) for r in (*closed, *hypotheses) for side in (r.lhs, r.rhs))
    if nodes > MAX_NODES:
        return Answer(proved=False, reason=f"{nodes} nodes are too many for the solver (limit {MAX_NODES})")
    obligations: list[str] = []
    for r in closed:
        context = z3.Context()  # answers must not depend on earlier claims
        smt, memo = Smt(context), dict[Term, Any]()
        solver = z3.Solver(ctx=context)
        solver.set("rlimit", rlimit)
        solver.add(*(_formula(h, smt, memo) for h in hypotheses), z3.Not(_formula(r, smt, memo)))
        text = solver.to_smt2()  # before check(): afterwards z3 adds commands other solvers reject
        match solver.check():
            case z3.unsat:
                obligations.append(text)
            case z3.sat:
                return _refuted(question, solver.model(), smt)
            case _:
                return Answer(proved=False, reason=f"the solver gave up on {r.label}: {solver.reason_unknown()}")
    return Answer(proved=True, obligations=tuple(obligations))


def unsatisfiable(statement: Statement, rlimit: int = RLIMIT) -> bool:
    """Whether z3 shows that no point satisfies the hypotheses."""
    falsum = Relation(lift(0), ">", lift(0), "vacuity")
    return solve(Question(Statement((falsum,), statement.hypotheses)), rlimit).proved


def _closed(r: Relation) -> Relation:
    return Relation(close_means(lift(r.lhs)), r.kind, close_means(lift(r.rhs)), r.label)


def _formula(r: Relation, smt: Smt, memo: dict[Term, Any]) -> Any:
    lhs, rhs = fold(r.lhs, smt, memo), fold(r.rhs, smt, memo)
    return HOLDS[r.kind](lhs, rhs)


def _refuted(question: Question, model: Any, smt: Smt) -> Answer:
    """The counter-model in rationals, replayed outside the solver."""
    env: dict[str, Fraction] = {}
    for name in question.names():
        value = model.eval(smt.var(name), model_completion=True)
        if not z3.is_rational_value(value):
            return Answer(proved=False, reason=f"the solver's counter-model is irrational at {name}")
        env[name] = Fraction(value.numerator_as_long(), value.denominator_as_long())
    witness = question.fails_at(env)
    if witness is None:
        raise EngineDisagreement(f"the solver's counter-model {env} does not refute the statement")
    return Answer(proved=False, witness=witness)
