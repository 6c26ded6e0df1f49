"""What wishes determine: Shapley values, degrees of freedom, the equal split."""

from __future__ import annotations

import pytest
from metrics.designs import Q, by_orders, dense, violations
from metrics.rationals import rank

from attrtheory.metrics.design import (
    design,
    energy,
    grid,
    hybrids,
)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_completeness_dummy_and_symmetry_leave_nothing_but_shapley(n: int):
    found = design(hybrids(n), ["completeness", "dummy", "symmetry"])
    assert (found.freedom, found.unique) == (0, True)
    assert [table == by_orders(n, i) for i, table in enumerate(found.masses)] == [True] * n
    assert found.variation() == (2,) * n


def test_without_symmetry_two_features_leave_one_number_and_every_share_of_orders_is_as_good():
    found = design(hybrids(2), ["completeness", "dummy"])
    assert (found.freedom, found.value) == (1, 4)
    for share in (Q(0), Q(1, 3), Q(1)):  # how often feature 0 arrives last
        order = Q(1) - share
        first = {(1, 1): share, (0, 1): -share, (1, 0): order, (0, 0): -order}
        second = {(1, 1): order, (1, 0): -order, (0, 1): share, (0, 0): -share}
        assert not violations([first, second], (Q(1),) * 2, (Q(0),) * 2)
        assert sum(map(abs, (*first.values(), *second.values()))) == found.value


@pytest.mark.parametrize("wishes", [["completeness"], ["dummy"], ["completeness", "dummy"], ["affine_exactness", "symmetry"]])
def test_the_degrees_of_freedom_are_those_of_another_elimination(wishes: list[str]):
    for support in (hybrids(3), grid(2, 2)):
        rows, _ = dense(support, wishes)
        assert design(support, wishes).freedom == len(rows[0]) - rank(rows)


def test_without_dummy_the_least_variation_gives_the_equal_split_which_is_no_attribution_at_all():
    found = design(hybrids(3), ["completeness", "symmetry"])
    assert (found.value, found.unique) == (2, True)
    assert found.masses == ({(1, 1, 1): Q(1, 3), (0, 0, 0): Q(-1, 3)},) * 3


@pytest.mark.parametrize("n", [2, 3, 4])
def test_shapley_has_the_least_energy_of_all_complete_methods_with_dummy_on_hybrids(n: int):
    found = design(hybrids(n), ["completeness", "dummy"], energy(n))
    assert found.unique
    assert list(found.masses) == [by_orders(n, i) for i in range(n)]


def test_on_a_finer_grid_the_wishes_leave_a_choice():
    found = design(grid(2, 2), ["completeness", "dummy", "symmetry"])
    assert found.freedom > 0
    assert found.value == 4  # two measures that move mass 1 over distance 1 cannot do with less than 2 each
