"""Exact evaluation agrees with the definition of each layer, with torch, and with the symbolic term."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction as Q
from itertools import cycle, islice
from math import prod

import numpy as np
import pytest
import torch
from graphs import POINTS, graphs, naive, slopes
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch_modules import on_quarters, quarters, seeded

from attrtheory.errors import BadInput, NotExact, TooLarge, Unsupported
from attrtheory.expr import postorder, var
from attrtheory.models.affine import LARGEST_TABLE, sparse_rows
from attrtheory.models.exact_graph import ExactGraph, evaluate_exact, exact, gradient_exact
from attrtheory.models.graph import Graph, Node
from attrtheory.models.ops import PIECEWISE, Combine, Conv2d, Linear, MaxPool2d, Relu, Scale, Select
from attrtheory.models.ratios import dyadic
from attrtheory.models.terms import term_edges, to_terms
from attrtheory.models.torch_import import from_torch
from attrtheory.semantics.derive import derivative
from attrtheory.semantics.exact import evaluate


@st.composite
def cases(draw, most_layers: int = 5):
    graph = draw(graphs(most_layers))
    n = graph.features
    return graph, draw(st.lists(POINTS, min_size=n, max_size=n)), draw(st.integers(0, graph.outputs - 1))


def chain(shape, *ops) -> Graph:
    return Graph(shape, tuple(Node(op, (k,), f"layer{k}") for k, op in enumerate(ops)))


@given(cases())
def test_values_are_those_of_the_definition(case):
    graph, x, _ = case
    assert evaluate_exact(graph, x) == naive(graph, x)


@given(cases())
def test_derivatives_are_those_of_forward_differentiation(case):
    graph, x, target = case
    assert gradient_exact(graph, x, target) == slopes(graph, x, target)


@given(cases(most_layers=3))
def test_rows_of_affine_layers_reproduce_the_layer(case):
    graph, x, _ = case
    for node in graph.nodes:
        if isinstance(node.op, PIECEWISE):
            with pytest.raises(Unsupported, match="not affine"):
                sparse_rows(node.op, graph.shapes[node.inputs[0]])
            continue
        shape = graph.shapes[node.inputs[0]]
        inputs = [[v + k for v in islice(cycle(x), prod(graph.shapes[i]))] for k, i in enumerate(node.inputs)]
        flat = [v for values in inputs for v in values]
        rows = sparse_rows(node.op, shape)
        assert all(w != 0 for row in rows for _, w in row.terms)
        got = [sum((w * flat[i] for i, w in row.terms), row.bias) for row in rows]
        if isinstance(node.op, Combine):
            assert got == [
                sum(Q(c) * v[k] for c, v in zip(node.op.coefficients, inputs, strict=True)) for k in range(len(got))
            ]
        elif isinstance(node.op, Select):
            filled = zip(node.op.index.ravel(), node.op.fill.ravel(), strict=True)
            assert got == [flat[i] if i >= 0 else Q(float(c)) for i, c in filled]
        else:
            assert got == naive(chain(shape, node.op), inputs[0])


@given(cases())
@settings(max_examples=60)
def test_the_term_is_the_network(case):
    graph, x, target = case
    names = [f"x{i}" for i in range(graph.features)]
    term, env = to_terms(graph, [var(n) for n in names], target), dict(zip(names, x, strict=True))
    assert evaluate(term, env) == evaluate_exact(graph, x)[target]
    assert [evaluate(derivative(term, var(n)), env) for n in names] == gradient_exact(graph, x, target)


@given(cases())
def test_the_estimate_of_a_term_is_not_below_its_size(case):
    graph, _, target = case
    term = to_terms(graph, [var(f"x{i}") for i in range(graph.features)], target)
    assert sum(len(t.args) for t in postorder(term)) <= term_edges(graph)


def test_the_estimate_sees_sums_that_merge():
    """784 -> 10 -> 784 without a ReLU between: each output is a sum over 784 inputs, not over 10."""
    graph = chain((784,), Linear(np.ones((10, 784)), np.zeros(10)), Linear(np.ones((784, 10)), np.zeros(784)))
    assert term_edges(graph) >= 784 * 784


def test_ten_million_units_are_refused_at_once():
    graph = chain((10_000_000,), Relu())
    with pytest.raises(TooLarge, match="10,000,000 piecewise units"):
        to_terms(graph, [], 0)


@pytest.mark.parametrize("seed", range(6))
def test_torch_in_float64_gives_the_same_numbers_and_derivatives_also_on_kinks(seed: int):
    module = nn.Sequential(
        nn.Conv2d(2, 4, 3, stride=2, padding=1, groups=2),
        nn.LeakyReLU(0.25),
        nn.MaxPool2d(2, 1, 1),
        nn.Conv2d(4, 3, 2, dilation=2),
        nn.ReLU(),
        nn.AvgPool2d(2, 1),
        nn.Flatten(),
        nn.Linear(27, 5),
        nn.ReLU(),
        nn.Linear(5, 2),
    )
    x = quarters(seeded(seed), 1, 2, 9, 9)
    on_quarters(module)
    if seed % 2:  # without biases and with a black half many ReLUs stand at 0 and many pools are tied
        module[0].bias.data.zero_()
        module[3].bias.data.zero_()
        x[..., :5] = 0
    graph = from_torch(module, (2, 9, 9))
    x.requires_grad_()
    y = module(x)[0]
    point = [Q(v) for v in x.detach().ravel().tolist()]
    assert (0 in ExactGraph(graph).values(point)[5].fractions()) or not seed % 2
    assert evaluate_exact(graph, point) == [Q(v) for v in y.tolist()]
    for target in range(2):
        (g,) = torch.autograd.grad(y[target], x, retain_graph=True)
        assert gradient_exact(graph, point, target) == [Q(v) for v in g.ravel().tolist()]


def test_derivatives_on_kinks_follow_the_conventions():
    assert gradient_exact(chain((1,), Relu()), [Q(0)], 0) == [0]
    pool = chain((1, 2, 2), MaxPool2d((2, 2), (1, 1), (0, 0, 0, 0), (1, 1)))
    assert gradient_exact(pool, [Q(1), Q(2), Q(2), Q(2)], 0) == [0, 1, 0, 0]


def test_what_the_output_does_not_read_has_no_influence():
    dead = Node(Linear(np.array([[np.float64(7)]]), np.zeros(1)), (0,), "dead")
    graph = Graph((1,), (dead, Node(Scale(np.array(3.0), np.array(1.0)), (0,), "alive")))
    assert (evaluate_exact(graph, [Q(2)]), gradient_exact(graph, [Q(2)], 0)) == ([7], [3])


def test_a_network_without_layers_is_the_identity():
    graph = Graph((2,), ())
    assert evaluate_exact(graph, [Q(1, 3), Q(5)]) == [Q(1, 3), 5]
    assert gradient_exact(graph, [Q(1, 3), Q(5)], 1) == [0, 1]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=6))
def test_floats_become_whole_numbers_over_the_least_power_of_two(values: list[float]):
    whole, d = dyadic(np.array(values))
    assert [Q(n, d) for n in whole] == [Q(v) for v in values]
    assert d == max(Q(v).denominator for v in values)


def test_the_exact_form_is_made_once():
    graph = chain((2,), Relu())
    assert exact(graph) is exact(graph)


def test_values_of_every_layer_are_there():
    graph = chain((2,), Linear(np.array([[1.0, -1.0]]), np.array([0.5])), Relu())
    assert [v.fractions() for v in ExactGraph(graph).values([Q(1), Q(3)])] == [[1, 3], [Q(-3, 2)], [0]]


@pytest.mark.parametrize("x, error", [([Q(1)], BadInput), ([Q(1), 0.5], NotExact), ([Q(1), True], NotExact)])
def test_inputs_are_exact_and_complete(x, error):
    with pytest.raises(error):
        evaluate_exact(chain((2,), Relu()), x)


@pytest.mark.parametrize("target", [-1, 2])
def test_a_target_is_an_output(target: int):
    graph = chain((2,), Relu())
    with pytest.raises(BadInput, match="outputs 0 to 1"):
        gradient_exact(graph, [Q(1), Q(2)], target)
    with pytest.raises(BadInput, match="outputs 0 to 1"):
        to_terms(graph, [var("a"), var("b")], target)


def test_terms_need_one_term_per_feature():
    with pytest.raises(BadInput, match="2 input features"):
        to_terms(chain((2,), Relu()), [var("a")], 0)


def test_a_layer_that_gathers_too_much_is_refused_before_it_is_built():
    conv = Conv2d(np.ones((1, 1, 64, 64)), np.zeros(1), (1, 1), (0, 0, 0, 0), (1, 1), 1)
    side = 64 + int((LARGEST_TABLE / 64**2) ** 0.5) + 1
    tracemalloc.start()
    with pytest.raises(TooLarge, match="gather"):
        evaluate_exact(chain((1, side, side), conv), [Q(0)] * side**2)
    assert tracemalloc.get_traced_memory()[1] < LARGEST_TABLE
    tracemalloc.stop()
