"""Integrated Gradients under captum's signature: captum's value, to captum's own error of quadrature."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import captum.attr as captum
import numpy as np
import pytest
import torch
from captum.testing.helpers import basic_models as toys
from torch import nn

import attrtheory.interop.captum as ours
from attrtheory.errors import BadInput, EngineDisagreement, Unsupported

NODES = 1000


@pytest.fixture(autouse=True)
def _nodes_once(monkeypatch: pytest.MonkeyPatch):
    """captum's Gauss-Legendre nodes take seconds; they are the same every time."""
    monkeypatch.setattr(np.polynomial.legendre, "leggauss", LEGGAUSS)


LEGGAUSS = cache(np.polynomial.legendre.leggauss)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * 4


X, IMAGES = normal(3, 3), normal(3, 1, 4, 4) * 2 + 6
NET = toys.BasicModel_MultiLayer()
PAIR = (torch.tensor([[3.0], [4.5], [2.0]]), torch.tensor([[1.0], [0.75], [2.5]]))
CASES = {
    "BasicModel": (toys.BasicModel(), normal(3, 4), {"target": 2}),
    "affine": (toys.BasicLinearModel2(3, 2), X, {"target": 1, "baselines": 1.5}),
    "affine layers": (toys.BasicLinearModel_Multilayer(3, 4, 2), X, {"target": [1, 0, 1]}),
    "one output": (toys.BasicLinearReLULinear(3), X, {}),
    "reused layers": (toys.BasicModelWithReusedLinear(), X, {"target": 0}),
    "targets in a list": (NET, X, {"target": [0, 1, 1]}),
    "targets in a tensor": (NET, X, {"target": torch.tensor([0, 1, 1]), "baselines": X[1:2]}),
    "a target in a tensor": (NET, X, {"target": torch.tensor([1]), "baselines": X.flip(0)}),
    "two branches inside": (toys.BasicModel_MultiLayer(multi_input_module=True), X, {"target": 0}),
    "an argument for each example": (NET, X, {"target": 0, "additional_forward_args": normal(3, 3, seed=1)}),
    "images": (toys.BasicModel_ConvNet_One_Conv(), IMAGES, {"target": 1}),
    "images and an argument": (
        toys.BasicModel_ConvNet_One_Conv(inplace=True), IMAGES, {"target": 1, "additional_forward_args": normal(3, 1, 4, 4)},
    ),
    "tuples of indices": (
        NET, X, {"target": [(0, 1, 0), (1, 0, 1), (1, 1, 1)], "additional_forward_args": (normal(3, 3, seed=1), True)},
    ),
    "two inputs of one number": (toys.BasicModel2(), (PAIR[0][:, 0], PAIR[1][:, 0]), {}),
    "two inputs and their baselines": (toys.BasicModel2(), PAIR, {"target": 0, "baselines": (-1.0, PAIR[0][:1])}),
    "a divisor for each example": (
        toys.BasicModel4_MultiArgs(), PAIR, {"additional_forward_args": (torch.tensor([[1.0], [2.0], [4.0]]), 0)},
    ),
    "a list of factors": (toys.BasicModel5_MultiArgs(), PAIR, {"additional_forward_args": ([3, 1], 0)}),
    "inputs in a row": (toys.BasicLinearModel(), (normal(3, 4), normal(3, 3)), {"target": 0}),
    "three inputs and a factor": (
        toys.BasicModel_MultiLayer_MultiInput(), (X, normal(3, 3, seed=1), normal(3, 3, seed=2)),
        {"target": [0, 1, 1], "additional_forward_args": 2, "baselines": (0, X[:1], 0.5)},
    ),
    "an input used twice": (toys.BasicModel_MultiLayer_TrueMultiInput(), (X, X.flip(0), X.flip(1)), {"target": 1}),
    "strides in memory": (NET, normal(3, 3).T, {"target": 0}),
}  # fmt: skip


def both(forward, inputs, multiply: bool = True, nodes: int = NODES, **arguments):
    arguments["return_convergence_delta"] = True
    mine = ours.IntegratedGradients(forward, multiply)
    a, da = mine.attribute(inputs, **arguments)
    b, db = captum.IntegratedGradients(forward, multiply).attribute(inputs, n_steps=nodes, **arguments)
    assert isinstance(a, tuple) == isinstance(b, tuple)
    pairs = list(zip(a, b, strict=True)) if isinstance(a, tuple) else [(a, b)]
    for p, q in pairs:
        assert (p.shape, p.dtype, p.device) == (q.shape, q.dtype, q.device)
    assert (da.shape, da.dtype) == (db.shape, db.dtype)
    return mine, pairs, da, db


def quadrature_error(forward, inputs, nodes: int, **arguments) -> float:
    """How far captum's nodes are from ten times as many, times a little more than 1."""
    few, many = (captum.IntegratedGradients(forward).attribute(inputs, n_steps=n, **arguments) for n in (nodes, 10 * nodes))
    pairs = zip(few, many, strict=True) if isinstance(few, tuple) else [(few, many)]
    return 1.2 * max(float((p - q).abs().max()) for p, q in pairs)


