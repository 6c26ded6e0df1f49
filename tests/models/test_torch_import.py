"""Modules become graphs that compute what the module computes, to the last bit; everything else is refused with its reason."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction as Q

import numpy as np
import pytest
import torch
from captum.testing.helpers import basic_models as captum_models
from torch import Tensor, nn
from torch.nn import functional as F

from attrtheory.errors import BadInput, Unsupported
from attrtheory.models.exact_graph import evaluate_exact, gradient_exact
from attrtheory.models.graph import Graph
from attrtheory.models.ops import Conv2d, LeakyRelu, Linear, Scale
from attrtheory.models.torch_import import from_torch


def quarters(generator: torch.Generator, *shape: int) -> Tensor:
    """Multiples of 1/4 from -2 to 2: on these float64 doesn't round in the networks below."""
    return torch.randint(-8, 9, shape, generator=generator).double() / 4


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def dyadic(module: nn.Module) -> nn.Module:
    module, generator = module.double().eval(), seeded(0)
    for t in (*module.parameters(), *module.buffers()):
        if t.is_floating_point():
            t.data = quarters(generator, *t.shape)
    for m in module.modules():
        if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d) and m.running_var is not None:
            m.eps = 0.0
            m.running_var.data = torch.full_like(m.running_var, 4.0)
    return module


def agrees(module: nn.Module, shape: tuple[int, ...], points: int = 3) -> Graph:
    """Values and derivatives of the graph are those of the module, as rationals."""
    graph, generator = from_torch(module, shape), seeded(1)
    assert graph.input_shape == shape
    for _ in range(points):
        x = quarters(generator, 1, *shape).requires_grad_()
        y = module(x * 1).reshape(-1)  # * 1: an in-place first layer must not change a leaf
        point = [Q(v) for v in x.detach().ravel().tolist()]
        assert evaluate_exact(graph, point) == [Q(v) for v in y.tolist()]
        target = int(torch.randint(len(y), (1,), generator=generator))
        (g,) = torch.autograd.grad(y[target], x)
        assert gradient_exact(graph, point, target) == [Q(v) for v in g.ravel().tolist()]
    return graph


class Of(nn.Module):
    """A module from a function and the layers that it uses."""

    def __init__(self, f: Callable[..., Tensor], **layers: nn.Module) -> None:
        super().__init__()
        self.f, self.layers = f, nn.ModuleDict(layers)
        self.register_buffer("c", torch.zeros(3))

    def forward(self, x: Tensor) -> Tensor:
        return self.f(self, x)


