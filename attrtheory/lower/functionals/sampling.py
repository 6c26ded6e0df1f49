r"""On a deep network under normal noise or on many features: confidence intervals from random points.

Bounded draws (slopes, whose range is proved from the weights; values on a box, whose range is too) have the intervals of
Hoeffding and of the empirical Bernstein bound. Values under normal noise are not bounded, but Lipschitz: with proved bounds
$L_j$ on the slope along the law's variable j, the mean of n draws of $w f(Y)$ is sub-Gaussian with variance proxy
$w^2 L^2 / n$, $L^2 = \sum_{\text{normal}} L_j^2 + \sum_{\text{uniform}} L_j^2 / 4$, so that it lies within
$\sqrt{2 w^2 L^2 \ln(2/\delta) / n}$ of its mean with probability $1 - \delta$ (Tsirelson, Ibragimov and Sudakov 1976;
McDiarmid 1989). Weights $g_j$ become slopes by Gaussian integration by parts, for they are not bounded either.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import log, sqrt

import numpy as np
import torch

from attrtheory.errors import BadInput, TooLarge, Unsupported
from attrtheory.lower.affine_rows import gamma
from attrtheory.lower.functionals.numbers import Row, Spread, Summand
from attrtheory.lower.functionals.result import Share
from attrtheory.lower.layers import Network, forward, network
from attrtheory.lower.points.backward import gradients
from attrtheory.lower.points.coalitions import finite, rows_in_cache
from attrtheory.lower.points.confidence import mean_interval
from attrtheory.lower.points.gradient_range import gradient_range
from attrtheory.lower.points.reach import reach
from attrtheory.lower.slopes import OUTWARD
from attrtheory.models.graph import Graph


def by_sampling(
    graph: Graph, rows: Sequence[Row], target: int, *, samples: int, confidence: float, seed: int
) -> Share:
    """Confidence intervals that hold for all rows at once; draws are shared between them.

    Assumed: numpy's PCG64 generator with this seed draws independently from the laws, and float64 finds the signs of units at
    the points drawn.
    """
    if type(samples) is not int or samples < 2:
        raise BadInput(f"sampling needs 2 samples or more; got {samples!r}")
    if not 0 < confidence < 1:
        raise BadInput(f"confidence: a number between 0 and 1; got {confidence!r}")
    net, drawn = network(graph), dict[Spread, _Drawn]()
    rows = [tuple(part for s in row for part in _without_normal_weights(s)) for row in rows]
    for k, law in enumerate(dict.fromkeys(s.law for row in rows for s in row)):
        slopes = any(s.feature is not None for row in rows for s in row if s.law == law)
        drawn[law] = _Drawn(net, law, target, samples, np.random.default_rng([seed, k]), slopes=slopes)
    bounded = [[s for s in row if s.feature is not None or not s.law.normal] for row in rows]
    lipschitz = [[s for s in row if s.feature is None and s.law.normal] for row in rows]
    share = 1 - (1 - confidence) / (2 if any(bounded) and any(lipschitz) else 1)
    zero = np.zeros(len(rows))
    low, high = _bounded(bounded, drawn, share) if any(bounded) else (zero, zero)
    left, right = _lipschitz(lipschitz, drawn, share) if any(lipschitz) else (zero, zero)
    lower, upper = ([Fraction(float(v)) for v in ends] for ends in (low + left, high + right))
    middle = tuple((a + b) / 2 for a, b in zip(lower, upper, strict=True))
    words = f"random points, {samples:,} for each of the laws, of which there are {len(drawn)}"
    return Share(tuple(lower), tuple(upper), middle, "sampled", words, evaluations=samples * len(drawn))


def _without_normal_weights(s: Summand) -> list[Summand]:
    r"""Stein: $E[g_j m f(Y)] = \sum_k c_{jk} E[m \partial_k f(Y)]$, where the monomial m has uniform variables only."""
    m = len(s.law.uniform)
    normal = s.powers[m:]
    if not any(normal):
        if s.feature is None and s.law.normal and any(s.powers):
            raise _no_interval("a value under normal noise, weighted by a uniform variable")
        return [s]
    if sum(normal) > 1 or s.feature is not None:
        raise _no_interval(f"normal variables to the powers {normal}")
    column = s.law.normal[normal.index(1)]
    powers = (*s.powers[:m], *(0 for _ in normal))
    return [Summand(s.weight * c, k, s.law, powers) for k, c in enumerate(column) if c]


def _no_interval(what: str) -> Unsupported:
    return Unsupported(f"{what}: neither bounded nor Lipschitz, so that no interval holds without a limit theorem")


class _Drawn:
    """Random points of one law, the network on them, and proved ranges."""

    def __init__(
        self, net: Network, law: Spread, target: int, samples: int, rng: np.random.Generator, *, slopes: bool
    ) -> None:
        floats = lambda vectors: np.array([[float(v) for v in c] for c in vectors]).reshape(len(vectors), len(law.origin))
        self.u, g = rng.uniform(size=(samples, len(law.uniform))), rng.standard_normal((samples, len(law.normal)))
        origin, directions, columns = floats([law.origin])[0], floats(law.uniform), floats(law.normal)
        points = torch.from_numpy(origin + self.u @ directions + g @ columns).view(-1, *net.graph.input_shape)
        outputs: list[torch.Tensor] = []
        found: list[torch.Tensor] = []
        for some in points.split(rows_in_cache(net, torch.device("cpu"))):
            if slopes:
                y, slope = gradients(net, some, torch.full((len(some),), target))
                found.append(slope.flatten(1))
            else:
                y = forward(net.graph, some).flatten(1)
            outputs.append(finite(y)[:, target])
        self.values = torch.cat(outputs).numpy()
        self.slopes = torch.cat(found).numpy() if found else np.zeros((samples, 0))
        box = None
        if not law.normal:
            low, high = (origin + side(directions, 0.0).sum(0) for side in (np.minimum, np.maximum))
            slack = gamma(4 + len(directions)) * (abs(origin) + abs(directions).sum(0))
            rows = [torch.from_numpy(v).view(1, *net.graph.input_shape) for v in (low - slack, high + slack)]
            box = reach(net, *rows)
            last = box[-1]
            self.range = [float(finite(v).flatten()[target]) for v in (last.lower - last.error, last.upper + last.error)]
        least, most = (v.numpy() for v in gradient_range(net, target, box))
        self.slope_range = least, most
        steepest = np.maximum(abs(least), abs(most))
        along = [np.square(abs(c) @ steepest) for c in (columns, directions)]
        self.proxy = OUTWARD * float(along[0].sum() + along[1].sum() / 4)

    def bounded(self, s: Summand) -> tuple[np.ndarray, float, float]:
        """(draws, least, most) of a summand with its weight."""
        if s.feature is None:
            (low, high), values = self.range, self.values
        else:
            low, high = (float(v[s.feature]) for v in self.slope_range)
            values = self.slopes[:, s.feature]
        if any(s.powers):
            values = values * np.prod(self.u ** np.array(s.powers[: self.u.shape[1]]), axis=1)
            low, high = min(low, 0.0), max(high, 0.0)
        w = float(s.weight)
        least, most = sorted([w * low, w * high])
        return w * values, least, most


def _bounded(
    rows: Sequence[Sequence[Summand]], drawn: dict[Spread, _Drawn], confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    columns, least, most = [], [], []
    for row in rows:
        parts = [drawn[s.law].bounded(s) for s in row]
        columns.append(sum((p[0] for p in parts), np.zeros(len(next(iter(drawn.values())).values))))
        slack = gamma(len(parts) + 4) * sum(max(abs(p[1]), abs(p[2])) for p in parts)
        least.append(sum(p[1] for p in parts) - slack)
        most.append(sum(p[2] for p in parts) + slack)
    low, high = np.array(least, dtype=float), np.array(most, dtype=float)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise TooLarge("the proved range of the network overflows float64; rescale it")
    return mean_interval(np.stack(columns, axis=1), low, high, confidence)


def _lipschitz(
    rows: Sequence[Sequence[Summand]], drawn: dict[Spread, _Drawn], confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    n = len(next(iter(drawn.values())).values)
    lower, upper = [], []
    for row in rows:
        mean = sum(float(s.weight) * drawn[s.law].values.mean() for s in row)
        size = sum(abs(float(s.weight)) * np.abs(drawn[s.law].values).max() for s in row)
        proxy = sum(float(s.weight) ** 2 * drawn[s.law].proxy for s in row)
        reach_ = OUTWARD * (sqrt(2 * proxy * log(2 * len(rows) / (1 - confidence)) / n) + gamma(8 * n + 16) * size)
        lower.append(mean - reach_)
        upper.append(mean + reach_)
    return np.array(lower), np.array(upper)
