"""What a method's docstring lists is what the certificates say about every model, name by name."""

from __future__ import annotations

import re
from functools import cache
from inspect import getdoc
from pathlib import Path

import pytest

from attrtheory.methods import METHODS, Method
from attrtheory.models.families import Every
from attrtheory.properties import PROPERTIES
from attrtheory.prove.certificate import from_certificate, unseal

CERTIFICATES = Path(__file__).parents[2] / "proofs" / "certificates"
VERDICTS = ("Proved", "Conditional", "Refuted")
NAMES = {p.name for p in PROPERTIES}


@cache
def settled() -> dict[str, dict[str, set[str]]]:
    """method -> verdict -> properties, on every model."""
    found: dict[str, dict[str, set[str]]] = {m.name: {v: set() for v in VERDICTS} for m in METHODS}
    for path in sorted(CERTIFICATES.glob("*.json")):
        if "kind" in unseal(path.read_bytes()):
            continue  # about terms, or about an unknown method
        claim, verdict = from_certificate(path.read_bytes())
        if isinstance(claim.family, Every) and claim.property.name in NAMES and not claim.domain.to_json():
            found[claim.method.name][verdict.name].add(claim.property.name)
    return found


def listed(method: Method) -> dict[str, list[str]]:
    """verdict -> properties, from the lines `Verdict: a, b (when), c.` of the docstring."""
    text = getdoc(method.define) or ""
    out = {}
    for verdict in VERDICTS:
        entry = re.search(rf"^{verdict}: (.*?)\.\s*(?=^\w+: |\Z)", text, re.MULTILINE | re.DOTALL)
        words = re.sub(r"\([^)]*\)", "", entry[1]) if entry else ""
        out[verdict] = [w for w in re.split(r"[,\s]+", words) if w]
    return out


@pytest.mark.parametrize("method", METHODS, ids=str)
@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_docstring_lists_what_is_settled(method: Method, verdict: str):
    names = listed(method)[verdict]
    assert set(names) <= NAMES, "names of properties, separated by commas, a full stop at the end"
    assert len(names) == len(set(names))
    assert set(names) == settled()[method.name][verdict]


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_every_property_is_settled(method: Method):
    """Completeness and the others: each property has a verdict for each method, on every model."""
    verdicts = settled()[method.name]
    assert set().union(*verdicts.values()) == NAMES


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_two_verdicts_on_one_property_say_when(method: Method):
    """A property in two lists holds for some numbers of features only; the docstring says for which."""
    both = [w for names in listed(method).values() for w in names]
    text = getdoc(method.define) or ""
    for name in {w for w in both if both.count(w) > 1}:
        assert len(re.findall(rf"{name} \([^)]+\)", text)) == both.count(name)
