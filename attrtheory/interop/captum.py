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

from typing import Any

from attrtheory.interop.line import GradientShap, IntegratedGradients
from attrtheory.interop.perturbation import FeatureAblation, Occlusion
from attrtheory.interop.pointwise import InputXGradient, Saliency
from attrtheory.interop.shapley import ShapleyValues, ShapleyValueSampling

__all__ = [
    "FeatureAblation", "GradientShap", "InputXGradient", "IntegratedGradients", "Occlusion", "Saliency",
    "ShapleyValueSampling", "ShapleyValues",
]  # fmt: skip


_ITS_OWN = ("NoiseTunnel", "visualization")  # they work on any class with captum's interface, so captum's are the same


def __getattr__(name: str) -> Any:
    """captum's own tools where captum is installed; every other name is refused with the classes there are."""
    if not name[0].isupper() and name not in _ITS_OWN:  # no class: what tools look for in any module
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name not in _ITS_OWN:
        raise ImportError(
            f"{name} is not among the exact methods: {', '.join(__all__)}. Import it from captum.attr: it then samples or "
            "approximates as captum does"
        )
    try:
        import captum.attr  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ImportError(f"{name} is captum's own, and captum is not installed: pip install captum") from error
    return getattr(captum.attr, name)
