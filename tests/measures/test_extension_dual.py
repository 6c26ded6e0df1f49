"""The dual form: against the methods' own definitions, against the primal form, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from math import comb

import pytest

from attrtheory.errors import BadInput, SideCondition, Unsupported
from attrtheory.expr.term import Term
from attrtheory.measures.extension import (
    Credit,
    dual_sum,
    occlusion_credit,
    partial_dependence_credit,
    shapley_credit,
    straight_path_credit,
)
from attrtheory.measures.extension import credits as module
from attrtheory.methods import get_method
from attrtheory.models.dsl import parse_model
from attrtheory.models.fn import Fn
from attrtheory.semantics.exact import evaluate

Q = Fraction
NAMES = ["x1", "x2", "x3"]
QUINTIC = parse_model("3*x1**2*x2*x3**2 - 2*x1*x2**3 + x1*x2*x3 + 5*x3**4*x1 - 7*x2 + x3**5/3 + 2", NAMES)
POINTS = [[Q(1, 2), Q(3, 4), Q(2, 3)], [Q(1), Q(1), Q(1)], [Q(1, 5), Q(0), Q(1)]]
CREDITS = {"shapley": shapley_credit, "occlusion": occlusion_credit, "integrated_gradients": straight_path_credit}


@pytest.mark.parametrize("x", POINTS, ids=str)
@pytest.mark.parametrize("name", CREDITS)
def test_credits_give_the_methods_on_a_polynomial_of_degree_five(name: str, x: list[Q]):
    for i in range(3):
        defined = evaluate(get_method(name)(QUINTIC, x, [[0, 0, 0]], i), {})
        assert dual_sum(QUINTIC, CREDITS[name](x, i)) == defined


@pytest.mark.parametrize("text", ["relu(x1 - 1/4)*x2 + abs(x2 - 1/3)", "max(x1, 1/2)*min(x2, 2/3)*x1"])
@pytest.mark.parametrize("name", CREDITS)
def test_credits_give_the_methods_where_kinks_are_on_a_grid(name: str, text: str):
    f, x = parse_model(text), [Q(3, 4), Q(1, 2)]
    for i in range(2):
        assert dual_sum(f, CREDITS[name](x, i)) == evaluate(get_method(name)(f, x, [[0, 0]], i), {})


def monomials(i: int, x: Sequence[Q]) -> Q:
    """Uniform partial dependence of the quintic: each power of another feature averages to 1 / (power + 1)."""
    terms = [
        (3, (2, 1, 2)), (-2, (1, 3, 0)), (1, (1, 1, 1)), (5, (1, 0, 4)), (-7, (0, 1, 0)), (Q(1, 3), (0, 0, 5)), (2, (0, 0, 0)),
    ]  # fmt: skip
    total = Q(0)
    for c, powers in terms:
        value = Q(c)
        for k, p in enumerate(powers):
            value *= x[k] ** p if k == i else Q(1, p + 1)
        total += value
    return total


@pytest.mark.parametrize("x", POINTS, ids=str)
def test_credits_of_partial_dependence(x: list[Q]):
    for i in range(3):
        assert dual_sum(QUINTIC, partial_dependence_credit(x, i)) == monomials(i, x)


def test_the_cube_has_its_own_credit():
    everything = Credit(2, lambda u, t: 1)  # the value at (1, 1) of a model: every orthant contains it
    assert dual_sum(parse_model("x1*x2 + 3*x1 + 5"), everything) == 9
    assert dual_sum(parse_model("5", ["x1", "x2"]), everything) == 5


# what has no dual form --------------------------------------------------------------------------------------------------
def test_a_neuron_with_three_active_inputs_is_refused_with_the_reason():
    with pytest.raises(SideCondition, match=r"joins 3 features.*not of bounded Hardy-Krause variation"):
        dual_sum(parse_model("relu(x1 + x2 + x3 - 1)"), shapley_credit(POINTS[0], 0))
    inactive = parse_model("relu(x1 + x2 + x3 + 1) + relu(x1 - x2 - x3 - 2)", NAMES)  # of one sign on the cube
    assert dual_sum(inactive, shapley_credit([1, 1, 1], 1)) == 1


@pytest.mark.parametrize("n", [2, 4, 8])
def test_its_variation_grows_with_the_grid_and_that_of_two_inputs_does_not(n: int):
    """Sums of |increments| of (sum y - 1)+ over a grid: 1 for two inputs, n for three, so without bound."""

    def variation(d: int) -> Q:
        value = {m: max(Q(m, n) - 1, Q(0)) for m in range(d * n + 1)}
        increment = lambda m: sum((-1) ** (d - j) * comb(d, j) * value[m + j] for j in range(d + 1))
        return sum((abs(increment(sum(cell))) for cell in product(range(n), repeat=d)), Q(0))

    assert (variation(2), variation(3)) == (1, n)


def test_two_joined_features_jumps_and_wrong_sizes_are_refused():
    with pytest.raises(Unsupported, match="`limit` or"):
        dual_sum(parse_model("relu(x1 + x2 - 1)"), shapley_credit([1, 1], 0))
    with pytest.raises(SideCondition, match="not known to be continuous"):
        dual_sum(parse_model("step(x1 - 1/2)*x2"), shapley_credit([1, 1], 0))
    with pytest.raises(BadInput, match="on 2 features, the model on 3"):
        dual_sum(QUINTIC, shapley_credit([1, 1], 0))
    for attempt in (lambda: shapley_credit([1, 2], 0), lambda: straight_path_credit([1, 1], 2)):
        with pytest.raises(BadInput, match="unit cube"):
            attempt()


# teeth ------------------------------------------------------------------------------------------------------------------
def first_to_arrive(x: Sequence[Q], i: int) -> Credit:
    """The feature that arrives first, in the place of the last."""

    def credit(u: tuple[int, ...], t: Sequence[Term]) -> Term:
        out = module._reached(x, i, lambda p, u, t: t[0] * 0 + 1)(u, t)
        for k, threshold in zip(u, t, strict=True):
            out = out if k == i or i not in u else out * module.step(threshold * x[i] - t[u.index(i)] * x[k])
        return out

    return Credit(len(x), credit)


@pytest.mark.parametrize("wrong", [first_to_arrive, shapley_credit, occlusion_credit])
def test_a_wrong_credit_is_caught(wrong: Callable[..., Credit]):
    x: list[Q] = POINTS[0]
    f: Fn = QUINTIC
    defined = [evaluate(get_method("integrated_gradients")(f, x, [[0, 0, 0]], i), {}) for i in range(3)]
    assert [dual_sum(f, wrong(x, i)) for i in range(3)] != defined


def test_complete_credits_add_up():
    for credit in (shapley_credit, straight_path_credit):
        for x in POINTS:
            gain = evaluate(QUINTIC(*x), {}) - evaluate(QUINTIC(0, 0, 0), {})
            assert sum(dual_sum(QUINTIC, credit(x, i)) for i in range(3)) == gain
