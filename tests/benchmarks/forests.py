"""Shapley values of a random forest beside shap's TreeExplainer: against one baseline, a background, and covers."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from benchmarks.rows import Row
from benchmarks.timing import interleaved

from attrtheory.lower.trees.exact import index_values
from attrtheory.lower.trees.fast import fast_index_values
from attrtheory.lower.trees.fast_shares import fast_path_dependent_values
from attrtheory.lower.trees.indices import SHAPLEY
from attrtheory.models.trees import Forest, from_sklearn

FEATURES = 30
KINDS = {"one-baseline": 1, "100-background": 100, "path-dependent": 0}  # background rows


@cache
def fitted(trees: int, depth: int) -> tuple[Any, np.ndarray]:
    """A regressor on 4000 rows with interactions, and its rows in float32."""
    from sklearn.ensemble import RandomForestRegressor

    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, FEATURES)).astype(np.float32).astype(np.float64)
    y = x[:, 0] * x[:, 1] + np.sin(x[:, 2:]).sum(1)
    return RandomForestRegressor(trees, max_depth=depth, random_state=0, n_jobs=1).fit(x, y), x


def forest_rows(trees: int, depth: int, kind: str, inputs: int, *, seconds: float) -> list[Row]:
    """One row: times per input with the forest read and laid out beforehand, as shap's explainer is made beforehand.

    Errors are those of the first input, against rationals; of path-dependent values there are none.
    """
    from shap import TreeExplainer

    model, rows = fitted(trees, depth)
    forest, x, background = from_sklearn(model), rows[:inputs], rows[inputs : inputs + KINDS[kind]]
    how = "interventional" if KINDS[kind] else "tree_path_dependent"
    explainer = TreeExplainer(model, data=background if KINDS[kind] else None, feature_perturbation=how)
    calls: dict[str, Callable[[], np.ndarray]] = {
        "ours": lambda: ours(forest, x, background),
        "shap": lambda: explainer.shap_values(x, check_additivity=False),
    }
    measured = interleaved(calls, seconds)
    mine, other = measured["ours"], measured["shap"]
    exact = index_values(forest, SHAPLEY, x[0].tolist(), background.tolist()) if KINDS[kind] else None
    size = None if exact is None else max(abs(float(v)) for v in exact)
    off = lambda found: None if exact is None or size is None else _away(found[0], exact) / size
    return [Row(
        f"forest-{kind}", f"forest_{trees}x{depth}_{FEATURES}", "leaf-atoms", mine.seconds / inputs, "shap-tree",
        other.seconds / inputs, off(mine.result), off(other.result), forest.leaves, inputs, "cpu", mine.memory, other.memory,
        trees * depth, trees, None, "exact" if exact else None,
    )]  # fmt: skip


def ours(forest: Forest, x: np.ndarray, background: np.ndarray) -> np.ndarray:
    """The one place that calls our kernels."""
    if len(background):
        return fast_index_values(forest, SHAPLEY, x, background)[0]
    return fast_path_dependent_values(forest, x)


def _away(found: np.ndarray, exact: tuple[Fraction, ...]) -> float:
    return max(float(abs(Fraction(float(v)) - q)) for v, q in zip(found, exact, strict=True))
