import random
from fractions import Fraction as Q
from itertools import combinations, product
from math import comb, exp

import numpy as np
import pytest
from metrics.small import by_all_exact_fits, point, small
from sklearn.linear_model import LinearRegression, Ridge

from attrtheory.errors import BadInput, TooLarge
from attrtheory.measures.functional import functional_of
from attrtheory.measures.same import same
from attrtheory.methods.least_squares import mask_lime
from attrtheory.methods.method import Method
from attrtheory.metrics import all_masks, check_optimum, fidelity, kernel_shap, local_fidelity
from attrtheory.models.dsl import parse_model


def game(model, x, base):
    return lambda mask: model([a if m else b for a, b, m in zip(x, base, mask, strict=True)])


def shapley(v, n):
    """Marginal contributions over all coalitions, weighted by 1/(n C(n-1, s))."""
    found = []
    for i in range(n):
        others = [k for k in range(n) if k != i]
        gain = Q(0)
        for size in range(n):
            for s in combinations(others, size):
                mask = [k in s for k in range(n)]
                gain += Q(1, n * comb(n - 1, size)) * (v([*mask[:i], True, *mask[i + 1 :]]) - v(mask))
        found.append(gain)
    return tuple(found)


@pytest.mark.parametrize("seed", range(12))
def test_the_shapley_kernel_with_completeness_gives_shapley_values(seed):
    n = 2 + seed % 4
    model, x, base = small(n, seed), point(n, seed), point(n, seed + 50)
    for intercept in (False, True):
        metric = fidelity(model.fn, x, base, *kernel_shap(n), intercept=intercept)
        expected = shapley(game(model, x, base), n)
        # c = f(b) is the best intercept for no model in particular; with it free, completeness alone decides the sum
        if not intercept:
            assert metric.optimum(complete=True).attribution == expected == metric.at.attributions("shapley")
        assert metric.gap(expected, complete=True) >= 0


@pytest.mark.parametrize("seed", range(8))
def test_all_masks_alike_with_an_intercept_give_banzhaf_values(seed):
    n = 2 + seed % 4
    model, x, base = small(n, seed), point(n, seed), point(n, seed + 50)
    v = game(model, x, base)
    expected = []
    for i in range(n):
        without = [m for m in product([0, 1], repeat=n) if not m[i]]
        expected.append(sum(v([*m[:i], 1, *m[i + 1 :]]) - v(m) for m in without) / len(without))
    best = fidelity(model.fn, x, base, all_masks(n), intercept=True).optimum()
    assert list(best.attribution) == expected


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("ridge", [0, "1/2"])
@pytest.mark.parametrize("local", [True, False])
def test_the_optimum_is_scikit_learns(intercept, ridge, local):
    n, r = 4, random.Random(3)
    model, x, base = small(n, 9), point(n, 1), point(n, 2)
    weights = [Q(exp(-r.random())) for _ in range(30)]
    if local:
        samples = [[v + Q(r.randint(-9, 9), 4) for v in x] for _ in range(30)]
        metric = local_fidelity(model.fn, x, samples, weights, intercept=intercept, ridge=ridge)
        X = np.array([[a - b for a, b in zip(y, x, strict=True)] for y in samples], dtype=float)
        t = np.array([model(y) - model(x) for y in samples], dtype=float)
    else:
        masks = [[r.randint(0, 1) for _ in range(n)] for _ in range(30)]
        metric = fidelity(model.fn, x, base, masks, weights, intercept=intercept, ridge=ridge)
        X = np.array(masks, dtype=float)
        v = game(model, x, base)
        t = np.array([v(m) - v([0] * n) for m in masks], dtype=float)
    regression = Ridge(alpha=0.5, fit_intercept=intercept) if ridge else LinearRegression(fit_intercept=intercept)
    regression.fit(X, t, np.array(weights, dtype=float))
    best = metric.optimum()
    assert np.array(best.attribution, dtype=float) == pytest.approx(regression.coef_, rel=1e-9, abs=1e-9)
    residual = regression.predict(X) - t
    error = (np.array(weights, dtype=float) * residual**2).sum() + (0.5 if ridge else 0) * (regression.coef_**2).sum()
    assert float(best.value) == pytest.approx(error)
    assert check_optimum(best.certificate, metric).attribution == best.attribution


@pytest.mark.parametrize("kernel", ["flat", "near"])
def test_the_optimum_as_a_measure_is_the_one_read_off_the_definition_of_lime(kernel):
    x, base = point(3, 4), point(3, 5)
    weights = [sum(m) + 1 if kernel == "near" else 1 for m in all_masks(3)]
    best = fidelity(small(3, 4).fn, x, base, all_masks(3), weights, intercept=True).optimum()
    lime = Method("mask_lime", mask_lime, (("kernel", kernel),))
    for found, functional in zip(best.measure(), functional_of(lime, 3, x, [base]), strict=True):
        assert same(found, functional.values)


def test_without_an_intercept_it_is_the_mean_of_all_exact_fits():
    model, x, base = small(3, 4), point(3, 4), point(3, 5)
    v = game(model, x, base)
    masks = [[k >> i & 1 for i in range(3)] for k in range(8)]
    weights = [Q(k + 1, 36) for k in range(8)]
    found = fidelity(model.fn, x, base, masks, weights, intercept=False).optimum().attribution
    assert list(found) == by_all_exact_fits([[Q(v) for v in m] for m in masks], [v(m) - v([0] * 3) for m in masks], weights)


def test_masks_may_be_booleans_arrays_or_rationals():
    f = parse_model("x1*x2")
    values = [
        fidelity(f, [1, 2], [0, 0], masks, intercept=False).value([1, 2])
        for masks in ([[True, False], [True, True]], np.array([[1, 0], [1, 1]]), [[1.0, 0.0], [Q(1), 1]])
    ]
    assert values == [Q(1, 2) + Q(1, 2)] * 3


@pytest.mark.parametrize(
    "masks, options",
    [([[2, 0]], {}), ([], {}), ([[1]], {}), ("10", {}), ([[1, 0]], {"ridge": -1}), ([[1, 0]], {"weights": [-1]}), (3, {})],
)
def test_bad_input(masks, options):
    with pytest.raises(BadInput):
        fidelity(parse_model("x1*x2"), [1, 2], [0, 0], masks, intercept=True, **options)


def test_sizes_that_cannot_be_listed():
    with pytest.raises(TooLarge):
        all_masks(17)
    with pytest.raises(BadInput):
        kernel_shap(1)
