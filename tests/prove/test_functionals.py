"""Facts about functionals: what the theory says, certificates, forged certificates, and the table."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from attrtheory.cli import app
from attrtheory.errors import BadCertificate, BadInput
from attrtheory.methods import AVERAGES, METHODS, Method, get_functional_method, get_method
from attrtheory.prove.certificate import seal, unseal
from attrtheory.prove.check import check
from attrtheory.prove.functional import AboutFunctional, facts
from attrtheory.prove.functional_check import to_certificate
from attrtheory.report.recovery import EVERY, row, table, text

PROOFS = Path(__file__).parents[2] / "proofs" / "functionals"

# class, total variation (None: infinite), and completeness, dummy, constants, affine exactness for two features: from
# the theory's tables of classes (2.5), atoms (part 3) and axioms (2.7); P proved, C on smooth models, R refuted
THEORY = {
    "gradient": ("D", None, "R C C R"),
    "gradient_x_input": ("D", None, "R C C R"),
    "gradient_x_displacement": ("D", None, "R C C C"),
    "occlusion": ("M", "2", "R P P P"),
    "integrated_gradients": ("D", None, "C C C C"),
    "path_gradients": ("M", "2", "C C C C"),  # a staircase
    "expected_gradients": ("D", None, "C C C C"),
    "shapley": ("M", "2", "P P P P"),
    "banzhaf": ("M", "2", "P P P P"),
    "owen": ("M", "2", "P P P P"),
    "equal_split": ("M", "1", "P R P R"),
    "marginal_shapley": ("M", "2", "P P P P"),
    "mask_lime": ("M", "2", "R P P P"),
    "gaussian_lime": ("L", "sqrt(2)/(sqrt(pi)*sigma)", "R P P R"),
    "cube_lime": ("L", "3/(2*h)", "R P P R"),
    "smoothgrad": ("L", "sqrt(2)/(sqrt(pi)*sigma)", "R C C R"),
    "infidelity_optimum": ("L", "sqrt(2)/(sqrt(pi)*sigma)", "R P P R"),
    "conditional_expectation": ("M", "1", "R R R R"),
    "partial_dependence": ("M", "1", "R R R R"),
    "uniform_partial_dependence": ("M", "1", "R R R R"),
    "axis_integral": ("M", "2", "R R R R"),
    "axis_value": ("M", "1", "R R R R"),
}
CONDITIONS = ("completeness", "dummy", "constants", "affine_exactness")


def test_the_table_has_every_method():
    assert set(THEORY) == set(EVERY) == {m.name for m in METHODS + AVERAGES}


@pytest.mark.parametrize("name", EVERY)
def test_facts_are_those_of_the_theory(name: str):
    found = row(facts(AboutFunctional(get_functional_method(name), 2)))
    kind, size, letters = THEORY[name]
    assert found["class"] == kind
    assert (found["no_measure"] is not None) == (kind == "D")
    assert found["variation"] is None if size is None else found["variation"][0]["text"] == size
    assert [found[c]["verdict"][0] for c in CONDITIONS] == letters.split()


def test_one_functional_under_three_names():
    found = facts(AboutFunctional(get_functional_method("smoothgrad"), 3))
    assert found.equal_to == ("gaussian_lime", "infidelity_optimum")
    assert facts(AboutFunctional(get_functional_method("shapley"), 3)).equal_to == ()
    assert set(facts(AboutFunctional(get_functional_method("shapley"), 2)).equal_to) == {"banzhaf", "owen"}


def test_committed_certificates_are_there_and_hold():
    """All methods with two and three features."""
    rows = json.loads((PROOFS / "functionals.json").read_text())
    *rows, rescale, zplus = rows
    assert (rescale["class"], zplus["class"]) == ("N", "N")
    assert {(r["method"], r["features"]) for r in rows} == {(name, n) for name in EVERY for n in (2, 3)}
    for r in rows:
        claim = AboutFunctional(get_functional_method(r["method"]), r["features"])
        path = PROOFS / "certificates" / f"{r['method']}_{r['features']}.json"
        assert unseal(path.read_bytes()) == {k: v for k, v in r["certificate"].items() if k != "sha256"}
        if r["features"] == 2:  # the others are re-checked with all certificates
            assert check(path, claim).verdict.name == "Proved"


def forgeries():
    def verdict(facts):
        facts["completeness"] = {"verdict": "Proved", "hypotheses": []}

    def no_hypothesis(facts):
        facts["dummy"]["hypotheses"] = []

    def witness(facts):
        facts["completeness"]["witness"]["lhs"] = "7"

    def kind(facts):
        facts["kind"] = "L"

    def weight(facts):
        facts["family"][0]["values"]["parts"][0]["weight"] = "#1/3"

    def atom(facts):
        facts["box_atoms"][0], facts["box_atoms"][1] = facts["box_atoms"][1], facts["box_atoms"][0]

    def equality(facts):
        facts["equal_to"] = ["shapley"]

    def size(facts):
        facts["variation"][0]["value"] = "#1"

    def added(facts):
        facts["symmetry"] = {"verdict": "Proved", "hypotheses": []}

    return [verdict, witness, kind, weight, atom, equality, size, added, no_hypothesis]


@pytest.mark.parametrize("forge", forgeries(), ids=lambda f: f.__name__)
def test_forged_facts_are_rejected(forge):
    name = "smoothgrad" if forge.__name__ == "no_hypothesis" else "occlusion"
    content = unseal(to_certificate(facts(AboutFunctional(get_functional_method(name), 2))))
    assert check(seal(content)).verdict.name == "Proved"
    forge(content["facts"])
    with pytest.raises(BadCertificate):
        check(seal(content))


@pytest.mark.parametrize(
    "claim",
    [
        {"functional": "no_such", "n": 2},
        {"functional": "occlusion", "n": 3},
        {"functional": "occlusion", "n": True},
        {"functional": "occlusion", "n": 99},
        {"functional": "occlusion", "n": 2, "more": 1},
        {"functional": ["occlusion"], "n": 2},
    ],
)
def test_a_certificate_for_another_claim_is_rejected(claim):
    content = unseal(to_certificate(facts(AboutFunctional(get_functional_method("occlusion"), 2))))
    with pytest.raises(BadCertificate):
        check(seal({**content, "claim": claim}))


def test_claims_are_about_listed_methods():
    with pytest.raises(BadInput, match="default parameters"):
        AboutFunctional(Method("occlusion", get_method("shapley").define), 2).to_json()
    with pytest.raises(BadInput, match="1 to 6"):
        AboutFunctional(get_method("occlusion"), 7)
    with pytest.raises(BadInput, match="known by its functional"):
        get_method("smoothgrad")


def test_the_text_names_what_holds_and_what_fails():
    (found,) = table(["equal_split"], [2])
    lines = text(found).splitlines()
    assert "  phi_1(f) = 1/2 f(x1, x2) - 1/2 f(b1, b2)" in lines
    assert "  dummy: Refuted: feature 1: f = y2: 1 against 0 at b2 = -2, x2 = 0" in lines


def test_the_command_line(tmp_path: Path):
    run = CliRunner()
    asked = run.invoke(app, ["functional", "--all", "--json"])
    rows = json.loads(asked.stdout)
    assert [r["method"] for r in rows] == [*EVERY, "deeplift_rescale", "lrp_zplus"]
    pair = rows[-2]["no_functional"]["witness"]["attributions"]  # theorem 6 of the theory
    assert pair == [["3/2", "-1/2"], ["2", "-1"]]
    assert rows[-1]["no_functional"]["witness"]["attributions"] == [["2", "0"], ["4/3", "2/3"]]
    assert len(rows) >= 14
    for r in rows:
        assert check(seal({k: v for k, v in r["certificate"].items() if k != "sha256"})).verdict.name == "Proved"
    assert run.invoke(app, ["functional"]).exit_code == 2
    assert run.invoke(app, ["functional", "shapley", "--all"]).exit_code == 2
    assert run.invoke(app, ["functional", "shapley", "-n", "0"]).exit_code == 2
    assert run.invoke(app, ["functional", "shapley", "-n", "x"]).exit_code == 2
    assert run.invoke(app, ["derive", "shapley", "--atom", "ball"]).exit_code == 2
    assert run.invoke(app, ["derive", "relu(x1)", "--atom", "box"]).exit_code == 2
    atoms = run.invoke(app, ["derive", "occlusion", "--atom", "half_space", "-n", "1"])
    assert "-1[-s + w1*b1 > 0] + 1[-s + w1*x1 > 0]" in atoms.stdout
    assert run.invoke(app, ["functional", "gradient", "-o", str(tmp_path)]).exit_code == 0
    assert run.invoke(app, ["check", str(tmp_path)]).exit_code == 0


def test_a_method_of_ones_own_has_facts():
    double = Method("double", lambda f, x, x0, i: 2 * (f(*x) - f(*x0)))
    found = facts(AboutFunctional(double, 2))
    assert found.kind == "M"
    assert found.conditions["completeness"].verdict == "Refuted"
    assert found.conditions["constants"].verdict == "Proved"
    assert "class M" in text(found)
    with pytest.raises(BadInput, match="methods of the table"):
        found.claim.to_json()


def test_an_edited_table_is_rejected(tmp_path: Path):
    run = CliRunner()
    assert run.invoke(app, ["functional", "occlusion", "-o", str(tmp_path)]).exit_code == 0
    path, written = tmp_path / "functionals.json", (tmp_path / "functionals.json").read_text()
    for old, new in [
        ('"verdict": "Refuted"', '"verdict": "Proved"'),
        ("f(x1, x2) - f(b1, x2)", "f(x1, x2)"),
        ('"class": "M"', '"class": "L"'),
        ("[", ""),
        ('"occlusion"', '"no_such"'),
    ]:
        path.write_text(written.replace(old, new, 1))
        assert run.invoke(app, ["check", str(tmp_path)]).exit_code == 1
    path.write_text(written)
    assert run.invoke(app, ["check", str(tmp_path)]).exit_code == 0
    table_as_printed = (tmp_path / "functionals.tex").read_text()
    (tmp_path / "functionals.tex").write_text(table_as_printed.replace(r"\times", r"\checkmark"))
    assert run.invoke(app, ["check", str(tmp_path)]).exit_code == 1
    (tmp_path / "functionals.tex").write_text(table_as_printed)
    (tmp_path / "certificates" / "occlusion_2.json").unlink()
    (tmp_path / "certificates" / "other.json").write_text("{}")
    assert run.invoke(app, ["check", str(tmp_path)]).exit_code == 1


def test_what_is_no_functional_has_a_certificate(tmp_path: Path):
    shown = CliRunner().invoke(app, ["functional", "deeplift_rescale", "-o", str(tmp_path)])
    assert "(3/2, -1/2) against (2, -1)" in shown.stdout
    text = (tmp_path / "certificates" / "deeplift_rescale.json").read_text()
    assert str(check(text)) == "Proved: deeplift_rescale is no functional of the function"
    content = unseal(text)
    content["facts"]["witness"]["attributions"][1] = ["3/2", "-1/2"]
    with pytest.raises(BadCertificate):
        check(seal(content))
    with pytest.raises(BadCertificate):
        check(seal({**unseal(text), "claim": {"no_functional": "shapley"}}))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not there")
def test_the_latex_compiles_and_no_line_is_too_wide(tmp_path: Path):
    asked = CliRunner().invoke(app, ["functional", "--all", "--latex"])
    (tmp_path / "table.tex").write_text(asked.stdout)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "table.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    if "adjustbox.sty' not found" in done.stdout or "extarticle.cls' not found" in done.stdout:
        pytest.skip("a small TeX without the packages")
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout
    assert (tmp_path / "table.pdf").stat().st_size > 10_000
