"""Beside shap's TreeExplainer: equal where definitions agree; where they do not, scikit-learn's own predictions decide."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as Q
from itertools import combinations
from math import factorial

import numpy as np
import pytest
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeRegressor

import attrtheory as at
from attrtheory.lower.trees.exact import index_values
from attrtheory.lower.trees.fast import fast_index_values
from attrtheory.lower.trees.indices import SHAPLEY

pytestmark = pytest.mark.filterwarnings("ignore")
shap = pytest.importorskip("shap")


def data(rng, rows: int = 300, features: int = 8):
    x = rng.normal(size=(rows, features))
    return x, x[:, 0] * x[:, 1] + np.sin(x[:, 2])


def peer(model, x, background=None) -> np.ndarray:
    kind = "tree_path_dependent" if background is None else "interventional"
    explainer = shap.TreeExplainer(model, data=background, feature_perturbation=kind)
    return np.asarray(explainer.shap_values(x, check_additivity=False))


def test_interventional_values_of_a_forest_against_100_background_rows():
    x, y = data(np.random.default_rng(4))
    model = RandomForestClassifier(30, max_depth=6, random_state=0).fit(x, y > 0)
    forest, background = at.from_sklearn(model, 1), x[100:200]
    ours = at.explain(forest, x[:10], "marginal_shapley", baselines=background)
    theirs = peer(model, x[:10], background)[..., 1]
    assert np.abs(ours.values - theirs).max() < 1e-8
    exact = index_values(forest, SHAPLEY, forest.rounded(x[:1])[0], forest.rounded(background))
    away = lambda values: max(abs(Q(float(v)) - q) for v, q in zip(values, exact, strict=True))
    assert away(ours.values[0]) <= ours.bound[0].max() < 1e-11 < away(theirs[0])  # shap computes with float32 weights


@pytest.mark.parametrize("model", [
    RandomForestRegressor(10, max_depth=6, random_state=0), GradientBoostingRegressor(n_estimators=10, random_state=0),
    HistGradientBoostingRegressor(max_iter=10), DecisionTreeRegressor(max_depth=5),
], ids=["forest", "boosting", "histograms", "tree"])  # fmt: skip
def test_both_kinds_of_values_for_every_importer(model):
    x, y = data(np.random.default_rng(5))
    forest = at.from_sklearn(model.fit(x[:200], y[:200]))  # with more rows histograms split on data, see below
    size = np.abs(y).max()
    ours = at.explain(forest, x[:8], "marginal_shapley", baselines=x[50:90]).values
    assert np.abs(ours - peer(model, x[:8], x[50:90])).max() < 1e-7 * size
    assert np.abs(at.explain(forest, x[:8], "path_dependent_shapley").values - peer(model, x[:8])).max() < 1e-13 * size


def test_xgboost_and_lightgbm_where_they_are_installed(tmp_path):
    xgboost, lightgbm = pytest.importorskip("xgboost"), pytest.importorskip("lightgbm")
    x, y = data(np.random.default_rng(6))
    first = xgboost.XGBRegressor(n_estimators=10, max_depth=4, n_jobs=1).fit(x, y)
    first.save_model(tmp_path / "model.json")
    second = lightgbm.LGBMRegressor(n_estimators=10, n_jobs=1, verbose=-1).fit(x, y)
    other = at.from_lightgbm(second.booster_.dump_model())
    models = ((first, at.from_xgboost(tmp_path / "model.json"), 1e-6), (second, other, 1e-13))
    for model, forest, precision in models:  # path-dependent values of XGBoost are its own, in float32
        ours = at.explain(forest, x[:8], "marginal_shapley", baselines=x[50:90]).values
        assert np.abs(ours - peer(model, x[:8], x[50:90])).max() < 1e-7 * np.abs(y).max()
        assert np.abs(at.explain(forest, x[:8], "path_dependent_shapley").values - peer(model, x[:8])).max() < precision


def by_predictions(model, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Shapley values from the estimator's own predictions at all mixtures, asked for at once."""
    n = len(x)
    sets = [frozenset(s) for size in range(n + 1) for s in combinations(range(n), size)]
    mixed = np.array([[x[k] if k in s else z[k] for k in range(n)] for s in sets])
    v = dict(zip(sets, model.predict(mixed), strict=True))
    weight = lambda s: factorial(len(s)) * factorial(n - len(s) - 1) / factorial(n)
    return np.array([sum(weight(s) * (v[s | {i}] - v[s]) for s in sets if i not in s) for i in range(n)])


def test_on_data_with_few_digits_shap_sees_another_model():
    """It rounds thresholds to float32, and the background not at all; scikit-learn does the reverse."""
    rng = np.random.default_rng(0)
    x = np.round(rng.normal(size=(300, 4)), 1)
    model = RandomForestRegressor(10, max_depth=6, random_state=0).fit(x, x[:, 0] * x[:, 1] + x[:, 2])
    forest, background = at.from_sklearn(model), x[100:120]
    theirs = peer(model, x[:10], background)
    ours = at.explain(forest, x[:10], "marginal_shapley", baselines=background).values
    k = int(np.abs(ours - theirs).max(1).argmax())
    truth = np.mean([by_predictions(model, x[k], z) for z in background], axis=0)
    assert np.abs(ours[k] - truth).max() < 1e-13
    assert np.abs(theirs[k] - truth).max() > 1e-3
    rounded = lambda a: a.astype(np.float32).astype(float)
    other = replace(forest, trees=tuple(replace(t, threshold=rounded(t.threshold)) for t in forest.trees))
    as_shap, _ = fast_index_values(other, SHAPLEY, rounded(x[:10]), background)
    assert np.abs(as_shap - theirs).max() < 1e-7


def test_the_smallest_case_of_float32_weights():
    corners = np.array([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)], float)
    model = DecisionTreeRegressor().fit(corners, corners.prod(1))
    theirs = peer(model, np.ones((1, 3)), np.zeros((1, 3)))[0]
    assert theirs.tolist() == [float(np.float32(1 / 3))] * 3
    found = at.explain(at.from_sklearn(model), [1, 1, 1], "shapley", baselines=0, exact=True)
    assert found.rows[0].exact == (Q(1, 3),) * 3
