"""Modules become graphs that compute what the module computes, to the last bit."""

from __future__ import annotations

from fractions import Fraction as Q

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name that every torch user knows)
from torch_modules import Block, Of, agrees, functions, on_quarters, seeded

from attrtheory.errors import Unsupported
from attrtheory.models.exact_graph import evaluate_exact, gradient_exact
from attrtheory.models.ops import Conv2d, LeakyRelu, Linear, Scale
from attrtheory.models.torch_import import from_torch


def double(y: Tensor) -> Tensor:
    return F.relu_(y) + y


def flat_before(y: Tensor) -> Tensor:
    view = y.view(-1, 6)
    y.relu_()
    return view


MODULES: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "linear": (nn.Linear(3, 2), (3,)),
    "linear on the last axis": (nn.Linear(3, 2, bias=False), (4, 3)),
    "mlp": (
        nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Sequential(nn.Linear(4, 4), nn.LeakyReLU(0.25)), nn.Linear(4, 2)),
        (3,),
    ),
    "every way to write relu": (
        functions(lambda x: F.relu(torch.relu(x - 1).relu() - x) + (x + 1).relu_()),
        (3,),
    ),
    "leaky relu with any slope": (
        nn.Sequential(nn.LeakyReLU(-0.5), nn.LeakyReLU(2.0), nn.LeakyReLU(1.0)),
        (3,),
    ),
    "a layer used twice": (Of(lambda m, x: m.layers["a"](F.relu(m.layers["a"](x))), a=nn.Linear(3, 3)), (3,)),
    "skips": (
        Of(lambda m, x: m.layers["a"](x) + x - torch.add(x, F.relu(x), alpha=2), a=nn.Linear(3, 3)),
        (3,),
    ),
    "weighted differences": (
        functions(lambda x: torch.sub(x, F.relu(x), alpha=2) - x.sub(1, alpha=3) + torch.rsub(x, 2, alpha=4)),
        (3,),
    ),
    "a skip that reads a tensor changed in place": (
        Of(lambda m, x: double(m.layers["a"](x)), a=nn.Linear(3, 3)),
        (3,),
    ),
    "a view that reads a tensor changed in place": (
        functions(lambda x: flat_before(x - 1)),
        (2, 3),
    ),
    "the input changed in place": (nn.Sequential(nn.ReLU(inplace=True), nn.Linear(3, 1)), (3,)),
    "constants": (
        functions(lambda x: (1 - x) * 0.5 / 2 + 3 - (-x) * torch.tensor([1.0, 2.0, 0.25], dtype=torch.float64)),
        (3,),
    ),
    "buffers": (Of(lambda m, x: (x - m.c) * (2 * m.c)), (3,)),
    "division by a constant": (functions(lambda x: x / torch.tensor([0.5, 4.0, -2.0])), (3,)),
    "matrices": (
        Of(
            lambda m, x: torch.addmm(
                m.c[:2], x @ torch.ones(3, 2, dtype=torch.float64) * 2, torch.eye(2, dtype=torch.float64)
            )
        ),
        (3,),
    ),
    "conv": (nn.Conv2d(2, 3, (2, 3), stride=(2, 1), padding=(1, 2)), (2, 5, 4)),
    "conv groups dilation": (nn.Conv2d(4, 2, 2, dilation=(2, 1), groups=2, bias=False), (4, 4, 4)),
    "conv same": (nn.Conv2d(1, 1, (2, 3), padding="same", dilation=(1, 2)), (1, 4, 5)),
    "conv valid": (nn.Conv2d(1, 1, 3, padding="valid"), (1, 4, 4)),
    "average pool": (nn.AvgPool2d(2, stride=1, padding=1), (2, 4, 5)),
    "average pool, padding not counted": (
        nn.AvgPool2d((2, 1), padding=(1, 0), count_include_pad=False),
        (1, 4, 4),
    ),
    "average pool to a size": (nn.AdaptiveAvgPool2d((2, 1)), (2, 4, 2)),
    "mean of pixels": (functions(lambda x: x.mean((2, 3))), (2, 4, 2)),
    "mean of pixels, kept": (functions(lambda x: x.mean((-1, -2), keepdim=True)), (2, 4, 2)),
    "max pool": (nn.MaxPool2d((3, 2), stride=2, padding=1), (2, 5, 5)),
    "max pool dilated": (nn.MaxPool2d(2, stride=1, dilation=2), (1, 4, 5)),
    "max pool with indices": (functions(lambda x: F.max_pool2d(x, 2, return_indices=True)[0]), (1, 4, 4)),
    "batch norm": (
        nn.Sequential(nn.BatchNorm2d(2), nn.Flatten(), nn.BatchNorm1d(8, affine=False)),
        (2, 2, 2),
    ),
    "batch norm of series": (nn.BatchNorm1d(2), (2, 3)),
    "residual block": (
        nn.Sequential(Block(), Block(), nn.Flatten(), nn.Dropout(), nn.Identity(), nn.Linear(18, 2)),
        (2, 3, 3),
    ),
    "shapes": (
        functions(lambda x: F.relu(x.view(x.size(0), -1).unsqueeze(1).squeeze(1).reshape(-1, 3, 2)).flatten(1)),
        (2, 3),
    ),
    "one number per example": (Of(lambda m, x: m.layers["a"](x).squeeze(-1), a=nn.Linear(3, 1)), (3,)),
    "nothing": (nn.Identity(), (2,)),
    "copies": (functions(lambda x: x.clone().contiguous().to(torch.float64) + 0), (2,)),
    "weights computed from parameters": (
        Of(lambda m, x: F.linear(x, m.layers["a"].weight.abs().t() * 2), a=nn.Linear(3, 3)),
        (3,),
    ),
    "parts that the output does not need": (
        functions(lambda x: (torch.sin(x), torch.rand(3), x * 2)[2]),
        (3,),
    ),
}


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")  # torch says that this is slow
@pytest.mark.parametrize("name", MODULES)
def test_values_and_derivatives_are_those_of_the_module(name: str):
    module, shape = MODULES[name]
    agrees(on_quarters(module), shape)


