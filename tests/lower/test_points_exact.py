"""Values by all coalitions contain those of orders, masks and closed forms, on networks and on plain games."""

from __future__ import annotations

from fractions import Fraction as Q
from itertools import product
from math import comb

import numpy as np
import pytest
import torch
from graphs import POINTS, graphs
from hypothesis import given, settings
from hypothesis import strategies as st
from lower.brute import by_masks, by_orders, contains, network_game, one_by_one
from lower.nets import FAMILIES, chain, dense, linear, random_linear
from lower.replica import values as replica

from attrtheory.lower.attribute import attribute
from attrtheory.lower.points.games import game_values
from attrtheory.lower.points.measures import banzhaf_values, owen_values, shapley_values
from attrtheory.lower.points.replacing import occlusion_values, partial_dependence
from attrtheory.methods import get_method
from attrtheory.models.ops import Relu

UNIONS = {1: [0], 2: [0, 1], 3: [1, 0, 1], 4: [0, 1, 1, 0]}


@st.composite
def questions(draw):
    """A graph, an input, a background of one or two rows, an output, and up to four players."""
    graph = draw(graphs())
    n = graph.features
    row = st.lists(POINTS, min_size=n, max_size=n)
    x, *bases = (np.array([float(q) for q in draw(row)]).reshape(graph.input_shape) for _ in range(draw(st.integers(2, 3))))
    players = draw(st.integers(1, min(n, 4)))
    labels = draw(st.permutations([*range(players), *(k % players for k in range(n - players))]))
    return graph, x, bases, draw(st.integers(0, graph.outputs - 1)), np.array(labels)


@settings(max_examples=40)
@given(questions())
def test_values_contain_the_rational_ones(question):
    graph, x, bases, target, labels = question
    players = int(labels.max()) + 1
    v = network_game(graph, x, bases, target, labels)
    options = {"background": np.stack(bases), "target": target, "groups": labels}
    unions = UNIONS[players]
    for found, exact in (
        (shapley_values(graph, x, **options), by_orders(v, players)),
        (banzhaf_values(graph, x, **options), by_masks(v, players)),
        (owen_values(graph, x, unions=unions, **options), by_orders(v, players, unions)),
        (occlusion_values(graph, x, **options), one_by_one(v, players)),
    ):
        assert contains(found.values, found.bound, exact)
        assert found.trust == "enclosed"


@settings(max_examples=30)
@given(questions())
def test_partial_dependence_is_its_formula(question):
    graph, x, bases, target, labels = question
    found = partial_dependence(graph, x, np.stack(bases), target=target, groups=labels)
    rows = [[Q(v) for v in b.ravel().tolist()] for b in bases]
    at = lambda p: replica(graph, tuple(p))[-1].ravel()[target]
    exact = []
    for i in range(int(labels.max()) + 1):
        moved = [[Q(p) if g == i else b for p, b, g in zip(x.ravel().tolist(), row, labels, strict=True)] for row in rows]
        exact.append(sum((at(p) - at(b) for p, b in zip(moved, rows, strict=True)), Q(0)) / len(rows))
    assert contains(found.values, found.bound, exact)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", ["shapley", "banzhaf", "owen", "occlusion"])
def test_the_refinement_is_the_definition(family, name: str):
    """On networks with real weights; groups where there are many features."""
    rng = np.random.default_rng(5)
    graph = family(rng)
    x, b = rng.normal(size=(2, *graph.input_shape))
    groups = None if graph.features < 8 else np.arange(graph.features) * 5 // graph.features
    found = attribute(graph, get_method(name), x, [b], 1, groups=groups)
    exact = attribute(graph, get_method(name), x, [b], 1, groups=groups, exact=True)
    assert exact.exact is not None
    assert (found.trust, exact.trust) == ("enclosed", "exact")
    assert contains(found.values, found.bound, exact.exact)
    assert found.bound.max() < 1e-11
    sides = zip(found.lower.ravel(), exact.exact, found.upper.ravel(), strict=True)
    assert all(Q(low) <= q <= Q(high) for low, q, high in sides)
    assert found.difference == pytest.approx(exact.difference, abs=1e-12)


def test_a_batch_is_its_rows_and_no_target_is_every_target():
    rng = np.random.default_rng(6)
    graph = dense(rng)
    x, b = rng.normal(size=(2, 4, 6))
    for values in (
        shapley_values, banzhaf_values, occlusion_values, lambda *a, **o: owen_values(*a, unions=[0, 1, 1, 0, 2, 2], **o),
    ):  # fmt: skip
        every = values(graph, x, b, target=None)
        assert every.values.shape == (4, 3, 6)
        assert every.difference.shape == (4, 3)
        targets = [2, 0, 1, 1]
        batch = values(graph, x, b, target=targets)
        np.testing.assert_allclose(batch.values, every.values[range(4), targets], atol=1e-14)
        for k in range(4):
            one = values(graph, x[k], b[k], target=targets[k])
            np.testing.assert_allclose(one.values[0], batch.values[k], atol=1e-14)
            np.testing.assert_allclose(one.difference[0], batch.difference[k], atol=1e-14)


