"""Captum's toy networks: supported to the last bit, or refused with the reason."""

from __future__ import annotations

from fractions import Fraction as Q

import pytest
import torch
from captum.testing.helpers import basic_models as captum_models
from torch import nn
from torch_modules import Of, agrees, on_quarters

from attrtheory.errors import BadInput, Unsupported
from attrtheory.models.exact_graph import evaluate_exact, gradient_exact
from attrtheory.models.torch_import import from_torch, from_torch_inputs

CAPTUM: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "BasicLinearReLULinear": (captum_models.BasicLinearReLULinear(3), (3,)),
    "MixedKwargsAndArgsModule": (captum_models.MixedKwargsAndArgsModule(), (3,)),
    "BasicModel": (captum_models.BasicModel(), (3,)),
    "BasicLinearModel2": (captum_models.BasicLinearModel2(3, 2), (3,)),
    "BasicLinearModel_Multilayer": (captum_models.BasicLinearModel_Multilayer(3, 4, 2), (3,)),
    "SimpleLRPModel": (captum_models.SimpleLRPModel(inplace=True), (3,)),
    "BasicModel_MultiLayer": (captum_models.BasicModel_MultiLayer(inplace=True), (3,)),
    "BasicModel_MultiLayer, two inputs inside": (
        captum_models.BasicModel_MultiLayer(multi_input_module=True),
        (3,),
    ),
    "BasicModel_ConvNet_One_Conv": (captum_models.BasicModel_ConvNet_One_Conv(inplace=True), (1, 4, 4)),
    "BasicModel_ConvNetWithPaddingDilation": (
        captum_models.BasicModel_ConvNetWithPaddingDilation(),
        (1, 5, 5),
    ),
}


@pytest.mark.parametrize("name", CAPTUM)
def test_captums_toy_networks(name: str):
    module, shape = CAPTUM[name]
    agrees(on_quarters(module), shape)


CAPTUM_REFUSED = {
    "BasicModel2": (captum_models.BasicModel2(), (3,), BadInput, "input2"),
    "BasicModel4_MultiArgs": (captum_models.BasicModel4_MultiArgs(), (3,), BadInput, "input2"),
    "BasicLinearModel": (captum_models.BasicLinearModel(), (3,), BadInput, "x2"),
    "BasicModel_ConvNet": (
        captum_models.BasicModel_ConvNet(),
        (1, 10, 10),
        Unsupported,
        r"'softmax' uses aten\.softmax; explain the logits",
    ),
    "BasicModel_ConvNet_MaxPool1d": (
        captum_models.BasicModel_ConvNet_MaxPool1d(),
        (1, 10),
        Unsupported,
        r"'softmax' uses aten\.softmax; explain the logits",
    ),
    "BasicModel_ConvNet_MaxPool3d": (
        captum_models.BasicModel_ConvNet_MaxPool3d(),
        (1, 10, 10, 10),
        Unsupported,
        r"'conv1' uses aten\.conv3d",
    ),
    "BasicEmbeddingModel": (captum_models.BasicEmbeddingModel(), (3,), BadInput, "input2"),
    "TextModule": (captum_models.TextModule(3, 2), (3,), BadInput, "indices"),
    "BasicModel_MultiLayer_with_Future": (
        captum_models.BasicModel_MultiLayer_with_Future(),
        (3,),
        Unsupported,
        "returns Future",
    ),
    "BasicModelBoolInput": (captum_models.BasicModelBoolInput(), (3,), BadInput, "must be boolean"),
    "BasicModel_GradientLayerAttribution": (
        captum_models.BasicModel_GradientLayerAttribution(),
        (3,),
        Unsupported,
        "returns dict",
    ),
    "BasicModel_MultiLayer_TupleInput": (
        captum_models.BasicModel_MultiLayer_TupleInput(),
        (3,),
        BadInput,
        "cannot be run",
    ),
}


@pytest.mark.parametrize("name", CAPTUM_REFUSED)
def test_captums_other_toy_networks_are_refused_with_the_reason(name: str):
    module, shape, error, message = CAPTUM_REFUSED[name]
    with pytest.raises((error, Unsupported), match=message):
        from_torch(module.eval(), shape)


