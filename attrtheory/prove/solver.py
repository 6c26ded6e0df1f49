"""Engine 3: z3, for small statements that need reasoning about order. A budget of work, never of seconds."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import z3

from attrtheory.errors import EngineDisagreement, TooLarge, Unsupported
from attrtheory.prove.obligation import obligations
from attrtheory.prove.refute import Question
from attrtheory.prove.verdict import Witness
from attrtheory.semantics.smt import symbol

RLIMIT = 4_000_000


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
    try:
        texts = obligations(question.statement)
    except (Unsupported, TooLarge) as error:
        return Answer(proved=False, reason=f"not for the solver: {error}")
    for text, r in zip(texts, question.statement.conclusions, strict=True):
        context = z3.Context()  # answers must not depend on earlier claims
        solver = z3.Solver(ctx=context)
        solver.set("rlimit", rlimit)
        solver.from_string(text)
        match solver.check():
            case z3.unsat:
                continue
            case z3.sat:
                return _refuted(question, solver.model(), context)
            case _:
                return Answer(proved=False, reason=f"the solver gave up on {r.label}: {solver.reason_unknown()}")
    return Answer(proved=True, obligations=tuple(texts))


def _refuted(question: Question, model: Any, context: z3.Context) -> Answer:
    """The counter-model in rationals, replayed outside the solver."""
    env: dict[str, Fraction] = {}
    for name in question.names():
        value = model.eval(z3.Real(symbol(name), context), model_completion=True)
        if not z3.is_rational_value(value):
            return Answer(proved=False, reason=f"the solver's counter-model is irrational at {name}")
        env[name] = Fraction(value.numerator_as_long(), value.denominator_as_long())
    witness = question.fails_at(env)
    if witness is None:
        raise EngineDisagreement(f"the solver's counter-model {env} does not refute the statement")
    return Answer(proved=False, witness=witness)
