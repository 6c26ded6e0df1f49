r"""Weighted least squares fidelity: the error of a linear surrogate on samples, as LIME and KernelSHAP minimise it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import comb
from typing import Any

from attrtheory.errors import BadInput, TooLarge
from attrtheory.metrics.explained import explained, texts
from attrtheory.metrics.given import shares, vectors
from attrtheory.metrics.least_squares import LeastSquares
from attrtheory.metrics.numbers import ONE, ZERO, Matrix, Vector, number

MOST_FEATURES = 16


def fidelity(
    model: Any, x: Any, baseline: Any, masks: Sequence[Any], weights: Any = None, *,
    intercept: bool, ridge: Any = 0, target: int = 0,
) -> LeastSquares:  # fmt: skip
    r"""$\sum_k \pi_k (c + a \cdot s_k - f(x_{s_k}, b_{-s_k}))^2 + \rho\,|a|^2$ over binary masks $s_k$; 1 keeps a feature.

    With `intercept` $c$ is the best one for each attribution (LIME); without, $c = f(b)$ (KernelSHAP). Their optima: with all
    masks equally weighted and an intercept Banzhaf values; with `kernel_shap(d)` and complete attributions Shapley values.

    Args:
        masks: (k, d) of zeros and ones, or booleans.
        weights: of the masks, not negative; all 1/k by default. LIME's exp(-D^2/s^2) is irrational: floats are taken at
            their exact values.
        ridge: the factor of the squared length (scikit-learn's alpha), 0 or positive.

    Source: Ribeiro, Singh, Guestrin 2016 (LIME), arXiv 1602.04938; Lundberg and Lee 2017 (KernelSHAP), arXiv 1705.07874.

    >>> from attrtheory.models.dsl import parse_model
    >>> f = parse_model("x1*x2", names=["x1", "x2", "x3"])
    >>> fidelity(f, [1, 1, 1], [0, 0, 0], *kernel_shap(3), intercept=False).optimum(complete=True).attribution
    (Fraction(1, 2), Fraction(1, 2), Fraction(0, 1))

    Raises:
        BadInput: masks with other entries than 0 and 1, wrong lengths, negative weights or a negative ridge.
    """
    at = explained(model, x, baseline, target)
    at.beside()
    rows = binary(masks, at.n)
    penalty = number(ridge, "ridge")
    if penalty < 0:
        raise BadInput(f"ridge: 0 or a positive number; got {penalty}")
    given = shares(weights, len(rows), "weights")
    parameters = {
        "masks": ["".join(str(int(v)) for v in row) for row in rows],
        "weights": texts(given), "intercept": bool(intercept), "ridge": str(penalty),
    }  # fmt: skip
    plus, minus = tuple(at.masked(row) for row in rows), (at.beside(),) * len(rows)
    return LeastSquares("fidelity", at, rows, given, plus, minus, parameters, bool(intercept), penalty)


def local_fidelity(
    model: Any, x: Any, samples: Sequence[Any], weights: Any = None, *,
    intercept: bool, ridge: Any = 0, baseline: Any = None, target: int = 0,
) -> LeastSquares:  # fmt: skip
    r"""$\sum_k \pi_k (c + a \cdot (y_k - x) - f(y_k))^2 + \rho\,|a|^2$ over samples $y_k$ around the input.

    With `intercept` $c$ is the best one for each attribution; without, $c = f(x)$. Other arguments as in `fidelity`.

    Source: Ribeiro, Singh, Guestrin 2016, arXiv 1602.04938; Agarwal et al. 2021 (C-LIME), arXiv 2102.10618.
    """
    at = explained(model, x, baseline, target)
    points = vectors(samples, "samples", at.n)
    penalty = number(ridge, "ridge")
    if penalty < 0:
        raise BadInput(f"ridge: 0 or a positive number; got {penalty}")
    given = shares(weights, len(points), "weights")
    rows = tuple(tuple(a - b for a, b in zip(y, at.x, strict=True)) for y in points)
    parameters = {
        "samples": [texts(y) for y in points], "weights": texts(given), "intercept": bool(intercept), "ridge": str(penalty),
    }  # fmt: skip
    minus = (at.x,) * len(points)
    return LeastSquares("local_fidelity", at, rows, given, points, minus, parameters, bool(intercept), penalty)


def kernel_shap(features: int) -> tuple[Matrix, Vector]:
    r"""All masks but the empty and the full one, with the Shapley kernel $\frac{d-1}{\binom d{|s|}\,|s|\,(d-|s|)}$."""
    if features < 2:
        raise BadInput(f"the Shapley kernel needs two features or more; got {features}")
    inner = [row for row in all_masks(features) if 0 < sum(row) < features]
    sizes = [int(sum(row)) for row in inner]
    return tuple(inner), tuple(Fraction(features - 1, comb(features, s) * s * (features - s)) for s in sizes)


def all_masks(features: int) -> Matrix:
    """All binary masks of up to 16 features."""
    if features > MOST_FEATURES:
        raise TooLarge(f"{features} features have 2^{features} masks, not at most 2^{MOST_FEATURES}: give some masks")
    return tuple(product((ZERO, ONE), repeat=features))


def binary(masks: Sequence[Any], features: int) -> Matrix:
    """Rows of zeros and ones; also as texts such as '0110', or booleans."""
    plain = [[bool(v) for v in row] if all(isinstance(v, bool) for v in row) else row for row in _listed(masks)]
    found = vectors([[ONE * v if isinstance(v, bool) else v for v in row] for row in plain], "masks", features)
    if any(v not in (0, 1) for row in found for v in row):
        raise BadInput("masks: zeros and ones, one row for each sample; 1 keeps the feature, 0 takes its baseline")
    return found


def _listed(masks: Any) -> list[list[Any]]:
    if hasattr(masks, "tolist"):
        masks = masks.tolist()
    if not isinstance(masks, Sequence) or isinstance(masks, str) or not all(isinstance(row, Sequence) for row in masks):
        raise BadInput(f"masks: a list of rows of zeros and ones; got {str(masks)[:60]!r}")
    return [list(row) for row in masks]
