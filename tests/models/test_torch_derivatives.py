"""A module whose derivative in torch is not that of the function it computes is refused; all others are not."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn
from torch_modules import functions

from attrtheory.errors import Unsupported
from attrtheory.models import torch_import
from attrtheory.models.exact_graph import evaluate_exact
from attrtheory.models.torch_import import from_torch


class Through(torch.autograd.Function):
    """A straight-through estimator: ReLU with derivative 1."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:  # type: ignore[override]
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, g: Tensor) -> Tensor:  # type: ignore[override]
        return g


def under(context):
    def forward(x: Tensor) -> Tensor:
        with context():
            y = torch.relu(x)
        return y + x

    return functions(forward)


REFUSED = {
    "no_grad": (under(torch.no_grad), r"calls torch\.relu under torch\.no_grad"),
    "inference_mode": (under(torch.inference_mode), r"calls torch\.relu under"),
    "all of forward": (functions(torch.no_grad()(torch.relu)), "under torch.no_grad"),
    "a derivative of its own": (functions(Through.apply), r"torch\.autograd\.Function Through"),
    "within a layer": (nn.Sequential(nn.Linear(3, 3), functions(Through.apply), nn.Linear(3, 1)), "Through"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_another_derivative_is_refused(name: str):
    module, message = REFUSED[name]
    with pytest.raises(Unsupported, match=message):
        from_torch(module, (3,))


def test_without_the_check_the_derivative_would_be_another(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch_import, "own_derivative", lambda *_: None)
    module, x = REFUSED["a derivative of its own"][0], torch.tensor([[-1.0, -1.0, -1.0]], requires_grad=True)
    graph = from_torch(module, (3,))
    assert list(evaluate_exact(graph, [Fraction(-1)] * 3)) == [0, 0, 0]  # a constant around x, but torch says 1
    assert torch.autograd.grad(module(x).sum(), x)[0].tolist() == [[1.0, 1.0, 1.0]]


def weights_without_autograd(x: Tensor) -> Tensor:
    with torch.no_grad():
        w = Through.apply(torch.tensor([1.0, -2.0, 3.0]))
    return x * w


def in_place(x: Tensor) -> Tensor:
    return x.relu_()


def hooked() -> nn.Module:
    module = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    module[0].register_full_backward_hook(lambda *_: None)
    return module


@pytest.mark.parametrize(
    "module",
    [
        nn.Sequential(nn.Linear(3, 2), nn.ReLU()).requires_grad_(False),
        functions(weights_without_autograd),
        functions(in_place),
        under(torch.enable_grad),
        hooked(),
    ],
    ids=["frozen", "constants", "in place", "enable_grad", "hook"],
)
@pytest.mark.parametrize("around", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_the_function_is_what_counts(module: nn.Module, around):
    with around():
        assert from_torch(module, (3,)).features == 3
    assert all(p.grad is None for p in module.parameters())
