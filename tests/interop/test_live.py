"""A module whose weights, flags or layers change is never explained by an old trace."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import attrtheory.interop.captum as ours
from attrtheory.models import torch_live

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