class Block(nn.Module):
    """A residual block that writes into its own tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(2, 2, 3, padding=1)
        self.bn1, self.bn2 = nn.BatchNorm2d(2), nn.BatchNorm2d(2)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        y += x
        return self.relu(y)


def functions(x: Callable[[Tensor], Tensor]) -> nn.Module:
    return Of(lambda _, v: x(v))


MODULES: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "linear": (nn.Linear(3, 2), (3,)),
    "linear on the last axis": (nn.Linear(3, 2, bias=False), (4, 3)),
    "mlp": (nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Sequential(nn.Linear(4, 4), nn.LeakyReLU(0.25)), nn.Linear(4, 2)), (3,)),
    "every way to write relu": (functions(lambda x: F.relu(torch.relu(x - 1).relu() - x) + (x + 1).relu_()), (3,)),
    "leaky relu with any slope": (nn.Sequential(nn.LeakyReLU(-0.5), nn.LeakyReLU(2.0), nn.LeakyReLU(1.0)), (3,)),
    "a layer used twice": (Of(lambda m, x: m.layers["a"](F.relu(m.layers["a"](x))), a=nn.Linear(3, 3)), (3,)),
    "skips": (Of(lambda m, x: m.layers["a"](x) + x - torch.add(x, F.relu(x), alpha=2), a=nn.Linear(3, 3)), (3,)),
    "a skip that reads a tensor changed in place": (Of(lambda m, x: (lambda y: F.relu_(y) + y)(m.layers["a"](x)), a=nn.Linear(3, 3)), (3,)),
    "a view that reads a tensor changed in place": (functions(lambda x: (lambda y: (y.view(-1, 6), y.relu_())[0])(x - 1)), (2, 3)),
    "the input changed in place": (nn.Sequential(nn.ReLU(inplace=True), nn.Linear(3, 1)), (3,)),
    "constants": (functions(lambda x: (1 - x) * 0.5 / 2 + 3 - (-x) * torch.tensor([1.0, 2.0, 0.25], dtype=torch.float64)), (3,)),
    "buffers": (Of(lambda m, x: (x - m.c) * (2 * m.c)), (3,)),
    "division by a constant": (functions(lambda x: x / torch.tensor([0.5, 4.0, -2.0])), (3,)),
    "matrices": (Of(lambda m, x: torch.addmm(m.c[:2], x @ torch.ones(3, 2, dtype=torch.float64) * 2, torch.eye(2, dtype=torch.float64))), (3,)),
    "conv": (nn.Conv2d(2, 3, (2, 3), stride=(2, 1), padding=(1, 2)), (2, 5, 4)),
    "conv groups dilation": (nn.Conv2d(4, 2, 2, dilation=(2, 1), groups=2, bias=False), (4, 4, 4)),
    "conv same": (nn.Conv2d(1, 1, (2, 3), padding="same", dilation=(1, 2)), (1, 4, 5)),
    "conv valid": (nn.Conv2d(1, 1, 3, padding="valid"), (1, 4, 4)),
    "average pool": (nn.AvgPool2d(2, stride=1, padding=1), (2, 4, 5)),
    "average pool, padding not counted": (nn.AvgPool2d((2, 1), padding=(1, 0), count_include_pad=False), (1, 4, 4)),
    "average pool to a size": (nn.AdaptiveAvgPool2d((2, 1)), (2, 4, 2)),
    "mean of pixels": (functions(lambda x: x.mean((2, 3))), (2, 4, 2)),
    "mean of pixels, kept": (functions(lambda x: x.mean((-1, -2), keepdim=True)), (2, 4, 2)),
    "max pool": (nn.MaxPool2d((3, 2), stride=2, padding=1), (2, 5, 5)),
    "max pool dilated": (nn.MaxPool2d(2, stride=1, dilation=2), (1, 4, 5)),
    "max pool with indices": (functions(lambda x: F.max_pool2d(x, 2, return_indices=True)[0]), (1, 4, 4)),
    "batch norm": (nn.Sequential(nn.BatchNorm2d(2), nn.Flatten(), nn.BatchNorm1d(8, affine=False)), (2, 2, 2)),
    "batch norm of series": (nn.BatchNorm1d(2), (2, 3)),
    "residual block": (nn.Sequential(Block(), Block(), nn.Flatten(), nn.Dropout(), nn.Identity(), nn.Linear(18, 2)), (2, 3, 3)),
    "shapes": (functions(lambda x: F.relu(x.view(x.size(0), -1).unsqueeze(1).squeeze(1).reshape(-1, 3, 2)).flatten(1)), (2, 3)),
    "one number per example": (Of(lambda m, x: m.layers["a"](x).squeeze(-1), a=nn.Linear(3, 1)), (3,)),
    "nothing": (nn.Identity(), (2,)),
    "copies": (functions(lambda x: x.clone().contiguous().to(torch.float64) + 0), (2,)),
    "weights computed from parameters": (Of(lambda m, x: F.linear(x, m.layers["a"].weight.abs().t() * 2), a=nn.Linear(3, 3)), (3,)),
    "parts that the output does not need": (functions(lambda x: (torch.sin(x), torch.rand(3), x * 2)[2]), (3,)),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")  # torch says that this is slow
@pytest.mark.parametrize("name", MODULES)
def test_values_and_derivatives_are_those_of_the_module(name: str):
    module, shape = MODULES[name]
    agrees(dyadic(module), shape)


def test_in_place_relu_changes_what_the_skip_reads():
    """`y = x - 1; relu_(y) + y` is `2 relu(x - 1)`: at 0 it is 0, and -1 only if the skip read the old tensor."""
    graph = from_torch(functions(lambda x: (lambda y: F.relu_(y) + y)(x - 1)), (1,))
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
    module = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 10), nn.LeakyReLU(), nn.Linear(10, 3)
    ).eval()  # fmt: skip
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


CAPTUM: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "BasicLinearReLULinear": (captum_models.BasicLinearReLULinear(3), (3,)),
    "MixedKwargsAndArgsModule": (captum_models.MixedKwargsAndArgsModule(), (3,)),
    "BasicModel": (captum_models.BasicModel(), (3,)),
    "BasicLinearModel2": (captum_models.BasicLinearModel2(3, 2), (3,)),
    "BasicLinearModel_Multilayer": (captum_models.BasicLinearModel_Multilayer(3, 4, 2), (3,)),
    "SimpleLRPModel": (captum_models.SimpleLRPModel(inplace=True), (3,)),
    "BasicModel_MultiLayer": (captum_models.BasicModel_MultiLayer(inplace=True), (3,)),
    "BasicModel_MultiLayer, two inputs inside": (captum_models.BasicModel_MultiLayer(multi_input_module=True), (3,)),
    "BasicModel_ConvNet_One_Conv": (captum_models.BasicModel_ConvNet_One_Conv(inplace=True), (1, 4, 4)),
    "BasicModel_ConvNetWithPaddingDilation": (captum_models.BasicModel_ConvNetWithPaddingDilation(), (1, 5, 5)),
}


@pytest.mark.parametrize("name", CAPTUM)
def test_captums_toy_networks(name: str):
    module, shape = CAPTUM[name]
    agrees(dyadic(module), shape)


CAPTUM_REFUSED = {
    "BasicModel2": (captum_models.BasicModel2(), (3,), BadInput, "input2"),
    "BasicModel4_MultiArgs": (captum_models.BasicModel4_MultiArgs(), (3,), BadInput, "input2"),
    "BasicLinearModel": (captum_models.BasicLinearModel(), (3,), BadInput, "x2"),
    "BasicModel_ConvNet": (captum_models.BasicModel_ConvNet(), (1, 10, 10), Unsupported, r"'softmax' uses aten\.softmax; explain the logits"),
    "BasicModel_ConvNet_MaxPool1d": (captum_models.BasicModel_ConvNet_MaxPool1d(), (1, 10), Unsupported, r"'conv1' uses aten\.conv1d"),
    "BasicModel_ConvNet_MaxPool3d": (captum_models.BasicModel_ConvNet_MaxPool3d(), (1, 10, 10, 10), Unsupported, r"'conv1' uses aten\.conv3d"),
    "Conv1dSeqModel": (captum_models.Conv1dSeqModel(), (4, 1000), Unsupported, r"'seq\.0' uses aten\.conv1d"),
    "BasicEmbeddingModel": (captum_models.BasicEmbeddingModel(), (3,), BadInput, "input2"),
    "TextModule": (captum_models.TextModule(3, 2), (3,), BadInput, "indices"),
    "BasicModel_MultiLayer_with_Future": (captum_models.BasicModel_MultiLayer_with_Future(), (3,), Unsupported, "returns Future"),
    "BasicModelBoolInput": (captum_models.BasicModelBoolInput(), (3,), BadInput, "must be boolean"),
    "BasicModel_GradientLayerAttribution": (captum_models.BasicModel_GradientLayerAttribution(), (3,), Unsupported, "returns dict"),
    "BasicModel_MultiLayer_TupleInput": (captum_models.BasicModel_MultiLayer_TupleInput(), (3,), BadInput, "cannot be run"),
}  # fmt: skip


@pytest.mark.parametrize("name", CAPTUM_REFUSED)
def test_captums_other_toy_networks_are_refused_with_the_reason(name: str):
    module, shape, error, message = CAPTUM_REFUSED[name]
    with pytest.raises((error, Unsupported), match=message):
        from_torch(module.eval(), shape)


def test_the_maximal_captum_network_is_supported_without_its_softmax():
    module = dyadic(captum_models.BasicModel_ConvNet())
    module.softmax = nn.Identity()
    agrees(module, (1, 10, 10), points=1)


class Counter(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("count", torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        self.count += 1
        return x * 2


REFUSED = {
    "batch norm in training": (nn.BatchNorm2d(3), (3, 2, 2), r"call module\.eval\(\) first"),
    "batch norm without statistics": (nn.BatchNorm1d(3, track_running_stats=False).eval(), (3,), "track_running_stats=True"),
    "dropout in training": (nn.Sequential(nn.Linear(3, 3), nn.Dropout()), (3,), r"'1' is dropout in training mode.*module\.eval\(\)"),
    "channel dropout in training": (nn.Dropout2d(), (3, 2, 2), r"module\.eval\(\)"),
    "dropout called as a function": (functions(F.dropout), (3,), r"module\.eval\(\)"),
    "unknown operation": (nn.Sequential(nn.Linear(3, 3), nn.Sequential(nn.GELU())), (3,), r"'1\.0' uses aten\.gelu; supported are Linear"),
    "clamp": (functions(lambda x: x.clamp(min=0)), (3,), r"aten\.clamp; .*torch\.relu"),
    "maximum": (functions(lambda x: torch.maximum(x, torch.zeros(3))), (3,), r"aten\.maximum; .*torch\.relu"),
    "relu6": (nn.ReLU6(), (3,), r"aten\.hardtanh; .*torch\.relu"),
    "abs": (functions(torch.abs), (3,), r"torch\.relu"),
    "where": (functions(lambda x: torch.where(x > 0, x, 0.0)), (3,), r"layer 'gt'|torch\.relu"),
    "detach": (functions(lambda x: x.detach() + x), (3,), "leave detach out"),
    "log softmax": (nn.LogSoftmax(1), (3,), "explain the logits"),
    "padding by reflection": (nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect"), (1, 4, 4), r"uses aten\.pad"),
    "circular padding": (nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular"), (1, 4, 4), r"uses aten\.pad"),
    "max pool ceil": (nn.MaxPool2d(2, ceil_mode=True), (1, 5, 5), "ceil_mode=True"),
    "average pool ceil": (nn.AvgPool2d(2, ceil_mode=True), (1, 5, 5), "ceil_mode"),
    "average pool divisor": (nn.AvgPool2d(2, divisor_override=3), (1, 4, 4), "divisor_override"),
    "average pool to a size that does not divide": (nn.AdaptiveAvgPool2d(2), (1, 5, 4), "sizes that divide"),
    "mean over channels": (functions(lambda x: x.mean(1)), (2, 2, 2), "height and width"),
    "mean over the batch": (functions(lambda x: x - x.mean(0)), (3,), "averages over axes"),
    "mixing the batch": (functions(lambda x: x.reshape(3, 2).reshape(2, 3)), (3,), "cannot reshape"),
    "batch taken for channels": (nn.Conv2d(2, 2, 3), (5, 5), r"needs an input \(channels, height, width\)"),
    "flattening the batch": (functions(lambda x: x.flatten()), (3,), "first axis must stay the batch"),
    "batch taken for features": (functions(lambda x: F.linear(x.squeeze(1), torch.eye(2))), (1,), "batch axis for features"),
    "transpose": (functions(lambda x: x.transpose(1, 2)), (2, 3), r"aten\.transpose"),
    "rounding": (functions(lambda x: x.double().float()), (3,), "which rounds"),
    "division with rounding": (functions(lambda x: torch.div(x, 2, rounding_mode="floor")), (3,), "rounding_mode"),
    "product of values": (functions(lambda x: x * x), (3,), "multiplies two values"),
    "quotient of values": (functions(lambda x: (x + 1) / x), (3,), "divides by a value"),
    "reciprocal": (functions(lambda x: 1 / x), (3,), r"aten\.reciprocal"),
    "product with a vector": (functions(lambda x: x @ torch.ones(3)), (3,), "accepted are matrices"),
    "input as a weight": (functions(lambda x: F.linear(x, x)), (2,), "constant weight"),
    "matrix times input": (functions(lambda x: torch.ones(2, 2) @ x), (2,), "constant weight"),
    "shapes that broadcast": (functions(lambda x: x.unsqueeze(1) + x), (2,), "must have one shape"),
    "a constant that is larger": (functions(lambda x: x + torch.zeros(5, 1)), (1, 3), "does not fit"),
    "a constant for each example": (functions(lambda x: x + torch.zeros(2, 3)), (3,), "does not fit"),
    "several outputs": (functions(lambda x: (x, x)), (3,), "returns tuple"),
    "indices": (functions(lambda x: F.max_pool2d(x, 2, return_indices=True)[1].float()), (1, 4, 4), "part 1 of a result"),
    "integer output": (functions(lambda x: x.argmax(1)), (3,), "accepted is one tensor of floats"),
    "constant output": (functions(lambda x: torch.ones(2, 3)), (3,), "does not depend on its input"),
    "noise": (functions(lambda x: x + torch.rand(3)), (3,), "draws random numbers"),
    "branches on values": (functions(lambda x: x if x.sum() > 0 else -x), (3,), "control flow must not depend"),
    "state": (Counter(), (3,), "changes its buffers"),
}  # fmt: skip


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


def test_a_variance_below_zero_is_refused():
    bn = nn.BatchNorm1d(2).eval()
    bn.running_var.fill_(-1.0)
    with pytest.raises(BadInput, match="not positive"):
        from_torch(bn, (2,))


def test_complex_weights_are_refused():
    with pytest.raises((BadInput, Unsupported), match="complex|floats"):
        from_torch(functions(lambda x: (x * torch.tensor([1j, 2.0])).real), (2,))


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((nn.Linear(2, 1),), "needs the input's shape"),
        ((nn.Linear(2, 1), ()), "positive sizes"),
        ((nn.Linear(2, 1), (0,)), "positive sizes"),
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


def test_slopes_of_any_sign_keep_the_convention_at_zero():
    graph = from_torch(nn.LeakyReLU(-0.5), (1,))
    assert isinstance(graph.nodes[0].op, LeakyRelu)
    assert (evaluate_exact(graph, [Q(-4)]), gradient_exact(graph, [Q(0)], 0)) == ([2], [Q(-1, 2)])
