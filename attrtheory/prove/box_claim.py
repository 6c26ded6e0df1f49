"""A claim about one attribution of a network on a whole box, and its certificate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import Any

from attrtheory.errors import BadCertificate, BadInput
from attrtheory.expr.syntax import read_rational
from attrtheory.lower.box.question import Box, Point, Question, Statement
from attrtheory.models.serial import graph_digest
from attrtheory.prove.certificate import seal
from attrtheory.prove.claim import Graphs
from attrtheory.prove.names import canonical
from attrtheory.prove.verdict import Proved, Refuted, Verdict, Witness

FORMAT, KIND, RULE = 1, "box", "branch and bound"


@dataclass(frozen=True, eq=False)
class BoxClaim:
    """For all x in the box: `statement` of the attributions that `question` asks for."""

    question: Question
    box: Box
    statement: Statement

    def __post_init__(self) -> None:
        n = self.question.graph.features
        if len(self.box.lower) != n:
            raise BadInput(f"the network has {n} features; the box has {len(self.box.lower)}")
        if type(self.statement.feature) is not int or not 0 <= self.statement.feature < n:
            raise BadInput(f"feature: got {self.statement.feature!r}; the network has features 0 to {n - 1}")

    def to_json(self) -> dict[str, Any]:
        q, s = self.question, self.statement
        return {
            "network": graph_digest(q.graph),
            "method": q.method,
            "target": q.target,
            "baseline": texts(q.baseline),
            "lower": texts(self.box.lower),
            "upper": texts(self.box.upper),
            "feature": s.feature,
            "relation": s.relation,
            "bound": str(s.bound),
        }

    @property
    def digest(self) -> str:
        return sha256(canonical(self.to_json()).encode()).hexdigest()

    def __str__(self) -> str:
        q = self.question
        ends = ", ".join(f"[{float(a):.6g}, {float(b):.6g}]" for a, b in zip(self.box.lower, self.box.upper, strict=True))
        return f"{q.method} of output {q.target} of network {graph_digest(q.graph)[:12]}: {self.statement} on {ends}"

    def fails_at(self, x: Point, value: Fraction) -> Witness:
        """The witness that the attribution `value` at `x` is."""
        names = {f"x{k + 1}": v for k, v in enumerate(x)}
        return Witness(names, f"attribution {self.statement.feature}: {self.statement.relation}", value, self.statement.bound)

    def failure(self, witness: Witness) -> str:
        """A witness in words; features are numbered from 0, as in the statement."""
        at = ", ".join(f"x[{k}] = {shortened(v)}" for k, v in enumerate(witness.values.values()))
        what = f"the attribution of x[{self.statement.feature}] is {shortened(witness.lhs)}"
        return f"{what}, not {self.statement.relation} {shortened(witness.rhs)}, at {at}"


def shortened(value: Fraction) -> str:
    """A fraction with a decimal beside it; long ones are cut in the middle, box.json has them whole."""
    text = str(value)
    if value.denominator == 1 and len(text) <= 16:
        return text
    cut = text if len(text) <= 24 else f"{text[:8]}..{text[-8:]}"
    return f"{cut} ({float(value):.6g})"


def texts(point: Point) -> list[str]:
    return [str(v) for v in point]


def box_claim_from_json(data: Mapping[str, Any], graphs: Graphs | None) -> BoxClaim:
    """The claim that `to_json` wrote; anything else is refused."""
    if graphs is None:
        raise BadCertificate("the claim is about a network; give the folder that holds it, not the certificate alone")
    try:
        lower, upper, baseline = (
            tuple(read_rational(v) for v in data[name]) for name in ("lower", "upper", "baseline")
        )
        question = Question(graphs(str(data["network"])), data["method"], data["target"], baseline)
        statement = Statement(data["feature"], data["relation"], read_rational(data["bound"]))
        claim = BoxClaim(question, Box(lower, upper), statement)
    except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise BadCertificate(f"not a claim about a box: {error!r}") from error
    if claim.to_json() != data:
        raise BadCertificate("a claim with unknown, missing or unreduced entries")
    return claim


def box_certificate(claim: BoxClaim, verdict: Verdict) -> str:
    """The text of a certificate: the tree of cuts, or the input at which the statement fails."""
    match verdict:
        case Proved(proof) if proof.rule == RULE:
            body: dict[str, Any] = {"tree": proof.data["tree"]}
        case Refuted(witness):
            body = {"x": [str(v) for v in witness.values.values()]}
        case _:
            raise BadInput(f"{verdict.name} has no certificate; only Proved and Refuted have")
    return seal({"format": FORMAT, "kind": KIND, "claim": claim.to_json(), "verdict": verdict.name, **body})