LOCAL = [("images", False), ("targets in a list", False)]


@pytest.mark.parametrize("case, multiply", [*((name, True) for name in CASES), *LOCAL])
def test_captums_toy_networks(case: str, multiply: bool):
    forward, inputs, arguments = CASES[case]
    mine, pairs, mine_delta, _ = both(forward, inputs, multiply, **arguments)
    largest = max(float(q.detach().abs().max()) for _, q in pairs)
    for p, q in pairs:  # the mean gradient jumps by at most its size at each of the few kinks
        assert float((p - q).abs().max()) <= 1e-2 * largest
    if multiply:
        assert float(mine_delta.abs().max()) <= 1e-5 * largest
    assert mine.result is not None
    assert set(mine.result.trust) <= {"float", "enclosed", "exact"}


@pytest.mark.parametrize("case", ["targets in a list", "images"])
def test_the_difference_is_captums_own_error(case: str):
    forward, inputs, arguments = CASES[case]
    for nodes in (20, 50):
        _, pairs, _, _ = both(forward, inputs, nodes=nodes, **arguments)
        error = quadrature_error(forward, inputs, nodes, **arguments)
        largest = max(float(q.detach().abs().max()) for _, q in pairs)
        for p, q in pairs:
            assert float((p - q).abs().max()) <= error + 1e-5 * largest


def test_affine_networks_agree_to_rounding():
    for case in ("affine", "affine layers"):
        forward, inputs, arguments = CASES[case]
        _, pairs, _, _ = both(forward, inputs, nodes=20, **arguments)
        for p, q in pairs:
            torch.testing.assert_close(p, q, rtol=1e-5, atol=1e-5)


def test_whole_numbers_are_floats():
    method = ours.IntegratedGradients(NET)
    found = method.attribute(X.long(), target=0)
    assert found.dtype is torch.float32
    assert torch.equal(found, method.attribute(X.long().float(), target=0))


def test_every_kind_of_target_is_the_same_number():
    method, one = ours.IntegratedGradients(NET), normal(1, 3)
    expected = method.attribute(one, target=1)
    for target in ([1], torch.tensor([1]), torch.tensor(1), (1,), [(1,)], -1, (slice(1, 2),)):
        assert torch.equal(method.attribute(one, target=target), expected)


def test_without_a_factor_also_features_that_do_not_move_have_a_mean_gradient():
    """relu(x1 + 2 x2 - 1) from (0, 1/2) to (2, 1/2): slope 1 and 2 on the whole path but at its start."""
    net = nn.Sequential(nn.Linear(2, 1), nn.ReLU())
    net[0].weight.data, net[0].bias.data = torch.tensor([[1.0, 2.0]]), torch.tensor([-2.0])
    method = ours.IntegratedGradients(net, multiply_by_inputs=False, exact=True)
    x, x0 = torch.tensor([[2.0, 0.5]]), torch.tensor([[0.0, 0.5]])
    # x1 + 2 x2 - 2 = 2 t - 1 > 0 on the second half
    assert method.attribute(x, x0).tolist() == [[0.5, 1.0]]
    assert method.result is not None
    assert method.result.trust == ("exact",)


def test_exact_and_certified_values():
    exact, certified = (ours.IntegratedGradients(NET, **{k: True}) for k in ("exact", "certify"))
    a, b = exact.attribute(X, target=1), certified.attribute(X, target=1)
    assert a.dtype == b.dtype == torch.float32
    assert exact.result is not None
    assert certified.result is not None
    assert exact.result.trust == ("exact",) * 3
    assert certified.result.lower is not None
    assert certified.result.upper is not None
    value = exact.result.values[0]
    assert value.dtype is torch.float64
    assert bool(((certified.result.lower[0] <= value) & (value <= certified.result.upper[0])).all())
    # the first row by hand, in rationals: output 1 is 1 + sum of four units, three of them x1 + x2 + x3 + 1
    total = sum(Fraction(v) for v in X[0].double().tolist())
    pieces = [3 * max(1 + total, 0) - 3, max(total - 10, 0)]
    assert float(value[0].sum()) == pytest.approx(float(sum(pieces)), rel=1e-14)


def test_kinks_along_the_path_are_named():
    net = nn.Sequential(nn.Linear(2, 1, bias=False), nn.ReLU())
    net[0].weight.data = torch.tensor([[1.0, -1.0]])
    method = ours.IntegratedGradients(net, certify=True)
    assert method.attribute(torch.tensor([[1.0, 1.0]])).tolist() == [[0.0, 0.0]]
    assert method.result is not None
    assert "1 unit at 0" in method.result.kinks[0][0]
    assert method.result.upper is not None
    assert float(method.result.upper[0][0, 0]) >= 1.0  # with slope 1 there, the attribution is (1, -1)


