"""Claims about unknown methods: real methods satisfy what is derived, and no more is derived than the axioms say."""

from __future__ import annotations

import random
from collections.abc import Mapping
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from attrtheory.errors import BadCertificate, BadInput
from attrtheory.expr import lift
from attrtheory.methods import get_method
from attrtheory.models.dsl import parse_term
from attrtheory.models.fn import Fn
from attrtheory.properties.statement import HOLDS
from attrtheory.prove.axiomatic import AXIOMS, Axiomatic
from attrtheory.prove.certificate import seal, unseal
from attrtheory.prove.check import check
from attrtheory.prove.derived_text import read_derived
from attrtheory.prove.settle import derived_certificate, settle
from attrtheory.prove.theorem import read_theorem
from attrtheory.prove.verdict import Proved
from attrtheory.semantics.derive import substitute
from attrtheory.semantics.exact import evaluate

Q = Fraction
FOLDER = Path(__file__).parents[2] / "proofs" / "first_principles"
AFFINE = read_theorem(FOLDER / "axioms_fix_the_affine_part.toml").claims
THREE = ["completeness", "dummy", "linearity"]


def claim(n: int = 2, **entries: Any) -> Axiomatic:
    (found,) = read_derived({"n": [n], **entries})
    assert isinstance(found, Axiomatic)
    return found


def taylor(axioms: list[str], conclusion: str, **more: Any) -> Axiomatic:
    """The remainder of f at p, as in the theorem, under other axioms or with another conclusion."""
    models = {
        "part{k}": "d{k}_f_at_p * y{k}",
        "constant": "f_at_p - sum[d{k}_f_at_p * p{k}]",
        "R": "f - constant - sum[part{k}]",
    }
    return claim(axioms=axioms, unknown=["f"], models=models, conclusions=[conclusion], **more)


def test_the_identity_holds_of_methods_that_satisfy_the_axioms():
    """Shapley values and Integrated Gradients of random polynomials: the conclusion evaluated with their attributions."""
    rng = random.Random(0)
    (about,) = [c for c in AFFINE if isinstance(c, Axiomatic) and c.n == 2]
    for name in ("shapley", "integrated_gradients"):
        for _ in range(6):
            coefficients = [Q(rng.randint(-4, 4), 2) for _ in range(5)]
            f = Fn(("y1", "y2"), sum((c * m for c, m in zip(coefficients, map(parse_term, MONOMIALS), strict=True)), lift(0)))
            env = {f"{c}{k}": Q(rng.randint(-4, 4), 2) for c in "xbp" for k in (1, 2)}
            models = {name: written(term, f, env) for name, term in about.functions.items()}
            x, b = [[env[f"{c}{k}"] for k in (1, 2)] for c in "xb"]
            for model, term in models.items():
                phi = get_method(name).all(Fn(("y1", "y2"), term), x, [b])
                env |= {f"phi{j + 1}_{model}": evaluate(p, {}) for j, p in enumerate(phi)}
            for r in about.statement().conclusions:
                sides = [evaluate(written(lift(s), f, env), env) for s in (r.lhs, r.rhs)]
                assert HOLDS[r.kind](*sides)


MONOMIALS = ("y1*y2", "y1**2", "y1*y2**2", "y2**3", "y1")


def written(term: Any, f: Fn, env: Mapping[str, Fraction]) -> Any:
    """The term with a model in the place of the unknown function, and numbers in that of the letters."""
    from attrtheory.expr import Free, fold

    class Known(Free):
        def call(self, name: str, orders: tuple[int, ...], args: Any) -> Any:
            return f.partial(orders[0], *args) if orders else f(*args)

    known = {k: lift(v) for k, v in env.items() if not k.startswith("phi")}
    return substitute(fold(term, Known()), known)


@pytest.mark.parametrize("missing", THREE)
def test_no_axiom_can_be_left_out(missing: str):
    about = taylor([a for a in THREE if a != missing], "phi1_f = d1_f_at_p * (x1 - b1) + phi1_R")
    assert settle(about).name == "Unknown"


