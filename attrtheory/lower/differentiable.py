r"""Integrated Gradients as a differentiable function of the input, the baseline and the weights of a torch module.

$\phi = (x - x^0) \sum_k (t_{k+1} - t_k)\, g_k$ changes in three ways: with the displacement, with the gradients $g_k$ of the
pieces, which are constant in x and multilinear in the weights, and with the breakpoints. The restrictions of f to two
neighbouring pieces, $u_{k-1}$ and $u_k$, are affine in t and agree at $t_k$, so that

$$dt_k = -\frac{d u_k(t_k) - d u_{k-1}(t_k)}{u_k' - u_{k-1}'},$$

whatever the unit that switches there. Where the denominator is 0 the gradient does not jump, and $dt_k$ has no weight.

The first derivatives are those inside a region: where no unit vanishes on a part of the path and no two different units
change at one point of it. Elsewhere Integrated Gradients have no derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from attrtheory.errors import BadInput, EngineDisagreement
from attrtheory.lower.agreement import STALE, reproduces
from attrtheory.lower.ends import bends_at_ends
from attrtheory.lower.inputs import rows, targets
from attrtheory.lower.layers import forward, network
from attrtheory.lower.line import lines
from attrtheory.models.graph import Graph
from attrtheory.models.torch_live import Live

_live: WeakKeyDictionary[nn.Module, Live] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Differentiable:
    """`values` (n, ...) of the inputs' shape and precision, to be differentiated once.

    `shortest[k]`: the shortest piece on the path of row k. Below some 1e-9 two breakpoints may be about to change places,
    and the derivative is that of one side. `pieces[k]` counts them.

    `ends[k]`: how many units are 0 and windows tied exactly at an end of the path, but not on the piece beside it. Where
    there are any, the derivative in that end and in the weights may be that of one side, or of neither. With a baseline
    of zeros this is common: all windows on a constant tie, and so does 0 where no layer before has a bias.
    """

    values: Tensor
    pieces: tuple[int, ...]
    shortest: tuple[float, ...]
    ends: tuple[int, ...]


def integrated_gradients_tensor(
    model: nn.Module | Graph, inputs: Tensor, baselines: Tensor | None = None, target: int | Sequence[int] | Tensor = 0
) -> Differentiable:
    """Exact Integrated Gradients that autograd differentiates in `inputs`, `baselines` and the module's parameters.

    Args:
        model: a torch module in eval mode, or a Graph (whose weights are constants).
        inputs: a batch (n, ...).
        baselines: None for zeros, one row (1, ...), or one for each input.
        target: the number of an output, or one for each input.

    The breakpoints are found anew at every call, on the weights of that moment; the module then runs in float64 at the
    middle of every piece, with its own autograd.

    Raises:
        Unsupported: the module is not piecewise linear, or cannot be traced.
        BadInput: shapes that do not fit, NaN or infinity.
        EngineDisagreement: the module returns something else than its trace, also when traced anew.
    """
    if not isinstance(inputs, Tensor) or inputs.ndim < 2 or not inputs.is_floating_point():
        raise BadInput("inputs: give a tensor of floats (n, ...), batch first")
    x0 = torch.zeros_like(inputs[:1]) if baselines is None else baselines
    if not isinstance(x0, Tensor) or x0.shape[1:] != inputs.shape[1:] or len(x0) not in (1, len(inputs)):
        raise BadInput(f"baselines: give a tensor of shape {tuple(inputs.shape)}, or one row of it")
    graph, function = _current(model, inputs, x0)
    each = targets(graph, target.tolist() if isinstance(target, Tensor) else target, len(inputs))
    found = [
        _segment(graph, function, a, b, k)
        for a, b, k in zip(x0.expand_as(inputs).double(), inputs.double(), each, strict=True)
    ]
    values = torch.stack([v for v, _, _ in found]).to(inputs.dtype)
    knots = [t for _, t, _ in found]
    shortest = tuple(float(t.diff().min()) for t in knots)
    return Differentiable(values, tuple(len(t) - 1 for t in knots), shortest, tuple(ends for _, _, ends in found))


def _current(model: nn.Module | Graph, inputs: Tensor, x0: Tensor) -> tuple[Graph, Callable[[Tensor], Tensor]]:
    """The network and the function, which agree at the ends of all paths; traced anew once if they do not."""
    ends = torch.cat([x0, inputs]).detach().double()
    for _ in range(2):
        graph, function = _function(model, inputs)
        for v, what in ((inputs, "inputs"), (x0, "baselines")):
            rows(graph, v.detach().reshape(len(v), *graph.input_shape), what)
        with torch.no_grad():
            expected = function(ends)
        if not torch.isfinite(expected).all():
            raise BadInput("the module returns NaN or infinity on these inputs or baselines")
        if isinstance(model, Graph) or reproduces(graph, ends, expected, inputs.dtype):
            return graph, function
        _live[model].forget()
    raise EngineDisagreement(f"the module: {STALE}")


def _function(model: nn.Module | Graph, inputs: Tensor) -> tuple[Graph, Callable[[Tensor], Tensor]]:
    """The network of this moment, and the live function of float64 rows."""
    if isinstance(model, Graph):
        return model, lambda p: forward(model, p).reshape(len(p), -1)
    graph = _live.setdefault(model, Live(keep=4)).graph(model, [inputs.detach()])
    state: dict[str, Any] = {
        name: v.double() if v.is_floating_point() else v
        for name, v in (*model.named_parameters(), *model.named_buffers())
    }
    return graph, lambda p: torch.func.functional_call(model, state, (p,)).reshape(len(p), -1)


def _segment(
    graph: Graph, function: Callable[[Tensor], Tensor], x0: Tensor, x: Tensor, target: int
) -> tuple[Tensor, Tensor, int]:
    """The attributions of one input, the breakpoints of its path, and how many of them are at its ends."""
    with torch.no_grad():
        first, last = (p.detach().reshape(1, *graph.input_shape) for p in (x0, x))
        (line,) = lines(network(graph, x.device), first, last, torch.tensor([target], device=x.device))
        t = line.t.to(x.device)
    step, middle = x - x0, (t[1:] + t[:-1]) / 2
    at = lambda s: s.view(-1, *[1] * x.ndim)
    with torch.enable_grad():
        points = x0 + at(middle) * step
        points = points if points.requires_grad else points.requires_grad_()
        values = function(points)[:, target]
        (gradients,) = torch.autograd.grad(values.sum(), points, create_graph=True)
        slopes = (gradients * step).flatten(1).sum(1)
        knots = torch.cat([t[:1], _moving(t[1:-1], middle, values, slopes), t[-1:]])
        found = step * (at(knots.diff()) * gradients).sum(0)
    with torch.no_grad():
        ends = bends_at_ends(graph, torch.stack([x0, x]), points[[0, -1]])
    return found, t, ends


def _moving(t: Tensor, middle: Tensor, values: Tensor, slopes: Tensor) -> Tensor:
    """The inner breakpoints, with the derivatives of the points where neighbouring pieces meet."""
    meet = (values[1:] + slopes[1:] * (t - middle[1:])) - (values[:-1] + slopes[:-1] * (t - middle[:-1]))
    jump = (slopes[1:] - slopes[:-1]).detach()
    rate = torch.where(jump == 0, 0.0, 1 / torch.where(jump == 0, 1.0, jump))
    return t - rate * (meet - meet.detach())