TUNNELS = {
    "IntegratedGradients": "vargrad", "Saliency": "smoothgrad", "InputXGradient": "smoothgrad_sq",
    "FeatureAblation": "smoothgrad", "ShapleyValues": "smoothgrad_sq",
}  # fmt: skip


@pytest.mark.parametrize("name, kind", TUNNELS.items())
def test_captums_noise_tunnel_accepts_it(name: str, kind: str):
    found = []
    for library in (ours, captum):
        torch.manual_seed(3)
        tunnel = captum.NoiseTunnel(getattr(library, name)(NET))
        more = {"n_steps": 300} if name == "IntegratedGradients" else {}
        if name in ("IntegratedGradients", "FeatureAblation", "ShapleyValues"):
            more["baselines"] = X.flip(0)
        found.append(
            tunnel.attribute(
                X, nt_type=kind, nt_samples=5, nt_samples_batch_size=2, stdevs=0.5, target=[0, 1, 1],
                additional_forward_args=normal(3, 3, seed=2), **more,
            )
        )  # fmt: skip
    a, b = found
    assert (a.shape, a.dtype) == (b.shape, b.dtype)
    torch.testing.assert_close(a, b, rtol=5e-3, atol=5e-3 * float(b.abs().max()))


def test_the_noise_tunnel_passes_deltas_on():
    tunnel = captum.NoiseTunnel(ours.IntegratedGradients(NET))
    _, delta = tunnel.attribute(X, nt_samples=4, target=0, return_convergence_delta=True)
    assert delta.shape == (12,)
    assert float(delta.abs().max()) < 1e-3


def test_the_mean_over_baselines_is_what_gradient_shap_samples():
    torch.manual_seed(0)
    baselines = normal(6, 3, seed=9)
    method = ours.GradientShap(NET)
    mine, delta = method.attribute(X, baselines, target=1, return_convergence_delta=True)
    theirs = captum.GradientShap(NET).attribute(X, baselines, n_samples=3000, target=1)
    torch.testing.assert_close(mine, theirs, rtol=0.05, atol=0.5)
    each = [ours.IntegratedGradients(NET).attribute(X, b[None], target=1) for b in baselines]
    torch.testing.assert_close(mine, torch.stack(each).mean(0), rtol=1e-5, atol=1e-5)
    assert delta.shape == (15,)
    assert float(delta.abs().max()) < 1e-5
    with pytest.raises(Unsupported, match="NoiseTunnel"):
        method.attribute(X, baselines, target=1, stdevs=0.1)


def function(x: torch.Tensor) -> torch.Tensor:
    return NET(x)[:, :1] * 2


def test_a_function_that_calls_a_module():
    torch.testing.assert_close(
        ours.IntegratedGradients(function).attribute(X), 2 * ours.IntegratedGradients(NET).attribute(X, target=0)
    )


class Forgetful(nn.Module):
    """Returns something else at every call."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return torch.relu(x)[:, 0] * self.calls


class Mixing(nn.Module):
    """Depends on the other examples of the batch."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x - x.mean(0))[:, 0]


REFUSED = {
    "softmax": (lambda: ours.IntegratedGradients(nn.Softmax(1)).attribute(X, target=0), Unsupported, "logits"),
    "no target": (lambda: ours.IntegratedGradients(NET).attribute(X), BadInput, "name one"),
    "target": (lambda: ours.IntegratedGradients(NET).attribute(X, target=5), BadInput, "names no output"),
    "NaN": (lambda: ours.IntegratedGradients(NET).attribute(X / 0, target=0), BadInput, "NaN or infinity"),
    "a state": (
        lambda: ours.IntegratedGradients(Forgetful()).attribute(X), (Unsupported, EngineDisagreement), "something else",
    ),
    "a batch": (lambda: ours.IntegratedGradients(Mixing()).attribute(X), (Unsupported, EngineDisagreement), r"\w"),
    "a sum": (lambda: ours.IntegratedGradients(lambda x: NET(x).sum()).attribute(X), Unsupported, "for each example"),
    "training": (lambda: ours.IntegratedGradients(nn.Dropout()).attribute(X, target=0), Unsupported, "training mode"),
    "arguments": (
        lambda: ours.IntegratedGradients(NET).attribute(X, target=0, additional_forward_args=torch.ones(2, 3)),
        BadInput, "a row for each of the 3 examples",
    ),
    "no module": (lambda: ours.IntegratedGradients("net"), BadInput, "forward_func"),  # type: ignore[arg-type]
    "futures": (lambda: ours.IntegratedGradients(NET).attribute_future(), Unsupported, "use attribute"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_exact_value_is_refused(case: str):
    call, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        call()


def test_names_and_kinds_are_captums():
    for name in ours.__all__:
        mine, theirs = getattr(ours, name)(NET), getattr(captum, name)(NET)
        assert mine.get_name() == theirs.get_name()
        assert mine.multiplies_by_inputs == theirs.multiplies_by_inputs
        assert mine.has_convergence_delta() == theirs.has_convergence_delta()
        assert mine.forward_func is NET
