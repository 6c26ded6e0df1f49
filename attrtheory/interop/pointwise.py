"""captum's methods that look at the gradient at one point, by torch's autograd."""

from __future__ import annotations

from typing import Any

import torch

from attrtheory.errors import BadInput
from attrtheory.interop.arguments import Tensors, as_arguments, as_tuple, finite, like, run, select
from attrtheory.interop.evidence import Evidence
from attrtheory.interop.method import Method, entry


class Saliency(Method):
    """The gradient at the input, or its absolute value; by torch's autograd, with its conventions at kinks."""

    @entry
    def attribute(
        self, inputs: Any, target: Any = None, abs: bool = True, additional_forward_args: Any = None  # noqa: A002
    ) -> Any:
        gradients = self._gradients(as_tuple(inputs), target, additional_forward_args)
        return like(inputs, self._kept(tuple(g.abs() if abs else g for g in gradients)))

    def _gradients(self, inputs: Tensors, target: Any, additional: Any) -> Tensors:
        xs = tuple(x.detach().requires_grad_() for x in inputs)
        with torch.enable_grad():
            chosen = select(run(self.forward_func, xs, as_arguments(additional)), target)
            if not chosen.ndim or chosen[0].numel() != 1:
                raise BadInput(f"target: the output has shape {tuple(chosen.shape)}; name one entry for each example")
            return torch.autograd.grad(finite(chosen).sum(), xs)

    def _kept(self, values: Tensors) -> Tensors:
        self.result = Evidence(values, ("float",) * len(values[0]))
        return values


class InputXGradient(Saliency):
    """The input times the gradient there."""

    @property
    def multiplies_by_inputs(self) -> bool:
        return True

    @entry
    def attribute(self, inputs: Any, target: Any = None, additional_forward_args: Any = None) -> Any:
        xs = as_tuple(inputs)
        gradients = self._gradients(xs, target, additional_forward_args)
        return like(inputs, self._kept(tuple(x.detach() * g for x, g in zip(xs, gradients, strict=True))))
