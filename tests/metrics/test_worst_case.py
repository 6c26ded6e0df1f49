"""The barycentre theorem: decided exactly for all models of a box, with counterexamples, and where boundaries matter."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

import attrtheory.metrics.worst_case as module
from attrtheory.errors import BadCertificate, BadInput
from attrtheory.metrics.worst_case import worst_case

Q = Fraction


def right_by_linear_programs(m: list[Fraction], j: int, tau: float, alpha: float, bound: float) -> bool:
    """Are all w of the box right for feature j? The ends of w m over w_j >= tau, and over |w_j| <= tau, by HiGHS.

    Both sets are connected: values >= alpha in size on the first are all of one sign.
    """
    c = np.array([float(q) for q in m])
    outside = [(-bound, bound)] * len(m)
    outside[j] = (tau, bound)
    inside = [(-bound, bound)] * len(m)
    inside[j] = (-tau, tau)
    low, high = linprog(c, bounds=outside).fun, -linprog(-c, bounds=outside).fun
    most = -linprog(-c, bounds=inside).fun
    return (low >= alpha - 1e-9 or high <= -alpha + 1e-9) and most <= alpha + 1e-9


def random_row(rng: random.Random, n: int, j: int) -> list[Fraction]:
    row = [Q(rng.choice([0, 0, 0, 0, 1, -1]), 6) for _ in range(n)]
    row[j] = Q(rng.choice([1, 2, 2, 3, -2]), 4)
    return row


def test_decisions_agree_with_linear_programs():
    rng, counts = random.Random(0), [0, 0]
    for _ in range(60):
        n = rng.randint(1, 3)
        rows = [random_row(rng, n, j) for j in range(n)]
        found = worst_case(rows, tau=2, alpha=1, bound=3)
        for j, row in enumerate(rows):
            expected = right_by_linear_programs(row, j, 2.0, 1.0, 3.0)
            assert (found.wrong[j] is None) == expected
            counts[expected] += 1
    assert min(counts) > 15


def test_right_barycentres_are_right_on_a_fine_grid_of_models_and_counterexamples_are_wrong():
    rng = random.Random(1)
    grid = [Q(k, 3) for k in range(-9, 10)]
    for _ in range(30):
        rows = [random_row(rng, 2, j) for j in range(2)]
        found = worst_case(rows, tau=2, alpha=1, bound=3)
        for j in range(2):
            if (model := found.wrong[j]) is None:
                for w in product(grid, repeat=2):
                    value = abs(w[0] * rows[j][0] + w[1] * rows[j][1])
                    assert value >= 1 if abs(w[j]) > 2 else value < 1 or abs(w[j]) == 2
            else:
                value = abs(sum(a * b for a, b in zip(model.weights, rows[j], strict=True)))
                assert all(abs(q) <= 3 for q in model.weights)
                assert (abs(model.weights[j]) > 2) != (value >= 1)
                assert abs(model.weights[j]) != 2


def test_margins_add_up_to_what_the_other_features_take():
    """The theorem in a line: both margins are at least 0 only if no other feature has weight."""
    rng = random.Random(2)
    for _ in range(100):
        n = rng.randint(1, 4)
        rows = [random_row(rng, n, j) for j in range(n)]
        found = worst_case(rows, tau=2, alpha=1, bound=3)
        for j, row in enumerate(rows):
            others = sum(abs(q) for k, q in enumerate(row) if k != j)
            assert found.recall[j] + found.precision[j] == -2 * 3 * others
            assert (found.wrong[j] is None) == (others == 0 and abs(row[j]) == Q(1, 2))


def test_the_least_change_of_the_optimal_barycentre_is_refuted():
    tiny = Q(1, 10**9)
    for change in product((-tiny, 0, tiny), repeat=2):
        found = worst_case([[Q(1, 2) + change[0], change[1]], [0, Q(1, 2)]], tau=2, alpha=1, bound=3)
        assert found.correct == (change == (0, 0))


def test_where_a_weight_is_exactly_tau_the_convention_decides():
    rows = [[Q(1, 2), 0], [0, Q(1, 2)]]
    assert worst_case(rows, 2, 1, 3, at_tau="either").correct
    assert worst_case(rows, 2, 1, 3, at_tau="relevant").correct
    found = worst_case(rows, 2, 1, 3, at_tau="irrelevant")  # S = {|w_j| > tau}: tau itself passes, and should not
    assert [m.weights for m in found.wrong if m] == [(2, 0), (0, 2)]
    assert [m.attribution for m in found.wrong if m] == [1, 1]


def test_no_barycentre_is_right_where_tau_counts_as_irrelevant():
    for q in (Q(1, 2), Q(1, 2) - Q(1, 10**12), Q(1, 2) + Q(1, 10**12)):
        assert not worst_case([[q]], 2, 1, 3, at_tau="irrelevant").correct


def test_of_signed_measures_the_mirrored_barycentre_is_right_too():
    assert worst_case([[Q(-1, 2), 0], [0, Q(1, 2)]], 2, 1, 3).correct


def test_alpha_above_tau_would_need_a_barycentre_outside_the_cube():
    assert worst_case([[Q(3, 2)]], tau=2, alpha=3, bound=4).correct
    assert not any(worst_case([[Q(k, 10)]], tau=2, alpha=3, bound=4).correct for k in range(11))


def test_an_intercept_defeats_every_probability_measure_and_mass_0_repairs_it():
    e = [[Q(1, 2), 0], [0, Q(1, 2)]]
    found = worst_case(e, 2, 1, 3, masses=[1, 1])
    model = found.wrong[0]
    assert model is not None
    assert (abs(model.weights[0]) > 2, model.attribution) == (True, 0)  # a relevant feature, hidden by the intercept
    assert model.weights[0] * Q(1, 2) + model.intercept == 0
    assert worst_case(e, 2, 1, 3, masses=[0, 0]).correct  # mu_j - delta_0, say: first moments stay


@pytest.mark.parametrize(
    "arguments",
    [
        ([[1]], 0, 1, 2), ([[1]], 2, 1, 2), ([[1]], 1, 0, 2), ([[1, 0]], 1, 1, 2), ([[1, 0], [0]], 1, 1, 2), ([], 1, 1, 2),
        ([[float("nan")]], 1, 1, 2),
    ],
)  # fmt: skip
def test_bad_questions_are_refused(arguments: Any):
    with pytest.raises(BadInput):
        worst_case(*arguments)
    with pytest.raises(BadInput, match="at_tau"):
        worst_case([[1]], 1, 1, 2, at_tau="never")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="masses"):
        worst_case([[1]], 1, 1, 2, masses=[1, 1])


def test_forged_counterexamples_are_rejected():
    found = worst_case([[Q(1, 2), Q(1, 6)], [0, Q(1, 2)]], 2, 1, 3)
    model = found.wrong[0]
    assert model is not None
    for forged in (
        replace(model, weights=(Q(3), Q(0)), attribution=Q(3, 2)),  # classified rightly
        replace(model, attribution=Q(0)),
        replace(model, weights=tuple(10 * w for w in model.weights), attribution=10 * model.attribution),  # not in the box
    ):
        with pytest.raises(BadCertificate):
            replace(found, wrong=(forged, None)).check()


def test_a_wrong_counterexample_never_leaves(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_wrong", lambda asked, j: module.WrongModel(j, (Q(3), Q(0)), Q(0), Q(3, 2)))
    with pytest.raises(BadCertificate):
        worst_case([[Q(1, 2), 0], [0, Q(1, 2)]], 2, 1, 3)