@pytest.mark.parametrize(
    "kind, shape",
    [(captum_models.BasicModel_ConvNet, (1, 10, 10)), (captum_models.BasicModel_ConvNet_MaxPool1d, (1, 10))],
)
def test_the_maximal_captum_networks_are_supported_without_their_softmax(kind, shape):
    module = on_quarters(kind())
    module.softmax = nn.Identity()
    agrees(module, shape, points=1)


def test_captums_network_on_series():
    """Its first layer, on a short series: what follows needs a thousand entries."""
    module = captum_models.Conv1dSeqModel().eval()
    module.seq = nn.Sequential(module.seq[0], nn.ReLU(), nn.Flatten())
    agrees(on_quarters(module), (4, 12), points=1)


X, Y, Z = torch.tensor([[3.0, 1.0, -2.0]]), torch.tensor([[1.0, 0.5, 4.0]]), torch.tensor([[0.25, 2.0, 1.0]])
SEVERAL = {
    "BasicModel2": (captum_models.BasicModel2(), [X, Y], ()),
    "BasicModel3": (captum_models.BasicModel3(), [X, Y], ()),
    "BasicModel4_MultiArgs": (captum_models.BasicModel4_MultiArgs(), [X, Y], (torch.tensor([[4.0, 2.0, 0.5]]), 2)),
    "BasicLinearModel": (captum_models.BasicLinearModel(), [X, torch.cat([X, Y], 1)[:, :4]], ()),
    "BasicModel_MultiLayer_MultiInput": (captum_models.BasicModel_MultiLayer_MultiInput(), [X, Y, Z], (2,)),
    "BasicModel_MultiLayer with an addition": (captum_models.BasicModel_MultiLayer(), [X], (Y,)),
    "BasicModel6_MultiTensor": (captum_models.BasicModel6_MultiTensor(), [X, Y], ()),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_captums_networks_with_several_inputs(name: str):
    """The graph takes all inputs behind one another; other arguments are as they were given."""
    module, inputs, arguments = SEVERAL[name]
    module = on_quarters(module)
    inputs = [x.double().requires_grad_() for x in inputs]
    arguments = tuple(a.double() if isinstance(a, torch.Tensor) else a for a in arguments)
    graph = from_torch_inputs(module, inputs, arguments)
    y = module(*inputs, *arguments).reshape(-1)
    point = [Q(v) for x in inputs for v in x.ravel().tolist()]
    assert graph.input_shape == (len(point),)
    assert evaluate_exact(graph, point) == [Q(v) for v in y.tolist()]
    for target in range(len(y)):
        slopes = torch.autograd.grad(y[target], inputs, retain_graph=True, allow_unused=True)
        flat = [0.0 if g is None else v for g, x in zip(slopes, inputs, strict=True)
                for v in (torch.zeros_like(x) if g is None else g).ravel().tolist()]  # fmt: skip
        assert gradient_exact(graph, point, target) == [Q(v) for v in flat]


def test_inputs_that_cannot_be_read_are_refused():
    module = captum_models.BasicModel2()
    for wrong in ([], [X, X.int()], [X, torch.tensor(1.0)], [X, None]):
        with pytest.raises(BadInput, match="examples must be tensors of floats"):
            from_torch_inputs(module, wrong)
    with pytest.raises(BadInput, match="cannot be run"):
        from_torch_inputs(module, [X])
    with pytest.raises(BadInput, match="cannot be run"):
        from_torch_inputs(module, [X, Y], arguments=(1, 2))


def test_a_tensor_for_each_example_is_repeated_and_another_is_passed_as_it_is():
    own = Of(lambda _, x: x)
    own.forward = lambda x, a, b: torch.cat([x * b, a], 1)
    graph = from_torch_inputs(own, [X], (Y, torch.tensor(2.0)))
    assert evaluate_exact(graph, [Q(1), Q(2), Q(3)]) == [2, 4, 6, 1, Q(1, 2), 4]
