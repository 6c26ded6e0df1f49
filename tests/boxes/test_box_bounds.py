"""Bounds over a box hold every value, and are close where they can be."""

from __future__ import annotations

from fractions import Fraction as Q
from itertools import pairwise

import numpy as np
import pytest
from boxes.sampling import box_around, contains_all, hull_of, places_in, values_at
from graphs import graphs, slopes, specimen
from hypothesis import given, settings
from hypothesis import strategies as st
from lower.nets import FAMILIES, chain, dense, linear

from attrtheory.lower.box.cells import Cell, bounds
from attrtheory.lower.box.exact import enclosed
from attrtheory.lower.box.gradient import engine
from attrtheory.lower.box.parts import forms
from attrtheory.lower.box.question import METHODS, Box, Question
from attrtheory.models.ops import LeakyRelu, Relu

ONE = (Q(1), Q(1))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.__name__)
@pytest.mark.parametrize("method", METHODS)
def test_every_attribution_lies_between_the_bounds(family, method: str):
    rng = np.random.default_rng(7)
    if method == "integrated_gradients" and family in FAMILIES[3:]:
        pytest.skip("a path in rationals through convolutions takes long; gradients of these networks are tested")
    for radius in (0.5, 1e-3):
        graph = family(rng)
        question = question_on(graph, method, rng)
        box = box_around(rng.normal(size=graph.features), radius * rng.random(graph.features))
        assert contains_all(question, box, rng)


@given(graphs(), st.data())
@settings(max_examples=40)
def test_odd_networks_at_odd_points(graph, data):
    """Weights from 5e-324 to 3.5e10, ties, any layers: gradients written the long way lie between the bounds."""
    ends = st.lists(st.integers(-6, 6).map(lambda n: Q(n, 2)), min_size=graph.features, max_size=graph.features)
    a, b = data.draw(ends), data.draw(ends)
    box = Box(tuple(map(min, a, b)), tuple(map(max, a, b)))
    target = data.draw(st.integers(0, graph.outputs - 1))
    low, high = hull_of(Question(graph, "gradient", target, (Q(0),) * graph.features), box)
    part = st.sampled_from([Q(0), Q(1, 3), Q(1, 2), Q(1)])
    inside = [a + (b - a) * data.draw(part) for a, b in zip(box.lower, box.upper, strict=True)]
    assert all(u <= v <= w for u, v, w in zip(low, slopes(graph, inside, target), high, strict=True))


def test_at_a_kink_both_slopes_are_inside():
    graph = chain((1,), linear([[2.0]]), Relu(), linear([[3.0]]))
    low, high = hull_of(Question(graph, "gradient", 0, (Q(0),)), Box((Q(0),), (Q(0),)))
    assert low[0] <= 0
    assert high[0] >= 6


def test_of_tied_maxima_every_winner_is_inside():
    graph = specimen()
    zero = (Q(0),) * graph.features
    low, high = hull_of(Question(graph, "gradient", 0, zero), Box(zero, zero))
    nudged = [tuple(Q(int(v), 10**6) for v in np.random.default_rng(k).integers(-9, 9, graph.features)) for k in range(8)]
    near = Box(tuple(map(min, *nudged)), tuple(map(max, *nudged)))
    around = hull_of(Question(graph, "gradient", 0, zero), near)
    assert all(a <= u and v <= b for a, b, u, v in zip(*around, low, high, strict=True))


def test_a_leaky_slope_that_is_no_short_binary_number_is_exact_enough():
    graph = chain((1,), LeakyRelu(0.1))
    low, high = hull_of(Question(graph, "gradient", 0, (Q(0),)), Box((Q(-2),), (Q(-1),)))
    assert low[0] <= Q(0.1) <= high[0]
    assert high[0] - low[0] < Q(1, 10**9)


def test_where_all_signs_are_certain_the_bounds_are_close():
    rng = np.random.default_rng(3)
    graph = dense(rng)
    question = question_on(graph, "gradient", rng)
    x = rng.normal(size=graph.features)
    low, high = hull_of(question, box_around(x, np.full(graph.features, 1e-9)))
    exact = slopes(graph, [Q(v) for v in x.tolist()], question.target)
    assert max(b - a for a, b in zip(low, high, strict=True)) < Q(1, 10**7)
    assert all(a <= v <= b for a, v, b in zip(low, exact, high, strict=True))


def test_bounds_do_not_depend_on_what_else_is_looked_at():
    rng = np.random.default_rng(5)
    graph = dense(rng)
    boxes = [box_around(rng.normal(size=6), r * rng.random(6)) for r in (1, 0.1, 0.5, 3)]
    proving = engine(graph, np.int64)
    together = proving.bounds(forms([(b, ONE) for b in boxes], (Q(0),) * 6, np.int64), 0)
    for k, box in enumerate(boxes):
        alone = proving.bounds(forms([(box, ONE)], (Q(0),) * 6, np.int64), 0)
        assert np.array_equal(alone.low[0], together.low[k])
        assert np.array_equal(alone.high[0], together.high[k])
        assert alone.exponent[0] == together.exponent[k]


def test_floats_and_whole_numbers_agree():
    rng = np.random.default_rng(9)
    graph = dense(rng)
    places = [(box_around(rng.normal(size=6), 0.3 * rng.random(6)), ONE) for _ in range(8)]
    question = question_on(graph, "gradient", rng)
    (low, high, _), (least, most, _) = (bounds(engine(graph, d), question, places) for d in (np.float64, np.int64))
    assert np.abs(low - least).max() < 1e-6
    assert np.abs(high - most).max() < 1e-6
    assert (least <= low + 1e-12).all()
    assert (most >= high - 1e-12).all()


def test_pieces_of_the_span_narrow_a_mean():
    rng = np.random.default_rng(1)
    graph = dense(rng)
    question = Question(graph, "integrated_gradients", 0, (Q(0),) * 6)
    box = box_around(rng.normal(size=6), np.full(6, 1e-6))
    widths = []
    for bisections in range(6):
        cell = Cell(box, [question.span])
        for _ in range(bisections):
            cell.refine(cell.pieces)
        (bounded,) = enclosed(question, [cell])
        ends = [bounded.mean(i) for i in range(6)]
        widths.append(float(max(b - a for a, b in ends)))
    assert widths[-1] < widths[0] / 8
    assert all(b <= a * 1.001 for a, b in pairwise(widths))


@pytest.mark.parametrize("method", METHODS)
def test_places_far_from_zero_and_close_to_it(method: str):
    """Coordinates of 2^40 and of 2^-30 keep their meaning."""
    rng = np.random.default_rng(2)
    graph = dense(rng)
    question = Question(graph, method, 0, (Q(0),) * 6)
    for scale in (2.0**40, 2.0**-30):
        box = box_around(scale * rng.normal(size=6), scale * rng.random(6) / 50)
        low, high = hull_of(question, box)
        for x in places_in(box, rng, 4):
            assert all(a <= v <= b for a, v, b in zip(low, values_at(question, x), high, strict=True))


def question_on(graph, method: str, rng) -> Question:
    base = [Q(0)] * graph.features
    if method == "integrated_gradients":
        base = [Q(int(v), 3) for v in rng.integers(-3, 4, size=graph.features)]
    return Question(graph, method, int(rng.integers(graph.outputs)), tuple(base))