@pytest.mark.parametrize(
    "conclusion",
    [
        "phi1_f = d1_f_at_p * (x1 - b1)",
        "phi1_f = d1_f_at_p * x1 + phi1_R",
        "phi1_f = d1_f_at_x * (x1 - b1) + phi1_R",
        "phi1_f = d2_f_at_p * (x2 - b2) + phi1_R",
        "phi1_f = d1_f_at_p * (x1 - b1) + phi2_R",
        "phi1_f >= phi1_R",
        "0 >= 1",
    ],
)
def test_nothing_else_is_derived(conclusion: str):
    assert settle(taylor(THREE, conclusion)).name == "Unknown"


def test_the_bound_needs_the_bound():
    for size in ("L*B/2", "B", "0"):
        assert settle(taylor([*THREE, "Lipschitz"], f"phi1_R <= {size}", bounds={"R": "B"})).name == "Unknown"
    assert settle(taylor([*THREE, "Lipschitz"], "phi1_R <= L*B", bounds={"R": "B"})).name == "Proved"
    assert settle(taylor(THREE, "phi1_R <= L*B", bounds={"R": "B"})).name == "Unknown"
    assert settle(taylor([*THREE, "Lipschitz"], "phi1_f <= L*B", bounds={"R": "B"})).name == "Unknown"


# side conditions of the axioms --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("model", ["y1", "y1*y2", "relu(y1)", "ite(y2, y1, 0)", "y1 + y2 - y2"])
def test_dummy_is_for_features_that_do_not_matter(model: str):
    assert settle(claim(axioms=["dummy"], models={"m": model}, conclusions=["phi1_m = 0"])).name == "Unknown"


@pytest.mark.parametrize("model", ["y2", "3", "relu(y2)", "y1*y2 - y2*y1 + y2", "x1*y2", "relu(y1) - y1 - relu(-y1)"])
def test_dummy_sees_through_the_text(model: str):
    assert settle(claim(axioms=["dummy"], models={"m": model}, conclusions=["phi1_m = 0"])).name == "Proved"


@pytest.mark.parametrize("weight", ["y1", "f", "g", "f_at_x*y2"])
def test_linearity_takes_numbers_only(weight: str):
    entries = {"axioms": ["linearity"], "unknown": ["f", "g"], "models": {"m": f"{weight}*f + g"}}
    about = claim(**entries, conclusions=["phi1_m = phi1_f + phi1_g"])
    assert not [r for r in about.instances() if r.label.startswith("linearity")]


def test_linearity_takes_values_at_points():
    entries = {"axioms": ["linearity"], "unknown": ["f", "g"], "models": {"m": "f_at_x*f - x1*g"}}
    about = claim(**entries, conclusions=["phi2_m = f_at_x*phi2_f - x1*phi2_g"])
    assert settle(about).name == "Proved"


def test_local_dummy_is_local():
    entries = {"axioms": ["local dummy"], "models": {"f": "relu(1/2 - y1)"}, "conclusions": ["phi1_f = 0"]}
    for at, expected in (([1, 0], "Proved"), (["3/4", 0], "Proved"), (["5/8", 0], "Unknown"), ([0, 0], "Unknown")):
        assert settle(claim(**entries, points={"x": at})).name == expected


def test_a_contradiction_comes_from_the_axioms_alone():
    entries = {"models": {"f": "y1"}, "conclusions": ["0 >= 1"], "points": {"a": [0, 0], "b": [1, 0]}}
    assert settle(claim(axioms=["completeness for every baseline"], **entries)).name == "Proved"
    assert settle(claim(axioms=["completeness", "dummy", "linearity"], **entries)).name == "Unknown"
    entries["points"] = {"a": [0, 0], "b": [0, 1]}
    assert settle(claim(axioms=["completeness for every baseline"], **entries)).name == "Unknown"


