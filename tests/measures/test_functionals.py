"""Functionals read off a method's run: against the method itself, against theory, and what they refuse."""

from __future__ import annotations

from fractions import Fraction as Q

import pytest

from attrtheory.errors import BadInput, NotExact, SideCondition, Unsupported
from attrtheory.expr import relu, var
from attrtheory.expr.special import normal_quantile
from attrtheory.measures import (
    Law,
    Measure,
    Part,
    box,
    by_parts,
    collected,
    finite,
    functional_of,
    gaussian,
    integrated,
    point,
    product,
    same,
    segment,
    variation,
)
from attrtheory.measures.applied import apply, attribution_of, on_monomial
from attrtheory.measures.kernel import kernel
from attrtheory.methods import AVERAGES, METHODS, Method, get_method
from attrtheory.models.dsl import parse_model
from attrtheory.semantics.exact import evaluate
from attrtheory.semantics.ring import equal

EVERY = METHODS + AVERAGES
NAMES = [m.name for m in EVERY]


def named(name: str) -> Method:
    return next(m for m in EVERY if m.name == name)


def variables(method: Method, n: int):
    tags = [""] if method.background is None else [f"_{k + 1}" for k in range(method.background)]
    return [var(f"x{k + 1}") for k in range(n)], [[var(f"b{k + 1}{t}") for k in range(n)] for t in tags]


NORMAL = ("gaussian_lime", "smoothgrad", "infidelity_optimum", "conditional_expectation")
CURVED = parse_model("x1**2 * x2 - 3*x1*x2 + x2 + 2", ["x1", "x2"])


@pytest.mark.parametrize("name", [n for n in NAMES if n not in NORMAL])
def test_a_functional_applied_to_a_model_is_the_method_on_that_model(name: str):
    method = named(name)
    x, baselines = variables(method, 2)
    for phi, direct in zip(functional_of(method, 2), method.all(CURVED, x, baselines), strict=True):
        assert equal(apply(phi, CURVED), direct)


# x1^2 x2 with standard normal noise, by hand: E (x1 + s g)^2 (x2 + s h) and its slopes
SLOPES = {"smoothgrad": ("2*x1*x2", "x1**2 + sigma**2"), "gaussian_lime": ("2*x1*x2", "x1**2 + sigma**2")}


@pytest.mark.parametrize("name", [*SLOPES, "infidelity_optimum"])
def test_gaussian_slopes_of_a_cubic(name: str):
    expected = SLOPES.get(name, SLOPES["smoothgrad"])
    for phi, text in zip(functional_of(named(name), 2), expected, strict=True):
        found = on_monomial(phi, [0, 0, 1])
        want = parse_model(text, ["x1", "x2", "sigma"]).body
        for sigma in (Q(1), Q(1, 3), Q(7)):
            env = {"x1": Q(3), "x2": Q(-2), "sigma": sigma}
            assert evaluate(found, env) == evaluate(want, env)


def test_the_conditional_mean_of_correlated_features():
    phi = functional_of(named("conditional_expectation"), 2)[0]  # E[X2 | X1 = x1] = b2 + q^2 (x1 - b1)
    env = {"x1": Q(2), "x2": Q(9), "b1": Q(1), "b2": Q(-1), "q": Q(4, 5), "r": Q(3, 5)}
    assert evaluate(on_monomial(phi, [1]), env) == -1 + Q(16, 25)
    variance = evaluate(on_monomial(phi, [1, 1]), env) - evaluate(on_monomial(phi, [1]), env) ** 2
    assert variance == 1 - Q(16, 25) ** 2  # of X2 given X1, correlation 16/25


def test_smoothgrad_gaussian_lime_and_the_infidelity_optimum_are_one_measure():
    for n in (1, 2, 3):
        smooth, lime, best = (
            functional_of(named(name), n) for name in ("smoothgrad", "gaussian_lime", "infidelity_optimum")
        )
        for a, b, c in zip(smooth, lime, best, strict=True):
            found = by_parts(a)
            assert [repr(t) for t in found.nonzero] == ["sigma"]
            assert same(found.functional.values, b.values)
            assert same(b.values, c.values)


def test_flat_lime_is_banzhaf_and_near_lime_is_not():
    flat = Method("flat", named("mask_lime").define, (("kernel", "flat"),))
    for n in (2, 3, 4):
        pairs = list(zip(functional_of(flat, n), functional_of(get_method("banzhaf"), n), strict=True))
        assert all(same(a.values, b.values) for a, b in pairs)
    near = functional_of(named("mask_lime"), 3)
    assert not same(near[0].values, functional_of(get_method("banzhaf"), 3)[0].values)


