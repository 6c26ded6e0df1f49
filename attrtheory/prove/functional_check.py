"""Certificates of facts about functionals: written, and re-checked by computing every fact anew, without search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrtheory.errors import BadCertificate
from attrtheory.methods import get_functional_method
from attrtheory.prove.certificate import seal
from attrtheory.prove.functional import CONDITIONS, AboutFunctional, Facts, facts, witness_from_json
from attrtheory.prove.verdict import Proof, Proved, Verdict

FORMAT, KIND, RULE = 1, "functional", "functional"


def to_certificate(found: Facts) -> str:
    """The text of a certificate."""
    return seal({"format": FORMAT, "kind": KIND, "claim": found.claim.to_json(), "facts": found.to_json()})


def check_functional(content: Mapping[str, Any]) -> tuple[AboutFunctional, Verdict]:
    """What the content of an unsealed certificate establishes: its facts, each as stated.

    Raises:
        BadCertificate: a fact is another one.
    """
    known = set(content) == {"format", "kind", "claim", "facts"}
    if not known or type(content["format"]) is not int or content["format"] != FORMAT:
        raise BadCertificate(f"a certificate about a functional, format {FORMAT}, has a claim and facts")
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
