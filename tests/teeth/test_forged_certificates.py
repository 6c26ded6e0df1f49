"""Certificates that were damaged or forged are rejected, and with one error."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from attrtheory.errors import BadCertificate
from attrtheory.methods import get_method
from attrtheory.models.dsl import parse_model
from attrtheory.models.families import Every, Given
from attrtheory.properties import get_property
from attrtheory.prove import rules
from attrtheory.prove.certificate import seal, to_certificate, unseal
from attrtheory.prove.check import check
from attrtheory.prove.claim import Claim, Domain, agrees_with, has_formula
from attrtheory.prove.discharge import prove
from attrtheory.prove.verdict import Conditional, Proof, Proved

ROOT = Path(__file__).parents[2]
Q = Fraction
Content = dict[str, Any]


def claim(prop: Any, method: str, family: Any, **domain: Any) -> Claim:
    family = Given(parse_model(family)) if isinstance(family, str) else Every(family)
    return Claim(get_property(prop) if isinstance(prop, str) else prop, get_method(method), family, Domain(**domain))


CLAIMS = {
    "normal form": claim("completeness", "shapley", 3),
    "fundamental theorem": claim("completeness", "integrated_gradients", "relu(x1 - 2*x2) + x2"),
    "half-line": claim(agrees_with(get_method("shapley")), "integrated_gradients", "relu(x1)"),
    "non-negative": claim("non_decreasing_positivity", "shapley", 2),
    "conditional": claim("completeness", "integrated_gradients", 2),
    "smooth": claim("implementation_invariance", "integrated_gradients", 2),
    "refuted": claim("completeness", "occlusion", "x1*x2 + 3*x1", x=(Q(2), Q(3))),
    "refuted for some model": claim("completeness", "banzhaf", 3),
    "vacuous": claim("completeness", "gradient", "x1", lower=(Q(1),), upper=(Q(0),)),
    "solver": claim(has_formula([parse_model("x1 - b1").body]), "integrated_gradients", "relu(x1)", lower=(Q(1),), upper=(Q(2),), baselines=((Q(3),),)),
}  # fmt: skip
EXPECTED = {"refuted": "Refuted", "refuted for some model": "Refuted", "vacuous": "Vacuous", "conditional": "Conditional", "smooth": "Conditional"}
CLAIMS["solver"] = claim(has_formula([parse_model("x1 - 3").body]), "integrated_gradients", "relu(x1)", lower=(Q(1),), upper=(Q(2),), baselines=((Q(3),),))  # fmt: skip


@cache
def text(name: str) -> str:
    return to_certificate(CLAIMS[name], prove(CLAIMS[name]))


def content(name: str) -> Content:
    return json.loads(json.dumps(unseal(text(name))))


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


def at(data: Content, path: str) -> tuple[Any, Any]:
    """The container of an entry, and its key."""
    *way, last = path.split(".")
    for key in way:
        data = data[int(key) if isinstance(data, list) else key]  # type: ignore[assignment]
    return data, int(last) if isinstance(data, list) else last


REPLACED = [
    ("refuted", "verdict", "Proved"), ("refuted", "verdict", "Conditional"), ("refuted", "verdict", "Vacuous"), ("refuted", "verdict", "Unknown"),
    ("refuted", "witness.lhs", "7"), ("refuted", "witness.rhs", "7"), ("refuted", "witness.relation", "sum: >="), ("refuted", "witness.values.b1", "2"),
    ("refuted", "witness.values", {}), ("refuted", "claim.method.name", "shapley"), ("refuted", "claim.domain.x", ["0", "0"]),
    ("refuted", "claim.property", "null_displacement"), ("refuted", "witness.lhs", "14/2"), ("refuted", "witness.lhs", "7.0"),
    ("refuted for some model", "claim.family.n", 2), ("refuted for some model", "claim.method.name", "shapley"),
    ("refuted for some model", "witness.model.f", "x1"), ("refuted for some model", "witness.model.f", "%0 = call f [] x1\n%0"),
    ("refuted for some model", "witness.model", {}), ("refuted for some model", "claim.family", {"kind": "multilinear", "n": 2}),
    ("normal form", "claim.method.name", "banzhaf"), ("normal form", "claim.method.name", "occlusion"), ("normal form", "claim.method.name", "gradient"),
    ("normal form", "claim.property", "affine_equivalence"), ("normal form", "claim.family.n", 0), ("normal form", "claim.family.n", -1),
    ("normal form", "claim.family.n", 10**9), ("normal form", "claim.family.n", 10**400), ("normal form", "claim.family.n", "3"),
    ("normal form", "claim.family.n", 3.0), ("normal form", "claim.family.n", True), ("normal form", "claim.family.kind", "some"),
    ("normal form", "proof.rule", "fundamental theorem"), ("normal form", "proof.rule", "true derivative"), ("normal form", "proof.rule", "solver"),
    ("normal form", "proof.rule", "non-negative combination"), ("normal form", "proof.rule", "unsatisfiable hypotheses"),
    ("normal form", "proof.rule", "instance of a schematic theorem"), ("normal form", "proof.rule", "trust me"), ("normal form", "proof.rule", None),
    ("normal form", "proof.data", {"hint": 1}), ("normal form", "proof.data", []), ("normal form", "proof", None), ("normal form", "proof", "normal form"),
    ("normal form", "format", 2), ("normal form", "format", True), ("normal form", "format", "1"), ("normal form", "claim", None), ("normal form", "claim", []),
    ("normal form", "claim.family", []), ("normal form", "claim.domain", []), ("normal form", "claim.method", "shapley"), ("normal form", "claim.method", []),
    ("normal form", "claim.domain", {"features": []}), ("normal form", "claim.domain", {"features": [3]}), ("normal form", "claim.domain", {"x": ["0", "0"]}),
    ("normal form", "claim.domain", {"x": [0, 0, 0]}), ("normal form", "claim.domain", {"x": ["0.5", "0", "0"]}), ("normal form", "claim.domain", {"y": []}),
    ("normal form", "claim.domain", {"x": ["1e999999999", "0", "0"]}), ("normal form", "verdict", "Refuted"), ("normal form", "verdict", ["Proved"]),
    ("fundamental theorem", "claim.family.body", "%0 = ite x1 #1 #0\n%0"), ("fundamental theorem", "claim.family.body", "relu(x1)"),
    ("fundamental theorem", "claim.family.inputs", ["x1"]), ("fundamental theorem", "claim.family.inputs", ["x1", "x1"]),
    ("fundamental theorem", "claim.family.inputs", ["x2", "x 1"]), ("fundamental theorem", "claim.method.name", "gradient_x_displacement"),
    ("fundamental theorem", "proof.data.segments.0.weight", "2"), ("fundamental theorem", "proof.data.segments.0.weight", "-1"),
    ("fundamental theorem", "proof.data.segments.0.weight", "0"), ("fundamental theorem", "proof.data.segments.0.start.0", "x1"),
    ("fundamental theorem", "proof.data.segments.0.end", ["x2", "x1"]), ("fundamental theorem", "proof.data.segments.0.end", ["x1"]),
    ("fundamental theorem", "proof.data.segments", []), ("fundamental theorem", "proof.data.segments", {}), ("fundamental theorem", "proof.data", {}),
    ("fundamental theorem", "proof.data.segments.0.weight", "2/2"), ("fundamental theorem", "proof.data.segments.0.weight", 1),
    ("fundamental theorem", "proof.rule", "normal form"), ("fundamental theorem", "proof.rule", "half-line"),
    ("fundamental theorem", "claim.property", "dummy"), ("half-line", "claim.property", {"agreement": {"name": "gradient"}}),
    ("half-line", "claim.family.body", "%0 = mul x1 x1\n%1 = ite x1 %0 #0\n%1"), ("half-line", "proof.rule", "normal form"),
    ("non-negative", "claim.method.name", "gradient_x_input"), ("non-negative", "claim.method.name", "gradient"), ("non-negative", "proof.rule", "normal form"),
    ("non-negative", "claim.property", "completeness"), ("conditional", "verdict", "Proved"), ("conditional", "hypothesis", "the model is a model"),
    ("conditional", "hypothesis", None), ("conditional", "hypothesis", rules.SMOOTH), ("conditional", "claim.method.name", "gradient_x_displacement"),
    ("conditional", "witness.lhs", "1/3"), ("conditional", "witness.model.f", "x1"), ("smooth", "verdict", "Proved"), ("smooth", "hypothesis", rules.CONTINUOUS),
    ("smooth", "witness.model", {"f": "x1", "g": "x1"}), ("smooth", "claim.property", "completeness"), ("smooth", "proof.rule", "normal form"),
    ("vacuous", "verdict", "Proved"), ("vacuous", "claim.domain", {}), ("vacuous", "claim.domain", {"lower": ["0"], "upper": ["0"]}),
    ("vacuous", "proof.rule", "normal form"), ("vacuous", "proof.rule", "solver"), ("solver", "proof.data.smt2", []), ("solver", "proof.data", {}),
    ("solver", "proof.data.smt2.0", "(check-sat)"), ("solver", "claim.property", "completeness"), ("solver", "claim.domain", {}), ("solver", "proof.data.smt2", "sat"),
]  # fmt: skip


@pytest.mark.parametrize("name, path, new", REPLACED, ids=lambda v: str(v)[:40])
def test_a_replaced_entry_is_rejected(name: str, path: str, new: Any):
    if "1e9" in str(new):
        pytest.skip("in a process of its own, below")
    data = content(name)
    container, key = at(data, path)
    assert container[key] != new or type(container[key]) is not type(new)
    container[key] = new
    rejected(data)


def entries(data: Any, path: str = "") -> list[str]:
    """The path of every entry."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [p for key, inner in pairs for p in (f"{path}{key}", *entries(inner, f"{path}{key}."))]


