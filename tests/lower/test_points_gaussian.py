"""SmoothGrad and Gaussian LIME in closed form against quadrature of their definitions, and against samples."""

from __future__ import annotations

from fractions import Fraction as Q
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from lower.nets import averaging, batch_norm, chain, convolutional, dense, linear, random_conv, random_linear
from scipy import integrate, stats

from attrtheory.errors import BadInput, Unsupported
from attrtheory.lower.points import gaussian
from attrtheory.lower.points.gaussian import gaussian_lime, smooth_grad
from attrtheory.lower.points.gaussian_sampling import sampled_smooth_grad
from attrtheory.models.exact_graph import gradient_exact
from attrtheory.models.graph import Graph, Node
from attrtheory.models.ops import AvgPool2d, Combine, LeakyRelu, Relu, Reshape

WEIGHTS, BIASES, OUT = [1.5, -0.75, 2.0, 0.0], [-0.5, 0.25, 3.0, 1.0], [2.0, -1.25, 0.5, 4.0]


def neurons(slope: float):
    """A network of one input with four units, and the same function in high precision."""
    hidden = Relu() if slope == 0 else LeakyRelu(slope)
    graph = chain((1,), linear([[w] for w in WEIGHTS], BIASES), hidden, linear([OUT], [0.5]))

    def f(y):
        units = [w * y + b for w, b in zip(WEIGHTS, BIASES, strict=True)]
        return sum(c * (u if u > 0 else mpmath.mpf(slope) * u) for c, u in zip(OUT, units, strict=True))

    kinks = [-b / w for w, b in zip(WEIGHTS, BIASES, strict=True) if w]
    return graph, f, kinks


@pytest.mark.parametrize("slope", [0.0, 0.25, -0.5])
@pytest.mark.parametrize("x, sigma", [(0.0, 1.0), (-1.5, 0.3), (1 / 3, 0.01), (0.7, 20.0)])
def test_closed_form_is_both_definitions(slope: float, x: float, sigma: float):
    """One input, 30 digits: the mean slope, and LIME's regression on Gaussian samples."""
    graph, f, kinks = neurons(slope)
    with mpmath.workdps(30):
        density = lambda t: mpmath.exp(-t * t / 2) / mpmath.sqrt(2 * mpmath.pi)
        ends = [-14, *sorted(t for k in kinks if abs(t := (mpmath.mpf(k) - x) / sigma) < 14), 14]
        h = mpmath.mpf(10) ** -12
        slope_at = lambda y: (f(y + h) - f(y)) / h
        mean_slope = sum(
            slope_at(x + sigma * (a + b) / 2) * (mpmath.ncdf(b) - mpmath.ncdf(a)) for a, b in pairwise(ends)
        )
        split = sorted({*ends, *range(-14, 15, 2)})
        lime = mpmath.quad(lambda t: t * f(x + sigma * t) * density(t), split) / sigma
    assert smooth_grad(graph, [x], sigma)[0, 0] == pytest.approx(float(mean_slope), rel=1e-12, abs=1e-12)
    assert gaussian_lime(graph, [x], sigma)[0, 0] == pytest.approx(float(lime), rel=1e-12, abs=1e-12)


def test_two_inputs_by_nested_quadrature():
    rng = np.random.default_rng(0)
    graph = chain((2,), random_linear(rng, 2, 4), Relu(), random_linear(rng, 4, 2))
    hidden, out = graph.nodes[0].op, graph.nodes[2].op
    x, sigma = np.array([0.3, -0.2]), 0.8

    def inner(t: float, i: int) -> float:
        """The mean over the first coordinate's noise of xi_i f / sigma, cut at the kinks."""
        offset = hidden.weight @ (x + sigma * np.array([0, t])) + hidden.bias
        kinks = -offset / (sigma * hidden.weight[:, 0])
        value = lambda s: out.weight[1] @ np.maximum(offset + sigma * s * hidden.weight[:, 0], 0) + out.bias[1]
        part = lambda s: (s if i == 0 else t) * value(s) * stats.norm._pdf(s) / sigma
        return integrate.quad(part, -9, 9, points=kinks[abs(kinks) < 9], limit=200)[0]

    for i in range(2):
        expected, _ = integrate.quad(lambda t, i=i: inner(t, i) * stats.norm._pdf(t), -9, 9, epsabs=1e-10, limit=200)
        assert gaussian_lime(graph, x, sigma, 1)[0, i] == pytest.approx(expected, abs=1e-8)


def skipping(rng) -> Graph:
    layers = [
        (random_linear(rng, 5, 7), (0,)), (LeakyRelu(0.2), (1,)), (random_linear(rng, 7, 3), (2,)),
        (random_linear(rng, 5, 3), (0,)), (Combine((1.0, 2.0)), (3, 4)),
    ]  # fmt: skip
    return Graph((5,), tuple(Node(op, ins, f"layer{k}") for k, (op, ins) in enumerate(layers)))


