"""A forward function as a network: traced once for each set of additional arguments, and never out of date.

Each tensor among the additional arguments has a row for every example, so every distinct set of rows makes a network
of its own. Before use the network must reproduce what the function returns; if it does not, it is traced anew once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attrtheory.errors import BadInput, EngineDisagreement, Unsupported
from attrtheory.interop.arguments import Forward, Tensors, finite, flat_targets, floating, run
from attrtheory.lower.agreement import STALE, reproduces
from attrtheory.models.graph import Graph
from attrtheory.models.torch_live import Live


@dataclass(frozen=True, eq=False)
class Shared:
    """Examples of a batch that share their network, on flat rows."""

    examples: list[int]
    graph: Graph


class Tracer:
    """Networks of one `forward_func`."""

    def __init__(self, forward: Forward) -> None:
        if not callable(forward):
            raise BadInput(f"forward_func: got {type(forward).__name__}; give a torch module or a function")
        self.forward, self.live = forward, Live()

    def networks(self, inputs: Tensors, additional: tuple[Any, ...]) -> list[Shared]:
        """The examples of a batch by what their additional arguments are."""
        found = []
        for rows in _alike(additional, len(inputs[0])):
            own = tuple(v[rows[:1]] if isinstance(v, Tensor) and v.ndim else v for v in additional)
            one = [floating(x[rows[:1]]) for x in inputs]
            found.append(Shared(rows, self.live.graph(self.forward, one, own)))
        return found


def flat(inputs: Tensors, n: int) -> np.ndarray:
    """All inputs of an example in one float64 row, (n, features); one row of a baseline stands for every example."""
    rows = [x.detach().to("cpu", torch.float64).reshape(len(x), -1).expand(n, -1) for x in inputs]
    return torch.cat(rows, 1).numpy()


def parts(rows: np.ndarray, inputs: Tensors) -> Tensors:
    """Rows (n, features) cut and shaped like the inputs, in float64 on their devices."""
    cuts = np.cumsum([x[0].numel() for x in inputs])[:-1]
    pieces = np.split(rows, cuts, axis=1)
    return tuple(torch.tensor(p, device=x.device).reshape(x.shape) for p, x in zip(pieces, inputs, strict=True))


def outputs(forward: Forward, inputs: Tensors, additional: tuple[Any, ...]) -> Tensor:
    """The outputs (n, ...) of a batch of floats, one row for each example."""
    with torch.no_grad():
        y = finite(run(forward, tuple(map(floating, inputs)), additional))
    n = len(inputs[0])
    if not y.ndim or len(y) != n:
        raise Unsupported(
            f"forward_func turns a batch of {n} into a tensor of shape {tuple(y.shape)}; Integrated Gradients need one "
            "output or one row of outputs for each example"
        )
    return y


def agrees(shared: Shared, points: Tensors, expected: Tensor) -> bool:
    """Whether the network reproduces what `forward_func` returned for these examples."""
    kinds = [expected.dtype, *(x.dtype for x in points)]
    coarsest = max((k for k in kinds if k.is_floating_point), key=lambda k: torch.finfo(k).eps)
    rows = torch.tensor(flat(points, len(expected))[shared.examples])
    return reproduces(shared.graph, rows, expected[shared.examples], coarsest)


def batches(
    tracer: Tracer, inputs: Tensors, points: list[Tensors], target: Any, additional: tuple[Any, ...]
) -> list[tuple[Shared, list[int]]]:
    """The networks of a batch with the output entry that each of their examples explains, checked at `points`."""
    n = len(inputs[0])
    if any(len(x) != n for x in inputs):
        raise BadInput(f"inputs: batches of {[len(x) for x in inputs]} examples; give the same number in each tensor")
    if any(isinstance(v, Tensor) and v.ndim and len(v) != n for v in additional):
        raise BadInput(f"additional_forward_args: a tensor has a row for each of the {n} examples, or no axis at all")
    seen = [outputs(tracer.forward, p, additional) for p in points]
    each = flat_targets(tuple(seen[0].shape[1:]), target, n)
    good = lambda found: all(agrees(shared, p, y) for shared in found for p, y in zip(points, seen, strict=True))
    found = tracer.networks(inputs, additional)
    if not good(found):
        tracer.live.forget()
        found = tracer.networks(inputs, additional)
        if not good(found):
            raise EngineDisagreement(f"forward_func: {STALE}")
    return [(shared, [each[k] for k in shared.examples]) for shared in found]


def _alike(additional: tuple[Any, ...], n: int) -> list[list[int]]:
    """The examples, those with equal additional arguments together."""
    groups: dict[Any, list[int]] = {}
    rows: Callable[[int], Any] = lambda k: tuple(
        tuple(v[k].reshape(-1).tolist()) for v in additional if isinstance(v, Tensor) and v.ndim
    )
    for k in range(n):
        groups.setdefault(rows(k), []).append(k)
    return list(groups.values())
