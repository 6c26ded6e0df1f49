"""Captum's toy networks: supported to the last bit, or refused with the reason."""

from __future__ import annotations

import pytest
from captum.testing.helpers import basic_models as captum_models
from torch import nn
from torch_modules import agrees, on_quarters

from attrtheory.errors import BadInput, Unsupported
from attrtheory.models.torch_import import from_torch

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
        r"'conv1' uses aten\.conv1d",
    ),
    "BasicModel_ConvNet_MaxPool3d": (
        captum_models.BasicModel_ConvNet_MaxPool3d(),
        (1, 10, 10, 10),
        Unsupported,
        r"'conv1' uses aten\.conv3d",
    ),
    "Conv1dSeqModel": (captum_models.Conv1dSeqModel(), (4, 1000), Unsupported, r"'seq\.0' uses aten\.conv1d"),
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


def test_the_maximal_captum_network_is_supported_without_its_softmax():
    module = on_quarters(captum_models.BasicModel_ConvNet())
    module.softmax = nn.Identity()
    agrees(module, (1, 10, 10), points=1)
