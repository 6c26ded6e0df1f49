"""Certificates that were damaged or forged are rejected."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from teeth.forging import CLAIMS, EXPECTED, Content, at, content, text

from attrtheory.errors import BadCertificate
from attrtheory.prove import rules
from attrtheory.prove.certificate import seal, to_certificate
from attrtheory.prove.check import check
from attrtheory.prove.discharge import prove
from attrtheory.prove.verdict import Conditional, Proof, Proved


@pytest.mark.parametrize("name", CLAIMS)
def test_the_certificates_themselves_are_accepted(name: str):
    checked = check(text(name), CLAIMS[name])
    assert checked.verdict.name == EXPECTED.get(name, "Proved")
    assert checked.on_trust is (name == "solver")
    assert ("not re-checked" in str(checked)) is (name == "solver")


@pytest.mark.parametrize("name", CLAIMS)
@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80])
def test_every_byte_counts(name: str, flip: int):
    right = text(name).encode()
    for k in range(len(right)):
        wrong = bytes([*right[:k], right[k] ^ flip, *right[k + 1 :]])
        with pytest.raises(BadCertificate):
            check(wrong)


@pytest.mark.parametrize("name", ["normal form", "refuted"])
def test_nothing_may_be_missing_or_added(name: str):
    right = text(name)
    for k in range(len(right)):
        for wrong in (right[:k], right[:k] + right[k + 1 :], right[:k] + " " + right[k:]):
            with pytest.raises(BadCertificate):
                check(wrong)
    for wrong in (right + right, right + "\n", "\ufeff" + right, right.replace('"', "'"), right[:-1] + "\r\n", ""):
        with pytest.raises(BadCertificate):
            check(wrong)


@pytest.mark.parametrize("name", CLAIMS)
@pytest.mark.parametrize("other", CLAIMS)
def test_a_certificate_is_for_one_claim(name: str, other: str):
    if name != other:
        with pytest.raises(BadCertificate, match="another claim"):
            check(text(name), CLAIMS[other])


# forgeries with a right seal --------------------------------------------------------------------------------------------
def rejected(data: Any) -> None:
    with pytest.raises(BadCertificate):
        check(seal(data))


REPLACED: dict[str, dict[str, list[Any]]] = {
    "refuted": {
        "verdict": ["Proved", "Conditional", "Vacuous", "Unknown"],
        "witness.lhs": ["7", "14/2", "7.0"],
        "witness.rhs": ["7"],
        "witness.relation": ["sum: >="],
        "witness.values.b1": ["2"],
        "witness.values": [{}],
        "claim.method.name": ["shapley"],
        "claim.domain.x": [["0", "0"]],
        "claim.property": ["null_displacement"],
    },
    "refuted for some model": {
        "claim.family.n": [2],
        "claim.method.name": ["shapley"],
        "witness.model.f": ["x1", "%0 = call f [] x1\n%0"],
        "witness.model": [{}],
        "claim.family": [{"kind": "multilinear", "n": 2}],
    },
    "normal form": {
        "claim.method.name": ["banzhaf", "occlusion", "gradient"],
        "claim.property": ["affine_equivalence"],
        "claim.family.n": [0, -1, 10**9, 10**400, "3", 3.0, True],
        "claim.family.kind": ["some"],
        "proof.rule": [
            "fundamental theorem",
            "true derivative",
            "solver",
            "non-negative combination",
            "unsatisfiable hypotheses",
            "instance of a schematic theorem",
            "trust me",
            None,
        ],
        "proof.data": [{"hint": 1}, []],
        "proof": [None, "normal form"],
        "format": [2, True, "1"],
        "claim": [None, []],
        "claim.family": [[]],
        "claim.domain": [
            [],
            {"features": []},
            {"features": [3]},
            {"x": ["0", "0"]},
            {"x": [0, 0, 0]},
            {"x": ["0.5", "0", "0"]},
            {"y": []},
        ],
        "claim.method": ["shapley", []],
        "verdict": ["Refuted", ["Proved"]],
    },
    "fundamental theorem": {
        "claim.family.body": ["%0 = ite x1 #1 #0\n%0", "relu(x1)"],
        "claim.family.inputs": [["x1"], ["x1", "x1"], ["x2", "x 1"]],
        "claim.method.name": ["gradient_x_displacement"],
        "proof.data.segments.0.weight": ["2", "-1", "0", "2/2", 1],
        "proof.data.segments.0.start.0": ["x1"],
        "proof.data.segments.0.end": [["x2", "x1"], ["x1"]],
        "proof.data.segments": [[], {}],
        "proof.data": [{}],
        "proof.rule": ["normal form", "half-line"],
        "claim.property": ["dummy"],
    },
    "half-line": {
        "claim.property": [{"agreement": {"name": "gradient"}}],
        "claim.family.body": ["%0 = mul x1 x1\n%1 = ite x1 %0 #0\n%1"],
        "proof.rule": ["normal form"],
    },
    "decided guards": {
        "claim.domain.positive.0": ["%0 = affine 1 1 x1\n%0", "#1", "y"],
        "claim.domain.positive": [[], "x1", ["x1", "x2"]],
        "claim.domain": [{}, {"lower": ["0"], "upper": ["1"]}],
        "claim.family.body": ["%0 = affine -1 1 x1\n%1 = ite %0 %0 #0\n%1"],
        "proof.rule": ["normal form", "half-line"],
        "proof.data": [{"hint": 1}],
    },
    "exact evaluation": {
        "claim.domain.x.0": ["2"],
        "claim.domain": [{}, {"x": ["3", "1"]}],
        "claim.property.formula.0": ["#2", "x1"],
        "claim.method.name": ["occlusion", "gradient"],
        "proof.rule": ["normal form", "half-line"],
        "proof.data": [{"hint": 1}],
    },
    "non-negative": {
        "claim.method.name": ["gradient_x_input", "gradient"],
        "proof.rule": ["normal form"],
        "claim.property": ["completeness"],
    },
    "conditional": {
        "verdict": ["Proved"],
        "hypothesis": ["the model is a model", None, rules.SMOOTH],
        "claim.method.name": ["gradient_x_displacement"],
        "witness.lhs": ["1/3"],
        "witness.model.f": ["x1"],
    },
    "smooth": {
        "verdict": ["Proved"],
        "hypothesis": [rules.CONTINUOUS],
        "witness.model": [{"f": "x1", "g": "x1"}],
        "claim.property": ["completeness"],
        "proof.rule": ["normal form"],
    },
    "vacuous": {
        "verdict": ["Proved"],
        "claim.domain": [{}, {"lower": ["0"], "upper": ["0"]}],
        "proof.rule": ["normal form", "solver"],
    },
    "solver": {
        "proof.data.smt2": [[], "sat"],
        "proof.data": [{}],
        "proof.data.smt2.0": ["(check-sat)"],
        "claim.property": ["completeness"],
        "claim.domain": [{}],
    },
}


CASES = [(name, path, new) for name, paths in REPLACED.items() for path, values in paths.items() for new in values]


@pytest.mark.parametrize("name, path, new", CASES, ids=lambda v: str(v)[:40])
def test_a_replaced_entry_is_rejected(name: str, path: str, new: Any):
    data = content(name)
    container, key = at(data, path)
    assert container[key] != new or type(container[key]) is not type(new)
    container[key] = new
    rejected(data)


SWAPS: dict[str, Callable[[Content], None]] = {
    "refuted": lambda w: w["values"].update(b1=w["values"]["b2"], b2=w["values"]["b1"]),
    "refuted for some model": lambda w: w.update(lhs=w["rhs"], rhs=w["lhs"]),
}


@pytest.mark.parametrize("name", SWAPS)
def test_swapped_values_of_a_witness_are_rejected(name: str):
    data = content(name)
    before = json.dumps(data["witness"])
    data["witness"]["values"] |= {"b1": "0", "b2": "5"} if name == "refuted" else {}
    SWAPS[name](data["witness"])
    assert json.dumps(data["witness"]) != before
    rejected(data)


def test_foreign_segments_are_rejected():
    """Segments with the right ends, but weights that do not add up to the method's."""
    data = content("fundamental theorem")
    (segment,) = data["proof"]["data"]["segments"]
    half = {**segment, "weight": "1/2"}
    for segments in (
        [half],
        [segment, segment],
        [segment, half],
        [{**segment, "start": segment["end"], "end": segment["start"]}],
    ):
        data["proof"]["data"]["segments"] = segments
        rejected(data)


def test_a_proof_for_one_verdict_is_none_for_another():
    about, verdict = CLAIMS["smooth"], prove(CLAIMS["smooth"])
    assert isinstance(verdict, Conditional)
    for wrong in (
        Proved(verdict.proof),
        Proved(Proof("normal form")),
        Conditional("", verdict.proof, None),
        Conditional(rules.SMOOTH, Proof("normal form"), None),
    ):
        with pytest.raises(BadCertificate):
            check(to_certificate(about, wrong))
