"""Where files or estimators are easily misread, forests compute what the libraries predict, or are refused."""

from __future__ import annotations

import numpy as np
import pytest

import attrtheory as at
from attrtheory.errors import BadInput, Unsupported


def data(count: int = 200) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).normal(size=(count, 3)).astype(np.float32)
    return x, np.exp(x[:, 0])


def values(forest: at.Forest, rows: np.ndarray) -> np.ndarray:
    return forest.values(forest.rounded(rows.astype(float)))


@pytest.mark.parametrize("column", [0, 2])
def test_histograms_with_categories_are_refused_even_where_no_tree_splits_on_them(column):
    ensemble = pytest.importorskip("sklearn.ensemble")
    x, y = data()
    x[:, column] = 0
    made = lambda **options: ensemble.HistGradientBoostingRegressor(max_iter=3, **options).fit(x, y)
    with pytest.raises(Unsupported, match=f"features {column} hold categories"):
        at.from_sklearn(made(categorical_features=[column]))
    for model in (made(), made(categorical_features=[]), made(categorical_features=None)):
        assert np.abs(values(at.from_sklearn(model), x) - model.predict(x)).max() < 1e-12


def test_pandas_categories_are_named():
    ensemble, pandas = pytest.importorskip("sklearn.ensemble"), pytest.importorskip("pandas")
    x, y = data()
    table = pandas.DataFrame({"a": x[:, 0], "kind": pandas.Categorical([0] * len(x))})
    with pytest.raises(Unsupported, match="features kind hold"):
        at.from_sklearn(ensemble.HistGradientBoostingRegressor(max_iter=3).fit(table, y))


def test_trees_that_separate_missing_values_are_refused():
    tree = pytest.importorskip("sklearn.tree")
    gaps = np.array([[np.nan], [1.0], [np.nan], [1.0]])
    with pytest.raises(Unsupported, match="only separates missing values"):
        at.from_sklearn(tree.DecisionTreeRegressor().fit(gaps, [0, 1, 0, 1]))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("base_score", [None, 0.3])
def test_the_base_score_of_logitraw_is_its_margin(tmp_path, base_score):
    xgboost = pytest.importorskip("xgboost")
    x, y = data()
    options = {"objective": "binary:logitraw", "max_depth": 2} | ({"base_score": base_score} if base_score else {})
    model = xgboost.train(options, xgboost.DMatrix(x, y > 1), 3)
    model.save_model(tmp_path / "model.json")
    expected = model.predict(xgboost.DMatrix(x), output_margin=True)
    assert np.abs(values(at.from_xgboost(tmp_path / "model.json"), x) - expected).max() < 1e-6


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("options", [{}, {"num_parallel_tree": 2, "subsample": 0.7}], ids=["boosting", "boosted forests"])
def test_models_that_were_stopped_early_ask_which_rounds_count(tmp_path, options):
    xgboost = pytest.importorskip("xgboost")
    x, y = data()
    model = xgboost.XGBRegressor(n_estimators=40, early_stopping_rounds=2, learning_rate=1.0, n_jobs=1, **options)
    model.fit(x[:100], y[:100], eval_set=[(x[100:], y[100:])], verbose=False)
    path, best, rounds = tmp_path / "model.json", model.best_iteration + 1, model.get_booster().num_boosted_rounds()
    model.save_model(path)
    assert best < rounds
    with pytest.raises(BadInput, match=f"rounds={best} .* rounds={rounds} "):
        at.from_xgboost(path)
    for count, expected in ((best, model.predict(x)), (rounds, model.get_booster().predict(xgboost.DMatrix(x)))):
        assert np.abs(values(at.from_xgboost(path, rounds=count), x) - expected).max() < 3e-6
    for wrong in (0, rounds + 1, True, 1.0):
        with pytest.raises(BadInput, match="rounds"):
            at.from_xgboost(path, rounds=wrong)
    model.get_booster()[:best].save_model(path)
    assert np.abs(values(at.from_xgboost(path), x) - model.predict(x)).max() < 3e-6


@pytest.mark.filterwarnings("ignore")
def test_rounds_of_several_classes(tmp_path):
    xgboost = pytest.importorskip("xgboost")
    x, y = data()
    options = {"objective": "multi:softprob", "num_class": 3, "max_depth": 2}
    model = xgboost.train(options, xgboost.DMatrix(x, np.minimum(y.astype(int), 2)), 3)
    model.save_model(tmp_path / "model.json")
    expected = model.predict(xgboost.DMatrix(x), output_margin=True, iteration_range=(0, 2))
    for k in range(3):
        assert np.abs(values(at.from_xgboost(tmp_path / "model.json", k, rounds=2), x) - expected[:, k]).max() < 1e-6
        with pytest.raises(Unsupported, match="saved model"):
            at.from_xgboost(model.get_dump(dump_format="json"), k)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("boosting", ["gbdt", "rf"])
def test_lightgbm_takes_inputs_of_tiny_size_for_zero(boosting):
    lightgbm = pytest.importorskip("lightgbm")
    rng = np.random.default_rng(0)
    x = rng.integers(-3, 4, (60, 3)).astype(float)
    options = {"num_leaves": 6, "min_data_in_leaf": 2, "verbose": -1, "num_threads": 1, "boosting": boosting}
    sampled = {"bagging_freq": 1, "bagging_fraction": 0.7}
    model = lightgbm.train(options | sampled, lightgbm.Dataset(x, rng.normal(size=60) + x[:, 0]), 4)
    forest, limit = at.from_lightgbm(model.model_to_string()), float(np.float32(1e-35))
    assert {abs(float(a)) for t in forest.trees for a in t.threshold[t.feature >= 0]} & {limit}  # where zeros are split off
    tiny = [-limit, limit, np.nextafter(limit, 1), np.nextafter(-limit, -1), np.nextafter(-limit, 0), 1e-36, -5e-324, 0.0]
    rows = np.where(rng.random((400, 3)) < 0.6, rng.choice(tiny, (400, 3)), rng.integers(-3, 4, (400, 3)))
    assert np.abs(values(forest, rows) - model.predict(rows)).max() < 1e-14
    assert np.abs(forest.values(rows) - model.predict(rows)).max() > 1e-3  # the tree alone would be another model
