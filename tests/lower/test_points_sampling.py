"""Confidence intervals contain the exact values, their ranges are proved, and broken ones are noticed."""

from __future__ import annotations

from fractions import Fraction as Q
from itertools import permutations
from math import log, sqrt

import numpy as np
import pytest
import torch
from graphs import graphs
from hypothesis import given, settings
from hypothesis import strategies as st
from lower.brute import network_game
from lower.nets import FAMILIES, chain, dense, linear

from attrtheory.errors import BadInput, TooLarge
from attrtheory.lower.attribute import Sample, attribute
from attrtheory.lower.layers import network
from attrtheory.lower.points import confidence, sampling
from attrtheory.lower.points.backward import gradients
from attrtheory.lower.points.confidence import mean_interval
from attrtheory.lower.points.draws import Coalitions, Orders
from attrtheory.lower.points.gradient_range import gradient_range
from attrtheory.lower.points.measures import index_values
from attrtheory.lower.points.problem import problem
from attrtheory.lower.points.reach import reach
from attrtheory.lower.points.sampling import marginal_range, sampled_values
from attrtheory.methods import get_method
from attrtheory.models.exact_graph import gradient_exact
from attrtheory.models.ops import Relu

INDICES = (("shapley", None), ("banzhaf", None), ("owen", [0, 1, 1, 0, 2]))


# the intervals ----------------------------------------------------------------------------------------------------------
def test_an_interval_is_its_formula():
    """Two columns, 90 %: each bound and each of its sides gets a share of 0.1 / 8 (Bernstein's two-sided 0.1 / 4)."""
    rng = np.random.default_rng(0)
    samples = np.stack([rng.integers(0, 2, 400), np.full(400, 0.25)], 1).astype(float)
    lower, upper = mean_interval(samples, np.zeros(2), np.ones(2), 0.9)
    p = samples[:, 0].mean()
    hoeffding = sqrt(log(2 / (0.1 / 4)) / 800)
    assert (upper[0] - lower[0]) / 2 == pytest.approx(hoeffding, rel=1e-6)
    assert (lower[0] + upper[0]) / 2 == pytest.approx(p)
    bernstein = 7 * log(2 / (0.1 / 8)) / (3 * 399)  # no variance
    assert (upper[1] - lower[1]) / 2 == pytest.approx(bernstein, rel=1e-6)


def test_intervals_of_biased_coins_hold_as_often_as_they_say():
    """At 50 %: of 2,000 intervals far fewer than half miss, but many would if they were a fifth as wide."""
    rng, missed, narrow = np.random.default_rng(1), 0, 0
    for p in (0.5, 0.02):
        for _ in range(1000):
            coins = (rng.random((60, 1)) < p).astype(float)
            lower, upper = mean_interval(coins, np.zeros(1), np.ones(1), 0.5)
            missed += not lower <= p <= upper
            narrow += not abs(coins.mean() - p) <= (upper - lower) / 10  # a fifth of the half width
    assert missed <= 300
    assert narrow >= 300


@pytest.mark.parametrize("arguments", [(np.zeros((1, 2)), 0.9), (np.zeros((5, 2)), 0.0), (np.zeros((5, 2)), 1.0)])
def test_an_interval_needs_samples_and_a_confidence(arguments):
    samples, share = arguments
    with pytest.raises(BadInput):
        mean_interval(samples, np.zeros(2), np.ones(2), share)


# the ranges -------------------------------------------------------------------------------------------------------------
@settings(max_examples=50)
@given(graph=graphs(), data=st.data())
def test_every_gradient_lies_in_its_range(graph, data):
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    net, target = network(graph), int(rng.integers(graph.outputs))
    low, high = np.sort(rng.normal(size=(2, *graph.input_shape)), axis=0)
    box = reach(net, torch.tensor(low)[None], torch.tensor(high)[None])
    at = low + (high - low) * rng.random((20, *graph.input_shape))
    output = box[-1]
    outputs, slopes = gradients(net, torch.tensor(at), torch.full((20,), target))
    slack = 1e-9 * (1 + outputs.abs() + output.size.flatten(1))
    assert (outputs >= output.lower.flatten(1) - slack).all()
    assert (outputs <= output.upper.flatten(1) + slack).all()
    for p, slope in zip(at[:2], slopes, strict=False):  # at random points no unit is on a kink, so the oracle has no say
        expected = gradient_exact(graph, [Q(v) for v in p.ravel().tolist()], target)
        np.testing.assert_allclose(slope.flatten(), [float(q) for q in expected], rtol=1e-9, atol=1e-9)
    slopes = slopes.flatten(1)
    for known in (box, None):
        a, b = gradient_range(net, target, known)
        near = 1e-9 * (1 + slopes.abs())
        assert ((slopes >= a - near) & (slopes <= b + near)).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_every_marginal_contribution_lies_in_its_range(family):
    rng = np.random.default_rng(2)
    graph = family(rng)
    x, *bases = rng.normal(size=(3, *graph.input_shape))
    labels = np.arange(graph.features) % 4
    p = problem(graph, x, None, np.stack(bases), 1, labels)
    low, high, _ = marginal_range(p, 0)
    for base in bases:
        v = network_game(graph, x, [base], 1, labels)
        for order in permutations(range(4)):
            for k, i in enumerate(order):
                change = v(frozenset(order[: k + 1])) - v(frozenset(order[:k]))
                assert Q(low[i]) <= change <= Q(high[i])


def test_a_feature_without_influence_has_no_range():
    graph = chain((3,), linear([[1.0, 0.0, 2.0]]))
    found = sampled_values("shapley", graph, [1.0, 1.0, 1.0], samples=2)
    np.testing.assert_allclose(found.values, [[1.0, 0.0, 2.0]], atol=1e-12)
    np.testing.assert_allclose(found.upper - found.lower, 0, atol=1e-8)  # one slope each: nothing is left to chance


