"""captum's methods along straight paths, integrated piece by piece: Integrated Gradients and expected gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attrtheory.errors import BadInput, Unsupported
from attrtheory.interop.arguments import (
    Forward,
    Tensors,
    as_arguments,
    as_baselines,
    as_tuple,
    floating,
    like,
    run,
    select,
)
from attrtheory.interop.evidence import Evidence
from attrtheory.interop.method import Method, entry
from attrtheory.interop.traced import Tracer, batches, flat, parts
from attrtheory.lower.integrated_gradients import integrated_gradients_line
from attrtheory.lower.line_result import LineResult
from attrtheory.lower.path_attribution import expected_gradients_line
from attrtheory.models.graph import Graph, Node
from attrtheory.models.ops import Conv2d, Reshape


class _Line(Method):
    """Methods on straight paths, computed piece by piece."""

    def __init__(
        self, forward_func: Forward, multiply_by_inputs: bool = True, *, certify: bool = False, exact: bool = False
    ) -> None:
        super().__init__(forward_func)
        self._multiply_by_inputs = multiply_by_inputs
        self._options = {"certify": certify, "exact": exact}
        self._tracer = Tracer(forward_func)

    @property
    def multiplies_by_inputs(self) -> bool:
        return self._multiply_by_inputs

    def has_convergence_delta(self) -> bool:
        return True

    def compute_convergence_delta(
        self,
        attributions: Any,
        start_point: Any,
        end_point: Any,
        target: Any = None,
        additional_forward_args: Any = None,
    ) -> Tensor:
        r"""$\sum_i \phi_i - (f(x) - f(x^0))$ for each example, with `forward_func`'s own roundings.

        It is no evidence for the attributions: whatever is wrong with them, their sum may be right.
        """
        ends = tuple(map(floating, as_tuple(end_point, "end_point")))
        starts = as_baselines(start_point, ends)
        args, n = as_arguments(additional_forward_args), len(ends[0])
        with torch.no_grad():
            last = select(run(self.forward_func, ends, args), target)
            points = tuple(b.to(x.dtype).expand_as(x) for b, x in zip(starts, ends, strict=True))
            first = select(run(self.forward_func, points, args), target)
            total = sum(a.reshape(n, -1).sum(1) for a in as_tuple(attributions, "attributions"))
            return total - (last.reshape(n, -1).sum(1) - first.reshape(n, -1).sum(1))

    def _lines(
        self, inputs: Tensors, bases: Tensors, target: Any, additional: Any, sweep: Callable[..., list[LineResult]]
    ) -> list[LineResult]:
        """The results of all examples, on rows that hold all inputs. `sweep` is given a network and its examples."""
        rows: list[LineResult | None] = [None] * len(inputs[0])
        first = tuple(b[:1].expand_as(x) if len(b) != len(x) else b for b, x in zip(bases, inputs, strict=True))
        points = [inputs, tuple(b.to(floating(x).dtype) for b, x in zip(first, inputs, strict=True))]
        for shared, targets in batches(self._tracer, inputs, points, target, as_arguments(additional)):
            graph = shared.graph if self._multiply_by_inputs else with_switches(shared.graph)
            found = sweep(graph, shared.examples, targets)
            for k, line in zip(shared.examples, found, strict=True):
                rows[k] = line
        return [r for r in rows if r is not None]

    def _options_on(self, inputs: Tensors) -> dict[str, Any]:
        return {**self._options, "device": str(inputs[0].device)}

    def _finished(self, inputs: Tensors, lines: list[LineResult]) -> Tensors:
        """The attributions in the precision of the inputs, and the evidence in float64."""
        one = (lambda v: v.ravel()) if self._multiply_by_inputs else (lambda v: v.reshape(3, -1)[1])
        stack = lambda arrays: parts(np.stack([one(a) for a in arrays]), inputs)
        values = stack([r.values for r in lines])
        lower = upper = None
        if all(r.trust != "float" for r in lines):
            lower = stack([r.values if r.lower is None else r.lower for r in lines])
            upper = stack([r.values if r.upper is None else r.upper for r in lines])
        self.result = Evidence(
            values,
            tuple(r.trust for r in lines),
            lower,
            upper,
            tuple(r.kinks for r in lines),
            tuple(r.pieces for r in lines),
        )
        return tuple(v.to(torch.result_type(x, torch.empty(1))) for v, x in zip(values, inputs, strict=True))


class IntegratedGradients(_Line):
    r"""$\phi_i = (x_i - x^0_i)\int_0^1 \partial_i f(x^0 + t(x - x^0))\,dt$, piece by piece instead of by quadrature.

    captum's signatures (`captum.attr.IntegratedGradients`), for piecewise linear networks: a torch module, or a function
    that calls one. Conventions at kinks, and what a result is worth, are those of `attrtheory.lower.integrated_gradients`;
    `result` keeps the evidence for the last call, in float64.

    Args:
        forward_func: a module or a function of the inputs, followed by the additional arguments.
        multiply_by_inputs: without it, the mean gradient along the path.
        certify: enclose every value rigorously, at some ten times the work.
        exact: compute in rationals; `result.values` are then the exact values, rounded once.

    Source: Sundararajan, Taly and Yan, Axiomatic Attribution for Deep Networks, 2017, arXiv:1703.01365.
    """

    @entry
    def attribute(
        self,
        inputs: Any,
        baselines: Any = None,
        target: Any = None,
        additional_forward_args: Any = None,
        n_steps: int = 50,
        method: str = "gausslegendre",
        internal_batch_size: int | None = None,
        return_convergence_delta: bool = False,
    ) -> Any:
        """The attributions of a batch, in the shape, precision and device of the inputs; a tuple for a tuple.

        Args:
            inputs: a tensor (n, ...) or a tuple of them, one for each argument of `forward_func` that is explained.
            baselines: None for zeros; a number, a tensor like the input or one row of it; or a tuple of these.
            target: None for one output; a number or a tuple of indices; a tensor or list of them, one for each example.
            additional_forward_args: further arguments of `forward_func`, which are not explained.
            n_steps: accepted and not used: there is no quadrature. Neither is `method`.
            method: not used.
            internal_batch_size: not used.
            return_convergence_delta: return (attributions, delta); see `compute_convergence_delta`.

        Raises:
            Unsupported: the function is not piecewise linear, or cannot be traced.
            BadInput: shapes that do not fit, NaN or infinity, a target that is no output or more than one.
        """
        ins = as_tuple(inputs)
        bases = as_baselines(baselines, ins)
        n, options = len(ins[0]), self._options_on(ins)

        def sweep(graph: Graph, examples: list[int], targets: list[int]) -> list[LineResult]:
            x, x0 = flat(ins, n)[examples], flat(bases, n)[examples]
            if self._multiply_by_inputs:
                return integrated_gradients_line(graph, x, x0, targets, **options)
            unit = switch_unit(x, x0)
            lines = integrated_gradients_line(graph, switched(x, unit), switched(x0, 0.0), targets, **options)
            return [divided(line, unit) for line in lines]

        values = self._finished(ins, self._lines(ins, bases, target, additional_forward_args, sweep))
        if not return_convergence_delta:
            return like(inputs, values)
        delta = self.compute_convergence_delta(values, baselines, ins, target, additional_forward_args)
        return like(inputs, values), delta.reshape(n)


class GradientShap(_Line):
    r"""The mean of Integrated Gradients over all rows of `baselines`: what captum's GradientShap samples.

    Every baseline is used once and every path is integrated, so `n_samples` changes nothing but the length of delta.

    Source: Lundberg and Lee, A Unified Approach to Interpreting Model Predictions, 2017, arXiv:1705.07874; expected
    gradients: Erion and others, 2021, arXiv:1906.10670.
    """

    @entry
    def attribute(
        self,
        inputs: Any,
        baselines: Any,
        n_samples: int = 5,
        stdevs: float | tuple[float, ...] = 0.0,
        target: Any = None,
        additional_forward_args: Any = None,
        return_convergence_delta: bool = False,
    ) -> Any:
        """The attributions of a batch; `baselines`: a tensor (m, ...), a tuple of them, or a function that returns one.

        Raises:
            Unsupported: noise on the inputs (`stdevs`): there is no exact mean over it; wrap IntegratedGradients in a
                NoiseTunnel to sample it.
        """
        ins = as_tuple(inputs)
        if any(s != 0 for s in (stdevs if isinstance(stdevs, tuple) else (stdevs,))):
            raise Unsupported("stdevs: noise is not integrated exactly; wrap IntegratedGradients in a NoiseTunnel")
        base = baselines(inputs) if callable(baselines) else baselines
        bases = as_tuple(base, "baselines")
        if len(bases) != len(ins) or any(b.shape[1:] != x.shape[1:] for b, x in zip(bases, ins, strict=False)):
            raise BadInput("baselines: give a tensor (m, ...) for each input, with rows of the input's shape")
        rows, options = flat(bases, len(bases[0])), self._options_on(ins)
        switch = not self._multiply_by_inputs

        def sweep(graph: Graph, examples: list[int], targets: list[int]) -> list[LineResult]:
            x = flat(ins, len(ins[0]))[examples]
            if not switch:
                return expected_gradients_line(graph, x, rows, targets, **options)
            unit = switch_unit(x, rows)
            lines = expected_gradients_line(graph, switched(x, unit), switched(rows, 0.0), targets, **options)
            return [divided(line, unit) for line in lines]

        lines = self._lines(ins, bases, target, additional_forward_args, sweep)
        values = self._finished(ins, lines)
        if not return_convergence_delta:
            return like(inputs, values)
        total = torch.stack([v.reshape(len(v), -1).sum(1) for v in values]).sum(0)
        delta = total - total.new_tensor([r.output_difference for r in lines])
        return like(inputs, values), delta.repeat_interleave(n_samples)


def with_switches(graph: Graph) -> Graph:
    r"""$F(y, s, r) = f(y + s - r)$ on the three rows of a (3, features, 1) input.

    While y goes from x0 to x, and s and r both go from 0 to a unit, the argument of f runs along the path, and the
    Integrated Gradients of s are the unit times the mean gradient along it: also of features that do not move.
    """
    n = graph.features
    add = Conv2d(np.array([1.0, 1.0, -1.0]).reshape(1, 3, 1, 1), np.zeros(1), (1, 1), (0, 0, 0, 0), (1, 1), 1)
    head = (Node(add, (0,), "switches"), Node(Reshape(graph.input_shape), (1,), "input"))
    nodes = (Node(node.op, tuple(i + 2 for i in node.inputs), node.name) for node in graph.nodes)
    return Graph((3, n, 1), (*head, *nodes), graph.name)


def switch_unit(*rows: np.ndarray) -> float:
    """A power of two that is small beside the inputs, so that adding and subtracting it rounds nothing that matters."""
    largest = max(float(np.abs(r).max(initial=0.0)) for r in rows)
    return 2.0 ** max(-900.0, np.floor(np.log2(largest)) - 30) if largest else 1.0


def divided(line: LineResult, unit: float) -> LineResult:
    """The result in units of the switches."""
    bounds = (None if v is None else v / unit for v in (line.lower, line.upper))
    lower, upper = bounds
    return replace(line, values=line.values / unit, lower=lower, upper=upper)


def switched(rows: np.ndarray, at: float) -> np.ndarray:
    """Rows (k, features) as inputs of the network with switches, both of them at `at`."""
    switch = np.full_like(rows, at)
    return np.stack([rows, switch, switch], 1)[..., None]
