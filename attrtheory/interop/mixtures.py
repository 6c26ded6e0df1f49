"""Outputs of any function where some features come from the input and the others from the baseline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import torch
from rich.console import Console
from rich.progress import track
from torch import Tensor

from attrtheory.errors import BadInput
from attrtheory.interop.arguments import (
    Forward,
    Tensors,
    as_arguments,
    as_baselines,
    as_tuple,
    finite,
    repeated,
    repeated_arguments,
    run,
    select,
)

Masks = tuple[Tensor | None, ...]  # for each input the entries that are replaced; None: none of them


class Mixtures:
    """A function, its inputs and their baselines. `original`: the outputs (one number at least) at the inputs.

    `per_eval` mixtures are evaluated in one call. With one of them, an output may also be of the whole batch.
    """

    def __init__(
        self, forward: Forward, inputs: Any, baselines: Any, target: Any, additional: Any, per_eval: int
    ) -> None:
        if isinstance(per_eval, bool) or not isinstance(per_eval, int) or per_eval < 1:
            raise BadInput(f"perturbations_per_eval: got {per_eval!r}; give a whole number from 1 on")
        self.forward, self.inputs = forward, as_tuple(inputs)
        bases = as_baselines(baselines, self.inputs)
        floats = (x.is_floating_point() for x in self.inputs)
        self.bases = tuple(b.to(x.dtype) if f else b for b, x, f in zip(bases, self.inputs, floats, strict=True))
        self.target, self.additional, self.per_eval = target, as_arguments(additional), per_eval
        self.original = self._outputs(self.inputs, 1)[0]

    def outputs(self, masks: Iterable[Masks], total: int, what: str, *, progress: bool) -> Iterator[Tensor]:
        """The outputs under each mask, in the shape of `original`."""
        todo = iter(track(masks, what, total, console=Console(stderr=True)) if progress else masks)
        while block := list(islice(todo, self.per_eval)):
            mixed = tuple(
                torch.cat([x if m is None else torch.where(m, b, x) for m in column])
                for x, b, column in zip(self.inputs, self.bases, zip(*block, strict=True), strict=True)
            )
            yield from self._outputs(mixed, len(block))

    def _outputs(self, inputs: Tensors, count: int) -> Tensor:
        """The outputs (count, ...) of a batch that holds `count` mixtures one after the other."""
        with torch.no_grad():
            additional, target = repeated_arguments(self.additional, count), repeated(self.target, count)
            y = finite(select(run(self.forward, inputs, additional), target))
        y = y if y.ndim else y.reshape(1)
        if count == 1:
            return y[None]
        if y.shape[0] != count * self.original.shape[0] or y.shape[1:] != self.original.shape[1:]:
            raise BadInput(
                f"forward_func returns shape {tuple(self.original.shape)} for a batch and {tuple(y.shape)} for {count} of "
                "them; with perturbations_per_eval above 1 it must return a row for each example"
            )
        return y.view(count, *self.original.shape)


def as_features(feature_mask: Any, inputs: Tensors) -> tuple[list[Tensor], int]:
    """For each input the numbers of its features, with all axes and broadcastable to it; and how many there are.

    A number in several tensors is one feature. Without a mask every entry is a feature of its own.
    """
    if feature_mask is None:
        sizes = [x[0].numel() for x in inputs]
        ends = torch.tensor(sizes).cumsum(0).tolist()
        each = zip(ends, sizes, inputs, strict=True)
        return [torch.arange(e - s, e, device=x.device).view(1, *x.shape[1:]) for e, s, x in each], ends[-1]
    given = as_tuple(feature_mask if isinstance(feature_mask, tuple) else (feature_mask,), "feature_mask")
    if len(given) != len(inputs):
        raise BadInput(f"feature_mask: got {len(given)} tensors for {len(inputs)} inputs; give one for each")
    masks = []
    for mask, x in zip(given, inputs, strict=True):
        fits = mask.ndim <= x.ndim and all(
            m in (1, n) for m, n in zip(reversed(mask.shape), reversed(x.shape), strict=False)
        )
        if not fits or mask.is_complex() or bool((mask != mask.to(torch.int64)).any()):
            raise BadInput(
                f"feature_mask: got {mask.dtype} of shape {tuple(mask.shape)} for an input of shape {tuple(x.shape)}; "
                "give whole numbers that broadcast to it"
            )
        masks.append(mask.to(x.device, torch.int64).reshape(*[1] * (x.ndim - mask.ndim), *mask.shape))
    names, order = torch.unique(torch.cat([m.reshape(-1).cpu() for m in masks]), return_inverse=True)
    cut = order.split([m.numel() for m in masks])
    return [o.view(m.shape).to(m.device) for o, m in zip(cut, masks, strict=True)], len(names)
