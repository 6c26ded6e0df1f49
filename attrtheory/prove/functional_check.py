"""Certificates of facts about functionals: written, and re-checked by computing every fact anew, without search."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from attrtheory.errors import BadCertificate
from attrtheory.methods import get_functional_method
from attrtheory.prove.certificate import seal
from attrtheory.prove.claim import Claim
from attrtheory.prove.functional import CONDITIONS, AboutFunctional, Facts, facts, witness_from_json
from attrtheory.prove.impossible import FUNCTIONAL, Impossible, impossible
from attrtheory.prove.names import canonical
from attrtheory.prove.settle import derived_certificate
from attrtheory.prove.verdict import Proof, Proved, Verdict

FORMAT, KIND, RULE = 1, "functional", "functional"


def to_certificate(found: Facts) -> str:
    """The text of a certificate."""
    return seal({"format": FORMAT, "kind": KIND, "claim": found.claim.to_json(), "facts": found.to_json()})


def no_functional_certificate(entry: Impossible) -> str:
    """The text of a certificate that a method is no functional of the function: two programs of one, told apart."""
    return seal({"format": FORMAT, "kind": KIND, "claim": {"no_functional": entry.method}, "facts": _told_apart(entry)})


def _told_apart(entry: Impossible) -> dict[str, Any]:
    """The attributions of both programs, computed anew, and what proves that the programs compute one function."""
    same = [
        json.loads(derived_certificate(claim, verdict))
        for claim, verdict in zip(entry.claims, entry.verdicts(), strict=True)
        if not isinstance(claim, Claim)
    ]
    return {"reason": entry.reason, "witness": entry.witness.to_json(), "one_function": same}


def _check_no_functional(content: Mapping[str, Any]) -> tuple[NoFunctional, Verdict]:
    claim = NoFunctional(str(content["claim"]["no_functional"]))
    entry = next((e for e in impossible() if e.method == claim.method and e.what == FUNCTIONAL), None)
    if entry is None or claim.to_json() != content["claim"]:
        raise BadCertificate(f"nothing is known of {claim.method} being no functional")
    if _told_apart(entry) != content["facts"] or any(v.name != "Proved" for v in entry.verdicts()):
        raise BadCertificate(f"not what is found for {claim.method}")
    return claim, Proved(Proof(RULE))


@dataclass(frozen=True)
class NoFunctional:
    """The method attributes differently to two programs of one function."""

    method: str

    def to_json(self) -> dict[str, Any]:
        return {"no_functional": self.method}

    @property
    def digest(self) -> str:
        return sha256(canonical(self.to_json()).encode()).hexdigest()

    def __str__(self) -> str:
        return f"{self.method} is no functional of the function"


def check_functional(content: Mapping[str, Any]) -> tuple[AboutFunctional | NoFunctional, Verdict]:
    """What the content of an unsealed certificate establishes: its facts, each as stated.

    Raises:
        BadCertificate: a fact is another one.
    """
    known = set(content) == {"format", "kind", "claim", "facts"}
    if not known or type(content["format"]) is not int or content["format"] != FORMAT:
        raise BadCertificate(f"a certificate about a functional, format {FORMAT}, has a claim and facts")
    if "no_functional" in content["claim"]:
        return _check_no_functional(content)
    claim = AboutFunctional(get_functional_method(str(content["claim"]["functional"])), content["claim"]["n"])
    if claim.to_json() != content["claim"]:
        raise BadCertificate("a claim with unknown or missing entries")
    stated: dict[str, Any] = content["facts"]
    witnesses = {k: witness_from_json(stated[k]["witness"]) for k in CONDITIONS if "witness" in stated[k]}
    again = facts(claim, witnesses, [str(name) for name in stated["equal_to"]]).to_json()
    if again != stated:
        wrong = sorted(k for k in {*again, *stated} if again.get(k) != stated.get(k))
        raise BadCertificate(f"not what is found for {claim}: {', '.join(wrong)}")
    return claim, Proved(Proof(RULE))
