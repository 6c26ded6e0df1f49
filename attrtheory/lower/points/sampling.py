"""Shapley, Banzhaf and Owen values beyond what all coalitions cost: confidence intervals from random coalitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from attrtheory.errors import BadInput
from attrtheory.lower.given import one_target, to_graph
from attrtheory.lower.inputs import Data
from attrtheory.lower.layers import forward
from attrtheory.lower.points.coalitions import Done, finite, rows_in_cache
from attrtheory.lower.points.confidence import mean_interval
from attrtheory.lower.points.draws import Coalitions, Orders, sampler
from attrtheory.lower.points.gradient_range import gradient_range
from attrtheory.lower.points.problem import Problem, SampledValues, Target, problem
from attrtheory.lower.points.reach import reach
from attrtheory.lower.points.work import Progress, counted
from attrtheory.lower.slopes import OUTWARD

CONFIDENCE = 0.99


def sampled_values(
    index: str, graph: Any, inputs: Data, baselines: Data | None = None, *, unions: Data | None = None,
    samples: int = 1000, confidence: float = CONFIDENCE, seed: int = 0, target: Target = None, groups: Data | None = None,
    background: Data | None = None, device: str | torch.device = "cpu", progress: Progress | None = None,
) -> SampledValues:  # fmt: skip
    """Estimates of "shapley", "banzhaf" or "owen" values with confidence intervals.

    Each sample is the mean marginal contribution over an order of arrival and its reverse (Banzhaf: a coalition and its
    complement), against a row of the background drawn at random. Intervals are Hoeffding's and the empirical Bernstein
    bound's, for all players of an input together. The range of marginal contributions that they need is proved: interval
    bounds on the network's outputs and slopes over the box that input and baselines span, with the rounding of outputs.

    The range of a deep network is wide, and the intervals with it: they are of use on small or shallow networks.
    `standard_error` is what was observed, and promises nothing.

    Assumed: numpy's PCG64 generator with this seed draws independently and uniformly.

    Arguments that are not listed are as for `shapley_values`.

    Args:
        target: one for each input, to be named where the network has several outputs.
        samples: how many, for each input; each costs 2 (players + 1) evaluations.
        confidence: of the intervals.
        seed: of the generator.

    Source: Castro, Gomez, Tejada 2009; Maurer and Pontil 2009, arXiv 0907.3740.
    """
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < 2:
        raise BadInput(f"sampling needs 2 samples or more; got {samples!r}")
    graph = to_graph(graph, inputs)
    p = problem(graph, inputs, baselines, background, one_target(graph, target), groups, device)
    draw, rng = sampler(index, p.players, unions), np.random.default_rng(seed)
    n, each = len(p.x), 2 * (p.players + 1)
    done = counted(progress, n * samples * each)
    rows = []
    for k in range(n):
        low, high, error = marginal_range(p, k)
        marginals = _sampled(p, k, draw, samples, rng, done)
        lower, upper = mean_interval(marginals, low - 2 * error, high + 2 * error, confidence)
        lower, upper = np.maximum(lower - 2 * OUTWARD * error, low), np.minimum(upper + 2 * OUTWARD * error, high)
        ends = (finite(forward(graph, r).flatten(1))[:, p.target[k, 0]].mean() for r in (p.x[k : k + 1], p.bases[k]))
        spread = marginals.std(0, ddof=1) / np.sqrt(samples)
        rows.append((np.clip(marginals.mean(0), lower, upper), lower, upper, float(next(ends) - next(ends)), spread))
    values, lower, upper, spread = (np.stack([r[j] for r in rows]).reshape(p.shape) for j in (0, 1, 2, 4))
    difference = np.array([r[3] for r in rows])
    return SampledValues(
        values=values, lower=lower, upper=upper, difference=difference, confidence=confidence, samples=samples, seed=seed,
        evaluations=n * samples * each, standard_error=spread,
    )  # fmt: skip


def marginal_range(p: Problem, k: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Proved bounds (players) on every marginal contribution of input k, and on the rounding of outputs."""
    x, bases, target = p.x[k], p.bases[k], int(p.target[k, 0])
    ends = torch.cat([x[None], bases])
    box = reach(p.net, ends.amin(0, keepdim=True), ends.amax(0, keepdim=True))
    output = box[-1]
    lowest, highest, error = (t.flatten()[target] for t in (output.lower, output.upper, output.error))
    spread = OUTWARD * (highest - lowest)
    slopes, step = torch.stack(gradient_range(p.net, target, box)), (x - bases).flatten(1)
    products = slopes[:, None] * torch.stack([step.amin(0), step.amax(0)])
    least, most = products.amin((0, 1)), products.amax((0, 1))
    of_player = lambda features: products.new_zeros(p.players).index_add(0, p.labels, features)
    rounding = (OUTWARD - 1) * of_player(torch.maximum(least.abs(), most.abs()))
    low = torch.maximum(of_player(least) - rounding, -spread)
    high = torch.minimum(of_player(most) + rounding, spread)
    return finite(low).cpu().numpy(), finite(high).cpu().numpy(), float(finite(error))


def _sampled(
    p: Problem, k: int, draw: Orders | Coalitions, samples: int, rng: np.random.Generator, done: Done
) -> np.ndarray:
    """Marginal contributions, (samples, players)."""
    x, bases, labels, target = p.x[k].flatten(), p.bases[k].flatten(1), p.labels, p.target[k, 0]
    each = 2 * (p.players + 1)
    step = max(1, rows_in_cache(p.net, torch.device("cpu")) // each)  # so that draws are the same on every device
    found = []
    for start in range(0, samples, step):
        count = min(step, samples - start)
        base = torch.as_tensor(rng.integers(len(bases), size=count), device=x.device)
        members, kept = draw.coalitions(count, rng)
        mask = torch.as_tensor(members.reshape(count, each, -1), device=x.device)
        outputs: list[Tensor] = []
        for some in torch.arange(count * each, device=x.device).split(rows_in_cache(p.net, x.device)):
            rows = torch.where(mask.flatten(0, 1)[some][:, labels], x, bases[base[some // each]])
            outputs.append(finite(forward(p.net.graph, rows.view(-1, *p.x.shape[1:])).flatten(1))[:, target])
        found.append(draw.marginals(torch.cat(outputs).cpu().numpy().reshape(count, 2, -1), kept))
        done(count * each)
    return np.concatenate(found)
