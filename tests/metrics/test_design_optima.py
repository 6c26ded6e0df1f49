"""Optima of designs against other solvers, closed forms and brute force."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from metrics.designs import Q, by_orders, dense, violations
from metrics.rationals import solved

from attrtheory.errors import BadInput
from attrtheory.methods import get_method
from attrtheory.metrics.design import (
    design,
    energy,
    grid,
    hybrids,
    joined,
    mean_fidelity,
    mean_infidelity,
    moments,
    points_at,
    priced,
    shapley_kernel,
)
from attrtheory.models.dsl import parse_model

FIXED = [[1, 2], [0, 1], [1, 1], [0, 2], [3, 1], ["1/2", 0]]
SUPPORTS = {"hybrids": hybrids(3), "grid": grid(2, 3), "fixed": points_at([1, 2], [0, 1], FIXED)}


@pytest.mark.parametrize("name", SUPPORTS)
@pytest.mark.parametrize(
    "wishes", [["completeness"], ["completeness", "constants"], ["affine_exactness"], ["constants", "symmetry"]]
)
def test_the_least_energy_is_numpys_solution_of_least_norm(name: str, wishes: list[str]):
    support = SUPPORTS[name]
    rows, right = dense(support, wishes)
    found = design(support, wishes, energy(support.n))
    expected = np.linalg.lstsq(np.array(rows, float), np.array(right, float), rcond=None)[0]
    assert np.array(found.solution, float) == pytest.approx(expected, abs=1e-9)
    assert found.unique


def test_the_shapley_kernel_with_completeness_gives_shapley_and_uniform_weights_give_the_least_squares_value():
    support = hybrids(4)
    found = design(support, ["completeness"], mean_fidelity(support, shapley_kernel(4)))
    assert list(found.masses) == [by_orders(4, i) for i in range(4)]
    # Ruiz, Valenciano, Zarzuelo 1996: least squares over all coalitions, efficient = Banzhaf plus an equal share of the rest
    even = design(support, ["completeness"], mean_fidelity(support, [1] * 5))
    model = parse_model("x1*x2*x3*x4 + 2*x1*x2 - max(x3, x4)")
    x, z = [3, 1, 2, -1], [0, 1, -1, 1]
    fn = [get_method("banzhaf").all(model, x, [z])[i].payload for i in range(4)]
    rest = (model(*x).payload - model(*z).payload - sum(fn)) / 4
    assert even.attribute(model, x, z) == [b + rest for b in fn]


def test_the_infidelity_optimum_is_the_closed_form_of_every_model():
    x, steps = [Q(1), Q(2)], [[1, 0], [0, 2], [1, 1], [Q(1, 2), -1]]
    support = points_at(x, [0, 0], [x, *([a - Q(b) for a, b in zip(x, step, strict=True)] for step in steps)])
    found = design(support, [], mean_infidelity(support, steps))
    assert found.unique
    for text in ("x1*x1*x2", "max(x1, x2)", "relu(x1 - x2) + 3"):
        model = parse_model(text)
        difference = [model(*x).payload - model(*(a - Q(b) for a, b in zip(x, step, strict=True))).payload for step in steps]
        second = [[sum(Q(s[i]) * Q(s[j]) for s in steps) for j in range(2)] for i in range(2)]
        first = [sum(Q(s[i]) * d for s, d in zip(steps, difference, strict=True)) for i in range(2)]
        assert found.attribute(model) == solved(second, first)


def test_the_infidelity_optimum_violates_completeness_and_asking_for_it_costs():
    x, steps = [1, 1], [[1, 0], [0, 1]]  # one feature at a time: the optimum is occlusion
    support = joined(points_at(x, [0, 0], [[1, 1], [0, 1], [1, 0], [0, 0]]))
    free = design(support, [], mean_infidelity(support, steps))
    assert free.value == 0
    assert violations(free.masses, (Q(1),) * 2, (Q(0),) * 2) == {"completeness"}
    assert free.attribute(parse_model("x1*x2")) == [1, 1]  # and f(x) - f(0) is 1
    complete = design(support, ["completeness"], mean_infidelity(support, steps))
    assert complete.value == 1  # (1/2)(1/2 + 1/2) on every value of d = f(1,1) - f(1,0) - f(0,1) + f(0,0), mean of d^2: 4
    assert complete.attribute(parse_model("x1*x2")) == [Q(1, 2), Q(1, 2)]


def test_a_metric_over_given_models_is_least_on_them():
    models = [parse_model("x1*x2"), parse_model("x1 - 2*x2"), parse_model("relu(x1 + x2 - 1)")]
    support, steps = hybrids(2), [[1, 0], [0, 1], [1, 1]]
    metric = mean_infidelity(support, steps, models=models)
    found = design(support, ["completeness"], metric)
    other = design(support, ["completeness"], mean_infidelity(support, steps))

    def by_hand(family: Any) -> Fraction:
        total = Q(0)
        for f in models:
            a = family.attribute(f, [1, 1], [0, 0])
            for s in steps:
                error = sum(p * q for p, q in zip(s, a, strict=True)) - (f(1, 1).payload - f(1 - s[0], 1 - s[1]).payload)
                total += Q(1, 3) * error**2
        return total

    assert found.value == by_hand(found) == found.value_of(metric) <= by_hand(other) == other.value_of(metric)
    rng = random.Random(0)
    rows, right = dense(support, ["completeness"])
    for _ in range(50):  # no step that keeps completeness is better
        step = [Q(rng.randint(-2, 2), 3) for _ in range(4)]
        moved = tuple(v + s for v, s in zip(found.solution, (*step, *(-q for q in step)), strict=True))
        assert [sum(a * v for a, v in zip(row, moved, strict=True)) for row in rows] == right
        assert replace(found, solution=moved).value_of(metric) >= found.value


def test_prices_move_the_weight_to_cheap_points():
    support = grid(2, 1)
    dear = design(support, ["completeness", "dummy"], priced(support, lambda p: 5 if p == (1, 0) else 1))
    assert all((1, 0) not in table for table in dear.masses)  # every order goes through (0, 1)
    assert dear.unique
    with pytest.raises(BadInput, match="0 or more"):
        priced(support, lambda p: -1)


def test_measures_with_given_moments_have_the_least_variation_of_the_closed_form():
    from attrtheory.metrics.barycentre import least_variation

    rng = random.Random(3)
    for _ in range(10):
        masses = [Q(rng.randint(-2, 2)) for _ in range(2)]
        rows = [[Q(rng.randint(-3, 3), 2) for _ in range(2)] for _ in range(2)]
        found = design(hybrids(2), [moments(masses, rows)])
        assert list(found.variation()) == [least_variation(c, v).variation for c, v in zip(masses, rows, strict=True)]
