"""Piecewise and moving operations in every spelling: values and slopes are torch's, at every kink and tie."""

from __future__ import annotations

from fractions import Fraction as Q

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name that every torch user knows)
from torch_modules import functions, quarters, seeded

from attrtheory.errors import BadInput, Unsupported
from attrtheory.models import pieces, torch_layers
from attrtheory.models.exact_graph import ExactGraph
from attrtheory.models.ops import LeakyRelu
from attrtheory.models.torch_import import from_torch

HALVES = torch.tensor([-1.0, 0.5, 0.0], dtype=torch.float64)

# Each row has numbers on both sides of every kink below, and on it; the second row has them in another order.
KINKS = torch.tensor([[-2.0, -1, -0.5, 0, 0.5, 1, 2, 6, 7], [0.0, 7, 1, 6, -1, 0.5, -0.5, 2, -2]], dtype=torch.float64)
TIED = torch.tensor([-2.0, 0, -0.5, 0, 1, 1, 3, 6, 6], dtype=torch.float64)

PIECES = {
    "nn.PReLU": nn.PReLU(init=0.25),
    "F.prelu": functions(lambda x: F.prelu(x, torch.tensor([-0.5], dtype=torch.float64))),
    "nn.PReLU for each channel": nn.PReLU(9),
    "torch.prelu": functions(lambda x: torch.prelu(x, torch.tensor([2.0], dtype=torch.float64))),
    "nn.ReLU6": nn.ReLU6(),
    "F.relu6": functions(F.relu6),
    "nn.Hardtanh": nn.Hardtanh(),
    "nn.Hardtanh, other ends": nn.Hardtanh(-0.5, 2.0, inplace=True),
    "F.hardtanh from 0": functions(lambda x: F.hardtanh(x, 0.0, 1.0)),
    "torch.clamp": functions(lambda x: torch.clamp(x, -1, 6)),
    "clamp from below": functions(lambda x: x.clamp(min=0)),
    "clamp from above": functions(lambda x: x.clamp(max=0.5)),
    "clamp with ends exchanged": functions(lambda x: x.clamp(2, 1)),
    "clamp with equal ends": functions(lambda x: x.clamp(1, 1)),
    "clamp without an end": functions(lambda x: x.clamp(min=-0.5, max=float("inf"))),
    "clamp with tensors": functions(lambda x: x.clamp(TIED - 1, TIED)),
    "torch.clip": functions(lambda x: torch.clip(x, 0, 6)),
    "clamp_": functions(lambda x: (x + 0).clamp_(0, 1)),
    "clamp_min": functions(lambda x: x.clamp_min(1)),
    "clamp_max": functions(lambda x: torch.clamp_max(x, 1)),
    "torch.abs": functions(torch.abs),
    "abs": functions(abs),
    "x.abs_": functions(lambda x: (x + 0).abs_()),
    "nn.Threshold": nn.Threshold(0.5, 0.5),
    "torch.maximum": functions(lambda x: torch.maximum(x, -x)),
    "torch.max of two": functions(lambda x: torch.max(x, 2 * x)),
    "maximum of a value with itself": functions(lambda x: torch.maximum(x, x)),
    "maximum with a constant": functions(lambda x: torch.maximum(x, TIED)),
    "maximum with a number": functions(lambda x: torch.maximum(x, torch.tensor(0.5, dtype=torch.float64))),
    "maximum, the constant first": functions(lambda x: torch.maximum(TIED, x)),
    "torch.minimum": functions(lambda x: torch.minimum(x, x.flip(1))),
    "torch.min of two": functions(lambda x: torch.min(x, x * x.new_tensor(0.5))),
    "minimum with a constant": functions(lambda x: torch.minimum(x, TIED)),
    "largest of three": functions(lambda x: torch.maximum(torch.maximum(x, -x), TIED)),
    "nn.LeakyReLU": nn.LeakyReLU(0.25),
    "max along an axis": functions(lambda x: x.view(-1, 3, 3).max(1)[0]),
}


