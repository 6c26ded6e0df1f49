"""What goes in: exact conversions or refusals. What comes out for batches, paths and means over baselines."""

from __future__ import annotations

from fractions import Fraction as Q

import numpy as np
import pytest
import torch
from lower.nets import averaging, chain, convolutional, dense, linear, stacked

from attrtheory.errors import BadInput
from attrtheory.lower.integral_exact import integrated_gradients_exact
from attrtheory.lower.integrated_gradients import integrated_gradients_line
from attrtheory.lower.layers import forward, network
from attrtheory.lower.line import lines
from attrtheory.lower.path_attribution import expected_gradients_line, path_attribution_line
from attrtheory.lower.quadrature import RULES, integrated_gradients_quadrature
from attrtheory.models.ops import Relu
from attrtheory.models.torch_import import from_torch

RNG = np.random.default_rng(5)
NET = dense(RNG)
X, X0 = RNG.normal(size=(2, 3, 6))


def values(*args, **options) -> np.ndarray:
    return np.stack([r.values for r in integrated_gradients_line(NET, *args, **options)])


@pytest.mark.parametrize(
    "x, match",
    [
        (np.full((2, 6), np.nan), "row 0 holds NaN or infinity"),
        (torch.tensor([[0.0] * 6, [np.inf] * 6]), "row 1 holds NaN or infinity"),
        (np.zeros((2, 5)), "the network takes inputs of shape"),
        (np.zeros(()), "the network takes inputs of shape"),
        (np.zeros((1, 2, 6)), "the network takes inputs of shape"),
        (np.zeros((0, 6)), "empty batch"),
        ([[1, 2, 3, 4, 5, 6], [1, 2]], "not an array of numbers"),
        ([["a"] * 6], "give real numbers"),
        (np.zeros((1, 6), dtype=complex), "give real numbers"),
        (torch.zeros((1, 6), dtype=torch.complex64), "dense tensor of real numbers"),
        (torch.zeros((1, 6)).to_sparse(), "dense tensor of real numbers"),
        ([[Q(1, 3)] * 6], "give real numbers"),
        ([[None] * 6], "give real numbers"),
        ([[2**53 + 1] + [0] * 5], "not float64 numbers"),
        (np.array([[np.longdouble(1) / 3] * 6]), "not float64 numbers"),
    ],
)
def test_bad_inputs_and_baselines_are_refused(x, match):
    with pytest.raises(BadInput, match=match):
        integrated_gradients_line(NET, x)
    with pytest.raises(BadInput, match=match):
        integrated_gradients_line(NET, X, x)


@pytest.mark.parametrize(
    "target, match",
    [
        (3, "outputs 0 to 2"),
        (-1, "outputs 0 to 2"),
        (1.0, "give the number of an output"),
        (True, "give the number of an output"),
        ("1", "give the number of an output"),
        ([0, 1], "2 targets for 3 inputs"),
        ([0, 1, 5], "outputs 0 to 2"),
    ],
)
def test_bad_targets_are_refused(target, match):
    with pytest.raises(BadInput, match=match):
        integrated_gradients_line(NET, X, target=target)


def test_baselines_of_another_number_are_refused():
    with pytest.raises(BadInput, match="2 rows for 3 inputs"):
        integrated_gradients_line(NET, X, X0[:2])


def test_every_form_of_the_same_numbers_gives_the_same_result():
    whole = np.arange(18).reshape(3, 6) - 9
    expected = values(whole.astype(np.float64))
    strided = torch.tensor(whole.T.copy(), dtype=torch.float64).T
    assert not strided.is_contiguous()
    for x in (whole, whole.astype(np.float32), whole.astype(np.int8), whole.tolist(), torch.tensor(whole), strided,
              torch.tensor(whole, dtype=torch.bfloat16), np.asfortranarray(whole),
              torch.tensor(whole, dtype=torch.float32, requires_grad=True)):  # fmt: skip
        assert (values(x) == expected).all()
    assert np.allclose(values(whole[1]), expected[1:2], rtol=1e-13, atol=0)  # other shapes, other orders of summation


def test_float32_is_promoted_without_rounding():
    single = X.astype(np.float32)
    assert (values(torch.tensor(single)) == values(single.astype(np.float64))).all()