@pytest.mark.parametrize("kernel_name", ["flat", "near"])
def test_lime_solves_its_least_squares_problem(kernel_name: str):
    """Normal equations, for every model: the residual is orthogonal to each mask coordinate."""
    from itertools import product as choices

    n = 3
    lime = Method("lime", named("mask_lime").define, (("kernel", kernel_name),))
    betas = functional_of(lime, n)
    x, (b,) = variables(lime, n)
    masks = list(choices((0, 1), repeat=n))
    weight = {m: Q(1 if kernel_name == "flat" else 1 + sum(m)) for m in masks}
    total = sum(weight.values())
    mean = [sum(w * m[j] for m, w in weight.items()) / total for j in range(n)]
    for j in range(n):
        at = [point([x[k] if m[k] else b[k] for k in range(n)]) * (w / total * (m[j] - mean[j])) for m, w in weight.items()]
        left = Measure(n, tuple(p for mu in at for p in mu.parts))
        right = Measure(n)
        for i in range(n):
            cross = sum(w * m[i] * m[j] for m, w in weight.items()) / total - mean[i] * mean[j]
            right = right + betas[i].values * cross
        assert same(left, right)


def test_the_mean_of_staircase_paths_over_all_orders_is_shapley():
    from itertools import permutations

    from attrtheory.measures.functional import nothing

    for n in (2, 3):
        orders = list(permutations(range(n)))
        mean = [nothing(n)] * n
        for order in orders:
            turns = [[Q(k in order[:size]) for k in range(n)] for size in range(1, n)]
            staircase = functional_of(get_method("path_gradients", via=turns), n)
            mean = [a + b * Q(1, len(orders)) for a, b in zip(mean, staircase, strict=True)]
        for a, b in zip(mean, functional_of(get_method("shapley"), n), strict=True):
            found = integrated(a)
            assert not found.differentiates
            assert same(found.values, b.values)


def test_integrated_gradients_stays_with_slopes_from_two_features_on():
    assert not integrated(functional_of(get_method("integrated_gradients"), 1)[0]).differentiates
    for n in (2, 3):
        assert integrated(functional_of(get_method("integrated_gradients"), n)[0]).differentiates


def test_kernels_of_measures_that_satisfy_dummy():
    x1, b1 = var("x1"), var("b1")
    for name in ("occlusion", "shapley", "banzhaf", "marginal_shapley", "gaussian_lime", "cube_lime"):
        mu = functional_of(named(name), 2)[0].values
        nu = kernel(mu, 0)
        for monomial in ([0], [0, 0], [0, 1], [0, 0, 1], [0, 0, 0]):
            rest = [(k, [*monomial[:p], *monomial[p + 1 :]]) for p, k in enumerate(monomial)]
            slopes = sum((nu.moment(*others) for k, others in rest if k == 0), x1 * 0)
            names = ["x1", "x2", "b1", "b2", "b1_1", "b1_2", "b2_1", "b2_2", "sigma", "h"]
            env = {v: Q(3 + 2 * k, 1 + k) for k, v in enumerate(names)}
            assert evaluate(mu.moment(*monomial), env) == evaluate(slopes, env)
    with pytest.raises(SideCondition, match="does not vanish"):
        kernel(point([x1, 0]) - point([b1, 1]), 0)
    with pytest.raises(SideCondition, match="does not vanish"):
        kernel(functional_of(get_method("equal_split"), 2)[0].values, 0)


def test_measures_by_hand():
    square = box([0, 0], [1, 2])
    assert [repr(square.moment(*m)) for m in ([], [0], [1], [0, 1], [1, 1])] == ["1", "1/2", "1", "1/2", "4/3"]
    normal = gaussian([1, 0], [[1, 2], [0, 1]])
    assert [repr(normal.moment(*m)) for m in ([0], [0, 0], [0, 1], [1, 1], [0, 0, 0, 0])] == ["1", "2", "2", "5", "10"]
    both = product(point([3]), segment([0], [1]))
    assert (both.n, repr(both.moment(0, 1))) == (2, "3/2")
    assert repr(square.pushforward([[1, 1]], [5]).moment(0)) == "13/2"
    assert repr(square.marginal([1]).moment(0)) == "1"
    assert repr(finite([[0], [0], [3]]).moment(0)) == "1"
    assert same(finite([[0], [0], [3]]), point([0]) * Q(2, 3) + point([3]) * Q(1, 3))


