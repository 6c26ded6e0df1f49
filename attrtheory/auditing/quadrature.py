"""Approximate Integrated Gradients against the exact value, on the audited inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec

import numpy as np
import torch

from attrtheory.auditing.data import AuditedInput, MethodValues, Quadrature
from attrtheory.lower.layers import forward
from attrtheory.lower.quadrature import integrated_gradients_quadrature
from attrtheory.models.graph import Graph

STEPS = (10, 20, 50, 100, 200, 500)
Approximation = Callable[[AuditedInput, int], np.ndarray]


def quadrature_table(graph: Graph, inputs: Sequence[AuditedInput]) -> tuple[Quadrature, ...]:
    """The largest completeness gap and error over the inputs, for each number of steps."""
    exact = {a.row: m for a in inputs for m in a.attributions if m.method == "integrated_gradients"}
    used = [a for a in inputs if a.row in exact and a.output != a.baseline_output]
    if not used:
        return ()
    rules: list[tuple[str, Approximation]] = [("midpoint rule", lambda a, n: _own(graph, a, n))]
    if find_spec("captum") is not None:
        rules.append(("captum, its default rule", lambda a, n: _captum(graph, a, n)))
    return tuple(_row(name, steps, rule, used, exact) for name, rule in rules for steps in STEPS)


def _row(
    name: str, steps: int, rule: Approximation, used: Sequence[AuditedInput], exact: dict[int, MethodValues]
) -> Quadrature:
    gaps, errors, ours = [], [], []
    for a in used:
        truth, approximate = exact[a.row], rule(a, steps)
        difference = a.output - a.baseline_output
        gaps.append(abs(float(approximate.sum()) - difference) / abs(difference))
        errors.append(float(np.abs(approximate - truth.values).max() / np.abs(truth.values).max()))
        ours.append(abs(truth.gap / difference))
    return Quadrature(name, steps, max(gaps), max(errors), max(ours))


def _own(graph: Graph, a: AuditedInput, steps: int) -> np.ndarray:
    return integrated_gradients_quadrature(graph, a.x, a.baseline, a.target, n_steps=steps, method="riemann_middle")[0]


def _captum(graph: Graph, a: AuditedInput, steps: int) -> np.ndarray:
    """captum's Integrated Gradients with its default rule, on the same network in float64."""
    from captum.attr import IntegratedGradients

    explainer = IntegratedGradients(lambda rows: forward(graph, rows).flatten(1))
    x, start = (torch.tensor(v)[None] for v in (a.x, a.baseline))
    return explainer.attribute(x, baselines=start, target=a.target, n_steps=steps)[0].detach().numpy()
