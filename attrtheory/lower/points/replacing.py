"""Occlusion and partial dependence: a network's outputs where one feature, or one group, is replaced."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from attrtheory.lower.affine_rows import gamma
from attrtheory.lower.inputs import Data
from attrtheory.lower.layers import forward
from attrtheory.lower.points.coalitions import Done, finite, output_error, rows_in_cache
from attrtheory.lower.points.problem import PointValues, Problem, Target, problem
from attrtheory.lower.points.work import Progress, counted
from attrtheory.lower.slopes import OUTWARD


def occlusion_values(graph: Any, inputs: Data, baselines: Data | None = None, **options: Any) -> PointValues:
    r"""Occlusion $\phi_i = f(x) - f(x \text{ with } x_i \to x^0_i)$, for a background its mean over the rows.

    Args:
        graph: a Graph, a torch module or the path of an ONNX file; computed in float64.
        inputs: one input or a batch.
        baselines: one row, or one for each input; zeros by default.
        options: `target`, `groups`, `background`, `device`, `progress` as for `shapley_values`.

    Source: Zeiler and Fergus 2014, arXiv 1311.2901.
    """
    return _replacing(graph, inputs, baselines, at_input=True, **options)


def partial_dependence(graph: Any, inputs: Data, background: Data, **options: Any) -> PointValues:
    r"""Centred partial dependence $\phi_i = \frac1N\sum_n \bigl[f(x_i, b^n_{-i}) - f(b^n)\bigr]$ over a background.

    The dependence itself is $\phi_i + \frac1N\sum_n f(b^n)$; centred, a feature without influence gets 0.

    Args:
        graph: a Graph, a torch module or the path of an ONNX file; computed in float64.
        inputs: one input or a batch.
        background: rows $b^1, \dots, b^N$.
        options: `target`, `groups`, `device`, `progress` as for `shapley_values`.

    Source: Friedman 2001.
    """
    return _replacing(graph, inputs, None, at_input=False, background=background, **options)


def _replacing(
    graph: Any, inputs: Data, baselines: Data | None, *, at_input: bool, target: Target = 0,
    groups: Data | None = None, background: Data | None = None, device: str | torch.device = "cpu",
    progress: Progress | None = None,
) -> PointValues:  # fmt: skip
    p = problem(graph, inputs, baselines, background, target, groups, device)
    n, m = p.bases.shape[:2]
    done = counted(progress, n * m * (p.players + 2))
    outputs = _replaced(p, done, at_input=at_input)
    start, end, others = outputs[:, :, :1], outputs[:, :, 1:2], outputs[:, :, 2:]
    changes = (start - others if at_input else others - start).transpose(2, 3)
    difference = (start - end if at_input else end - start).mean((1, 2))
    error = finite(output_error(p.net, p.x, *p.bases.unbind(1)))
    error = torch.take_along_dim(error, p.target, 1)[..., None]
    bound = OUTWARD * (2 * error + gamma(m + 3) * changes.abs().mean(1))
    return p.wrap(changes.mean(1), bound, difference, outputs[..., 0].numel())


def _replaced(p: Problem, done: Done, *, at_input: bool) -> Tensor:
    """Outputs (n, baselines, 2 + players, targets): at a point, at the other, and with each player's features replaced.

    `at_input`: the point is the input and the other a baseline; else the reverse.
    """
    (n, m), each = p.bases.shape[:2], p.players + 2
    x, bases = p.x.flatten(1), p.bases.flatten(0, 1).flatten(1)
    outputs = []
    for some in torch.arange(n * m * each, device=x.device).split(rows_in_cache(p.net, x.device)):
        pair, player = some // each, (some % each - 2)[:, None]
        replaced = (p.labels == player) | (player == -1)
        rows = torch.where(replaced == at_input, bases[pair], x[pair // m])
        found = forward(p.net.graph, rows.view(-1, *p.x.shape[1:])).flatten(1)
        outputs.append(torch.take_along_dim(found, p.target[pair // m], 1))
        done(len(some))
    return finite(torch.cat(outputs)).view(n, m, each, -1)
