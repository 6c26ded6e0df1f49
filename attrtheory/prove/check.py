"""Re-check a certificate without search, solver, sympy or torch: the claim is generated anew and its proof replayed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from attrtheory.errors import AttrTheoryError, BadCertificate, BadInput
from attrtheory.properties import Statement
from attrtheory.prove import rules
from attrtheory.prove.certificate import MAX_BYTES, from_certificate, unseal
from attrtheory.prove.claim import Claim, Graphs
from attrtheory.prove.obligation import obligations
from attrtheory.prove.order import decided_guards
from attrtheory.prove.refute import FALSUM, points, question, replay
from attrtheory.prove.settle import READERS, check_derived
from attrtheory.prove.verdict import Conditional, Proof, Proved, Refuted, Vacuous, Verdict, Witness

ILL_FORMED = (
    AttrTheoryError, ArithmeticError, TypeError, LookupError, ValueError, AttributeError, RecursionError,
)  # fmt: skip


class OtherClaim(Protocol):
    """A claim about an attribution on a whole box, a functional, terms, or an unknown method."""

    @property
    def digest(self) -> str: ...


@dataclass(frozen=True)
class Checked:
    """What a certificate establishes. `on_trust`: part of it rests on a solver and was not re-checked."""

    claim: Claim | OtherClaim
    verdict: Verdict
    on_trust: bool

    def __str__(self) -> str:
        trust = " -- rests on a solver, not re-checked here" if self.on_trust else ""
        return f"{self.verdict.name}: {self.claim}{trust}"


def check(
    certificate: str | bytes | Path, claim: Claim | OtherClaim | None = None, graphs: Graphs | None = None
) -> Checked:
    """Re-check one certificate (its text, or the path of its file); with `claim`, it must be for that claim.

    `graphs` finds the network of a claim by its digest (see `folder_graphs`).

    Raises:
        BadCertificate: damaged, forged, or for another claim.
        BadInput: neither a text nor a path.
    """
    if isinstance(certificate, Path):
        if not certificate.is_file():
            raise BadCertificate(f"no certificate file {certificate}")
        if certificate.stat().st_size > MAX_BYTES:
            raise BadCertificate(f"{certificate} is larger than {MAX_BYTES} bytes")
        certificate = certificate.read_bytes()
    if not isinstance(certificate, str | bytes):  # pyright: ignore[reportUnnecessaryIsInstance]
        given = type(certificate).__name__
        raise BadInput(f"certificate: got {given}; give the text of a certificate, or the path of its file as a Path")
    content = unseal(certificate)
    if content.get("kind") == "box":
        return _check_other("about a box", lambda: _box(content, graphs), claim)
    if content.get("kind") == "functional":
        return _check_other("about a functional", lambda: _functional(content), claim)
    if content.get("kind") in READERS:
        return _check_other("without a model", lambda: check_derived(content), claim)
    stated, verdict = from_certificate(certificate, graphs)
    if claim is not None and claim.digest != stated.digest:
        raise BadCertificate(f"the certificate is for another claim: {stated}, not {claim}")
    try:
        on_trust = _holds(stated, verdict)
    except BadCertificate:
        raise
    except ILL_FORMED as error:
        raise BadCertificate(f"the certificate does not prove {stated}: {error}") from error
    return Checked(stated, verdict, on_trust)


def _check_other(
    what: str, established: Callable[[], tuple[OtherClaim, Verdict]], claim: Claim | OtherClaim | None
) -> Checked:
    try:
        stated, verdict = established()
    except BadCertificate:
        raise
    except ILL_FORMED as error:
        raise BadCertificate(f"the certificate of a claim {what} does not hold: {error}") from error
    if claim is not None and claim.digest != stated.digest:
        raise BadCertificate(f"the certificate is for another claim: {stated}, not {claim}")
    return Checked(stated, verdict, on_trust=False)


def _functional(content: Mapping[str, Any]) -> tuple[OtherClaim, Verdict]:
    from attrtheory.prove.functional_check import check_functional

    return check_functional(content)


def _box(content: Mapping[str, Any], graphs: Graphs | None) -> tuple[OtherClaim, Verdict]:
    from attrtheory.prove.box_check import check_box  # needs numpy and flint; claims on terms do not

    return check_box(content, graphs)


def _holds(claim: Claim, verdict: Verdict) -> bool:
    """Whether the verdict rests on a solver; raises if it is not established."""
    if claim.family.to_json()["kind"] == "network":
        return _holds_on_network(claim, verdict)
    match verdict:
        case Proved(proof):
            if not claim.statement().conclusions:
                raise BadCertificate(f"{claim} states nothing")
            if rules.hypothesis(claim, proof.rule) is not None:
                raise BadCertificate(f"{claim} holds only under a hypothesis; Proved would say more")
            return _proof_holds(claim, proof)
        case Conditional(hypothesis, proof, witness):
            if hypothesis != rules.hypothesis(claim, proof.rule):
                raise BadCertificate(f"rule {proof.rule!r} does not prove {claim} under the hypothesis {hypothesis!r}")
            if witness is not None:
                _breaks_without(claim, hypothesis, witness)
            return _proof_holds(claim, proof)
        case Refuted(witness):
            replay(claim, witness)
            return False
        case Vacuous(proof):
            if proof.rule == "solver":
                return _asks(Statement((FALSUM,), claim.statement().hypotheses), claim, proof)
            if proof.rule != "unsatisfiable hypotheses" or proof.data or not rules.unsatisfiable(claim.statement()):
                raise BadCertificate(f"the hypotheses of {claim} are not shown unsatisfiable")
            return False
        case _:
            raise BadCertificate(f"no certificate can establish {verdict.name}")


def _holds_on_network(claim: Claim, verdict: Verdict) -> bool:
    from attrtheory.prove import network  # needs numpy and flint; claims on terms do not

    match verdict:
        case Proved(proof) if proof == Proof(network.RULE) and network.is_instance(claim):
            return False
        case Conditional(rules.SMOOTH, proof, None) if proof == Proof(network.RULE) and network.is_instance(
            claim, smooth=True
        ):
            return False
        case Refuted(witness):
            network.replay_on_network(claim, witness)
            return False
        case _:
            raise BadCertificate(f"{verdict.name} is not established for {claim}")


def folder_graphs(folder: Path) -> Graphs:
    """Networks from the files `models/<digest>.json` below a folder, each checked against its digest."""

    def find(digest: str) -> Any:
        from attrtheory.models.serial import graph_digest, graph_from_json

        path = folder / "models" / f"{digest}.json"
        if not digest.isalnum() or not path.is_file():
            raise BadCertificate(f"no network {digest[:12]} below {folder}; its file is models/<digest>.json")
        if path.stat().st_size > MAX_BYTES:
            raise BadCertificate(f"{path} is larger than {MAX_BYTES} bytes")
        try:
            graph = graph_from_json(json.loads(path.read_bytes()))
        except (ValueError, RecursionError) as error:
            raise BadCertificate(f"{path} is not a network file: {error}") from error
        if graph_digest(graph) != digest:
            raise BadCertificate(f"{path} holds another network than its name says")
        return graph

    return lru_cache(maxsize=8)(find)


def _breaks_without(claim: Claim, hypothesis: str, witness: Witness) -> None:
    replay(claim, witness)
    if hypothesis == rules.SMOOTH and "disguise" not in (witness.model or {}):
        raise BadCertificate("the witness does not show that the hypothesis is needed")


def _asks(statement: Statement, claim: Claim, proof: Proof) -> bool:
    """Whether the solver was asked what the claim says; its answer is taken on trust."""
    if set(proof.data) != {"version", "smt2"} or not isinstance(proof.data["version"], str):
        raise BadCertificate("rule 'solver' takes the solver's version and the text that it was given")
    if rules.speaks_of_programs(claim.statement()) or proof.data["smt2"] != obligations(statement):
        raise BadCertificate(f"the solver was asked something else than {claim}")
    asked = replace(question(claim), statement=statement)
    if any(asked.fails_at(env) for env in points(asked.names(), 50)):
        raise BadCertificate(f"{claim} fails at a simple point, whatever a solver said")
    return True


def _proof_holds(claim: Claim, proof: Proof) -> bool:
    if proof.rule not in ("fundamental theorem", "solver") and proof.data:
        raise BadCertificate(f"rule {proof.rule!r} takes no data")
    match proof.rule:
        case "normal form":
            ok = rules.normal_form(claim)
        case "fundamental theorem" if set(proof.data) == {"segments"}:
            ok = rules.fundamental_theorem(claim, rules.check_segments(proof.data["segments"], claim.family.n))
        case "half-line":
            ok = rules.half_lines(claim)
        case "decided guards":
            ok = decided_guards(claim)
        case "exact evaluation":
            ok = rules.exact_values(claim)
        case "non-negative combination":
            ok = rules.non_negative(claim)
        case "true derivative":
            ok = rules.true_derivative(claim)
        case "solver":
            return _asks(claim.statement(), claim, proof)
        case other:
            raise BadCertificate(f"no rule {other!r}")
    if not ok:
        raise BadCertificate(f"rule {proof.rule!r} does not prove {claim}")
    return False