def test_float32_and_strided_inputs_are_the_same_numbers():
    rng = np.random.default_rng(7)
    graph = dense(rng)
    wide = rng.normal(size=(3, 12)).astype(np.float32)
    expected = shapley_values(graph, wide[:, ::2].astype(np.float64)).values
    for same in (wide[:, ::2], torch.tensor(wide)[:, ::2], wide[:, ::2].tolist()):
        np.testing.assert_array_equal(shapley_values(graph, same).values, expected)


@pytest.mark.parametrize("d", [1, 2, 13])
def test_an_affine_network_gives_weights_times_displacements(d: int):
    rng = np.random.default_rng(8)
    weight, x, b = rng.integers(-9, 9, (3, d)).astype(float)
    graph = chain((d,), linear(weight[None], [2.0]))
    for found in (shapley_values(graph, x, b), banzhaf_values(graph, x, b), occlusion_values(graph, x, b)):
        assert contains(found.values, found.bound, [Q(v) for v in weight * (x - b)])


def test_a_game_of_unanimity_games_has_closed_forms():
    """Of u_T: Shapley 1/|T|, Banzhaf 2^(1-|T|), Owen 1 over the unions in T and over its members in the player's own."""
    rng = np.random.default_rng(9)
    n, unions = 11, [0, 0, 0, 1, 1, 2, 3, 3, 3, 3, 2]
    sums = [(frozenset(np.flatnonzero(rng.random(n) < 0.5).tolist()) or frozenset([0]), int(rng.integers(-8, 9)))
            for _ in range(40)]  # fmt: skip
    game = lambda s: sum(c * s[:, sorted(t)].all(1) for t, c in sums)
    share = {
        "shapley": lambda t, i: Q(1, len(t)),
        "banzhaf": lambda t, i: Q(1, 2 ** (len(t) - 1)),
        "owen": lambda t, i: Q(1, len({unions[k] for k in t}) * [unions[k] for k in t].count(unions[i])),
    }
    for index, part in share.items():
        found = game_values(game, n, index, unions=unions if index == "owen" else None, rows=1000)
        exact = [sum((c * part(t, i) for t, c in sums if i in t), Q(0)) for i in range(n)]
        assert contains(found.values, found.bound, exact)
        assert found.difference == sum(c for _, c in sums)
    assert found.evaluations == sum(2 ** (4 - 1 + unions.count(k)) for k in range(4))


def test_a_weighted_voting_game_by_counting():
    """Shapley values by counting coalitions of each size and weight: dynamic programming over (size, weight)."""
    weights, quota = [4, 3, 3, 2, 2, 1, 1, 1, 0], 9
    found = game_values(lambda s: s @ np.array(weights) >= quota, len(weights))
    for i, w in enumerate(weights):
        others, n = weights[:i] + weights[i + 1 :], len(weights)
        table = {(0, 0): 1}
        for other, (size, total) in ((o, key) for o in others for key in sorted(table, reverse=True)):
            moved = (size + 1, total + other)
            table[moved] = table.get(moved, 0) + table[size, total]
        pivotal = [(s, c) for (s, t), c in table.items() if t < quota <= t + w]
        assert abs(found.values[i] - float(sum(Q(c, n * comb(n - 1, s)) for s, c in pivotal))) < 1e-15


def test_extreme_numbers_stay_enclosed():
    graph = chain((3,), linear([[1e150, -1e-150, 1.0], [3e-160, 1.0, -1e150]]), Relu(), linear([[1e-20, 1.0]]))
    for x, b in product(([1.0, -1e-200, 0.0], [1e-300, 1e100, -0.0]), ([0.0] * 3, [1.0, -1e-200, 0.0])):
        v = network_game(graph, np.array(x), [np.array(b)], 0)
        found = shapley_values(graph, x, b)
        assert contains(found.values, found.bound, by_orders(v, 3))


def test_equal_points_and_twins():
    """No displacement gives 0; features with equal weights and values get the same, within the bounds."""
    rng = np.random.default_rng(10)
    first = random_linear(rng, 5, 8)
    first.weight[:, 3] = first.weight[:, 1]
    graph = chain((5,), first, Relu(), random_linear(rng, 8, 1))
    x = np.array([0.5, 1.0, -2.0, 1.0, 0.0])
    found = shapley_values(graph, x)
    assert abs(found.values[0, 1] - found.values[0, 3]) <= 2 * found.bound.max()
    assert abs(found.values[0, 4]) <= found.bound[0, 4]
    same = shapley_values(graph, x, x)
    assert (abs(same.values) <= same.bound).all()
