"""SmoothGrad of any network: confidence intervals from random points, with a proved range of the slopes."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import numpy as np
import torch

from attrtheory.errors import BadInput
from attrtheory.lower.inputs import Data, rows, targets
from attrtheory.lower.layers import network
from attrtheory.lower.points.backward import gradients
from attrtheory.lower.points.coalitions import finite, rows_in_cache
from attrtheory.lower.points.confidence import mean_interval
from attrtheory.lower.points.gradient_range import gradient_range
from attrtheory.lower.points.problem import Estimates
from attrtheory.lower.points.sampling import CONFIDENCE
from attrtheory.lower.points.work import Progress, counted
from attrtheory.models.graph import Graph


def sampled_smooth_grad(
    graph: Graph, inputs: Data, sigma: float, target: int | Sequence[int] = 0, *, samples: int = 1000,
    confidence: float = CONFIDENCE, seed: int = 0, progress: Progress | None = None,
) -> Estimates:  # fmt: skip
    r"""SmoothGrad $E\,\partial_i f(x + \sigma\xi)$ from gradients at random points, with confidence intervals.

    All partial derivatives of the network lie in intervals that are proved from its weights, wherever the points fall:
    these are the ranges of the intervals (`mean_interval`), which hold for all features of an input together.

    Assumed: numpy's PCG64 generator with this seed draws independently from the normal law, and float64 finds the signs
    of units at the points drawn.

    Args:
        graph: any network.
        inputs: as for `smooth_grad`.
        sigma: as for `smooth_grad`.
        target: as for `smooth_grad`.
        samples: points for each input.
        confidence: of the intervals.
        seed: of the generator.
        progress: called with (points done, all).

    Source: Smilkov et al. 2017, arXiv 1706.03825; Maurer and Pontil 2009, arXiv 0907.3740.
    """
    if not isfinite(sigma) or sigma < 0:
        raise BadInput(f"sigma: the noise, a finite number, 0 or more; got {sigma}")
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < 2:
        raise BadInput(f"samples: how many points, 2 or more; got {samples!r}")
    xs, rng, net = rows(graph, inputs, "inputs"), np.random.default_rng(seed), network(graph)
    kept, done = targets(graph, target, len(xs)), counted(progress, len(xs) * samples)
    found = []
    for x, k in zip(xs, kept, strict=True):
        low, high = (t.numpy() for t in gradient_range(net, k))
        parts = []
        for some in torch.arange(samples).split(rows_in_cache(net, torch.device("cpu"))):
            at = torch.tensor(x + sigma * rng.standard_normal((len(some), *x.shape)))
            outputs, slopes = gradients(net, at, torch.full((len(some),), k))
            finite(outputs)
            parts.append(slopes.flatten(1).numpy())
            done(len(some))
        slopes = np.concatenate(parts)
        lower, upper = mean_interval(slopes, low, high, confidence)
        found.append((np.clip(slopes.mean(0), lower, upper), lower, upper))
    values, lower, upper = (np.stack(a).reshape(xs.shape) for a in zip(*found, strict=True))
    return Estimates(
        values=values, lower=lower, upper=upper, confidence=confidence, samples=samples, seed=seed,
        evaluations=len(xs) * samples,
    )  # fmt: skip
