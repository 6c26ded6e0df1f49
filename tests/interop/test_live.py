"""A module whose weights, flags or layers change is never explained by an old trace."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import attrtheory.interop.captum as ours
from attrtheory.errors import EngineDisagreement
from attrtheory.interop import traced
from attrtheory.lower.agreement import reproduces
from attrtheory.lower.differentiable import integrated_gradients_tensor
from attrtheory.lower.layers import forward
from attrtheory.models import torch_live
from attrtheory.models.torch_import import from_torch

X = torch.randn(3, 3, generator=torch.Generator().manual_seed(0)) * 4


class Flagged(nn.Module):
    """A module that reads a weight, a buffer and a plain attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2)
        self.register_buffer("shift", torch.zeros(2))
        self.factor = 1.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.layer(x) + self.shift) * self.factor


def through_data(m: Flagged) -> None:
    m.layer.weight.data.mul_(-2)  # changes no version counter of the parameter


def through_optimiser(m: Flagged) -> None:
    m(X).sum().backward()
    torch.optim.SGD(m.parameters(), lr=0.5).step()


def through_buffer(m: Flagged) -> None:
    m.shift.sub_(100.0)


def through_attribute(m: Flagged) -> None:
    m.factor = 5.0


def through_new_layer(m: Flagged) -> None:
    m.layer = nn.Linear(3, 2)


def through_state(m: Flagged) -> None:
    m.load_state_dict(Flagged().state_dict())


CHANGES = [through_data, through_optimiser, through_buffer, through_attribute, through_new_layer, through_state]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_module_is_traced_again(change):
    torch.manual_seed(0)
    module = Flagged()
    method = ours.IntegratedGradients(module)
    before = method.attribute(X, target=0)
    change(module)
    after = method.attribute(X, target=0)
    assert torch.equal(after, ours.IntegratedGradients(module).attribute(X, target=0))
    assert not torch.equal(before, after)


def test_an_unchanged_module_is_traced_once(monkeypatch: pytest.MonkeyPatch):
    calls, real = [], torch_live.Traced
    monkeypatch.setattr(torch_live, "Traced", lambda *a: calls.append(1) or real(*a))
    module = Flagged()
    method = ours.IntegratedGradients(module)
    for _ in range(3):
        method.attribute(X, target=0)
    assert len(calls) == 1
    method.attribute(X[:2], target=1)
    assert len(calls) == 1
    through_data(module)
    method.attribute(X, target=0)
    assert len(calls) == 1
    module.factor = 3.0
    method.attribute(X, target=0)
    assert len(calls) == 2


class Outside(nn.Module):
    """A module that reads an attribute of its class and a global: neither is part of what is pickled."""

    scale = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.layer(x) - SHIFT) * self.scale


SHIFT = 0.0
OUTSIDE = [lambda m: m.setattr(Outside, "scale", 1.01), lambda m: m.setitem(globals(), "SHIFT", 0.02)]


@pytest.mark.parametrize("change", OUTSIDE, ids=["class", "global"])
@pytest.mark.parametrize("of", ["captum", "tensor"])
def test_what_changes_outside_the_module_is_traced_again(monkeypatch: pytest.MonkeyPatch, change, of: str):
    torch.manual_seed(0)
    module, method = Outside(), None
    method = ours.IntegratedGradients(module).attribute
    phi = (lambda: method(X, target=0)) if of == "captum" else (lambda: integrated_gradients_tensor(module, X).values)
    before = phi()
    change(monkeypatch)
    fresh = ours.IntegratedGradients(module).attribute(X, target=0)
    assert torch.allclose(phi(), fresh, rtol=1e-6, atol=1e-9)
    assert not torch.allclose(before, fresh, rtol=1e-3)


def test_without_the_check_an_old_trace_would_be_used(monkeypatch: pytest.MonkeyPatch):
    method = ours.IntegratedGradients(Outside())
    before = method.attribute(X, target=0)
    monkeypatch.setattr(traced, "reproduces", lambda *_: True)
    monkeypatch.setattr(Outside, "scale", 1.01)
    assert torch.equal(before, method.attribute(X, target=0))


class Disguised(nn.Module):
    """Another function where it is traced."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * (2.0 if torch.compiler.is_exporting() else 1.0)


def test_a_function_that_no_trace_reproduces_is_refused():
    with pytest.raises(EngineDisagreement, match="something else than the network traced"):
        ours.IntegratedGradients(Disguised()).attribute(X, target=0)
    with pytest.raises(EngineDisagreement, match="something else than the network traced"):
        integrated_gradients_tensor(Disguised(), X)


def test_tolerances_follow_the_precision():
    graph = from_torch(nn.Linear(3, 1, bias=False), (3,))
    rows = torch.randn(8, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    exact = forward(graph, rows)
    for kind, allowed in ((torch.float64, 1e-9), (torch.float32, 1e-3), (torch.float16, 0.05)):
        assert reproduces(graph, rows, exact + 0.9 * allowed * exact.abs().max(), kind)
        assert not reproduces(graph, rows, exact + 2 * allowed * exact.abs().max() + 100 * (kind is torch.float16), kind)
    assert not reproduces(graph, rows, exact * torch.nan, torch.float32)


def test_outputs_that_cancel_are_no_other_function():
    """1e4 x - 1e4 x + 0.001 x in float32: the outputs are small, but what they are rounded from is not."""
    module = nn.Sequential(nn.Linear(1, 3, bias=False), nn.ReLU(), nn.Linear(3, 1, bias=False))
    module[0].weight.data = torch.tensor([[1e4], [1e4 / 3], [1e-3]])
    module[2].weight.data = torch.tensor([[1.0, -3.0, 1.0]])
    values = ours.IntegratedGradients(module).attribute(torch.rand(20, 1, generator=torch.Generator().manual_seed(0)))
    assert torch.isfinite(values).all()
