"""The float sweep, its enclosure, the rational sweep and a naive replica say the same."""

from __future__ import annotations

from fractions import Fraction as Q
from itertools import pairwise

import numpy as np
import pytest
from graphs import POINTS, graphs
from hypothesis import given, settings
from hypothesis import strategies as st
from lower.nets import FAMILIES
from lower.replica import integrated_gradients_replica

from attrtheory.lower.integral_exact import integrated_gradients_exact
from attrtheory.lower.integrated_gradients import integrated_gradients_line
from attrtheory.lower.line_exact import line_sweep_exact
from attrtheory.models.exact_graph import gradient_exact
from attrtheory.models.graph import Graph, Node
from attrtheory.models.ops import LeakyRelu, Relu, Reshape, Select


def fractions(quotients) -> list[Q]:
    return [Q(int(q.p), int(q.q)) for q in quotients]


@st.composite
def questions(draw, points=POINTS):
    """A graph, two points and an output."""
    graph = draw(graphs())
    n = graph.features
    x0, x = (draw(st.lists(points, min_size=n, max_size=n)) for _ in range(2))
    return graph, x0, x, draw(st.integers(0, graph.outputs - 1))


def shaped(graph, *points) -> list[np.ndarray]:
    return [np.array([*p, None], dtype=object)[:-1].reshape(graph.input_shape) for p in points]


@settings(max_examples=100)
@given(questions())
def test_the_rational_sweep_is_the_definition(question):
    graph, x0, x, target = question
    found = integrated_gradients_exact(graph, *shaped(graph, x0, x), target)
    assert fractions(found.values) == integrated_gradients_replica(graph, x0, x, target)
    assert all(a <= v <= b for a, v, b in zip(found.lower, found.values, found.upper, strict=True))
    assert found.kinks or found.lower == found.upper == found.values


@settings(max_examples=50)
@given(questions())
def test_the_network_does_not_bend_between_breakpoints(question):
    graph, x0, x, target = question
    t = fractions(line_sweep_exact(graph, *shaped(graph, x0, x))[0])
    assert t == sorted(set(t))
    assert (t[0], t[-1]) == (0, 1)
    for a, b in pairwise(t):
        inside = ([u + (a + c * (b - a)) * (v - u) for u, v in zip(x0, x, strict=True)] for c in (Q(1, 7), Q(5, 7)))
        first, second = (gradient_exact(graph, p, target) for p in inside)
        assert first == second


def test_a_selection_of_values_on_pieces_and_of_the_input():
    """Values that depend on the pieces of the path beside one that does not, and units in kinks."""
    index = np.array([[[14, 6, 5]], [[12, 7, 5]]])
    nodes = (
        Node(Relu(), (0,), "relu"),
        Node(LeakyRelu(-1.25), (1,), "leaky"),
        Node(Reshape((1, 6)), (2,), "flat"),
        Node(Select(index, np.zeros(index.shape)), (2, 3, 0), "select"),
    )
    graph = Graph((2, 3), nodes)
    x0, x = [0.1, 1e-300, -1 / 3, -1.0, 1e-300, 0.5], [-1 / 3, 2.0, 1e10, -1.0, -1 / 3, 0.5]
    (found,) = integrated_gradients_line(graph, np.reshape(x, (2, 3)), np.reshape(x0, (2, 3)), 5, exact=True)
    assert list(found.exact_values) == integrated_gradients_replica(graph, [Q(v) for v in x0], [Q(v) for v in x], 5)


FLOATS = st.one_of(st.integers(-8, 8).map(lambda n: n / 4), st.sampled_from([0.1, -1 / 3, 1e-300, 1e10]))


@settings(max_examples=60)
@given(questions(FLOATS))
def test_every_result_is_worth_its_trust(question):
    """Weights from 5e-324 to 3.5e10: what float64 cannot settle is settled in rationals, never guessed."""
    graph, x0, x, target = question
    start, end = (np.array(p, dtype=np.float64).reshape(graph.input_shape) for p in (x0, x))
    (found,) = integrated_gradients_line(graph, end, start, target)
    truth = integrated_gradients_replica(graph, [Q(v) for v in x0], [Q(v) for v in x], target)
    if found.trust == "exact":
        assert list(found.exact_values) == truth
        assert found.values.ravel().tolist() == [float(q) for q in truth]
    else:
        ends = zip(found.lower.ravel().tolist(), truth, found.upper.ravel().tolist(), strict=True)
        assert found.trust == "enclosed"
        assert all(Q(a) <= q <= Q(b) for a, q, b in ends)
        assert (found.upper - found.lower).max() <= 1e-6 * np.abs(found.values).max()


@settings(max_examples=100)
@given(questions(FLOATS))
def test_an_enclosure_that_is_not_settled_holds_every_convention(question):
    graph, x0, x, target = question
    start, end = (np.array(p, dtype=np.float64).reshape(graph.input_shape) for p in (x0, x))
    (found,) = integrated_gradients_line(graph, end, start, target, settle=False)
    if found.trust == "exact":  # nothing moves
        return
    truth = integrated_gradients_exact(graph, start, end, target)
    for side in (truth.values, truth.lower, truth.upper):
        for a, q, b in zip(found.lower.ravel().tolist(), fractions(side), found.upper.ravel().tolist(), strict=True):
            assert Q(a) <= q <= Q(b)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.__name__)
def test_real_weights_to_rounding(family):
    """Forty networks of each family: the plain float sweep is right to 1e-12 of the largest attribution."""
    errors = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        graph = family(rng)
        x0, x = rng.normal(size=(2, *graph.input_shape))
        target = int(rng.integers(graph.outputs))
        truth = np.array([float(q) for q in fractions(integrated_gradients_exact(graph, x0, x, target).values)])
        (plain,) = integrated_gradients_line(graph, x, x0, target, certify=False)
        (sure,) = integrated_gradients_line(graph, x, x0, target)
        errors.append(np.abs(plain.values.ravel() - truth).max() / np.abs(truth).max())
        assert sure.trust == "enclosed"
        assert (sure.lower.ravel() <= truth).all()
        assert (truth <= sure.upper.ravel()).all()
        assert sure.pieces == plain.pieces
    assert max(errors) < 1e-12
