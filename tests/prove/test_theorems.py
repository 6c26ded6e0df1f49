"""Every theorem file has its certificates, they check with the verdict expected, and no certificate lacks a theorem."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from attrtheory.errors import BadCertificate, BadInput
from attrtheory.prove.certificate import seal, unseal
from attrtheory.prove.check import check
from attrtheory.prove.discharge import prove
from attrtheory.prove.theorem import Theorem, certificate_path, check_theorem, read_theorem, theorems

PROOFS = Path(__file__).parents[2] / "proofs"
THEOREMS = theorems(PROOFS)


def test_there_are_theorems():
    assert len(THEOREMS) > 50
    assert {t.expected for t in THEOREMS} >= {"Proved", "Refuted", "Conditional"}


@pytest.mark.parametrize("theorem", THEOREMS, ids=lambda t: str(t.path.relative_to(PROOFS)))
def test_a_theorem_has_certificates_with_the_verdict_expected(theorem: Theorem):
    checked = list(check_theorem(theorem, PROOFS))
    assert len(checked) == len(theorem.claims) > 0
    assert {c.verdict.name for c in checked} == {theorem.expected}
    assert [c.claim.digest for c in checked] == [c.digest for c in theorem.claims]
    assert not any(c.on_trust for c in checked)


def test_no_claim_is_stated_twice():
    count = Counter(c.digest for t in THEOREMS for c in t.claims)
    assert not {digest: k for digest, k in count.items() if k > 1}


def test_no_certificate_lacks_a_theorem():
    wanted = {certificate_path(PROOFS, c) for t in THEOREMS for c in t.claims}
    assert set((PROOFS / "certificates").iterdir()) == wanted


@pytest.mark.parametrize("theorem", THEOREMS, ids=lambda t: str(t.path.relative_to(PROOFS)))
def test_a_theorem_says_where_it_is_from(theorem: Theorem):
    assert len(theorem.title) > 10
    assert len(theorem.statement.strip()) > 10
    assert len(theorem.source) > 5


GOOD = """
title = "A title of some length"
statement = "A statement of some length."
source = "folklore"
expected = "{expected}"

[claim]
property = "completeness"
method = "shapley"
family = {{kind = "every", n = [2]}}
"""


def test_a_missing_certificate_is_an_error(tmp_path: Path):
    (tmp_path / "t.toml").write_text(GOOD.format(expected="Proved"))
    with pytest.raises(BadCertificate, match="no certificate"):
        list(check_theorem(read_theorem(tmp_path / "t.toml"), tmp_path))


def test_another_verdict_than_expected_is_an_error(tmp_path: Path):
    (tmp_path / "t.toml").write_text(GOOD.format(expected="Refuted"))
    theorem = read_theorem(tmp_path / "t.toml")
    target = certificate_path(tmp_path, theorem.claims[0])
    target.parent.mkdir()
    target.write_bytes(certificate_path(PROOFS, theorem.claims[0]).read_bytes())
    assert check(target).verdict.name == "Proved"
    with pytest.raises(BadCertificate, match="Refuted"):
        list(check_theorem(theorem, tmp_path))


def test_a_certificate_of_another_claim_is_an_error(tmp_path: Path):
    (tmp_path / "t.toml").write_text(GOOD.format(expected="Proved"))
    theorem = read_theorem(tmp_path / "t.toml")
    target = certificate_path(tmp_path, theorem.claims[0])
    target.parent.mkdir()
    content = unseal(certificate_path(PROOFS, theorem.claims[0]).read_bytes())
    content["claim"]["family"]["n"] = 3
    target.write_text(seal(content))
    with pytest.raises(BadCertificate, match="another claim"):
        list(check_theorem(theorem, tmp_path))


def test_a_closed_form_may_be_a_constant(tmp_path: Path):
    text = GOOD.format(expected="Refuted").replace('"completeness"', '{formula = ["0", "1/2"]}')
    (tmp_path / "t.toml").write_text(text)
    (claim,) = read_theorem(tmp_path / "t.toml").claims
    assert prove(claim).name == "Refuted"


@pytest.mark.parametrize(
    "old, new",
    [
        ('"completeness"', '"complete"'),
        ('"shapley"', '"shaply"'),
        ('"every"', '"ever"'),
        ("[2]", "[0]"),
        ("[2]", '["2"]'),
        ("[2]", "[]"),  # a theorem that claims nothing
        ("[2]", "[true]"),
        ("[claim]", "[claims]"),
        ('title = "A title of some length"', ""),
        ("[claim]", "[claim"),
    ],
)
def test_a_file_that_is_no_theorem_is_refused(tmp_path: Path, old: str, new: str):
    (tmp_path / "t.toml").write_text(GOOD.format(expected="Proved").replace(old, new))
    with pytest.raises(BadInput):
        read_theorem(tmp_path / "t.toml")
