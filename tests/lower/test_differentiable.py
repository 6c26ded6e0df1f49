"""Derivatives of Integrated Gradients: against finite differences, exact rationals, and a training loop."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from independent import Dual
from torch import Tensor, nn

from attrtheory.errors import BadInput, Unsupported
from attrtheory.lower import differentiable
from attrtheory.lower.differentiable import integrated_gradients_tensor
from attrtheory.lower.integrated_gradients import integrated_gradients_line
from attrtheory.models.torch_import import from_torch

NETWORKS = {
    "deep, leaky": (
        lambda: nn.Sequential(nn.Linear(4, 12), nn.ReLU(), nn.Linear(12, 8), nn.LeakyReLU(0.1), nn.Linear(8, 3)), (4,),
    ),
    "max-pooling": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 6), nn.ReLU(), nn.Linear(6, 3)
        ),
        (1, 6, 6),
    ),
    "affine": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(5, 3)), (5,)),
}  # fmt: skip


def made(name: str) -> tuple[nn.Module, Tensor, Tensor, Tensor]:
    """A network in float64, two inputs and baselines, and a direction in which the attributions are summed."""
    torch.manual_seed(1)
    build, shape = NETWORKS[name]
    return build().double(), *torch.randn(3, 2, *shape, dtype=torch.float64).unbind()


def loss(module: nn.Module, x: Tensor, x0: Tensor, direction: Tensor) -> Tensor:
    return (integrated_gradients_tensor(module, x, x0, [0, 2]).values * direction).sum()


def mistakes(name: str, step: float = 1e-7) -> list[float]:
    """For the input, the baseline and every weight: derivative minus difference quotient, in a random direction."""
    module, x, x0, direction = made(name)
    x.requires_grad_(), x0.requires_grad_()
    variables = [x, x0, *module.parameters()]
    slopes = torch.autograd.grad(loss(module, x, x0, direction), variables, materialize_grads=True, allow_unused=True)
    found = []
    for v, slope in zip(variables, slopes, strict=True):
        d = torch.randn_like(v)
        with torch.no_grad():
            v.add_(step * d)
            after = loss(module, x, x0, direction)
            v.sub_(2 * step * d)
            before = loss(module, x, x0, direction)
            v.add_(step * d)
        found.append(abs(float((slope * d).sum() - (after - before) / (2 * step))))
    return found


@pytest.mark.parametrize("name", NETWORKS)
def test_derivatives_are_difference_quotients(name: str):
    assert max(mistakes(name)) < 1e-7


@pytest.mark.parametrize("name", ["deep, leaky", "max-pooling"])
def test_a_breakpoint_that_does_not_move_is_caught(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(differentiable, "_moving", lambda t, *_: t)
    assert max(mistakes(name)) > 1e-3


@pytest.mark.parametrize("name", NETWORKS)
def test_values_are_those_of_the_sweep(name: str):
    module, x, x0, _ = made(name)
    found = integrated_gradients_tensor(module, x, x0, 1)
    exact = integrated_gradients_line(from_torch(module, example=x), x, x0, 1, exact=True)
    assert found.pieces == tuple(r.pieces for r in exact)
    for mine, line in zip(found.values.detach().numpy(), exact, strict=True):
        np.testing.assert_allclose(mine, line.values, rtol=1e-11, atol=1e-13)


def closed_form(w: list[list[Dual]], b: list[Dual], v: list[Dual], x: list[Dual], x0: list[Dual]) -> list[Dual]:
    """One hidden layer: a unit's share of the path is known from its two end values."""
    minus = Dual(Fraction(-1))
    total = [Dual(Fraction(0))] * len(x)
    for weights, bias, out in zip(w, b, v, strict=True):
        first, last = bias, bias
        for wi, a, c in zip(weights, x0, x, strict=True):
            first, last = first + wi * a, last + wi * c
        if first.v <= 0 and last.v <= 0:
            continue
        share = Dual(Fraction(1))
        if first.v < 0 < last.v:
            share = last / (last + minus * first)
        elif last.v < 0 < first.v:
            share = first / (first + minus * last)
        total = [t + out * wi * share for t, wi in zip(total, weights, strict=True)]
    return [t * (c + minus * a) for t, a, c in zip(total, x0, x, strict=True)]


