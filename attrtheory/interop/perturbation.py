"""captum's methods that replace features by a baseline and look at the output: any function, nothing is traced."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import torch
from torch import Tensor

from attrtheory.errors import BadInput
from attrtheory.interop.arguments import Tensors, like
from attrtheory.interop.evidence import Evidence
from attrtheory.interop.method import Method, entry
from attrtheory.interop.mixtures import Masks, Mixtures, as_features


class Perturbation(Method):
    """Methods that only evaluate `forward_func`: exact up to its own roundings. The evidence is in float64."""

    @property
    def multiplies_by_inputs(self) -> bool:
        return True

    def _finished(self, inputs: Any, values: Tensors, dtype: torch.dtype, **known: Any) -> Any:
        """The attributions in the precision that captum returns, and the evidence in float64."""
        self.result = Evidence(values, known.pop("trust", ("float",) * len(values[0])), **known)
        return like(inputs, tuple(v.to(dtype) for v in values))


class FeatureAblation(Perturbation):
    r"""$\phi_i = f(x) - f(x \text{ with feature } i \text{ from the baseline})$; captum's `FeatureAblation`.

    With a `feature_mask` features are groups of entries, and every entry has the attribution of its group.
    """

    @entry
    def attribute(
        self,
        inputs: Any,
        baselines: Any = None,
        target: Any = None,
        additional_forward_args: Any = None,
        feature_mask: Any = None,
        perturbations_per_eval: int = 1,
        show_progress: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Attributions (outputs, *features): one row for each entry of the output, for each example as a rule.

        Args:
            inputs: a tensor (n, ...) or a tuple of them.
            baselines: None for zeros; a number, a tensor like the input or one row of it; or a tuple of these.
            target: as for Integrated Gradients; None explains every entry of the output.
            additional_forward_args: further arguments of `forward_func`, which are not explained.
            feature_mask: for each input the numbers of its features; None makes every entry a feature.
            perturbations_per_eval: how many perturbed batches are evaluated together.
            show_progress: show a bar on the error stream.
            kwargs: accepted, as captum does, and not used.
        """
        game = Mixtures(
            self.forward_func, inputs, baselines, target, additional_forward_args, perturbations_per_eval
        )
        features, count = as_features(feature_mask, game.inputs)
        masks: list[Masks] = [tuple(f == k if bool((f == k).any()) else None for f in features) for k in range(count)]
        total, _ = _differences(game, masks, show_progress)
        return self._finished(inputs, total, game.original.dtype)


class Occlusion(Perturbation):
    r"""The mean of $f(x) - f(x \text{ with a window from the baseline})$ over the positions of the window that hold an entry.

    captum's `Occlusion`. The last window along an axis may reach over the edge.

    Source: Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, 2013, arXiv:1311.2901.
    """

    @entry
    def attribute(
        self,
        inputs: Any,
        sliding_window_shapes: Any,
        strides: Any = None,
        baselines: Any = None,
        target: Any = None,
        additional_forward_args: Any = None,
        perturbations_per_eval: int = 1,
        show_progress: bool = False,
    ) -> Any:
        """Attributions (outputs, *features) in float32, as captum returns; `result.values` has them in float64.

        Args:
            inputs: a tensor (n, ...) or a tuple of them.
            sliding_window_shapes: the window's sizes along all axes but the batch, a tuple; or one such for each input.
            strides: None for 1; a number, or one for each axis; for several inputs a tuple with one of these for each.
            baselines: as for FeatureAblation, and so are all other arguments.
            target: see there.
            additional_forward_args: see there.
            perturbations_per_eval: see there.
            show_progress: see there.
        """
        game = Mixtures(
            self.forward_func, inputs, baselines, target, additional_forward_args, perturbations_per_eval
        )
        shapes = _window_shapes(sliding_window_shapes, game.inputs)
        masks = []
        for k, (shape, step) in enumerate(zip(shapes, _strides(strides, game.inputs, shapes), strict=True)):
            blank: list[Tensor | None] = [None] * len(game.inputs)
            masks += [(*blank[:k], m, *blank[k + 1 :]) for m in _windows(game.inputs[k], shape, step)]
        total, times = _differences(game, masks, show_progress)
        values = tuple(t / c for t, c in zip(total, times, strict=True))
        return self._finished(inputs, values, torch.float32)


