"""Statements about a box are proved, refuted, or left with their bounds; small cases were decided by hand."""

from __future__ import annotations

from fractions import Fraction as Q
from itertools import product

import numpy as np
import pytest
import torch
from graphs import slopes
from lower.nets import chain, dense, linear
from lower.replica import integrated_gradients_replica

import attrtheory as at
from attrtheory.errors import BadInput, TooLarge
from attrtheory.models.exact_graph import gradient_exact
from attrtheory.models.ops import Relu
from attrtheory.prove.box_bounds import sign

BEND = chain((2,), linear([[1.0, -1.0], [0.0, 1.0]]), Relu(), linear([[1.0, 3.0]]))  # relu(x1 - x2) + 3 relu(x2)
V = chain((1,), linear([[1.0], [-1.0]]), Relu(), linear([[1.0, 1.0]]))  # |x|
LATE = chain((1,), linear([[1.0], [-1.0]], [-0.5, -0.5]), Relu(), linear([[1.0, 1.0]]))  # |x| from 1/2 on, else 0

HAND = [
    # gradient (1, -1) where x1 > x2, and (0, 3) more where x2 > 0
    (BEND, [2, -2], [3, -1], "gradient", 0, ">", 0, "Proved"),
    (BEND, [2, -2], [3, -1], "gradient", 0, "<=", 1, "Proved"),
    (BEND, [2, -2], [3, -1], "gradient", 0, "<", 1, "Refuted"),
    (BEND, [0, 0], [1, 1], "gradient", 0, ">=", 0, "Proved"),
    (BEND, [0, 0], [1, 1], "gradient", 0, ">", 0, "Refuted"),
    (BEND, [0, 1], [1, 2], "gradient", 1, ">=", 2, "Proved"),
    (BEND, [-1, -1], [1, 1], "gradient", 1, "<=", 3, "Proved"),
    (BEND, [-1, -1], [1, 1], "gradient", 1, "<=", 2, "Refuted"),
    (BEND, [1, -1], [2, 1], "gradient_x_input", 0, ">=", 0, "Proved"),
    (BEND, [-2, -1], [-1, 1], "gradient_x_input", 1, ">", 0, "Refuted"),
    (LATE, [-1], [2], "gradient_x_input", 0, ">=", 0, "Proved"),
    (V, [-1], [2], "gradient", 0, ">=", 0, "Refuted"),
    (V, [1], [2], "gradient", 0, ">=", 1, "Proved"),
    (V, [Q(1, 3)], [Q(1, 3)], "gradient", 0, ">=", 1, "Proved"),
    (LATE, [-1], [2], "integrated_gradients", 0, ">=", 0, "Proved"),
    (LATE, [1], [2], "integrated_gradients", 0, ">=", Q(45, 100), "Proved"),
    (LATE, [1], [2], "integrated_gradients", 0, ">=", Q(55, 100), "Refuted"),
    (V, [1], [2], "integrated_gradients", 0, "<=", 2, "Proved"),
    (V, [1], [2], "integrated_gradients", 0, "<", 2, "Refuted"),
]


@pytest.mark.parametrize("graph, lower, upper, method, feature, relation, bound, expected", HAND)
def test_small_cases(graph, lower, upper, method, feature, relation, bound, expected):
    answer = at.box_query(graph, lower, upper, feature, relation, bound, method=method)
    assert answer.verdict.name == expected, str(answer)
    assert at.check(answer.certificate, answer.claim, lambda _: graph).verdict.name == expected


def test_a_point_box_is_decided_by_its_value():
    for relation, expected in ((">=", "Proved"), ("<=", "Proved"), (">", "Refuted"), ("<", "Refuted")):
        answer = at.box_query(V, [0], [0], 0, relation, 0)
        assert answer.verdict.name == expected
        assert at.check(answer.certificate, answer.claim, lambda _: V).verdict.name == expected


def test_on_a_grid_no_value_contradicts_a_verdict():
    """Random networks with small integer weights, all statements about the sign, a grid of rational points."""
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(5):
        graph = chain(
            (2,), linear(rng.integers(-2, 3, (4, 2)), rng.integers(-2, 3, 4)), Relu(),
            linear(rng.integers(-2, 3, (3, 4)), rng.integers(-2, 3, 3)), Relu(), linear(rng.integers(-2, 3, (1, 3))),
        )  # fmt: skip
        low = rng.integers(-3, 3, 2)
        high = low + rng.integers(0, 3, 2)
        grid = [[Q(int(a)) + Q(int(b - a), 6) * k for k in range(7)] for a, b in zip(low, high, strict=True)]
        gradients = [slopes(graph, list(x), 0) for x in product(*grid)]
        for feature, relation in product((0, 1), (">", ">=", "<", "<=")):
            answer = at.box_query(graph, low, high, feature, relation, parts=100)
            holds = [answer.claim.statement.holds(g[feature]) for g in gradients]
            assert answer.verdict.name != "Proved" or all(holds)
            if answer.bounds:
                assert all(answer.bounds[0] <= g[feature] <= answer.bounds[1] for g in gradients)
            seen.add((answer.verdict.name, all(holds)))
    assert ("Proved", True) in seen
    assert ("Refuted", False) in seen