class Weighed(nn.Module):
    """One number for each module, in which every entry of its output has a weight, so that every slope shows."""

    def __init__(self, modules: dict[str, nn.Module]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(modules.values())

    def forward(self, x: Tensor) -> Tensor:
        results = [module(x * 1).flatten(1) for module in self.parts]  # * 1: a module may write into its input
        weights = [7.0 * torch.arange(1, 1 + y.shape[1], dtype=torch.float64) % 31 for y in results]
        return torch.stack([y @ w for y, w in zip(results, weights, strict=True)], 1)


def slopes_agree(modules: dict[str, nn.Module], rows: Tensor) -> None:
    """The derivatives at these points are torch's, and the values too."""
    weighed = Weighed(modules).double().eval()
    for parameter in weighed.parameters():
        parameter.data = quarters(seeded(5), *parameter.shape)
    network = ExactGraph(from_torch(weighed, example=rows))
    for x in rows:
        leaf = x[None].clone().requires_grad_()
        y = weighed(leaf)[0]
        point = [Q(v) for v in x.ravel().tolist()]
        values = network.values(point)
        assert values[-1].fractions() == [Q(v) for v in y.tolist()]
        for k, name in enumerate(modules):
            (g,) = torch.autograd.grad(y[k], leaf, retain_graph=True)
            assert (name, network.gradient(values, k)) == (name, [Q(v) for v in g.ravel().tolist()])


def test_values_and_slopes_at_kinks_are_torchs():
    slopes_agree(PIECES, KINKS)


@pytest.mark.parametrize("rule", ["positive_part", "absolute", "prelu"])
def test_a_rule_with_another_slope_at_the_kink_is_caught(rule: str, monkeypatch: pytest.MonkeyPatch):
    plain = {
        "positive_part": lambda build, name, x, slope: pieces.relu(build, name, x),
        "absolute": lambda build, name, x: build.add(name, LeakyRelu(-1.0), x),
        "prelu": lambda build, name, x, slope: build.combine(
            name, (1, pieces.relu(build, name, x)), (-0.25, pieces.relu(build, name, build.scale(name, x, -1.0, 0.0)))
        ),
    }
    monkeypatch.setattr(torch_layers if rule in ("absolute", "prelu") else pieces, rule, plain[rule])
    with pytest.raises(AssertionError):
        slopes_agree({k: PIECES[k] for k in ("torch.clamp", "abs", "torch.maximum", "nn.PReLU")}, KINKS)


MOVES = {
    "pad": functions(lambda x: F.pad(x, (1, 2, 0, 1), value=0.5)),
    "crop": functions(lambda x: F.pad(x, (-1, 0))),
    "nn.ZeroPad2d": nn.ZeroPad2d((1, 0, 2, 1)),
    "nn.ConstantPad2d": nn.ConstantPad2d(1, -1.5),
    "nn.ReflectionPad2d": nn.ReflectionPad2d(1),
    "nn.ReplicationPad2d": nn.ReplicationPad2d(2),
    "circular padding": nn.Conv2d(4, 1, 3, padding=1, padding_mode="circular"),
    "torch.cat": functions(lambda x: torch.cat([x, -x, x[:, :1]], 1)),
    "cat with a constant": functions(lambda x: torch.cat([x, x.new_full((len(x), 1, 4, 4), 0.5)], 1)),
    "torch.stack": functions(lambda x: torch.stack([x, 2 * x], 2)),
    "slices": functions(lambda x: x[:, 1:3, ::2, -3:]),
    "one entry": functions(lambda x: x[:, 2, :, 1]),
    "a list of entries": functions(lambda x: x[:, [2, 0, 2]]),
    "narrow": functions(lambda x: x.narrow(2, 1, 2)),
    "chunk": functions(lambda x: torch.sub(*x.chunk(2, 1))),
    "split": functions(lambda x: torch.split(x, [1, 3], 3)[1]),
    "unbind": functions(lambda x: sum(x.unbind(1)[1:])),
    "permute": functions(lambda x: x.permute(0, 3, 1, 2)),
    "transpose": functions(lambda x: x.transpose(-1, 1).mT),
    "movedim": functions(lambda x: x.movedim(1, 3)),
    "flip and roll": functions(lambda x: x.flip(1, 3).roll(1, 2)),
    "expand": functions(lambda x: x[:, :1].expand(-1, 3, -1, -1)),
    "repeat": functions(lambda x: x.repeat(1, 2, 1, 1)),
    "nn.PixelShuffle": nn.PixelShuffle(2),
    "nn.Upsample": nn.Upsample(scale_factor=2),
    "values that broadcast": functions(lambda x: x - x[:, :1, :, :1] + x.mean((2, 3), keepdim=True)),
    "a matrix before": functions(lambda x: torch.arange(8.0, dtype=torch.float64).view(2, 4) @ x),
    "a vector behind": functions(lambda x: x @ torch.arange(4.0, dtype=torch.float64)),
    "sum": functions(lambda x: x.sum((1, 3))),
    "mean of channels": functions(lambda x: x.mean(1)),
    "nn.AdaptiveAvgPool2d": nn.AdaptiveAvgPool2d(1),
    "nn.AdaptiveMaxPool2d": nn.AdaptiveMaxPool2d((1, 2)),
}
IN_ROWS = {
    "nn.Conv1d": nn.Conv1d(4, 2, 3, stride=2, padding=1, dilation=2, groups=2),
    "nn.MaxPool1d": nn.MaxPool1d(3, 2, 1),
    "nn.AvgPool1d": nn.AvgPool1d(2, 1, 1, count_include_pad=False),
    "nn.AdaptiveAvgPool1d": nn.AdaptiveAvgPool1d(2),
    "nn.ConstantPad1d": nn.ConstantPad1d((0, 2), 2.0),
}


def test_what_moves_entries_moves_them_as_torch_does():
    slopes_agree(MOVES, quarters(seeded(3), 2, 4, 4, 4))


def test_windows_on_rows():
    slopes_agree(IN_ROWS, quarters(seeded(3), 2, 4, 8))


JUMPS = {
    "where": (lambda x: torch.where(x > 0, x, 0.0), "it may jump"),
    "another threshold": (lambda x: F.threshold(x, 0.0, 1.0), "jumps from 1.0 to 0.0"),
    "ties shared by all": (lambda x: x.amax(1, keepdim=True), r"aten\.amax; it may jump"),
    "ties to the first argument": (lambda x: torch.fmax(x, -x), r"uses aten\.fmax"),
    "a bound that depends on the input": (lambda x: x.clamp(max=x * 2), r"write torch\.maximum"),
    "largest entry of the batch": (lambda x: x - x.max(0)[0], "mixes the examples"),
    "turned around in the batch": (lambda x: x.flip(0), "one by one"),
    "neighbours in the batch": (lambda x: x.roll(1, 0), "one by one|another|batch of 2, but"),
    "half of the batch": (lambda x: x[:1].expand(len(x), -1), "must stay the batch"),
}


@pytest.mark.parametrize("name", JUMPS)
def test_what_jumps_or_mixes_is_refused(name: str):
    function, message = JUMPS[name]
    with pytest.raises(Unsupported, match=message):
        from_torch(functions(function), (3,))


SIZES = {
    "factor": lambda x: x * len(x),
    "branch": lambda x: x * 2 if len(x) == 2 else x * 3,
    "constant": lambda x: x + torch.ones(len(x)).sum(),
    "layers": lambda x: x.relu() if len(x) == 2 else x,
    "fixed": lambda x: x.view(2, 3),
}


@pytest.mark.parametrize("name", SIZES)
def test_what_depends_on_the_size_of_the_batch_is_refused(name: str):
    with pytest.raises((BadInput, Unsupported), match="batch"):
        from_torch(functions(SIZES[name]), (3,))


def test_one_example_without_batch_axis_is_refused_with_what_to_write():
    with pytest.raises(BadInput, match=r"write x\[None\]"):
        from_torch(nn.Linear(3, 1), example=torch.zeros(3))
    with pytest.raises(BadInput, match="every input needs a batch axis"):
        from_torch(nn.Conv2d(1, 1, 3), example=torch.zeros(1, 5, 5))