def test_equal_measures_in_other_words():
    x, b = [var("x1"), var("x2")], [var("b1"), var("b2")]
    assert same(segment(x, b), segment(b, x))
    assert same(box([0, 0], [1, 2]), product(segment([0], [1]), segment([2], [0])))
    assert same(gaussian(x, [[1, 0], [0, 2]]), gaussian(x, [[0, -2], [1, 0]]))
    assert same(segment(x, x), point(x))
    u = Law((0,), ((1,),))
    turned = Law((1,), ((-1,),))
    mu = Measure(1, (Part(1, u, (2,)),))
    assert same(mu, Measure(1, (Part(1, turned, (0,)), Part(-2, turned, (1,)), Part(1, turned, (2,)))))
    assert not same(mu, Measure(1, (Part(1, turned, (2,)),)))
    assert not same(segment(x, b), point(x))
    assert not collected(point(x) - point(x)).parts


@pytest.mark.parametrize(
    "name, value, exact",
    [("occlusion", "2", True), ("shapley", "2", True), ("partial_dependence", "1", True), ("axis_integral", "2", True)],
)
def test_variation(name: str, value: str, exact: bool):
    found = variation(functional_of(named(name), 2)[0].values)
    assert (repr(found.value), found.exact) == (value, exact)


def test_variation_of_densities():
    cube = variation(functional_of(named("cube_lime"), 2)[0].values)
    assert evaluate(cube.value, {"h": Q(3)}) == Q(1, 2)  # 3/h E|V| = 3/(2h)
    density = Measure(1, (Part(1, Law((0,), ((1,),)), (1,)), Part(-Q(1, 4), Law((0,), ((1,),)))))
    found = variation(density)  # the integral of |u - 1/4| is 1/32 + 9/32
    assert (evaluate(found.value, {}), found.exact) == (Q(5, 16), True)


def test_a_variation_that_may_be_smaller_is_no_more_than_a_bound():
    both = Law((0,), (), ((1,), (1,)))  # E g1 f(g1 + g2) = E (g1 + g2)/2 f(g1 + g2), of variation 1/sqrt(pi) < E|g1|
    assert not variation(Measure(1, (Part(1, both, (1, 0)),))).exact
    assert variation(Measure(1, (Part(1, both),))).exact
    z = var("x1")
    assert not variation(point([relu(relu(z))]) - point([relu(z)])).exact  # it is 0, in two programs
    assert not variation(segment([0, 0], [1, 1]) - segment([0, 0], [2, 2])).exact  # they overlap


def test_what_is_no_functional_is_refused():
    squared = lambda f, x, x0, i: f(*x) * f(*x)
    for define, reason in [
        (squared, "multiplied"),
        (lambda f, x, x0, i: f(*x) + 1, "is added"),
        (lambda f, x, x0, i: x[i] - x0[i], "not 0"),
        (lambda f, x, x0, i: relu(f(*x)), "decision"),
        (lambda f, x, x0, i: 1 / f(*x), "divided by its values"),
        (lambda f, x, x0, i: f(*[f(*x)] * f.n), "own values"),
        (lambda f, x, x0, i: f.mean01(lambda a: f(*[a * a * p for p in x])), "curved"),
        (lambda f, x, x0, i: f.mean01(lambda a: f(*[a + normal_quantile(a)] * f.n)), "both"),
        (lambda f, x, x0, i: f.mean01(lambda a: f.mean01(lambda c: f(*[a * c * p for p in x]))), "multiplies another"),
    ]:
        with pytest.raises(Unsupported, match=reason):
            functional_of(Method("odd", define), 2)


def test_wrong_dimensions_and_floats_are_refused():
    with pytest.raises(BadInput, match="2 and on 1"):
        point([0, 0]) + point([0])
    with pytest.raises(NotExact):
        point([0.5])
    with pytest.raises(BadInput, match="vectors of as many"):
        Law((0, 0), ((1,),))
    with pytest.raises(BadInput, match="powers"):
        Part(1, Law((0,)), (1,))
    with pytest.raises(BadInput, match="at least one point"):
        finite([])
    with pytest.raises(BadInput, match="weights"):
        finite([[0]], [1, 2])
    with pytest.raises(BadInput, match="a model with 1"):
        apply(point([0, 0]), parse_model("x1"))
    with pytest.raises(BadInput, match="marginal"):
        point([0, 0]).marginal([2])
    with pytest.raises(BadInput, match="one functional for each"):
        attribution_of([point([0, 0])])
    with pytest.raises(BadInput, match="1 feature or more"):
        functional_of(get_method("shapley"), 0)
