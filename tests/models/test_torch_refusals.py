"""What from_torch does not support is refused, and the message says what, where and what to write instead."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name that every torch user knows)
from torch_modules import functions

from attrtheory.errors import BadInput, Unsupported
from attrtheory.models.torch_import import from_torch
from attrtheory.models.torch_layers import LAYERS


class Counter(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("count", torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        self.count += 1
        return x * 2


REFUSED = {
    "batch norm in training": (nn.BatchNorm2d(3), (3, 2, 2), r"call module\.eval\(\) first"),
    "batch norm without statistics": (
        nn.BatchNorm1d(3, track_running_stats=False).eval(),
        (3,),
        "track_running_stats=True",
    ),
    "dropout in training": (
        nn.Sequential(nn.Linear(3, 3), nn.Dropout()),
        (3,),
        r"'1' is dropout in training mode.*module\.eval\(\)",
    ),
    "channel dropout in training": (nn.Dropout2d(), (3, 2, 2), r"module\.eval\(\)"),
    "dropout called as a function": (functions(F.dropout), (3,), r"module\.eval\(\)"),
    "unknown operation": (
        nn.Sequential(nn.Linear(3, 3), nn.Sequential(nn.GELU())),
        (3,),
        r"'1\.0' uses aten\.gelu; supported are Linear",
    ),
    "where": (functions(lambda x: torch.where(x > 0, x, 0.0)), (3,), r"layer 'gt'|torch\.relu"),
    "detach": (functions(lambda x: x.detach() + x), (3,), "leave detach out"),
    "log softmax": (nn.LogSoftmax(1), (3,), "explain the logits"),
    "max pool ceil": (nn.MaxPool2d(2, ceil_mode=True), (1, 5, 5), "ceil_mode=True"),
    "average pool ceil": (nn.AvgPool2d(2, ceil_mode=True), (1, 5, 5), "ceil_mode"),
    "average pool divisor": (nn.AvgPool2d(2, divisor_override=3), (1, 4, 4), "divisor_override"),
    "average pool to a size that does not divide": (nn.AdaptiveAvgPool2d(2), (1, 5, 4), "sizes that divide"),
    "mean over the batch": (functions(lambda x: x - x.mean(0)), (3,), "mixes the examples"),
    "mixing the batch": (functions(lambda x: x.reshape(3, -1).reshape(-1, 3)), (3,), "cannot reshape"),
    "flattening the batch": (functions(lambda x: x.flatten()), (3,), "first axis must stay the batch"),
    "batch taken for features": (
        functions(lambda x: F.linear(x.squeeze(1), torch.ones(len(x), len(x)))),
        (1,),
        "batch axis for features",
    ),
    "rounding": (functions(lambda x: x.double().float()), (3,), "which rounds"),
    "division with rounding": (
        functions(lambda x: torch.div(x, 2, rounding_mode="floor")),
        (3,),
        "rounding_mode",
    ),
    "product of values": (functions(lambda x: x * x), (3,), "multiplies two values"),
    "quotient of values": (functions(lambda x: (x + 1) / x), (3,), "divides by a value"),
    "reciprocal": (functions(lambda x: 1 / x), (3,), r"aten\.reciprocal"),
    "input as a weight": (functions(lambda x: F.linear(x, x)), (2,), "constant weight"),
    "matrix times input": (functions(lambda x: torch.ones(len(x), len(x)) @ x), (2,), "constant weight"),
    "an example for each entry": (functions(lambda x: (x.unsqueeze(1) + x)[:, 0]), (2,), "one by one"),
    "several outputs": (functions(lambda x: (x, x)), (3,), "returns tuple"),
    "indices": (
        functions(lambda x: F.max_pool2d(x, 2, return_indices=True)[1].float()),
        (1, 4, 4),
        "part 1 of a result",
    ),
    "integer output": (functions(lambda x: x.argmax(1)), (3,), "accepted is one tensor of floats"),
    "constant output": (functions(lambda x: torch.ones(len(x), 3)), (3,), "does not depend on its input"),
    "noise": (functions(lambda x: x + torch.rand(3)), (3,), "draws random numbers"),
    "branches on values": (
        functions(lambda x: x if x.sum() > 0 else -x),
        (3,),
        "control flow must not depend",
    ),
    "state": (Counter(), (3,), "changes its buffers"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_supported_is_named(name: str):
    module, shape, message = REFUSED[name]
    with pytest.raises(Unsupported, match=message):
        from_torch(module, shape)


def linear(value: float | Tensor) -> nn.Module:
    module = nn.Linear(2, 1)
    module.weight.data[0, 0] = value
    return module


@pytest.mark.parametrize(
    "module, message",
    [
        (linear(float("nan")), "infinite or NaN"),
        (linear(float("inf")), "infinite or NaN"),
        (nn.Linear(2, 1, device="meta"), "cannot be run|no plain numbers"),
        (functions(lambda x: x / 0), "divides by the constant 0"),
        (functions(lambda x: x / torch.tensor([1.0, 0.0])), "divides by the constant 0"),
        (nn.Linear(3, 1), "mat1 and mat2"),
        (nn.LazyLinear(1), "lazy layers"),
    ],
)
def test_bad_numbers_and_shapes_are_refused(module: nn.Module, message: str):
    with pytest.raises(BadInput, match=message):
        from_torch(module, (2,))


def test_a_layer_of_another_shape_than_torchs_is_refused(monkeypatch: pytest.MonkeyPatch):
    """The last line of defence against a layer that is read wrongly, or that mixes the batch."""
    monkeypatch.setitem(LAYERS, "aten.relu", lambda at, x: at.build.reshape(at.name, x, (3, 1)))
    with pytest.raises(Unsupported, match="one by one"):
        from_torch(nn.ReLU(), (3,))


def test_a_variance_below_zero_is_refused():
    bn = nn.BatchNorm1d(2).eval()
    bn.running_var.fill_(-1.0)
    with pytest.raises(BadInput, match="not positive"):
        from_torch(bn, (2,))


def test_complex_weights_are_refused():
    with pytest.raises((BadInput, Unsupported), match=r"complex|floats"):
        from_torch(functions(lambda x: (x * torch.tensor([1j, 2.0])).real), (2,))


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((nn.Linear(2, 1),), "needs the input's shape"),
        ((nn.Linear(2, 1), ()), "positive sizes"),
        ((nn.Linear(2, 1), (0,)), "positive sizes"),
        ((nn.Linear(2, 1), 2), r"write \(3,\) for 3 features"),
        ((nn.Linear(2, 1), "ab"), "positive sizes"),
        ((nn.Linear(2, 1), (2.0,)), "positive sizes"),
        ((nn.Linear(2, 1), None, torch.zeros(2)), "first axis is the batch"),
        ((nn.Linear(2, 1), None, torch.zeros(1, 2, dtype=torch.int64)), "tensor of floats"),
        ((nn.Linear(2, 1), None, [[1.0, 2.0]]), "tensor of floats"),
        ((nn.Linear(2, 1), (3,), torch.zeros(1, 2)), "is not the example's shape"),
        ((lambda x: x, (2,)), r"takes a torch\.nn\.Module"),
        ((torch.jit.ScriptModule(), (2,)), "not scripted"),
    ],
)
def test_arguments_are_checked(arguments, message: str):
    with pytest.raises(BadInput, match=message):
        from_torch(*arguments)
