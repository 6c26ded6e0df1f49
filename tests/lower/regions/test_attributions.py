"""Both closed forms against formulas derived by hand, against each other, and against sampling."""

from __future__ import annotations

from fractions import Fraction as Q
from itertools import combinations, product
from math import factorial, prod

import numpy as np
import pytest
import torch
from lower.nets import FAMILIES, chain, convolutional, dense, linear, random_linear

from attrtheory.lower.integral_exact import integrated_gradients_exact
from attrtheory.lower.layers import forward
from attrtheory.lower.regions import box, kernel_attributions, measure_attributions
from attrtheory.lower.regions.measures import (
    Patch,
    mean_gradient,
    partial_dependence,
    point,
    straight_path,
    uniform,
    uniform_lime,
)
from attrtheory.lower.regions.slices import segment
from attrtheory.models.exact_graph import evaluate_exact, gradient_exact
from attrtheory.models.ops import MaxPool2d, Relu, Reshape

NEURONS = [([Q(3, 4), Q(-5, 4)], Q(1, 4)), ([Q(1), Q(-2), Q(3, 2)], Q(1, 8)), ([Q(-1, 2), Q(3, 4), Q(1)], Q(-1, 2))]


def neuron(w, b):
    return chain((len(w),), linear([[float(v) for v in w]], [float(b)]), Relu())


def plus(v: Q, power: int) -> Q:
    return max(v, Q(0)) ** power


@pytest.mark.parametrize("w, b", NEURONS)
def test_partial_dependence_of_a_neuron(w, b):
    """1 / ((m+1)! prod w) sum over corners e of (-1)^(m-|e|) (b + w_i x_i + w.e)_+^(m+1)."""
    x, d = [Q(1, 2), Q(1, 4), Q(7, 8)][: len(w)], len(w)
    expected = []
    for i in range(d):
        rest = [k for k in range(d) if k != i]
        corners = product([0, 1], repeat=d - 1)
        total = sum(
            (-1) ** (d - 1 - sum(e)) * plus(b + w[i] * x[i] + sum(w[k] * v for k, v in zip(rest, e, strict=True)), d)
            for e in corners
        )
        expected.append(total / (factorial(d) * prod(w[k] for k in rest)))
    measures = partial_dependence(np.array(x, dtype=float), np.zeros(d), np.ones(d))
    found = measure_attributions(neuron(w, b), measures, exact=True)
    assert list(found.exact_values) == expected
    assert np.abs(measure_attributions(neuron(w, b), measures).values - found.values).max() < 1e-14


@pytest.mark.parametrize("w, b", NEURONS)
def test_uniform_lime_of_a_neuron(w, b):
    """3/h E[V_i (u + h w.V)_+], by integrating out one coordinate after the other."""
    x, h, d = [Q(1, 2), Q(-1, 4), Q(1, 8)][: len(w)], Q(3, 4), len(w)
    u, a = b + sum(v * c for v, c in zip(w, x, strict=True)), [h * v for v in w]
    P = lambda q, t: plus(t, q) / factorial(q)
    expected = []
    for i in range(d):
        rest, total, m = [k for k in range(d) if k != i], Q(0), d - 1
        for e in product([-1, 1], repeat=m):
            c = u + sum(s * a[k] for s, k in zip(e, rest, strict=True))
            total += prod(e) * (
                (P(m + 2, c + a[i]) + P(m + 2, c - a[i])) / a[i] - (P(m + 3, c + a[i]) - P(m + 3, c - a[i])) / a[i] ** 2
            )
        expected.append(3 / h * total / (2 ** (m + 1) * prod(a[k] for k in rest)))
    measures = uniform_lime(np.array(x, dtype=float), h)
    found = measure_attributions(neuron(w, b), measures, exact=True)
    assert list(found.exact_values) == expected
    assert np.abs(measure_attributions(neuron(w, b), measures).values - found.values).max() < 1e-13


def test_measures_on_an_axis():
    """2 int_0^1 (w_i t + b)_+ dt = ((w_i + b)_+^2 - b_+^2) / w_i, and the point x_i e_i."""
    w, b = [Q(3, 2), Q(-1), Q(1, 4)], Q(1, 2)
    axes, x = np.eye(3), [0.5, 0.25, 1.0]
    line = measure_attributions(neuron(w, b), [[Patch(segment(np.zeros(3), e), Q(2))] for e in axes], exact=True)
    assert list(line.exact_values) == [(plus(v + b, 2) - plus(b, 2)) / v for v in w]
    points = measure_attributions(neuron(w, b), [[point(v * e)] for v, e in zip(x, axes, strict=True)], exact=True)
    assert list(points.exact_values) == [plus(v * Q(t) + b, 1) for v, t in zip(w, x, strict=True)]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_straight_path_gives_integrated_gradients(family):
    rng = np.random.default_rng(4)
    graph = family(rng)
    x0, x = rng.normal(size=(2, *graph.input_shape))
    exact = integrated_gradients_exact(graph, x0, x, 1).values
    found = kernel_attributions(graph, straight_path(x0, x), 1, exact=True)
    assert list(found.exact_values) == [Q(int(q.p), int(q.q)) for q in exact]
    plain = kernel_attributions(graph, straight_path(x0, x), 1)
    assert np.abs(plain.values - found.values).max() <= 1e-11 * np.abs(found.values).max()