# forgeries and teeth ------------------------------------------------------------------------------------------------------
def test_a_proof_for_other_axioms_is_rejected():
    about = AFFINE[1]
    data = unseal(derived_certificate(about, settle(about)))  # type: ignore[arg-type]
    edits: list[Any] = [
        lambda c: c["axioms"].remove("dummy"),
        lambda c: c["axioms"].append("fairness"),
        lambda c: c.update(n=3),
        lambda c: c["conclusions"].pop(),
        lambda c: c["models"].pop(0),
        lambda c: c["models"][0].__setitem__(1, "y1"),
        lambda c: c["unknown"].append("R"),
        lambda c: c.update(unknown=[]),
        lambda c: c["points"].append(["y", ["0", "0"]]),
        lambda c: c["points"].append(["x", ["0"]]),
    ]
    for edit in edits:
        forged = unseal(seal(data))
        edit(forged["claim"])
        with pytest.raises(BadCertificate):
            check(seal(forged))


def test_a_certificate_lists_the_axioms_used():
    verdict = settle(AFFINE[1])  # type: ignore[arg-type]
    assert isinstance(verdict, Proved)
    used = {label for goal in verdict.proof.data["goals"] for part in goal["sum"] for label in part["of"]}
    assert any(label.endswith("dummy: feature 1 of part2") for label in used)
    assert any(label.endswith("completeness on part1") for label in used)
    assert any(label.endswith("linearity: feature 1 of R") for label in used)


def test_the_side_condition_of_dummy_is_what_refuses(monkeypatch: pytest.MonkeyPatch):
    wrong = claim(axioms=["dummy"], models={"m": "y1"}, conclusions=["phi1_m = 0"])
    assert settle(wrong).name == "Unknown"
    monkeypatch.setattr(Axiomatic, "_ignores", lambda self, f, j: True)
    forged = derived_certificate(wrong, settle(wrong))
    monkeypatch.undo()
    with pytest.raises(BadCertificate):
        check(forged)


def test_the_side_condition_of_linearity_is_what_refuses(monkeypatch: pytest.MonkeyPatch):
    wrong = claim(axioms=["linearity"], unknown=["f"], models={"m": "f + y1*y2"}, conclusions=["phi1_m = phi1_f"])
    assert settle(wrong).name == "Unknown"
    monkeypatch.setattr(import_module("attrtheory.prove.axiomatic"), "equal", lambda a, b: True)
    forged = derived_certificate(wrong, settle(wrong))
    monkeypatch.undo()
    with pytest.raises(BadCertificate):
        check(forged)


@pytest.mark.parametrize(
    "entries",
    [
        {"axioms": ["fairness"]},
        {"n": 0},
        {"n": 17},
        {"n": "2"},
        {"models": {"y1": "y2"}},
        {"models": {"f": "y1"}, "unknown": ["f"]},
        {"models": {"f_at_x": "y1"}},
        {"models": {"phi1_f": "y1"}},
        {"models": {"phi": "y1"}},
        {"models": {}},
        {"models": {"f": "y3"}},
        {"models": {"f": "g_at_x"}},
        {"models": {"f": "f_at_x"}},
        {"models": {"f": "y1", "g": "f_at_y"}},
        {"models": {"f": "2*g", "g": "y1"}},  # g is no number
        {"models": {"f": "f"}},
        {"models": {"f": "y1", "g": "d1_f_at_x"}},
        {"unknown": ["g(y3)"]},
        {"unknown": ["g(y1"]},
        {"conclusions": ["phi3_f = 0"]},
        {"conclusions": ["phi1_g = 0"]},
        {"conclusions": ["f = 0"]},
        {"conclusions": ["y1 = 0"]},
        {"conclusions": []},
        {"points": {"y": [0, 0]}},
        {"points": {"x": [0]}},
        {"points": {"xx": [0, 0]}},
        {"bounds": {"g": "1"}},
        {"bounds": {"f": "y1"}},
        {"more": 1},
        {"models": {"f": "y{k}"}},
    ],
    ids=str,
)
def test_claims_that_make_no_sense_are_refused(entries: dict[str, Any]):
    whole = {"n": 2, "axioms": ["completeness"], "models": {"f": "y1"}, "conclusions": ["phi1_f = 0"]} | entries
    with pytest.raises((BadInput, TypeError)):
        settle(claim(**{k: v for k, v in whole.items() if k != "n"}, n=whole["n"]))


def test_the_axioms_are_listed():
    text = import_module("attrtheory.prove.axiomatic").__doc__ or ""
    assert all(f"    {axiom} " in text for axiom in AXIOMS)