def test_in_place_relu_changes_what_the_skip_reads():
    """`y = x - 1; relu_(y) + y` is `2 relu(x - 1)`: 0 at 0, where the old tensor would give -1."""
    graph = from_torch(functions(lambda x: double(x - 1)), (1,))
    assert evaluate_exact(graph, [Q(0)]) == [0]
    assert evaluate_exact(graph, [Q(3)]) == [4]


def test_names_are_the_modules_qualified_names():
    graph = from_torch(nn.Sequential(Block(), Block()).eval(), (2, 3, 3))
    names = [n.name for n in graph.nodes]
    assert names[:4] == ["0.conv1", "0.bn1", "0.relu", "0.conv2"]
    assert len(set(names)) == len(names)
    assert "1.relu@2" in names  # used twice
    assert graph.name == "Sequential"
    assert from_torch(nn.Linear(2, 2), (2,), name="mine").name == "mine"


def test_an_addition_of_a_constant_becomes_the_bias():
    graph = from_torch(Of(lambda m, x: x @ torch.ones(3, 2) + 0.5), (3,))
    assert [type(n.op) for n in graph.nodes] == [Linear]
    assert graph.nodes[0].op.bias.tolist() == [0.5, 0.5]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_weights_are_exact_in_every_precision(dtype: torch.dtype):
    module = nn.Linear(5, 3).to(dtype)
    op = from_torch(module, (5,)).nodes[0].op
    assert [Q(v) for v in op.weight.ravel().tolist()] == [Q(v) for v in module.weight.ravel().tolist()]
    assert op.weight.dtype == np.float64
    assert not op.weight.flags.writeable
    assert not np.shares_memory(op.weight, module.weight.detach().view(torch.uint8).numpy())


def test_python_numbers_are_those_of_the_modules_precision():
    """float32 modules multiply by float32(0.1); the slope of a LeakyReLU is rounded in the same way."""
    single = from_torch(nn.Sequential(nn.LeakyReLU(0.1), functions(lambda x: x * 0.1)), (1,))
    assert (single.nodes[0].op.slope, single.nodes[1].op.scale.tolist()) == (float(np.float32(0.1)),) * 2
    module = nn.Sequential(nn.LeakyReLU(0.1), functions(lambda x: x * 0.1)).double()
    double = from_torch(module, example=torch.zeros(2, 1, dtype=torch.float64))
    assert (double.nodes[0].op.slope, double.nodes[1].op.scale.tolist()) == (0.1, 0.1)
    x = torch.tensor([[-3.0]])
    (y,) = evaluate_exact(single, [Q(-3)])
    assert float(y) == pytest.approx((F.leaky_relu(x, 0.1) * 0.1).item(), rel=2**-23)


def test_batch_norm_is_folded_in_float64():
    bn, generator = nn.BatchNorm2d(3).eval(), seeded(2)
    for t in (bn.weight.data, bn.bias.data, bn.running_mean):
        t.normal_(generator=generator)
    bn.running_var.uniform_(0.1, 3, generator=generator)
    graph = from_torch(bn, (3, 2, 2))
    assert [type(n.op) for n in graph.nodes] == [Scale]
    x = torch.randn(1, 3, 2, 2, generator=generator)
    exact = [float(v) for v in evaluate_exact(graph, [Q(v) for v in x.ravel().tolist()])]
    assert exact == pytest.approx(bn.double()(x.double()).ravel().tolist(), rel=1e-14, abs=1e-14)


def test_a_float32_network_agrees_to_rounding():
    torch.manual_seed(3)
    conv = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
    module = nn.Sequential(conv, nn.Linear(36, 10), nn.LeakyReLU(), nn.Linear(10, 3)).eval()
    graph = from_torch(module, (1, 8, 8))
    x = torch.randn(1, 1, 8, 8)
    exact = [float(v) for v in evaluate_exact(graph, [Q(v) for v in x.ravel().tolist()])]
    assert exact == pytest.approx(module(x)[0].tolist(), abs=1e-6)


def test_tracing_leaves_the_module_as_it_was():
    module = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Dropout())
    before = {k: v.clone() for k, v in module.state_dict().items()}
    state = torch.get_rng_state()
    with pytest.raises(Unsupported, match=r"module\.eval\(\)"):
        from_torch(module, (3,))
    assert module.training
    assert all(torch.equal(v, before[k]) for k, v in module.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)


def test_the_example_decides_shape_and_precision():
    graph = from_torch(nn.Flatten(), example=torch.zeros(1, 2, 3))
    assert (graph.input_shape, graph.shapes[-1]) == ((2, 3), (6,))
    assert from_torch(nn.Flatten(), (2, 3), torch.zeros(4, 2, 3)).input_shape == (2, 3)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_paddings_are_top_left_bottom_right():
    op = from_torch(nn.Conv2d(1, 1, (2, 4), padding="same"), (1, 5, 5)).nodes[0].op
    assert isinstance(op, Conv2d)
    assert op.padding == (0, 1, 1, 2)


def test_slopes_of_any_sign_keep_the_convention_at_zero():
    graph = from_torch(nn.LeakyReLU(-0.5), (1,))
    assert isinstance(graph.nodes[0].op, LeakyRelu)
    assert (evaluate_exact(graph, [Q(-4)]), gradient_exact(graph, [Q(0)], 0)) == ([2], [Q(-1, 2)])