def _differences(game: Mixtures, masks: list[Masks], progress: bool) -> tuple[Tensors, Tensors]:
    """For every entry the sum of the drops of the output under the masks that hold it, and how many these are."""
    zeros = lambda k: [x.new_zeros((k, *x.shape[1:]), dtype=torch.float64) for x in game.inputs]
    total, times = zeros(game.original.numel()), zeros(1)
    changed = game.outputs(masks, len(masks), "perturbations", progress=progress)
    for mask, output in zip(masks, changed, strict=True):
        drop = game.original.to(torch.float64) - output.to(torch.float64)
        for k, m in enumerate(mask):
            if m is not None:
                held = drop.to(m.device).view(-1, *[1] * (m.ndim - 1)) * m
                total[k], times[k] = total[k] + held, times[k] + m
    return tuple(total), tuple(times)


def _window_shapes(given: Any, inputs: Tensors) -> list[tuple[int, ...]]:
    if not isinstance(given, tuple) or not given:
        raise BadInput(f"sliding_window_shapes: got {given!r}; give a tuple of sizes, or one for each input")
    shapes = [given] if isinstance(given[0], int) else list(given)
    if len(shapes) != len(inputs):
        raise BadInput(f"sliding_window_shapes: got {len(shapes)} for {len(inputs)} inputs; give one for each")
    for shape, x in zip(shapes, inputs, strict=True):
        sizes = isinstance(shape, tuple) and len(shape) == x.ndim - 1 and all(isinstance(s, int) for s in shape)
        if not sizes or any(not 1 <= s <= n for s, n in zip(shape, x.shape[1:], strict=True)):
            raise BadInput(
                f"sliding_window_shapes: got {shape} for an input of shape {tuple(x.shape)}; give a size for each axis "
                "but the first, from 1 to the input's"
            )
    return shapes


def _strides(given: Any, inputs: Tensors, shapes: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    one = len(inputs) == 1 and not (isinstance(given, tuple) and len(given) == 1)
    each = [given] if one else list(given) if isinstance(given, tuple) else [given] * len(inputs)
    if given is not None and not isinstance(given, tuple) and len(inputs) > 1:
        raise BadInput(f"strides: got {given!r} for {len(inputs)} inputs; give a tuple with one entry for each")
    steps = [s if isinstance(s, tuple) else (1 if s is None else s,) * len(w) for s, w in zip(each, shapes, strict=False)]
    for step, shape, x in zip(steps, shapes, inputs, strict=len(steps) == len(shapes)):
        whole = len(step) == len(shape) and all(isinstance(s, int) and s >= 1 for s in step)
        if not whole or any(s > w != n for s, w, n in zip(step, shape, x.shape[1:], strict=True)):
            raise BadInput(f"strides: got {step} for windows {shape}; give a number from 1 to the window's size for each axis")
    if len(steps) != len(inputs):
        raise BadInput(f"strides: got {len(steps)} for {len(inputs)} inputs; give one for each")
    return steps


def _windows(x: Tensor, shape: tuple[int, ...], step: tuple[int, ...]) -> list[Tensor]:
    """All positions of a window, as masks (1, *features); the last one along an axis is cut at the edge."""
    starts = [range(0, -(-(n - w) // s) * s + 1, s) for n, w, s in zip(x.shape[1:], shape, step, strict=True)]
    masks = torch.zeros((prod(map(len, starts)), *x.shape[1:]), dtype=torch.bool, device=x.device)
    for mask, at in zip(masks, product(*starts), strict=True):
        mask[tuple(slice(a, a + w) for a, w in zip(at, shape, strict=True))] = True
    return list(masks[:, None])
