"""Leaf formulas in rationals against all coalitions; features and thresholds repeat, and points hit thresholds."""

from __future__ import annotations

from fractions import Fraction as Q

import numpy as np
import pytest
from trees import brute

from attrtheory.errors import BadInput, SideCondition
from attrtheory.lower.trees.exact import index_values, path_dependent_mean, path_dependent_values
from attrtheory.lower.trees.indices import BANZHAF, OCCLUSION, PARTIAL_DEPENDENCE, SHAPLEY, lime
from attrtheory.lower.trees.straight import straight_path_values
from attrtheory.methods import AVERAGES, METHODS
from attrtheory.models.trees import leaves
from attrtheory.semantics.exact import evaluate

DEFINED = {m.name: m for m in (*METHODS, *AVERAGES)}
STUMP = ("split", 1, Q(1), ("leaf", Q(1), 2), ("leaf", Q(5), 3), 5)


def cases(count: int = 40):
    rng = np.random.default_rng(3)
    special = [[("leaf", Q(7, 2), 4)], [STUMP], [STUMP, ("leaf", Q(1), 1), STUMP]]
    for k in range(count):
        n = int(rng.integers(2, 5))
        specs = special[k] if k < 3 else [brute.random_spec(rng, n, int(rng.integers(1, 5))) for _ in range(2)]
        yield specs, n, bool(k % 2), brute.random_point(rng, n), brute.random_point(rng, n)


def test_the_arrays_compute_what_the_nested_tree_computes():
    for specs, n, strict, x, z in cases():
        forest = brute.forest_of(specs, n, strict=strict, offset=Q(1, 3), weight=Q(2, 7))
        for y in (x, z):
            expected = Q(1, 3) + Q(2, 7) * sum(brute.value(s, y, strict=strict) for s in specs)
            assert forest(*y) == expected
            assert evaluate(forest.fn()(*y), {}) == expected
            assert abs(forest.values(np.array([y], float))[0] - float(expected)) < 1e-12


def test_boxes_of_leaves_add_up_to_the_forest():
    for specs, n, strict, x, _ in cases():
        forest = brute.forest_of(specs, n, strict=strict, offset=Q(1, 3))
        inside = [evaluate(leaf.indicator(x, strict=strict), {}) for leaf in leaves(forest)]
        assert sum(inside) == len(specs)
        assert forest(*x) == Q(1, 3) + sum(leaf.value * one for leaf, one in zip(leaves(forest), inside, strict=True))


@pytest.mark.parametrize("name", ["shapley", "banzhaf", "occlusion"])
def test_indices_of_mixtures_are_those_of_all_coalitions(name):
    index = {"shapley": SHAPLEY, "banzhaf": BANZHAF, "occlusion": OCCLUSION}[name]
    for specs, n, strict, x, z in cases():
        game = brute.mixing_game(specs, x, z, strict=strict)
        forest = brute.forest_of(specs, n, strict=strict, offset=Q(5))
        assert list(index_values(forest, index, x, [z])) == getattr(brute, name)(game, n)
        assert index_values(forest, index, x, [z]) == DEFINED[name].all(forest, x, [z])


@pytest.mark.parametrize("kind", ["flat", "steep", "few sizes"])
def test_lime_is_the_least_squares_fit_on_all_masks(kind):
    for specs, n, strict, x, z in cases(20):
        weights = {"flat": [1] * (n + 1), "steep": [3**k for k in range(n + 1)], "few sizes": [1, 2] + [0] * (n - 2) + [1]}
        kernel = list(map(Q, weights[kind]))
        forest = brute.forest_of(specs, n, strict=strict, offset=Q(5))
        found = index_values(forest, lime(kernel, n), x, [z])
        assert list(found) == brute.least_squares(brute.mixing_game(specs, x, z, strict=strict), n, kernel)


def test_a_background_is_a_mean():
    for specs, n, strict, x, z in cases(20):
        forest, background = brute.forest_of(specs, n, strict=strict, offset=Q(5)), [z, z, x, [Q(1)] * n]
        games = [brute.mixing_game(specs, x, b, strict=strict) for b in background]
        mean = [sum(column, Q(0)) / 4 for column in zip(*(brute.shapley(g, n) for g in games), strict=True)]
        assert list(index_values(forest, SHAPLEY, x, background)) == mean
        alone = [sum((g(frozenset([i])) for g in games), Q(0)) / 4 + 5 for i in range(n)]
        assert list(index_values(forest, PARTIAL_DEPENDENCE, x, background)) == alone


def test_path_dependent_values_are_shapley_values_of_the_recursion_over_covers():
    for specs, n, strict, x, _ in cases():
        game = brute.cover_game(specs, x, strict=strict)
        forest = brute.forest_of(specs, n, strict=strict, offset=Q(5), weight=Q(3))
        assert list(path_dependent_values(forest, x)) == [3 * v for v in brute.shapley(game, n)]
        assert path_dependent_mean(forest) == 5 + 3 * game(frozenset())


def test_a_split_that_no_training_data_reached_has_no_shares():
    empty = ("split", 0, Q(1), ("leaf", Q(1), 0), ("leaf", Q(2), 0), 0)
    with pytest.raises(BadInput, match="cover 0"):
        path_dependent_values(brute.forest_of([empty], 1), [Q(0)])


def test_straight_paths_credit_the_jumps_in_their_order():
    checked = 0
    for specs, n, strict, x, z in cases(300):
        expected = [brute.path_jumps(s, x, z, strict=strict) for s in specs]
        if None in expected:
            continue
        forest, checked = brute.forest_of(specs, n, strict=strict, offset=Q(5)), checked + 1
        found = straight_path_values(forest, x, z)
        assert list(found) == [sum(column, Q(0)) for column in zip(*expected, strict=True)]
        assert sum(found) == forest(*x) - forest(*z)
    assert checked > 100


def test_ties_are_credited_where_they_add_up_and_refused_where_they_do_not():
    leaf = lambda v: ("leaf", Q(v), 1)
    half = Q(1, 2)
    side = lambda a, b: ("split", 1, half, leaf(a), leaf(b), 2)
    tree = lambda a, b, c, d: ("split", 0, half, side(a, b), side(c, d), 4)
    one, zero = [Q(1), Q(1)], [Q(0), Q(0)]
    assert straight_path_values(brute.forest_of([tree(0, 2, 5, 7)], 2), one, zero) == (5, 2)
    with pytest.raises(SideCondition, match=r"tree 1: .*\[0, 1\].* time 1/2"):
        straight_path_values(brute.forest_of([leaf(0), tree(0, 0, 0, 1)], 2), one, zero)
    alone = lambda i: ("split", i, half, leaf(0), leaf(3), 2)
    assert straight_path_values(brute.forest_of([alone(0), alone(1)], 2), one, zero) == (3, 3)


def test_jumps_at_the_ends_of_a_path_follow_the_split_rule():
    stump = ("split", 0, Q(1), ("leaf", Q(0), 1), ("leaf", Q(4), 1), 2)
    for strict in (False, True):
        forest = brute.forest_of([stump], 1, strict=strict)
        for x, z in ((0, 1), (1, 0), (1, 2), (2, 1), (1, 1)):
            assert straight_path_values(forest, [Q(x)], [Q(z)]) == (forest(Q(x)) - forest(Q(z)),)
