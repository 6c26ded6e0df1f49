"""Claims about terms and about unknown methods: settled, written down, and re-checked without search."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrtheory.errors import BadCertificate, BadInput
from attrtheory.properties import Statement
from attrtheory.prove.axiomatic import Axiomatic, axiomatic_from_json
from attrtheory.prove.certificate import proof_from_json, proof_to_json, seal, witness_from_json, witness_to_json
from attrtheory.prove.products import Known, holds, known
from attrtheory.prove.refute import FALSUM, Question, points, shrink
from attrtheory.prove.relations import Relations, relations_from_json
from attrtheory.prove.rules import equal_everywhere
from attrtheory.prove.verdict import Proof, Proved, Refuted, Unknown, Verdict

FORMAT, RULE = 1, "products of hypotheses"
Derived = Relations | Axiomatic
READERS: Mapping[str, Callable[[Mapping[str, Any]], Derived]] = {
    Relations.kind: relations_from_json,
    Axiomatic.kind: axiomatic_from_json,
}


def settle(claim: Derived) -> Verdict:
    """Settle a claim about terms, or about an unknown method: normal form, products of hypotheses, a counterexample.

    >>> from attrtheory.prove.relations import Relations, parse_relation
    >>> settle(Relations((parse_relation("abs(x) >= x"),))).name
    'Proved'
    """
    statement = claim.statement()
    if isinstance(claim, Relations):
        if equal_everywhere(statement):
            return Proved(Proof("normal form"))
        if (early := _at_points(claim, statement)) is not None:
            return early
    from attrtheory.prove.products_search import MAX_DEGREE, prove_goal  # scipy is loaded only for a search

    facts, proofs = known(statement.hypotheses), list[Any]()
    degree = MAX_DEGREE if isinstance(claim, Relations) else 1  # what axioms say is linear in the attributions
    for goal in goals(statement):
        proof = prove_goal(facts, goal, claim.squares, degree=degree)
        if proof is None:
            return Unknown(f"no sum of products was found for {goal.label}")
        proofs.append(proof)
    return Proved(Proof(RULE, {"goals": proofs}))


def _at_points(claim: Relations, statement: Statement) -> Verdict | None:
    """A counterexample at a simple point, or Unknown where no point satisfies the hypotheses."""
    asked, inside = Question(statement), Question(Statement((FALSUM,), statement.hypotheses))
    for env in points(asked.names(), 300):
        if (witness := asked.fails_at(env)) is not None:
            return Refuted(shrink(asked, witness))
    if any(inside.fails_at(env) for env in points(inside.names(), 2000)):
        return None
    return Unknown("no point was found that satisfies the hypotheses, so the claim may hold vacuously")


def goals(statement: Statement) -> tuple[Known, ...]:
    """What is to be shown: a form and its sign for each conclusion, two of them for an equality."""
    return known(statement.conclusions)


def derived_certificate(claim: Derived, verdict: Verdict) -> str:
    """The text of a certificate; only Proved and Refuted have one."""
    match verdict:
        case Proved(proof):
            body = {"proof": proof_to_json(proof)}
        case Refuted(witness):
            body = {"witness": witness_to_json(witness)}
        case _:
            raise BadInput(f"{verdict.name} has no certificate; only Proved and Refuted have")
    return seal({"format": FORMAT, "kind": claim.kind, "claim": claim.to_json(), "verdict": verdict.name, **body})


def check_derived(content: Mapping[str, Any]) -> tuple[Derived, Verdict]:
    """The claim and the verdict of an unsealed certificate, re-checked: instances of axioms are generated anew.

    Raises:
        BadCertificate: it does not establish what it says.
    """
    body = content.get("proof" if content.get("verdict") == "Proved" else "witness")
    if set(content) != {"format", "kind", "claim", "verdict", "proof" if "proof" in content else "witness"}:
        raise BadCertificate("a certificate with unknown or missing entries")
    if content["format"] != FORMAT or type(content["format"]) is not int or body is None:
        raise BadCertificate(f"certificate format {content['format']!r}; this version reads format {FORMAT}")
    claim = READERS[content["kind"]](content["claim"])
    statement = claim.statement()
    if content["verdict"] == "Refuted" and isinstance(claim, Relations):
        witness = witness_from_json(body)
        asked = Question(statement)
        if witness_to_json(witness) != body or asked.names() != sorted(witness.values):
            raise BadCertificate("a witness gives a value for each variable of the claim, and nothing else")
        if asked.fails_at(witness.values) != witness:
            raise BadCertificate(f"the witness does not refute {claim}")
        return claim, Refuted(witness)
    if content["verdict"] != "Proved":
        raise BadCertificate(f"no certificate can establish {content['verdict']!r} for {claim}")
    proof = proof_from_json(body)
    if proof_to_json(proof) != body or not _proof_holds(statement, proof):
        raise BadCertificate(f"rule {proof.rule!r} does not prove {claim}")
    return claim, Proved(proof)


def _proof_holds(statement: Statement, proof: Proof) -> bool:
    if proof.rule == "normal form":
        return not proof.data and equal_everywhere(statement)
    if proof.rule != RULE or set(proof.data) != {"goals"}:
        return False
    facts, shown = known(statement.hypotheses), goals(statement)
    given = proof.data["goals"]
    return len(given) == len(shown) and all(holds(facts, g, p) for g, p in zip(shown, given, strict=True))