JUNK: list[Any] = [None, [], {}, 0, "", "0", True, 0.5, [[]], {"": {}}]


@pytest.mark.parametrize("name", CLAIMS)
def test_an_entry_of_another_kind_is_rejected_with_the_same_error(name: str):
    """Whatever stands in the place of an entry: BadCertificate, and no other error."""
    for path in entries(content(name)):
        for junk in JUNK:
            data = content(name)
            container, key = at(data, path)
            if container[key] == junk or path == "proof.data.version" or (path == "witness" and junk is None):
                continue
            container[key] = junk
            try:
                check(seal(data))
            except BadCertificate:
                continue
            pytest.fail(f"{path} = {junk!r} was accepted")


@pytest.mark.parametrize("name", CLAIMS)
def test_unknown_entries_are_rejected_everywhere(name: str):
    for path in ["", *entries(content(name))]:
        data = content(name)
        if path:
            container, key = at(data, path)
            target = container[key]
        else:
            target = data
        if isinstance(target, dict):
            target["more"] = "0"
            with pytest.raises(BadCertificate):
                check(seal(data))
                pytest.fail(f"an unknown entry in {path or 'the certificate'} was accepted")


@pytest.mark.parametrize("name", CLAIMS)
def test_missing_entries_are_rejected(name: str):
    for path in entries(content(name)):
        data = content(name)
        container, key = at(data, path)
        if path == "witness" and data["verdict"] == "Conditional":
            continue  # a hypothesis that is not known to be needed is a weaker verdict
        del container[key]
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
    for segments in ([half], [segment, segment], [segment, half], [{**segment, "start": segment["end"], "end": segment["start"]}]):
        data["proof"]["data"]["segments"] = segments
        rejected(data)