def three(rng):
    return chain((3,), random_linear(rng, 3, 6), Relu(), random_linear(rng, 6, 5), Relu(), random_linear(rng, 5, 2))


def pooled(rng):
    return chain((1, 1, 3), MaxPool2d((1, 2), (1, 1), (0, 0, 0, 0), (1, 1)), Reshape((2,)), random_linear(rng, 2, 6), Relu(),
                 random_linear(rng, 6, 2))  # fmt: skip


@pytest.mark.parametrize("make", [three, pooled])
def test_the_two_forms_agree_by_the_fundamental_theorem(make):
    """Slopes times occupancy over a box is the difference of integrals over two of its sides, by its width."""
    graph, low, high = make(np.random.default_rng(0)), np.array([-1.0, -0.5, -1.5]), np.array([1.0, 1.5, 0.5])
    inner = kernel_attributions(graph, mean_gradient(low, high), 1, exact=True)
    sides = []
    for i in range(3):
        at, width = np.arange(3) == i, Q(high[i]) - Q(low[i])
        sides.append([uniform(np.where(at, high, low), high, 1 / width), uniform(low, np.where(at, low, high), -1 / width)])
    assert inner.exact_values == measure_attributions(graph, sides, 1, exact=True).exact_values
    assert np.abs(kernel_attributions(graph, mean_gradient(low, high), 1).values - inner.values).max() < 1e-13


def test_segments_along_axes_give_shapley_values():
    graph, x = three(np.random.default_rng(1)), [Q(1), Q(-2), Q(3, 2)]
    value = lambda s: evaluate_exact(graph, [v if k in s else Q(0) for k, v in enumerate(x)])[0]
    kernels, expected = [], []
    for i in range(3):
        kernel, total = [], Q(0)
        for size in range(3):
            for s in combinations([k for k in range(3) if k != i], size):
                weight = Q(factorial(size) * factorial(2 - size), 6)
                start = np.array([float(v) if k in s else 0.0 for k, v in enumerate(x)])
                kernel.append(Patch(segment(start, start + np.eye(3)[i] * float(x[i])), weight * x[i]))
                total += weight * (value({*s, i}) - value(s))
        kernels.append(kernel)
        expected.append(total)
    assert list(kernel_attributions(graph, kernels, exact=True).exact_values) == expected


@pytest.mark.parametrize("make, features", [(dense, 6), (convolutional, 36)])
def test_sampling_agrees(make, features):
    """A density on a box of three of the features, five standard errors of 200,000 samples."""
    rng = np.random.default_rng(2)
    graph, low = make(rng), rng.normal(size=features) / 4
    high = low + 0.5 * (np.arange(features) < 3)
    patch = Patch(box(low, high), Q(1, 2), (Q(1), Q(-2), Q(0)))
    found = measure_attributions(graph, [[patch]], 1)
    s = rng.uniform(size=(200_000 if features < 10 else 20_000, 3))
    x = torch.tensor(patch.support.inputs(s)).view(-1, *graph.input_shape)
    y = forward(graph, x).flatten(1)[:, 1].numpy() * (0.5 + s[:, 0] - 2 * s[:, 1])
    assert abs(found.values[0] - y.mean()) <= 5 * y.std() / len(y) ** 0.5
    assert found.trust == "float"


def test_a_kernel_inside_a_kink_says_so():
    graph = chain((2,), linear([[1, -1]]), Relu())
    along = kernel_attributions(graph, straight_path([0.0, 0.0], [1.0, 1.0]), exact=True)
    assert (along.exact_values, along.kinks) == ((Q(0), Q(0)), ("layer1",))
    across = kernel_attributions(graph, straight_path([0.0, 1.0], [1.0, 0.0]), exact=True)
    assert (across.exact_values, across.kinks) == ((Q(1, 2), Q(1, 2)), ())
    at_kink = kernel_attributions(graph, [[point([1.0, 1.0])]] * 2)
    assert at_kink.kinks == ("layer1",)
    assert at_kink.values.tolist() == [float(v) for v in gradient_exact(graph, [Q(1), Q(1)], 0)]
