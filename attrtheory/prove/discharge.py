"""From claim to verdict: the order of the engines, and nothing else."""

from __future__ import annotations

from attrtheory.errors import SideCondition, TooLarge
from attrtheory.expr.syntax import postorder
from attrtheory.models.families import Every
from attrtheory.models.fn import Fn
from attrtheory.properties import Statement
from attrtheory.prove import rules
from attrtheory.prove.claim import Claim
from attrtheory.prove.order import decided_guards
from attrtheory.prove.refute import DISCONTINUOUS, FALSUM, KINKED, Question, points, question, refute, shrink
from attrtheory.prove.verdict import Conditional, NotApplicable, Proof, Proved, Refuted, Unknown, Vacuous, Verdict

MAX_EDGES = 400_000


def prove(claim: Claim, *, solver: bool = True) -> Verdict:
    """Settle a claim: normal form, rules, solver, refuter, in this order; Unknown if none decides.

    >>> from attrtheory import Claim, Every, get_method, get_property, prove
    >>> prove(Claim(get_property("completeness"), get_method("shapley"), Every(3))).name
    'Proved'

    Raises:
        TooLarge: the model is too large to be written out; the message has the size.
    """
    if claim.property.monotone and not isinstance(claim.family, Every):
        try:
            question(claim)
        except SideCondition as error:
            return NotApplicable(str(error))
    try:
        return _decide(claim, solver=solver)
    except TooLarge as error:
        if claim.family.to_json()["kind"] == "network":
            raise
        return Unknown(f"beyond the stated size: {error}")


def _decide(claim: Claim, *, solver: bool) -> Verdict:
    statement = claim.statement()
    edges = sum(len(u.args) for f in claim.family.models() if isinstance(f, Fn) for u in postorder(f.body))
    if edges > MAX_EDGES:
        raise TooLarge(
            f"the model has {edges} edges; a proof by terms takes up to {MAX_EDGES}. Audit the network instead."
        )
    if not statement.conclusions:
        return NotApplicable(f"{claim} states nothing: it speaks of no feature, or of pairs of which there are none")
    if statement.hypotheses and (empty := _vacuous(statement, solver=solver)) is not None:
        return empty
    if rules.equal_everywhere(statement):
        return Proved(Proof("normal form"))
    if (verdict := _by_rules(claim)) is not None:
        return verdict
    reason = "no rule applies and no counterexample was found"
    if solver and not isinstance(claim.family, Every) and not rules.speaks_of_programs(statement):
        from attrtheory.prove import solver as z3_engine  # z3 is loaded only when it is asked

        answer = z3_engine.solve(question(claim))
        if answer.proved:
            return Proved(Proof("solver", {"version": answer.version, "smt2": list(answer.obligations)}))
        if answer.witness is not None:
            return Refuted(shrink(question(claim), answer.witness))
        reason = answer.reason
    witness = refute(claim)
    return Refuted(witness) if witness is not None else Unknown(reason)


def _by_rules(claim: Claim) -> Verdict | None:
    every = isinstance(claim.family, Every)
    if rules.non_negative(claim):
        return Proved(Proof("non-negative combination"))
    if not every and rules.half_lines(claim):
        return Proved(Proof("half-line"))
    if not every and decided_guards(claim):
        return Proved(Proof("decided guards"))
    if not every and rules.exact_values(claim):
        return Proved(Proof("exact evaluation"))
    if claim.property.name == "completeness" and (segments := rules.segments_of(claim)):
        if not rules.fundamental_theorem(claim, segments):
            return None
        proof = Proof("fundamental theorem", {"segments": [s.to_json() for s in segments]})
        if not every:
            return Proved(proof)
        return Conditional(rules.CONTINUOUS, proof, refute(claim, DISCONTINUOUS))
    if rules.speaks_of_programs(claim.statement()) and rules.true_derivative(claim):
        if not every and (witness := refute(claim)) is not None:
            return Refuted(witness)  # the program at hand and its mirror image already differ
        return Conditional(rules.SMOOTH, Proof("true derivative"), refute(claim, KINKED))
    return None


def _vacuous(statement: Statement, *, solver: bool) -> Verdict | None:
    """Vacuous if no point satisfies the hypotheses; Unknown if none was found and none excluded; else None."""
    if rules.unsatisfiable(statement):
        return Vacuous(Proof("unsatisfiable hypotheses"))
    q = Question(Statement((FALSUM,), statement.hypotheses))
    if any(q.fails_at(env) for env in points(q.names(), 400)):
        return None
    if solver:
        from attrtheory.prove import solver as z3_engine

        answer = z3_engine.solve(q)
        if answer.proved:
            return Vacuous(Proof("solver", {"version": answer.version, "smt2": list(answer.obligations)}))
        if answer.witness is not None:
            return None
    return Unknown("no point was found that satisfies the hypotheses, so the claim may hold vacuously")
