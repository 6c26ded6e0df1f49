"""Occlusion and partial dependence: a network's outputs where one feature, or one group, is replaced."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from attrtheory.errors import TooLarge
from attrtheory.lower.affine_rows import gamma
from attrtheory.lower.inputs import Data
from attrtheory.lower.layers import forward
from attrtheory.lower.points.coalitions import Done, finite, output_error, rows_in_cache
from attrtheory.lower.points.problem import PointValues, Problem, Target, problem
from attrtheory.lower.points.work import WORK, Progress, counted
from attrtheory.lower.slopes import OUTWARD
from attrtheory.lower.wiring import products
from attrtheory.models.graph import Graph


def occlusion_values(graph: Graph, inputs: Data, baselines: Data | None = None, **options: Any) -> PointValues:
    r"""Occlusion $\phi_i = f(x) - f(x \text{ with } x_i \to x^0_i)$, for a background its mean over the rows.

    Args:
        graph: the network; computed in float64.
        inputs: one input or a batch.
        baselines: one row, or one for each input; zeros by default.
        options: `target`, `groups`, `background`, `device`, `work`, `progress` as for `shapley_values`.

    Source: Zeiler and Fergus 2014, arXiv 1311.2901.
    """
    return _replacing(graph, inputs, baselines, at_input=True, **options)


def partial_dependence(graph: Graph, inputs: Data, background: Data, **options: Any) -> PointValues:
    r"""Centred partial dependence $\phi_i = \frac1N\sum_n \bigl[f(x_i, b^n_{-i}) - f(b^n)\bigr]$ over a background.

    The dependence itself is $\phi_i + \frac1N\sum_n f(b^n)$; centred, a feature without influence gets 0.

    Args:
        graph: the network; computed in float64.
        inputs: one input or a batch.
        background: rows $b^1, \dots, b^N$.
        options: `target`, `groups`, `device`, `work`, `progress` as for `shapley_values`.

    Source: Friedman 2001.
    """
    return _replacing(graph, inputs, None, at_input=False, background=background, **options)


def _replacing(
    graph: Graph, inputs: Data, baselines: Data | None, *, at_input: bool, target: Target = 0,
    groups: Data | None = None, background: Data | None = None, device: str | torch.device = "cpu", work: int = WORK,
    progress: Progress | None = None,
) -> PointValues:  # fmt: skip
    p = problem(graph, inputs, baselines, background, target, groups, device)
    n, m = p.bases.shape[:2]
    evaluations = n * m * (p.players + 1)
    if evaluations // n * products(graph) > work:
        raise TooLarge(f"{evaluations:,} evaluations of {graph.name!r}; give groups (a feature_mask) or fewer baselines")
    done = counted(progress, evaluations)
    values = p.x.new_empty(*p.target.shape, p.players)
    bound, difference = torch.empty_like(values), torch.empty_like(values[..., 0])
    for k in range(n):
        outputs, ends = _replaced(p, k, done, at_input=at_input), finite(forward(graph, p.x[k : k + 1]).flatten(1))
        whole = outputs[:, :1]
        change = (whole - outputs[:, 1:] if at_input else outputs[:, 1:] - whole)[..., p.target[k]]
        bases = finite(forward(graph, p.bases[k]).flatten(1)) if at_input else whole[:, 0]
        values[k], difference[k] = change.mean(0).T, (ends - bases).mean(0)[p.target[k]]
        error = output_error(p.net, p.x[k : k + 1], p.bases[k]).amax(0)[p.target[k], None]
        bound[k] = OUTWARD * (2 * error + gamma(m + 3) * change.abs().mean(0).T)
    return p.wrap(values, bound, difference, evaluations)


def _replaced(p: Problem, k: int, done: Done, *, at_input: bool) -> Tensor:
    """Outputs (baselines, 1 + players, outputs): at a point, and with the features of each player replaced.

    `at_input`: the point is the input, replaced by a baseline; else a baseline, replaced by the input.
    """
    x, bases, each = p.x[k].flatten(), p.bases[k].flatten(1), p.players + 1
    outputs = []
    for some in torch.arange(len(bases) * each, device=x.device).split(rows_in_cache(p.net, x.device)):
        base, taken = bases[some // each], p.labels == (some % each - 1)[:, None]
        rows = torch.where(taken == at_input, base, x)
        outputs.append(forward(p.net.graph, rows.view(-1, *p.x.shape[1:])).flatten(1))
        done(len(some))
    return finite(torch.cat(outputs)).unflatten(0, (len(bases), each))
