"""Where attribution software has gone wrong before, one test each."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from typing import Any

import pytest
from independent import value
from replicas.formulas import OfTerm, integrated_gradients

from attrtheory.errors import AttrTheoryError, Unsupported
from attrtheory.expr import dumps, ite, lift, mean01, relu, step, var
from attrtheory.expr.term import call
from attrtheory.methods import Method, get_method
from attrtheory.methods.occlusion import occlusion
from attrtheory.models.dsl import parse_model
from attrtheory.models.families import Dense, Every, Given
from attrtheory.models.fn import Fn
from attrtheory.properties import Property, get_property
from attrtheory.prove import rules
from attrtheory.prove.certificate import to_certificate
from attrtheory.prove.check import check
from attrtheory.prove.claim import Claim, Domain
from attrtheory.prove.discharge import prove
from attrtheory.prove.names import agrees_with, has_formula
from attrtheory.semantics.derive import derivative
from attrtheory.semantics.exact import evaluate
from attrtheory.semantics.ring import equal

Q = Fraction
IG = "integrated_gradients"
x1, x2 = var("x1"), var("x2")


def claim(prop: str | Property, method: str | Method, family: Any, **domain: Any) -> Claim:
    family = Given(parse_model(family)) if isinstance(family, str) else family
    prop = get_property(prop) if isinstance(prop, str) else prop
    return Claim(prop, get_method(method) if isinstance(method, str) else method, family, Domain(**domain))


def verdict(*args: Any, **domain: Any) -> str:
    return prove(claim(*args, **domain)).name


# names ------------------------------------------------------------------------------------------------------------------
NAMES = (
    "alpha",
    "a",
    "a0",
    "b1",
    "b2",
    "b1_",
    "p",
    "q",
    "c",
    "d",
    "w1",
    "program1",
    "f",
    "g",
    "fn_f",
    "m",
    "x1",
    "lambda_",
)


@pytest.mark.parametrize("weight", NAMES)
@pytest.mark.parametrize("inputs", [("y",), ("y", "b2"), ("b1", "y"), ("y", "a")])
def test_a_weight_may_have_any_name(weight: str, inputs: tuple[str, ...]):
    """f = weight * y, with the weight a symbol: IG = weight * dy, complete, linear, null where y does not move."""
    if weight in inputs:
        weight += "2"
    fn = Fn(inputs, var(weight) * var("y"))
    _, (baseline,), _ = claim("completeness", IG, Given(fn)).points()
    assert len({weight, *inputs, *(b.payload for b in baseline)}) == 1 + 2 * len(inputs)
    dy = var("y") - baseline[inputs.index("y")]
    answer = has_formula([var(weight) * dy if name == "y" else lift(0) for name in inputs])
    for method in (IG, "shapley", "occlusion", "gradient_x_displacement"):
        assert verdict(answer, method, Given(fn)) == "Proved"
    wrong = has_formula([var(weight) * dy + var(weight) if name == "y" else lift(0) for name in inputs])
    assert verdict(wrong, IG, Given(fn)) == "Refuted"
    for prop in ("completeness", "linearity", "null_displacement", "affine_scale_invariance"):
        assert verdict(prop, IG, Given(fn)) == "Proved"
    assert verdict("affine_exactness", "shapley", Given(fn)) == "Proved"


def test_the_path_variable_is_no_variable_of_the_model():
    for name in ("a", "alpha", "alpha_1"):
        fn = Fn(("y",), relu(var("y") - var(name)))
        (got,) = get_method(IG).all(fn, [Q(1)], [[Q(0)]])  # the mean of 1[a > weight] over a in [0, 1]
        assert evaluate(got, {name: Q(1, 4)}) == Q(3, 4)


@pytest.mark.parametrize("name", ["program1", "program2", "f", "g", "h"])
def test_a_given_model_has_no_unknown_functions(name: str):
    """Else its functions could be taken for the opaque slopes of another program."""
    with pytest.raises(AttrTheoryError, match="unknown functions"):
        Given(Fn(("x1",), call(name, (), (x1,))))


def test_a_method_is_not_its_name():
    """A certificate about Shapley values says nothing about another definition that calls itself so."""
    about_shapley = claim("completeness", "shapley", Every(2))
    impostor = claim("completeness", Method("shapley", occlusion), Every(2))
    assert prove(impostor).name == "Refuted"
    text = to_certificate(about_shapley, prove(about_shapley))
    with pytest.raises(AttrTheoryError):
        check(text, impostor)


def test_a_property_is_not_its_name():
    about_sums = claim("completeness", "shapley", Every(2))
    impostor = claim(Property("completeness", get_property("dummy").state), "equal_split", Every(2))
    text = to_certificate(
        claim("completeness", "equal_split", Every(2)), prove(claim("completeness", "equal_split", Every(2)))
    )
    assert prove(about_sums).name == "Proved"
    with pytest.raises(AttrTheoryError):
        check(text, impostor)


# jumps ------------------------------------------------------------------------------------------------------------------
def test_a_step_is_not_complete_and_the_theorem_refuses_it():
    about = claim("completeness", IG, "step(x1 - 1/2) + x2")
    assert prove(about).name == "Refuted"
    assert rules.fundamental_theorem(about, rules.segments_of(about)) is False


@pytest.mark.parametrize(
    "model", ["ite(x1 - 1/4, ite(x1 - 3/4, 0, ite(x2 - 1/4, ite(x2 - 3/4, 0, 1), 0)), 0)", "step(x1 + x2 - 1)"]
)
def test_an_indicator_gets_no_credit_and_no_completeness(model: str):
    """Branches of an indicator are constant, so every slope is 0; an honest engine refutes completeness."""
    fn = parse_model(model)
    assert fn.slope(0) is lift(0)
    assert fn.slope(1) is lift(0)
    assert verdict("completeness", IG, model) == "Refuted"
    answer = prove(claim("completeness", IG, Every(2)))
    assert "continuous" in str(answer)  # and the general claim names what an indicator lacks


@pytest.mark.parametrize(
    "model, x, b",
    [
        ("ite(1 - 2*step(x1 - 1/4) + 2*step(x1 - 1/2), x1, 0)", "1", "0"),  # off between 1/4 and 1/2: 3/4, not 1
        ("ite(2*step(x1 - 1/2) - 1, x1, x1 - 1)", "1", "1/3"),  # slope 1 throughout: 2/3, not 1 - (-2/3)
        ("relu(x1 + 3*step(x1 - 1/2) - 2)", "1", "0"),  # on after 1/2: 1/2, not 2
    ],
)
def test_a_guard_that_jumps_has_no_half_line(model: str, x: str, b: str):
    fn = parse_model(model)
    by_hand = integrated_gradients(OfTerm(fn.body, fn.names), [Q(x)], [[Q(b)]], 0)
    at = {"x": (Q(x),), "baselines": ((Q(b),),)}
    change = fn(Q(x)).payload - fn(Q(b)).payload
    assert by_hand != change
    assert verdict("completeness", IG, model, **at) == "Refuted"
    assert verdict(has_formula([lift(by_hand)]), IG, model, **at) == "Proved"
    for wrong in {Q(0), Q(x) - Q(b), change, by_hand + Q(1, 7)} - {by_hand}:
        assert verdict(has_formula([lift(wrong)]), IG, model, **at) == "Refuted"


# quotients --------------------------------------------------------------------------------------------------------------
def test_a_pole_on_the_path_is_refused():
    fn = parse_model("1/x1")
    with pytest.raises(Unsupported, match="denominator"):
        get_method(IG)(fn, [Q(1)], [[Q(-1)]], 0)
    with pytest.raises(Unsupported, match="denominator"):
        fn.mean01(lambda a: 1 / (a - Q(1, 2)))


def test_prove_answers_where_a_path_meets_a_pole():
    """A verdict or an error of the package, never Proved: the integral of -1/y^2 through 0 does not exist."""
    with suppress(AttrTheoryError):
        assert verdict("completeness", IG, "1/x1") in {"Unknown", "NotApplicable", "Refuted"}


def test_the_hypothesis_of_true_derivatives_speaks_of_denominators():
    """x1 * (x1/x1) is x1 everywhere, has no guard at all, and slope 0 at 0: guards alone are not the hypothesis."""
    program, plain = parse_model("x1 * (x1/x1)"), parse_model("x1")
    assert equal(program.body, plain.body)
    assert not [u for u in dumps(program.body).split() if u == "ite"]
    assert (program.partial(0, 0).payload, plain.partial(0, 0).payload) == (0, 1)
    assert any(word in rules.SMOOTH for word in ("denominator", "division", "divides"))


def test_a_quotient_axiom_is_inconsistent_at_zero():
    dh, dz = var("dh"), var("dz")
    assert value(dh / dz * dz, {"dh": Q(1), "dz": Q(0)}) == 0
    assert not equal(dh / dz * dz, dh)


# kinks ------------------------------------------------------------------------------------------------------------------
def test_equal_functions_written_differently_differ_on_a_kink():
    one, other = parse_model("max(x1, x2)"), parse_model("x1 + relu(x2 - x1)")
    here = {"x": (Q(1), Q(1)), "baselines": ((Q(0), Q(0)),)}
    assert equal(one.body, other.body)
    assert verdict(has_formula([lift(0), lift(1)]), IG, Given(one), **here) == "Proved"
    assert verdict(has_formula([lift(1), lift(0)]), IG, Given(other), **here) == "Proved"


@pytest.mark.parametrize(
    "model", ["x1 - x2", "relu(x1 - x2) - relu(x2 - x1)", "relu(relu(x1 - x2)) - relu(relu(x2 - x1))"]
)
def test_no_program_of_x1_minus_x2_proves_implementation_invariance(model: str):
    """One function, three programs, two answers at (1, 1): (1, -1) and (0, 0). The claim is about equal functions."""
    assert verdict("implementation_invariance", IG, model) != "Proved"


def test_a_dummy_may_have_a_slope_at_a_kink():
    """The model ignores x1 as a function; its slope in x1 is 1 at x1 = 0."""
    fn = parse_model("x1 - relu(x1) + relu(-x1) + x2")
    assert equal(fn.body, x2)
    assert fn.partial(0, 0, 5).payload == 1
    assert verdict("dummy", "gradient", Given(fn)) != "Proved"


def test_a_symmetric_model_may_get_unequal_shares_at_a_kink():
    """max is symmetric; along the diagonal all goes to x2."""
    fn = parse_model("max(x1, x2)")
    shares = [integrated_gradients(OfTerm(fn.body, fn.names), [Q(1)] * 2, [[Q(0)] * 2], i) for i in (0, 1)]
    assert shares == [0, 1]
    assert verdict("symmetry", IG, Given(fn)) != "Proved"


def test_positivity_of_a_falling_model_is_not_refuted():
    """The property assumes a non-decreasing model; -x1 is none, so it refutes nothing."""
    assert verdict("non_decreasing_positivity", "gradient", "-x1") != "Refuted"
    assert verdict("non_decreasing_positivity", IG, Dense((2, 2, 1))) != "Refuted"


def test_a_mean_with_moving_break_points_has_no_flat_gradient():
    """mean 1[x1 > a] is x1 on [0, 1]; its gradient is not 0."""
    fn = Fn(("x1",), mean01(lambda a: step(x1 - a)))
    assert value(fn.body, {"x1": Q(1, 3)}) == Q(1, 3)
    with suppress(Unsupported):
        assert verdict(has_formula([lift(0)]), "gradient", Given(fn)) != "Proved"


# guards -----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("factor", [Q(2), Q(1, 3), Q(-1), Q(-2)])
def test_guards_scale_by_positive_factors_only(factor: Fraction):
    g = x1 - 2 * x2 + 1
    same = equal(ite(g, x1, x2), ite(factor * g, x1, x2))
    assert same == (factor > 0)
    model = Given(Fn(("x1", "x2"), ite(g, g, 0)), Fn(("x1", "x2"), ite(factor * g, g, 0)))
    claimed = agrees_with(get_method("shapley"))
    assert prove(Claim(claimed, get_method("shapley"), model)).name == "Proved"
    assert equal(derivative(ite(factor * g, g, 0), x1), step(g)) == (factor > 0)


def test_a_symbolic_factor_keeps_nothing():
    assert not equal(step(x1 * x2), step(x1))
    assert not equal(step(x1 / x2), step(x1 * x2) * step(x1))
    assert equal(step(x1 / 2), step(x1))


# hypotheses -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("prop", ["completeness", "linearity", "constants"])
@pytest.mark.parametrize("method", ["gradient", "shapley"])
def test_what_no_point_satisfies_is_vacuous(prop: str, method: str):
    about = claim(prop, method, "x1 * x2", lower=(Q(1), Q(0)), upper=(Q(0), Q(1)))
    answer = prove(about)
    assert answer.name == "Vacuous"
    assert check(to_certificate(about, answer), about).verdict.name == "Vacuous"


def test_positivity_below_the_baseline_is_vacuous():
    about = claim("non_decreasing_positivity", IG, "x1", x=(Q(0),), baselines=((Q(1),),))
    assert prove(about).name == "Vacuous"


def test_a_box_of_one_point_is_not_vacuous():
    point = (Q(1), Q(2))
    assert verdict("completeness", "gradient", "x1 * x2", lower=point, upper=point) == "Refuted"


def test_symmetry_without_a_pair_of_features_says_nothing():
    assert verdict("symmetry", "gradient", Every(1)) != "Proved"
    assert verdict("symmetry", "path_gradients", Every(2), features=(1,)) != "Proved"


def test_a_claim_prints_where_it_is_made():
    everywhere = claim("completeness", IG, "step(x1)")
    at_a_point = claim("completeness", IG, "step(x1)", x=(Q(-3),), baselines=((Q(0),),))
    assert (prove(everywhere).name, prove(at_a_point).name) == ("Refuted", "Proved")
    assert str(everywhere) != str(at_a_point)
