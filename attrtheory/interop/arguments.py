"""captum's conventions for arguments: one tensor or a tuple, baselines, targets, additional arguments.

Everywhere the first axis is the batch. Nothing is guessed: what captum would refuse, or would quietly broadcast into
another shape, is a `BadInput`.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attrtheory.errors import BadInput, Unsupported

Tensors = tuple[Tensor, ...]
Forward = Callable[..., Any]


def as_tuple(inputs: Any, what: str = "inputs") -> Tensors:
    """The tensors of an argument that is one tensor or a tuple of them."""
    tensors = inputs if isinstance(inputs, tuple) else (inputs,)
    for one in tensors:
        if not isinstance(one, Tensor):
            raise BadInput(f"{what}: got {type(one).__name__}; give a torch tensor or a tuple of tensors")
        if not one.ndim or not one.numel():
            raise BadInput(f"{what}: got a tensor of shape {tuple(one.shape)}; its first axis is a batch of one or more")
    if not tensors:
        raise BadInput(f"{what}: got an empty tuple; give at least one tensor")
    return tensors


def like(inputs: Any, outputs: Tensors) -> Any:
    """A tuple where the inputs were one, otherwise its only entry."""
    return outputs if isinstance(inputs, tuple) else outputs[0]


def as_baselines(baselines: Any, inputs: Tensors) -> Tensors:
    """A tensor for each input, of its shape (n, ...) or (1, ...): None is 0, a number stands for all entries.

    Each keeps the precision in which it was given.
    """
    given = baselines if isinstance(baselines, tuple) else (0 if baselines is None else baselines,)
    if baselines is None:
        given = given * len(inputs)
    if len(given) != len(inputs):
        raise BadInput(f"baselines: got {len(given)} for {len(inputs)} inputs; give one for each, or None for zeros")
    return tuple(_baseline(b, x) for b, x in zip(given, inputs, strict=True))


def _baseline(given: Any, x: Tensor) -> Tensor:
    if isinstance(given, np.number):
        given = given.item()
    if isinstance(given, bool | int | float):
        kind = x.dtype if isinstance(given, bool | int) or x.is_floating_point() else torch.get_default_dtype()
        return torch.full((1, *x.shape[1:]), given, dtype=kind, device=x.device)
    if not isinstance(given, Tensor):
        raise BadInput(f"baselines: got {type(given).__name__}; give a number or a tensor for each input")
    if given.shape != x.shape and given.shape != (1, *x.shape[1:]):
        raise BadInput(
            f"baselines: got shape {tuple(given.shape)} for an input of shape {tuple(x.shape)}; give that shape, one row of "
            "it, or a number"
        )
    return given.detach().to(x.device)


def floating(x: Tensor) -> Tensor:
    """Whole numbers as floats: a path between them passes through floats."""
    return x.detach() if x.is_floating_point() else x.detach().to(torch.get_default_dtype())


def as_arguments(additional: Any) -> tuple[Any, ...]:
    """The additional arguments of `forward_func`."""
    return additional if isinstance(additional, tuple) else () if additional is None else (additional,)


def repeated(value: Any, times: int) -> Any:
    """An additional argument or a target for a batch that is laid out `times` times, one after the other.

    A tensor has a row for each example; a list of targets too; everything else is shared by all.
    """
    if isinstance(value, Tensor) and value.ndim and value.numel() > 1:
        return torch.cat([value] * times)
    return value * times if isinstance(value, list) else value


def repeated_arguments(additional: tuple[Any, ...], times: int) -> tuple[Any, ...]:
    """All tensors that have a first axis hold examples, also of a batch of one."""
    return tuple(torch.cat([v] * times) if isinstance(v, Tensor) and v.ndim else v for v in additional)


def run(forward: Forward, inputs: Tensors, additional: tuple[Any, ...]) -> Tensor:
    """What `forward_func` returns, as a tensor; an int or a float is one number for the whole batch."""
    output = forward(*inputs, *additional)
    if isinstance(output, bool | int | float):
        output = torch.tensor(output, dtype=torch.float64 if isinstance(output, float) else torch.int64)
    if not isinstance(output, Tensor):
        raise Unsupported(f"forward_func returns {type(output).__name__}; accepted is one tensor, or one number")
    return output


def finite(output: Tensor) -> Tensor:
    """The outputs that are explained: a difference to NaN or infinity is no attribution."""
    if not torch.isfinite(output).all():
        raise BadInput("forward_func returns NaN or infinity on these inputs, their baselines or a mixture of both")
    return output


def select(output: Tensor, target: Any) -> Tensor:
    """The entries of an output that a target names, by captum's rules.

    None: all of them; a number or a tuple: the same index for every example; a tensor or a list of numbers, or a list
    of tuples: one for each example.
    """
    if target is None:
        return output
    try:
        return _selected(output, target)
    except (IndexError, TypeError, RuntimeError) as error:
        raise BadInput(f"target: {target!r} names no output of shape {tuple(output.shape)}, batch first: {error}") from error


def _selected(output: Tensor, target: Any) -> Tensor:
    if isinstance(target, Tensor | np.ndarray | np.integer):
        whole = target.dtype not in (torch.bool, np.bool_) and not (
            target.is_floating_point() if isinstance(target, Tensor) else target.dtype.kind not in "iu"
        )
        if not whole:
            raise TypeError(f"entries of {target.dtype}; give whole numbers")
        size = target.numel() if isinstance(target, Tensor) else target.size
        target = target.item() if size == 1 else target.tolist()
    if isinstance(target, int | tuple) and not isinstance(target, bool):
        index = target if isinstance(target, tuple) else (target,)
        if len(index) > output.ndim - 1:
            raise IndexError("more indices than axes")
        return output[(slice(None), *index)]
    if not isinstance(target, list) or not target or any(isinstance(t, list | bool) for t in target):
        raise TypeError("give a number, a tuple, or one of these for each example")
    if not output.ndim or len(target) != len(output):
        raise IndexError(f"{len(target)} targets")
    if isinstance(target[0], tuple):
        return torch.stack([output[(k, *one)] for k, one in enumerate(target)])
    if output.ndim != 2:
        raise IndexError("one number for each example needs an output (n, classes)")
    return torch.stack([output[k, one] for k, one in enumerate(target)])


def flat_targets(shape: tuple[int, ...], target: Any, n: int) -> list[int]:
    """For each of n examples the number of the one output entry that is explained, in an output of `shape`."""
    numbers = torch.arange(prod(shape)).view(1, *shape).expand(n, *shape)
    chosen = select(numbers, target).reshape(n, -1)
    if chosen.shape[1] != 1:
        raise BadInput(
            f"target: the output has shape {shape} for each example, and {target!r} names {chosen.shape[1]} of its entries; "
            "name one"
        )
    return chosen[:, 0].tolist()
