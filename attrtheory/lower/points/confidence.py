"""Confidence intervals for means of bounded random numbers."""

from __future__ import annotations

from math import log

import numpy as np

from attrtheory.errors import BadInput
from attrtheory.lower.affine_rows import gamma
from attrtheory.lower.slopes import OUTWARD


def mean_interval(
    samples: np.ndarray, low: np.ndarray, high: np.ndarray, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    r"""Intervals that contain the means of all columns at once with probability at least `confidence`.

    For each of k columns with independent samples in [a, b], the better of

    $(b-a)\sqrt{\ln(4k/\delta)/2n}$ (Hoeffding 1963) and
    $\sqrt{2V\ln(8k/\delta)/n} + 7(b-a)\ln(8k/\delta)/3(n-1)$ (empirical Bernstein: Maurer and Pontil 2009,
    arXiv 0907.3740),

    V the sample variance: $\delta = 1 - $ `confidence` is split over the columns, the two bounds and their two sides. The
    mean also lies in [a, b].
    """
    n, columns = samples.shape
    if n < 2 or not 0 < confidence < 1:
        raise BadInput(f"an interval needs 2 samples or more and a confidence between 0 and 1; got {n}, {confidence}")
    width, share = high - low, columns / (1 - confidence)
    hoeffding = width * np.sqrt(log(4 * share) / (2 * n))
    variance = samples.var(axis=0, ddof=1)
    bernstein = np.sqrt(2 * variance * log(8 * share) / n) + 7 * width * log(8 * share) / (3 * (n - 1))
    mean = samples.mean(axis=0)
    reach = OUTWARD * (np.minimum(hoeffding, bernstein) + gamma(8 * n + 16) * np.abs(samples).max(axis=0))
    return np.maximum(mean - reach, low), np.minimum(mean + reach, high)
