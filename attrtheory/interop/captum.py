"""captum's attribution methods, exact: `from attrtheory.interop.captum import IntegratedGradients`, and nothing else changes.

>>> import torch
>>> from attrtheory.interop.captum import IntegratedGradients
>>> net = torch.nn.Sequential(torch.nn.Linear(2, 1, bias=False), torch.nn.ReLU())
>>> _ = torch.nn.init.ones_(net[0].weight)
>>> method = IntegratedGradients(net)
>>> method.attribute(torch.tensor([[2.0, 1.0]]), baselines=-1.0, target=0)
tensor([[1.8000, 1.2000]])
>>> method.result.trust, method.result.pieces
(('float',), (2,))
"""

from __future__ import annotations

from attrtheory.interop.line import GradientShap, IntegratedGradients
from attrtheory.interop.perturbation import FeatureAblation, Occlusion
from attrtheory.interop.pointwise import InputXGradient, Saliency
from attrtheory.interop.shapley import ShapleyValues, ShapleyValueSampling

__all__ = [
    "FeatureAblation", "GradientShap", "InputXGradient", "IntegratedGradients", "Occlusion", "Saliency",
    "ShapleyValueSampling", "ShapleyValues",
]  # fmt: skip