def test_batches_baselines_and_targets_go_row_by_row():
    together = values(X, X0, [2, 0, 1])
    for i, k in enumerate([2, 0, 1]):
        assert np.allclose(values(X[i], X0[i], k), together[i], rtol=0, atol=1e-14 * np.abs(together[i]).max())
    assert (values(X, X0[:1]) == values(X, np.repeat(X0[:1], 3, 0))).all()
    assert (values(X) == values(X, np.zeros(6))).all()
    assert (values(X, target=torch.tensor([1, 1, 1])) == values(X, target=np.int64(1))).all()


def test_progress_is_reported():
    seen = []
    integrated_gradients_line(NET, X, progress=lambda done, n: seen.append((done, n)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_little_memory_changes_the_time_and_not_the_result():
    graph = convolutional(np.random.default_rng(2))
    x0, x = np.random.default_rng(3).normal(size=(2, *graph.input_shape))
    (much,) = integrated_gradients_line(graph, x, x0)
    (little,) = integrated_gradients_line(graph, x, x0, memory=20_000)
    assert np.abs(much.values - little.values).max() <= 1e-13 * np.abs(much.values).max()
    ends = torch.tensor(x0)[None], torch.tensor(x)[None], torch.tensor([0])
    many, fine = (lines(network(graph), *ends, memory=m)[0].t for m in (2**28, 20_000))
    nearest = (fine[None, :] - many[:, None]).abs().amin(1)
    assert nearest.max() < 1e-13  # the halves may add breakpoints and lose none


def test_the_forward_pass_is_torchs():
    graph = averaging(np.random.default_rng(1))
    x = torch.tensor(np.random.default_rng(2).normal(size=(4, *graph.input_shape)))
    assert forward(graph, x).shape == (4, 3)
    (found,) = integrated_gradients_line(graph, x[0])
    ends = forward(graph, torch.stack([torch.zeros_like(x[0]), x[0]]))[:, 0]
    assert found.output_difference == float(ends[1] - ends[0])
    assert abs(found.residual) < 1e-14


def test_a_path_of_segments_is_their_sum():
    knots = np.stack([X0[0], X[0], X[1]])
    whole = path_attribution_line(NET, knots, 1)
    parts = integrated_gradients_line(NET, knots[1:], knots[:-1], 1)
    assert np.allclose(whole.values, parts[0].values + parts[1].values, rtol=0, atol=1e-15)
    assert whole.trust == "enclosed"
    assert (whole.lower <= whole.values).all()
    assert (whole.values <= whole.upper).all()
    assert whole.pieces == parts[0].pieces + parts[1].pieces
    assert abs(whole.residual) < 1e-14


def test_a_detour_of_corners_is_exact():
    product = chain((2,), linear([[1, 1]], [-1]), Relu())  # relu(x1 + x2 - 1)
    found = path_attribution_line(product, [[0, 0], [1, 0], [1, 1]], exact=True)
    assert found.exact_values == (0, 1)
    back = path_attribution_line(product, [[0, 0], [0, 1], [1, 1], [0, 0]], exact=True)
    assert sum(back.exact_values) == 0
    with pytest.raises(BadInput, match="two or more"):
        path_attribution_line(product, [[0, 0]])


def test_a_kinked_segment_lends_its_kinks_and_bounds_to_the_path():
    difference = chain((2,), linear([[1, -1]]), Relu())
    found = path_attribution_line(difference, [[0, 0], [1, 1], [2, 1]], exact=True)
    assert found.trust == "exact"
    assert found.kinks == ("layer1: 1 unit at 0 on 1 of the path",)
    assert found.lower == pytest.approx([1, -1])
    assert found.upper == pytest.approx([2, 0])
    plain = path_attribution_line(NET, X, certify=False)
    assert (plain.trust, plain.lower) == ("float", None)


def test_expected_gradients_are_means_over_baselines():
    found = expected_gradients_line(NET, X[:2], X0, [0, 2])
    for x, k, result in zip(X, [0, 2], found, strict=False):
        each = values(np.repeat(x[None], 3, 0), X0, k)
        assert np.allclose(result.values, each.mean(0), rtol=0, atol=1e-15)
    (exact,) = expected_gradients_line(NET, X[0], X0, exact=True)
    parts = integrated_gradients_line(NET, np.repeat(X[:1], 3, 0), X0, exact=True)
    assert exact.exact_values[0] == sum(p.exact_values[0] for p in parts) / 3


@pytest.mark.parametrize("method", RULES)
def test_quadrature_converges_to_the_sweep(method):
    truth = values(X, X0)
    errors = [np.abs(integrated_gradients_quadrature(NET, X, X0, n_steps=n, method=method) - truth).max()
              for n in (10, 1000)]  # fmt: skip
    assert errors[1] < 5e-3
    assert errors[1] < errors[0]


def test_quadrature_refuses_what_it_does_not_know():
    with pytest.raises(BadInput, match="gausslegendre"):
        integrated_gradients_quadrature(NET, X, method="simpson")
    with pytest.raises(BadInput, match="2 or more"):
        integrated_gradients_quadrature(NET, X, n_steps=1)


@pytest.fixture(scope="module")
def module():
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3, padding=1), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(4, 3, 2), torch.nn.LeakyReLU(0.1), torch.nn.AvgPool2d(3, 2, 1), torch.nn.Flatten(),
        torch.nn.Linear(12, 3),
    ).double().eval()  # fmt: skip


