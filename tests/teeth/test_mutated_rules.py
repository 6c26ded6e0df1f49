"""What each side condition of a rule is for: without it, the rule accepts something false."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from replicas.formulas import REPLICAS, OfTerm

from attrtheory.errors import BadCertificate
from attrtheory.expr import loads, relu, step, var
from attrtheory.expr.views import FnView
from attrtheory.methods import Method, get_method
from attrtheory.models.dsl import parse_model, parse_term
from attrtheory.models.families import Every, Given
from attrtheory.models.fn import Fn
from attrtheory.properties import get_property
from attrtheory.prove import rules, signs
from attrtheory.prove.certificate import to_certificate
from attrtheory.prove.check import check
from attrtheory.prove.claim import Claim, Domain
from attrtheory.prove.discharge import prove
from attrtheory.prove.names import has_formula
from attrtheory.prove.refute import monotone
from attrtheory.prove.verdict import Conditional, Proof, Proved, Refuted, Witness

Q = Fraction


def claim(prop: str, method: str, family: Any = None) -> Claim:
    family = Every(2) if family is None else Given(parse_model(family))
    return Claim(get_property(prop), get_method(method), family)


STEPPED = "step(x1 - 1/2) + x2"


def test_the_fundamental_theorem_needs_continuity(monkeypatch: pytest.MonkeyPatch):
    about = claim("completeness", "integrated_gradients", STEPPED)
    segments = rules.segments_of(about)
    assert not rules.fundamental_theorem(about, segments)
    assert prove(about).name == "Refuted"
    monkeypatch.setattr(rules, "discontinuity", lambda root: None)
    assert rules.fundamental_theorem(about, segments)  # so the check is what refuses
    assert prove(about).name == "Proved"


def test_a_certificate_made_without_the_continuity_check_is_rejected():
    about = claim("completeness", "integrated_gradients", STEPPED)
    data = {"segments": [s.to_json() for s in rules.segments_of(about)]}
    text = to_certificate(about, Proved(Proof("fundamental theorem", data)))
    with pytest.raises(BadCertificate):
        check(text)


NO_THEOREM = (
    "step(x1)", "ite(x1, x1 + 1, x1)", "ite(x1, x2, 0)", "ite(x1*x1, x1, 2*x1 + 1)", "ite(x1, 1, 1 + step(x2))", "1/x1",
    "x1/(1 + x1*x1)", "ite(step(x1) - 1/2, x1, 0)", "relu(step(x2) + x1)",
)  # fmt: skip


@pytest.mark.parametrize("model", NO_THEOREM)
def test_models_that_jump_or_divide_have_no_fundamental_theorem(model: str):
    assert rules.discontinuity(parse_model(model, ["x1", "x2"]).body) is not None


@pytest.mark.parametrize(
    "model", ["relu(x1)", "max(x1, x2) * x1", "abs(x1 - x2)", "ite(x1, x1 + x2, x2)", "leaky_relu(x1, 1/4)", "x1*x2"]
)
def test_continuous_models_have_it(model: str):
    assert rules.discontinuity(parse_model(model, ["x1", "x2"]).body) is None


def test_a_symbolic_slope_is_not_taken_for_a_number():
    """ite(g, w g, 0) is continuous, but w may be anything; a rational multiple is all that the rule knows."""
    g, w = var("x1") - 1, var("w")
    assert rules.discontinuity(relu(g) * w) is None
    assert rules.discontinuity(parse_model("ite(x1 - 1, x2, 0)").body) is not None


# positivity -------------------------------------------------------------------------------------------------------------
def test_slopes_are_not_signs_of_a_program(monkeypatch: pytest.MonkeyPatch):
    """A non-decreasing function may have a program with a negative slope at a kink: x1 + z - relu(z) + relu(-z), z = -2 x1."""
    z = parse_model("-2*x1", ["x1", "x2"]).body
    program = OfTerm(var("x1") + z - relu(z) + relu(-z), ["x1", "x2"])
    assert [program.at([Q(k), Q(0)]) for k in (-1, 0, 1)] == [-1, 0, 1]
    assert REPLICAS["gradient"](program, [Q(0), Q(0)], [[Q(0), Q(0)]], 0) == -1
    about = claim("non_decreasing_positivity", "gradient")
    assert not rules.non_negative(about)
    right = signs.visibly_non_negative
    monkeypatch.setattr(rules, "visibly_non_negative", lambda *a, slopes, **k: right(*a, slopes=True, **k))
    assert rules.non_negative(about)  # so the distinction is what refuses


def backwards(f: FnView, x: Any, b: Any, i: int) -> Any:
    return f(*b) - f(*x)


def crossed(f: FnView, x: Any, b: Any, i: int) -> Any:
    """An increment between points that are not ordered."""
    return f(x[0], b[1]) - f(b[0], x[1])


def with_input(f: FnView, x: Any, b: Any, i: int) -> Any:
    return x[i] * (x[i] - b[i])


def second_difference(f: FnView, x: Any, b: Any, i: int) -> Any:
    return f(*x) - 2 * f(b[0], x[1]) + f(*b)


@pytest.mark.parametrize("define", [backwards, crossed, with_input, second_difference])
def test_unordered_increments_are_not_positive(define: Any):
    about = Claim(get_property("non_decreasing_positivity"), Method("mutant", define), Every(2))
    assert not rules.non_negative(about)
    assert prove(about).name not in {"Proved", "Conditional"}


RISING = ("x1 + 2*x2", "relu(x1) + max(x1, x2)", "min(x1, x2)", "step(x1 + x2)", "3")
NOT_RISING = (
    "-x1", "x1*x1", "relu(-x1)", "ite(x1, 0, 1)", "ite(-x1, 1, 0)", "abs(x1)", "ite(x1, -x1, 0)", "x1 - x2",
    "ite(x2, 2*x1, x1)", "x1/x2",
)  # fmt: skip


@pytest.mark.parametrize("model, rising", [*((m, True) for m in RISING), *((m, False) for m in NOT_RISING)])
def test_what_visibly_rises(model: str, rising: bool):
    """Refuting positivity with a model that falls would be no refutation."""
    assert monotone(parse_model(model, ["x1", "x2"]).body) is rising


# true derivatives -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("prop", ["dummy", "symmetry", "implementation_invariance", "constants", "affine_exactness"])
def test_true_derivatives_are_never_proved_without_their_hypothesis(prop: str):
    about = claim(prop, "integrated_gradients")
    verdict = prove(about)
    assert isinstance(verdict, Conditional)
    assert verdict.hypothesis == rules.SMOOTH
    for claimed in (Proved(verdict.proof), Conditional(rules.CONTINUOUS, verdict.proof, verdict.witness)):
        with pytest.raises(BadCertificate):
            check(to_certificate(about, claimed))


def test_true_derivatives_are_needed(monkeypatch: pytest.MonkeyPatch):
    about = claim("implementation_invariance", "integrated_gradients")
    verdict = prove(about)
    assert isinstance(verdict, Conditional)
    text = to_certificate(about, Proved(verdict.proof))
    monkeypatch.setattr(rules, "hypothesis", lambda claim, rule: None)
    assert check(text).verdict.name == "Proved"  # so the hypothesis is what refuses
    witness = verdict.witness
    assert witness is not None
    assert witness.model is not None
    f, z = (loads(str(witness.model[k])) for k in ("f", "disguise"))
    x, b = [[witness.values.get(f"{k}{i}", Q(0)) for i in (1, 2)] for k in "xb"]
    shares = [
        [REPLICAS["integrated_gradients"](OfTerm(g, ["x1", "x2"]), x, [b], i) for i in (0, 1)]
        for g in (f, f + z - relu(z) + relu(-z))
    ]
    assert shares[0] != shares[1]


def test_rules_under_a_hypothesis_or_about_every_model_prove_nothing_of_a_single_one():
    about = claim("implementation_invariance", "integrated_gradients", "max(x1, x2)")
    assert prove(about).name == "Refuted"
    forged = [
        Proved(Proof(rule)) for rule in ("true derivative", "non-negative combination", "half-line", "normal form")
    ]
    for verdict in (*forged, Conditional(rules.SMOOTH, Proof("non-negative combination"), None)):
        with pytest.raises(BadCertificate):
            check(to_certificate(about, verdict))


def test_the_mirror_image_of_a_jump_is_no_program_of_it():
    """At 0 a step is 0 and its mirror image 1: two functions, and no counterexample to invariance."""
    about = claim("implementation_invariance", "occlusion", "step(x1)")
    assert prove(about).name == "Proved"  # values are all that occlusion sees
    mirrored = Fn(("x1",), step(var("x1"))).mirrored()
    assert [f(Q(0)).payload - f(Q(1)).payload for f in (Fn(("x1",), step(var("x1"))), mirrored)] == [-1, 0]
    witness = Witness({"b1": Q(1), "x1": Q(0)}, "feature 0: =", Q(-1), Q(0))
    with pytest.raises(BadCertificate):
        check(to_certificate(about, Refuted(witness)))


# exact evaluation -------------------------------------------------------------------------------------------------------
def test_exact_evaluation_is_for_numbers_only():
    family, gradient = Given(parse_model("relu(x1)")), get_method("gradient")
    at = lambda x, value: Claim(has_formula([parse_term(value)]), gradient, family, Domain(x=x, baselines=((Q(0),),)))
    assert rules.exact_values(at((Q(1),), "1"))
    assert not rules.exact_values(at((Q(0),), "1"))  # relu'(0) = 0
    assert not rules.exact_values(at(None, "step(x1)"))  # true, but not of one point
    outside = Domain(x=(Q(1),), baselines=((Q(0),),), positive=(parse_term("0 - 1"),))
    assert not rules.exact_values(Claim(has_formula([parse_term("5")]), gradient, family, outside))


def test_values_are_what_refuses(monkeypatch: pytest.MonkeyPatch):
    domain = Domain(x=(Q(1),), baselines=((Q(0),),))
    wrong = Claim(has_formula([parse_term("2")]), get_method("integrated_gradients"), Given(parse_model("relu(x1)")), domain)
    assert prove(wrong).name == "Refuted"
    monkeypatch.setattr(rules, "evaluate", lambda term, env: Q(0))
    assert prove(wrong).name == "Proved"