def test_a_proof_for_one_verdict_is_none_for_another():
    about, verdict = CLAIMS["smooth"], prove(CLAIMS["smooth"])
    assert isinstance(verdict, Conditional)
    for wrong in (Proved(verdict.proof), Proved(Proof("normal form")), Conditional("", verdict.proof, None), Conditional(rules.SMOOTH, Proof("normal form"), None)):
        with pytest.raises(BadCertificate):
            check(to_certificate(about, wrong))


# text that is no certificate ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "wrong",
    ["", "{}", "[]", "null", "1", '"x"', "NaN", '{"a": NaN}', '{"a": Infinity}', "[" * 100_000, '{"a":' * 100_000, "[" * 500 + "]" * 500,
     '{"n": ' + "9" * 5000 + "}", '{"sha256": 1}', '{"format":1,"format":1}', "\x00", "{\"a\": 1e400}", b"\xff\xfe", "\u0661"],
    ids=lambda v: str(v[:20]),
)  # fmt: skip
def test_other_text_is_rejected(wrong: str | bytes):
    with pytest.raises(BadCertificate):
        check(wrong)


@pytest.mark.parametrize("name", ["normal form", "refuted"])
def test_duplicate_keys_are_rejected(name: str):
    right = text(name)
    for key in ("verdict", "format", "claim", "sha256", "method", "kind"):
        start = right.find(f'"{key}":')
        if start >= 0:
            value = json.dumps(json.JSONDecoder().raw_decode(right[start + len(key) + 3 :])[0], sort_keys=True, separators=(",", ":"))
            with pytest.raises(BadCertificate):
                check(f'{right[:start]}"{key}":{value},{right[start:]}')


@pytest.mark.parametrize(
    "name, path, new",
    [("normal form", "claim.domain", {"x": ["1e999999999", "0", "0"]}), ("refuted", "witness.lhs", "1e999999999"),
     ("refuted", "witness.values.b1", "1e-999999999"), ("fundamental theorem", "proof.data.segments.0.weight", "1e999999999")],
    ids=lambda v: str(v)[:30],
)  # fmt: skip
def test_a_short_text_of_a_huge_number_is_rejected_at_once(name: str, path: str, new: Any):
    data = content(name)
    container, key = at(data, path)
    container[key] = new
    code = (
        "import sys; from attrtheory.errors import BadCertificate; from attrtheory.prove.check import check\n"
        "try: check(sys.stdin.read())\nexcept BadCertificate: print('rejected')"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, input=seal(data), capture_output=True, text=True, timeout=5, check=True)
    assert run.stdout == "rejected\n"
