r"""Shapley, Banzhaf and Owen values of a network's inputs by all coalitions.

The game of input x against a baseline: $v(S) = f(x_S, x^0_{-S})$; against a background, the mean of these games over its
rows (marginal or interventional values). Players are features, or groups of features.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from attrtheory.lower.affine_rows import gamma
from attrtheory.lower.inputs import Data
from attrtheory.lower.points.coalitions import Done, all_coalitions
from attrtheory.lower.points.hypercube import mean_marginals
from attrtheory.lower.points.problem import PointValues, Problem, Target, problem
from attrtheory.lower.points.tables import Table, tables
from attrtheory.lower.points.work import WORK, Progress, check_affordable, counted
from attrtheory.lower.slopes import OUTWARD

MEMORY = 2**28  # bytes of tables at a time, where one is not larger


def shapley_values(graph: Any, inputs: Data, baselines: Data | None = None, **options: Any) -> PointValues:
    r"""Shapley values $\phi_i = \sum_{S\not\ni i} \frac{|S|!\,(n-|S|-1)!}{n!}\,[v(S\cup i) - v(S)]$ by all coalitions.

    Args:
        graph: a Graph, a torch module or the path of an ONNX file; computed in float64.
        inputs: one input or a batch.
        baselines: one row, or one for each input; zeros by default.
        options: `target` (a number, one for each input, or None for all outputs; 0 by default), `groups` (for each
            feature the number of its group; players are then groups), `background` (rows, in place of baselines),
            `device`, `work` (multiplications at most for one input), `progress(done, evaluations)`, which may raise to
            stop.

    Raises:
        TooLarge: too many players or too much work; the message has the estimate.

    Source: Shapley 1953; Sundararajan and Najmi 2020, arXiv 1908.08474; for a background Lundberg and Lee 2017,
        arXiv 1705.07874.
    """
    return index_values("shapley", graph, inputs, baselines, **options)


def banzhaf_values(graph: Any, inputs: Data, baselines: Data | None = None, **options: Any) -> PointValues:
    r"""Banzhaf values $\phi_i = 2^{1-n}\sum_{S\not\ni i} [v(S\cup i) - v(S)]$ by all coalitions; as `shapley_values`.

    Source: Banzhaf 1965.
    """
    return index_values("banzhaf", graph, inputs, baselines, **options)


def owen_values(
    graph: Any, inputs: Data, baselines: Data | None = None, *, unions: Data, **options: Any
) -> PointValues:
    """Owen values; `unions`: for each player (feature or group) the number of its union. Else as `shapley_values`.

    Only coalitions of whole unions with a part of one are evaluated.

    Source: Owen 1977.
    """
    return index_values("owen", graph, inputs, baselines, unions=unions, **options)


def index_values(
    index: str, graph: Any, inputs: Data, baselines: Data | None = None, *, unions: Data | None = None,
    target: Target = 0, groups: Data | None = None, background: Data | None = None, device: str | torch.device = "cpu",
    work: int = WORK, progress: Progress | None = None,
) -> PointValues:  # fmt: skip
    """Values by the name of the index."""
    p = problem(graph, inputs, baselines, background, target, groups, device)
    parts = tables(index, p.players, unions)
    n, m = p.bases.shape[:2]
    check_affordable(p.net.graph, parts, m, work)
    evaluations = n * m * sum(t.coalitions for t in parts)
    done = counted(progress, evaluations)
    values = p.x.new_empty(*p.target.shape, p.players)
    bound, difference = torch.empty_like(values), torch.empty_like(values[..., 0])
    for table in parts:
        weights = table.weights(p.x.device)
        at_once = max(1, MEMORY // (32 * p.target.shape[1] * table.coalitions))
        for some in torch.arange(n).split(at_once):
            inputs = slice(int(some[0]), int(some[-1]) + 1)
            v, error = mean_game(p, inputs, table, at_once, done)
            found, rounding = mean_marginals(v, weights, range(len(table.members)))
            values[inputs, :, table.members] = found
            bound[inputs, :, table.members] = OUTWARD * (rounding + 2 * error[..., None])
            difference[inputs] = v[..., -1] - v[..., 0]
    return p.wrap(values, bound, difference, evaluations)


def mean_game(p: Problem, inputs: slice, table: Table, at_once: int, done: Done) -> tuple[Tensor, Tensor]:
    """The mean over baselines of the games of some inputs, (inputs, targets, coalitions), and bounds on its error."""
    labels = torch.tensor(table.labels, device=p.x.device)[p.labels]
    x, bases, target = p.x[inputs], p.bases[inputs], p.target[inputs]
    m = bases.shape[1]
    total, error, size = 0.0, 0.0, 0.0
    for some in bases.split(max(1, at_once // len(x)), dim=1):
        count = some.shape[1]
        rows, kept = (a.repeat_interleave(count, 0) for a in (x, target))
        v, e = all_coalitions(p.net, rows, some.flatten(0, 1), labels, kept, done)
        if m == 1:
            return v, e
        v, e = (a.unflatten(0, (len(x), count)) for a in (v, e))
        total, error, size = total + v.sum(1), error + e.sum(1), size + v.abs().amax(-1).sum(1)
    return total / m, OUTWARD * (error + gamma(m + 2) * size) / m  # pyright: ignore[reportReturnType]