def test_derivatives_are_the_exact_ones_of_the_closed_form():
    """Derivatives of every attribution in every weight and input of a 3-5-1 network, as rationals."""
    torch.manual_seed(4)
    module = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 1, bias=False)).double()
    x, x0 = torch.randn(2, 1, 3, dtype=torch.float64).requires_grad_().unbind()
    variables = [module[0].weight, module[0].bias, module[2].weight, x, x0]
    values = integrated_gradients_tensor(module, x, x0).values[0]
    slopes = [torch.autograd.grad(phi, variables, retain_graph=True) for phi in values]
    flat = [[Fraction(e) for e in v.detach().reshape(-1).tolist()] for v in variables]
    crossed = 0
    for k, entries in enumerate(flat):
        for j in range(len(entries)):
            duals = [[Dual(e, Fraction(k == m and j == n)) for n, e in enumerate(f)] for m, f in enumerate(flat)]
            w, b, v, a, c = duals
            exact = closed_form([w[3 * u : 3 * u + 3] for u in range(5)], b, v, a, c)
            crossed += sum(phi.s != 0 for phi in exact)
            for phi, slope in zip(exact, slopes, strict=True):
                assert float(slope[k].reshape(-1)[j]) == pytest.approx(float(phi.s), rel=1e-11, abs=1e-13)
    assert crossed > 30


def test_training_drives_an_attribution_to_zero():
    """A network that uses two features learns the same function of the first alone."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    x = torch.rand(16, 2)
    y = x[:, :1].abs()
    optimiser = torch.optim.Adam(module.parameters(), lr=0.03)
    share = []
    for _ in range(80):
        phi = integrated_gradients_tensor(module, x).values
        assert phi.dtype is torch.float32
        share.append(phi[:, 1].abs().mean().item())
        error = nn.functional.mse_loss(module(x), y) + phi[:, 1].square().mean()
        optimiser.zero_grad()
        error.backward()
        optimiser.step()
    assert share[-1] < 0.1 * share[0]
    assert error.item() < 0.02


def test_a_graph_is_differentiated_in_its_input():
    module, x, x0, direction = made("deep, leaky")
    x.requires_grad_()
    found = [
        torch.autograd.grad((integrated_gradients_tensor(m, x, x0, 1).values * direction).sum(), x)[0]
        for m in (module, from_torch(module, example=x))
    ]
    torch.testing.assert_close(*found)


def test_short_pieces_are_told():
    """Units that change at 1/2 and at 1/2 + 1e-11."""
    module = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1)).double()
    module[0].weight.data = torch.ones(2, 1, dtype=torch.float64)
    module[0].bias.data = torch.tensor([-0.5, -0.5 - 1e-11], dtype=torch.float64)
    found = integrated_gradients_tensor(module, torch.ones(1, 1).double())
    assert found.pieces == (3,)
    assert found.shortest[0] == pytest.approx(1e-11, rel=1e-3)


def test_what_has_no_derivative_or_no_sense_is_refused():
    module, x, x0, _ = made("deep, leaky")
    with pytest.raises(BadInput, match="batch first"):
        integrated_gradients_tensor(module, x[0])
    with pytest.raises(BadInput, match="one row of it"):
        integrated_gradients_tensor(module, x, x0[:, :2])
    with pytest.raises(BadInput, match="NaN or infinity"):
        integrated_gradients_tensor(module, x / 0)
    with pytest.raises(BadInput, match="outputs 0 to 2"):
        integrated_gradients_tensor(module, x, target=3)
    with pytest.raises(Unsupported, match="logits"):
        integrated_gradients_tensor(nn.Sequential(module, nn.Softmax(1)), x)


def test_bends_at_the_ends_are_counted():
    """Without biases both units are 0 at the baseline of zeros; from (1, 1) none is, and the dead unit never bends."""
    module = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)).double()
    module[0].weight.data = torch.tensor([[1.0, 2.0], [-1.0, 1.0], [0.0, 0.0]], dtype=torch.float64)
    module[0].bias.data.zero_()
    x = torch.tensor([[3.0, 1.0], [2.0, 2.0]], dtype=torch.float64)
    assert integrated_gradients_tensor(module, x).ends == (2, 1)  # at (2, 2) the second unit is 0 on the whole path
    assert integrated_gradients_tensor(module, x, torch.tensor([[1.0, 4.0]], dtype=torch.float64)).ends == (0, 1)


@pytest.mark.parametrize("kind", [torch.float64, torch.float32])
def test_windows_tied_at_a_baseline_of_zeros_are_counted(kind: torch.dtype):
    """A convolution makes a constant of zeros, on which all four windows of either channel tie."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 2, 1), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 1)).to(kind)
    x, x0 = torch.randn(2, 3, 1, 4, 4, dtype=kind)
    assert integrated_gradients_tensor(module, x).ends == (8, 8, 8)
    assert integrated_gradients_tensor(module, x, x0).ends == (0, 0, 0)