def test_the_gradient_is_autograds(module):
    graph = from_torch(module, input_shape=(1, 8, 8))
    x = torch.randn(1, 8, 8, dtype=torch.float64, requires_grad=True)
    module(x[None])[0, 2].backward()
    point = x.detach()
    ours = lines(network(graph), point[None], point[None], torch.tensor([2]))[0].gradient
    assert torch.allclose(ours, x.grad, rtol=0, atol=1e-15)
    assert torch.allclose(forward(graph, point[None]), module(point[None]), rtol=0, atol=1e-15)


@pytest.mark.parametrize("method", ["gausslegendre", "riemann_left", "riemann_middle", "riemann_right"])
def test_quadrature_is_captums(module, method):
    """The same rule on the same network; captum rounds nodes or weights to float32."""
    captum = pytest.importorskip("captum.attr")
    graph = from_torch(module, input_shape=(1, 8, 8))
    x, x0 = torch.randn(2, 2, 1, 8, 8, dtype=torch.float64)
    theirs = captum.IntegratedGradients(module).attribute(x, x0, target=1, n_steps=20, method=method)
    ours = integrated_gradients_quadrature(graph, x, x0, 1, n_steps=20, method=method)
    assert np.abs(ours - theirs.numpy()).max() < 1e-6 * np.abs(ours).max()


@pytest.mark.parametrize("budget", [1, 4, 12, 10_000])
@pytest.mark.parametrize("certify", [True, False])
def test_a_spent_budget_of_pieces_gives_an_interval_and_no_guess(budget, certify):
    rng = np.random.default_rng(5)
    graph = dense(rng)
    x0, x = 3 * rng.normal(size=(2, *graph.input_shape))
    truth = [Q(int(q.p), int(q.q)) for q in integrated_gradients_exact(graph, x0, x, 1).values]
    options = {"max_pieces": budget, "certify": certify, "settle": False}
    (found,) = integrated_gradients_line(graph, x, x0, 1, **options)
    spent = budget < 20  # of 21 pieces
    assert any("not swept" in kink for kink in found.kinks) == spent
    assert (found.trust == "enclosed") == (spent or certify)
    if found.trust == "enclosed":
        for a, q, b in zip(found.lower.tolist(), truth, found.upper.tolist(), strict=True):
            assert Q(a) <= q <= Q(b)
        assert ((found.upper - found.lower).max() > 1e-3) == spent


@pytest.mark.parametrize("options", [
    {"memory": -5}, {"memory": "a"}, {"max_pieces": 0}, {"max_pieces": float("nan")}, {"tolerance": float("nan")},
    {"tolerance": -1.0}, {"budget": 0}, {"device": "foo"}, {"device": 5.0},
], ids=str)  # fmt: skip
def test_options_that_mean_nothing_are_refused(options):
    (name,) = options
    with pytest.raises(BadInput, match=name):
        integrated_gradients_line(NET, X, **options)


def test_the_forward_pass_is_differentiable():
    graph = stacked(np.random.default_rng(3))
    x = torch.rand(2, *graph.input_shape, dtype=torch.float64, requires_grad=True)
    forward(graph, x)[:, 1].sum().backward()
    for p, truth in zip(x.detach(), x.grad, strict=True):
        (line,) = lines(network(graph), p[None], p[None], torch.tensor([1]))
        assert torch.allclose(line.gradient, truth, rtol=0, atol=1e-14)
