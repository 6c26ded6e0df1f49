import random
from fractions import Fraction as Q
from itertools import combinations
from math import sqrt

import numpy as np
import pytest
import torch
from metrics.small import by_all_exact_fits, point, small

from attrtheory.errors import BadInput, SideCondition, TooLarge
from attrtheory.metrics import check_optimum, sensitivity_n, sensitivity_n_correlation
from attrtheory.models.dsl import parse_model


def losses(model, x, base, sets):
    return [model(x) - model([b if i in s else a for i, (a, b) in enumerate(zip(x, base, strict=True))]) for s in sets]


@pytest.mark.parametrize("seed", range(20))
def test_the_correlation_is_numpys_and_no_attribution_passes_the_optimum(seed):
    n, size = 5, 1 + seed % 4
    model, x, base, r = small(n, seed), point(n, seed), point(n, seed + 9), random.Random(seed)
    sets = list(combinations(range(n), size))
    t = losses(model, x, base, sets)
    metric = sensitivity_n_correlation(model.fn, x, base, size)
    best = metric.optimum()
    for _ in range(20):
        a = [r.randint(-9, 9) for _ in range(n)]
        if len(set(a)) == 1:
            continue
        sums = [sum(a[i] for i in s) for s in sets]
        expected = np.corrcoef(np.array(sums, dtype=float), np.array(t, dtype=float))[0, 1]
        assert metric.correlation(a) == pytest.approx(expected)
        assert metric.value(a) <= best.value <= 1
        loss = metric.loss(torch.tensor(a, dtype=torch.float64))
        assert float(loss) == pytest.approx(1 - expected)
    assert check_optimum(best.certificate, metric).value == best.value
    design = np.column_stack([np.ones(len(sets)), [[float(i in s) for i in range(n)] for s in sets]])
    fitted = design @ np.linalg.lstsq(design, np.array(t, dtype=float), rcond=None)[0]
    assert sqrt(best.value) == pytest.approx(np.corrcoef(fitted, np.array(t, dtype=float))[0, 1])


@pytest.mark.parametrize("seed", range(10))
def test_the_squared_form_is_zero_for_what_satisfies_it_and_its_optimum_is_the_exhaustive_one(seed):
    model, x, base = small(4, seed), point(4, seed), point(4, seed + 9)
    sets = list(combinations(range(4), 2))
    t = losses(model, x, base, sets)
    metric = sensitivity_n(model.fn, x, base, 2)
    a = [Q(k, 3) for k in (1, -2, 5, 4)]
    assert metric.value(a) == sum((sum(a[i] for i in s) - v) ** 2 for s, v in zip(sets, t, strict=True)) / 6
    rows = [[Q(int(i in s)) for i in range(4)] for s in sets]
    assert list(metric.optimum().attribution) == by_all_exact_fits(rows, t, [Q(1)] * 6)


def test_an_additive_model_satisfies_it_for_every_n_and_an_optimum_need_not_be_complete():
    f = parse_model("x1**2 + x2**2 + relu(x3)")
    for size in (1, 2, 3):
        assert sensitivity_n(f, [1, 2, 3], [0, 0, 0], size).value([1, 4, 3]) == 0
    metric = sensitivity_n_correlation(f, [1, 2, 3], [0, 0, 0], 2)
    assert metric.value([1, 4, 3]) == 1 == metric.value([101, 104, 103]) == metric.value("integrated_gradients")
    assert metric.value([-1, -4, -3]) == -1


def test_where_the_correlation_is_undefined_it_is_refused():
    f = parse_model("x1*x2 + x3")
    with pytest.raises(SideCondition, match="undefined"):
        sensitivity_n_correlation(f, [1, 1, 2], [0, 0, 0], 3).value([1, 2, 3])
    with pytest.raises(SideCondition):
        sensitivity_n_correlation(f, [1, 1, 2], [0, 0, 0], 3).optimum()
    with pytest.raises(SideCondition, match="add up to the same"):
        sensitivity_n_correlation(f, [1, 1, 2], [0, 0, 0], 1).value([2, 2, 2])
    with pytest.raises(SideCondition, match="same without any"):
        sensitivity_n_correlation(parse_model("x1 + x2"), [1, 1], [0, 0], 1).optimum()


def test_losses_that_nothing_linear_explains_have_optimum_zero():
    # losses 1 on {1,2}, {3,4} and 0 on the others are uncorrelated with every feature
    f = parse_model("x1 - x1", ["x1", "x2", "x3", "x4"])
    sets = [(0, 1), (2, 3), (0, 2), (1, 3)]
    text = "x1*x2*x3*x4 - (1-x1)*(1-x2)*x3*x4 - x1*x2*(1-x3)*(1-x4) - 1"
    metric = sensitivity_n_correlation(parse_model(text), [1] * 4, [0] * 4, 2, sets)
    assert metric.squares.at.values([metric.squares.minus[k] for k in range(4)]) == [-2, -2, -1, -1]
    best = metric.optimum()
    assert best.value == 0 == metric.value([3, 1, -2, 5])
    assert check_optimum(best.certificate).value == 0
    assert sensitivity_n(f, [1] * 4, [0] * 4, 2).value([0] * 4) == 0


@pytest.mark.parametrize(
    "size, subsets",
    [(0, None), (3, None), (True, None), (1, []), (1, [[0, 1]]), (2, [[0, 0]]), (1, [[5]]), (1, [0, 1]), (1, 3)],
)
def test_bad_input(size, subsets):
    with pytest.raises(BadInput):
        sensitivity_n(parse_model("x1*x2"), [1, 1], [0, 0], size, subsets)


def test_too_many_sets():
    names = [f"x{k}" for k in range(40)]
    with pytest.raises(TooLarge, match="subsets"):
        sensitivity_n(parse_model(" + ".join(names), names), [1] * 40, [0] * 40, 20)