# the draws --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("unions", [[0, 0, 0], [0, 1, 0], [2, 0, 1]])
def test_orders_are_uniform_and_keep_unions_together(unions):
    members, place = Orders(np.array(unions)).coalitions(6000, np.random.default_rng(3))
    orders = [tuple(np.argsort(p).tolist()) for p in place.reshape(-1, 3)]
    together = lambda o: unions != [0, 1, 0] or o[1] != 1
    allowed = [o for o in permutations(range(3)) if together(o)]
    assert set(orders) == set(allowed)
    assert all(abs(orders.count(o) / len(orders) - 1 / len(allowed)) < 0.02 for o in allowed)
    assert (members.sum(-1) == np.arange(4)).all()  # 0, 1, 2, 3 arrivals
    assert (members[:, 0] == ~members[:, 1, ::-1]).all()  # backwards


@pytest.mark.parametrize("draw", [Orders(np.zeros(4, int)), Orders(np.array([1, 0, 1, 0])), Coalitions(4)])
def test_marginals_are_of_the_game(draw):
    """Of an additive game every draw gives the worth of each player."""
    worth = np.array([1.0, -2.0, 4.0, 8.0])
    members, kept = draw.coalitions(50, np.random.default_rng(4))
    np.testing.assert_array_equal(draw.marginals(members @ worth, kept), np.tile(worth, (50, 1)))


# values -----------------------------------------------------------------------------------------------------------------
def question(seed: int):
    rng = np.random.default_rng(seed)
    graph = dense(rng)
    return graph, rng.normal(size=6), rng.normal(size=(2, 6)), [0, 1, 2, 3, 4, 0]


def misses(runs: int, **options) -> int:
    """In how many runs some exact value lies outside its interval."""
    graph, x, b, groups = question(5)
    count = 0
    for index, unions in INDICES:
        exact = index_values(index, graph, x, background=b, groups=groups, unions=unions, target=1).values
        for seed in range(runs):
            found = sampled_values(
                index, graph, x, background=b, groups=groups, unions=unions, target=1, seed=seed, **options
            )
            assert ((found.lower <= found.values) & (found.values <= found.upper)).all()
            count += not ((found.lower <= exact) & (exact <= found.upper)).all()
    return count


def test_intervals_contain_the_exact_values():
    assert misses(40, samples=40, confidence=0.9) <= 12
    assert misses(2, samples=3000, confidence=0.99) == 0


def test_intervals_a_hundredth_as_wide_are_noticed(monkeypatch: pytest.MonkeyPatch):
    """The samples vary, so the test above would see it if intervals were too narrow."""

    def narrow(samples, low, high, share):
        lower, upper = confidence.mean_interval(samples, low, high, share)
        mean = samples.mean(0)
        return mean - (mean - lower) / 100, mean + (upper - mean) / 100

    monkeypatch.setattr(sampling, "mean_interval", narrow)
    assert misses(10, samples=40, confidence=0.9) > 15


@pytest.mark.parametrize("mutant", ["next player", "uneven orders"])
def test_biased_draws_are_noticed(monkeypatch: pytest.MonkeyPatch, mutant: str):
    if mutant == "next player":
        marginals = Orders.marginals
        monkeypatch.setattr(Orders, "marginals", lambda self, v, place: np.roll(marginals(self, v, place), 1, axis=1))
    else:
        monkeypatch.setattr(Orders, "coalitions", lambda self, n, rng: _one_order(self, n))
    assert misses(1, samples=20_000, confidence=0.99) > 0


def _one_order(orders: Orders, draws: int):
    place = np.tile(np.arange(len(orders.unions)), (draws, 2, 1))
    return place[:, :, None] < np.arange(len(orders.unions) + 1)[:, None], place


def test_the_seed_decides_and_intervals_shrink():
    graph, x, b, _ = question(6)
    one, same, other = (sampled_values("shapley", graph, x, background=b, seed=s, target=0) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.values, same.values)
    assert (one.values != other.values).any()
    long = sampled_values("shapley", graph, x, background=b, target=0, samples=8000)
    assert (long.upper - long.lower).max() < 0.5 * (one.upper - one.lower).max()
    assert (one.trust, one.samples, one.seed, one.confidence) == ("sampled", 1000, 1, 0.99)
    assert one.values.sum() == pytest.approx(one.difference[0], abs=0.05)


def test_an_attribution_of_many_features_by_samples():
    """Beyond all coalitions: 40 features, a threshold of their sum. By symmetry all values are 1/40."""
    graph = chain((40,), linear(np.full((2, 40), 1.0), [-19.0, -20.0]), *_step())
    with pytest.raises(TooLarge, match="samples"):
        attribute(graph, get_method("shapley"), np.ones(40), [np.zeros(40)], 0)
    found = attribute(graph, get_method("shapley"), np.ones(40), [np.zeros(40)], 0, sample=Sample(4000, 0.95, 3))
    assert found.trust == "sampled"
    assert found.sample == Sample(4000, 0.95, 3)
    assert found.difference == 1
    assert ((found.lower <= 1 / 40) & (found.upper >= 1 / 40)).all()
    assert (found.upper - found.lower).max() < 0.1


def _step():
    return Relu(), linear([[1.0, -1.0]])


@pytest.mark.parametrize(
    "options",
    [{"samples": 1}, {"samples": True}, {"samples": 2.5}, {"target": None}, {"confidence": 1.0}, {"unions": [0] * 6}],
)
def test_bad_questions_are_refused(options):
    graph, x, b, _ = question(7)
    with pytest.raises(BadInput):
        sampled_values("shapley", graph, x, b[0], **options)