def one_convolution(rng) -> Graph:
    return chain(
        (1, 4, 4), random_conv(rng, 1, 2), batch_norm(rng, 2), Relu(), AvgPool2d((2, 2), (2, 2), (0, 0, 0, 0), True),
        Reshape((8,)), random_linear(rng, 8, 3),
    )  # fmt: skip


@pytest.mark.parametrize("family", [skipping, one_convolution])
def test_other_layers_may_stand_around(family):
    """Against sampled gradients, in batches with a target for each row."""
    rng = np.random.default_rng(1)
    graph = family(rng)
    x = rng.normal(size=(3, *graph.input_shape))
    closed = smooth_grad(graph, x, 0.7, [0, 2, 1])
    drawn = sampled_smooth_grad(graph, x, 0.7, [0, 2, 1], samples=3000)
    assert ((drawn.lower <= closed) & (closed <= drawn.upper)).all()
    assert (drawn.upper - drawn.lower).max() < 0.1 * abs(closed).max()
    assert drawn.trust == "sampled"


def test_a_wrong_spread_is_noticed(monkeypatch: pytest.MonkeyPatch):
    graph = skipping(np.random.default_rng(1))
    x = np.full((1, 5), 0.2)
    drawn = sampled_smooth_grad(graph, x, 0.7, samples=20_000)
    norms = gaussian.row_norms
    monkeypatch.setattr(gaussian, "row_norms", lambda net: {i: s**2 for i, s in norms(net).items()})
    wrong = smooth_grad(graph, x, 0.7)
    assert not ((drawn.lower <= wrong) & (wrong <= drawn.upper)).all()


@pytest.mark.parametrize("family", [dense, convolutional, averaging])
def test_deeper_networks_are_sampled(family):
    rng = np.random.default_rng(2)
    graph = family(rng)
    x = rng.normal(size=graph.input_shape)
    with pytest.raises(Unsupported, match="sampled_smooth_grad"):
        smooth_grad(graph, x, 1.0)
    found = sampled_smooth_grad(graph, x, 0.5, 1, samples=2000)
    noise = np.random.default_rng(9).standard_normal((100, graph.features))
    rows = [[Q(v) for v in (x.ravel() + 0.5 * e).tolist()] for e in noise]
    exact = np.array([[float(q) for q in gradient_exact(graph, row, 1)] for row in rows])
    spread = 5 * exact.std(0) / 10 + 1e-9  # five standard errors of their mean
    assert (found.lower.ravel() - spread <= exact.mean(0)).all()
    assert (exact.mean(0) <= found.upper.ravel() + spread).all()


def test_no_noise_is_the_gradient_with_its_convention():
    graph = chain((2,), linear([[1.0, -1.0], [2.0, 0.0], [0.0, 0.0]], [0.0, -1.0, 0.0]), Relu(), linear([[3.0, 1.0, 9.0]]))
    for x in ([0.5, 0.5], [1.0, 0.0], [0.5, 1.0]):
        expected = [float(q) for q in gradient_exact(graph, [Q(v) for v in x], 0)]
        assert smooth_grad(graph, x, 0.0).tolist() == [expected]


def test_extreme_weights_and_noise():
    """Norms whose squares overflow or vanish; a unit without weights; noise that decides everything or nothing."""
    graph = chain((2,), linear([[1e200, 0], [0, 1e-200], [0, 0]], [0, 0, 5]), Relu(), linear([[1e-200, 1e200, 1]]))
    np.testing.assert_allclose(smooth_grad(graph, [0.0, 1.0], 1.0), [[0.5, stats.norm.cdf(1)]], rtol=1e-14)
    np.testing.assert_allclose(smooth_grad(graph, [1.0, -1.0], 1e-300), [[1.0, 0.0]])
    np.testing.assert_allclose(smooth_grad(graph, [1.0, -1.0], 1e300), [[0.5, 0.5]])


@pytest.mark.parametrize("sigma", [-1.0, np.nan, np.inf])
def test_noise_is_a_number(sigma: float):
    graph = skipping(np.random.default_rng(3))
    for values in (smooth_grad, gaussian_lime, sampled_smooth_grad):
        with pytest.raises(BadInput, match="sigma"):
            values(graph, np.zeros(5), sigma)
    with pytest.raises(BadInput, match="sigma"):
        gaussian_lime(graph, np.zeros(5), 0.0)
    with pytest.raises(BadInput, match="samples"):
        sampled_smooth_grad(graph, np.zeros(5), 1.0, samples=1)