def test_a_witness_is_where_it_says():
    rng = np.random.default_rng(4)
    graph = dense(rng)
    answer = at.box_query(graph, [-2] * 6, [2] * 6, 1, ">", 10, method="integrated_gradients", baseline=[1] * 6)
    witness = answer.verdict.witness
    x = list(witness.values.values())
    assert all(-2 <= v <= 2 for v in x)
    assert witness.lhs == integrated_gradients_replica(graph, [Q(1)] * 6, x, 0)[1] <= 10


def test_what_stays_unknown_is_said_with_its_bounds():
    rng = np.random.default_rng(8)
    graph = dense(rng)
    x = rng.normal(size=6)
    loose = at.box_bounds(graph, x - 1, x + 1, parts=1)
    low, seen = loose.lower[0], loose.attained_lower[0]
    assert at.box_query(graph, x - 1, x + 1, 0, ">=", low, parts=1).verdict.name == "Proved"
    near = at.box_query(graph, x - 1, x + 1, 0, ">=", low + (seen - low) / 10, parts=1)
    assert near.verdict.name == "Unknown"
    assert near.bounds[0] == low < seen
    assert f"[{float(near.bounds[0]):.6g}, " in str(near.verdict)
    with pytest.raises(BadInput, match="no certificate"):
        _ = near.certificate


def test_the_same_question_has_the_same_answer():
    graph = dense(np.random.default_rng(8))
    ask = lambda: at.box_query(graph, [-1] * 6, [1] * 6, 0, ">", -9, parts=300)
    assert ask().certificate == ask().certificate


def test_bounds_hold_what_was_found_and_name_signs():
    bounds = at.box_bounds(BEND, [-1, 1], [3, 2])
    assert bounds.trust == "enclosed"
    for i in range(2):
        assert bounds.lower[i] <= bounds.attained_lower[i] <= bounds.attained_upper[i] <= bounds.upper[i]
    assert bounds.attained_lower == (0, 2)
    assert bounds.attained_upper == (1, 3)
    assert [sign(bounds, i) for i in range(2)] == [">= 0", "+"]
    assert sign(at.box_bounds(V, [-1], [1]), 0) == "both"


@pytest.mark.parametrize(
    "change, message",
    [
        ({"lower": [1, 1], "upper": [0, 2]}, "smaller end first"),
        ({"lower": [float("nan"), 0]}, "finite"),
        ({"upper": [np.inf, 2]}, "finite"),
        ({"lower": [0]}, "shape"),
        ({"lower": [[0, 0], [1, 1]]}, "shape"),
        ({"lower": ["0", "0"]}, "give a float"),
        ({"feature": 2}, "features 0 to 1"),
        ({"feature": -1}, "features 0 to 1"),
        ({"feature": True}, "features 0 to 1"),
        ({"relation": "=="}, "there are > >= < <="),
        ({"bound": float("nan")}, "finite"),
        ({"method": "shapley"}, "integrated_gradients"),
        ({"target": 1}, "outputs 0 to 0"),
        ({"target": 0.0}, "outputs 0 to 0"),
        ({"baseline": [1, 1]}, "no baseline"),
        ({"parts": 0}, "parts"),
    ],
)
def test_what_makes_no_sense_is_refused(change, message):
    given = {"lower": [0, 0], "upper": [1, 2], "feature": 0, **change}
    with pytest.raises(BadInput, match=message):
        at.box_query(BEND, **given)


def test_tensors_arrays_lists_and_fractions_say_the_same():
    ends = [0.1, -0.25], [0.7, 0.5]
    kinds = [list, np.array, torch.tensor, lambda v: [Q(x) for x in v], lambda v: np.array(v * 2)[::1][:2]]
    digests = {
        at.box_query(BEND, kind(ends[0]), kind(ends[1]), 0, ">=").claim.digest
        for kind in kinds
        if kind is not torch.tensor
    }
    assert len(digests) == 1
    single = at.box_query(BEND, *(torch.tensor(e, dtype=torch.float32) for e in ends), 0, ">=")
    assert single.claim.box.lower[0] == Q(float(np.float32(0.1)))


def test_a_network_beyond_the_whole_numbers_is_refused():
    wide = chain((1,), linear(np.ones((5000, 1))), Relu(), linear(np.ones((1, 5000))))
    with pytest.raises(TooLarge, match="5,000 ReLUs"):
        at.box_query(wide, [0], [1], 0)


def test_a_kink_where_the_displacement_is_zero_leaves_a_statement_open():
    """x f'(x) = |x| >= 0; on [0, 1] the slope at 0 may be that of the other side, however small the part."""
    answer = at.box_query(V, [0], [1], 0, ">=", method="gradient_x_input", parts=50)
    assert answer.verdict.name == "Unknown"
    assert -Q(1, 1000) < answer.bounds[0] < 0


def test_a_statement_that_the_last_round_leaves_open_has_bounds():
    """relu(x1 - x2) + 3.1 relu(0.3 x1 + x2): two kinks meet at (0, 0), where the conventions allow -1 for x2."""
    graph = chain((2,), linear([[1.0, -1.0], [0.3, 1.0]]), Relu(), linear([[1.0, 3.1]]))
    answer = at.box_query(graph, [0, 0], [1, 1], 1, ">=", 0, parts=500)
    assert answer.verdict.name == "Unknown"
    low, high = answer.bounds
    exact = [gradient_exact(graph, [Q(a, 7), Q(b, 7)], 0)[1] for a in range(8) for b in range(8)]
    assert low <= min(exact)
    assert max(exact) <= high
