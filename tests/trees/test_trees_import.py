"""Files of XGBoost and LightGBM compute what these libraries predicted; estimators of scikit-learn what they predict."""

from __future__ import annotations

import json
from fractions import Fraction as Q
from pathlib import Path

import numpy as np
import pytest

import attrtheory as at
from attrtheory.errors import BadInput, Unsupported

DUMPS = Path(__file__).parent / "dumps"
RECORDED = json.loads((DUMPS / "margins.json").read_text("utf-8"))
ROWS = np.array(RECORDED["rows"])
TARGETS = {"xgboost-classes.json": 3, "lightgbm-classes.txt": 3}


def read(name: str, source=None, **options) -> at.Forest:
    reader = at.from_xgboost if name.startswith("xgboost") else at.from_lightgbm
    if "dump" in name:
        options = {"features": 4}  # it does not use the last one
    return reader(DUMPS / name if source is None else source, **options)


def values(forest: at.Forest, rows: np.ndarray = ROWS) -> np.ndarray:
    exact = [float(forest(*row)) for row in forest.rounded(rows)]
    assert np.allclose(forest.values(forest.rounded(rows)), exact, rtol=1e-14, atol=1e-14)
    return np.array(exact)


@pytest.mark.parametrize("name", sorted(RECORDED["margins"]))
def test_files_compute_what_their_library_predicted(name):
    recorded, precision = np.array(RECORDED["margins"][name]), 1e-6 if name.startswith("xgboost") else 1e-14
    for k in range(TARGETS.get(name, 1)):
        forest = read(name, target=k if name in TARGETS else None)
        assert np.abs(values(forest) - recorded.reshape(len(ROWS), -1)[:, k]).max() < precision


@pytest.mark.parametrize("name", sorted(RECORDED["margins"]))
def test_paths_texts_and_parsed_json_are_the_same_model(name):
    text = (DUMPS / name).read_text("utf-8")
    target = 1 if name in TARGETS else None
    sources = [str(DUMPS / name), text, *([json.loads(text)] if name.endswith("json") else [text.replace("\n", "\r\n")])]
    assert len({read(name, s, target=target).digest for s in sources}) == 1


def test_a_saved_model_and_its_dump_are_the_same_trees_and_so_are_both_formats_of_lightgbm():
    saved, dumped = read("xgboost.json"), read("xgboost-dump.json")
    assert {saved(*r) - dumped(*r) for r in saved.rounded(ROWS)} == {saved.offset}
    texts = [json.dumps(tree) for tree in json.loads((DUMPS / "xgboost-dump.json").read_text("utf-8"))]
    assert at.from_xgboost(texts, features=4).digest == dumped.digest
    assert read("lightgbm.txt").digest == read("lightgbm.json").digest


def test_the_other_split_rule_or_swapped_children_would_be_noticed():
    recorded = np.array(RECORDED["margins"]["xgboost.json"])
    forest = read("xgboost.json")
    other = at.Forest(forest.trees, 4, forest.offset, False, "float32", (), "", "")
    assert np.abs(values(other) - recorded).max() > 1e-3
    data = json.loads((DUMPS / "xgboost.json").read_text("utf-8"))
    for tree in data["learner"]["gradient_booster"]["model"]["trees"]:
        tree["left_children"], tree["right_children"] = tree["right_children"], tree["left_children"]
    assert np.abs(values(at.from_xgboost(data)) - recorded).max() > 1e-3


def test_covers_are_kept_and_a_dump_without_them_has_no_path_dependent_values():
    assert read("xgboost.json").trees[0].cover[0] == 120
    bare = [{"nodeid": 0, "split": "f1", "split_condition": 0.5, "yes": 1, "no": 2, "children": [
        {"nodeid": 1, "leaf": 1.0}, {"nodeid": 2, "leaf": 3.0}]}]  # fmt: skip
    forest = at.from_xgboost(bare)
    assert forest(0, Q(1, 2)) == 3
    assert forest(0, 0) == 1
    with pytest.raises(BadInput, match="with_stats"):
        at.explain(forest, [[0, 0]], "path_dependent_shapley")


def test_names_of_a_dump_are_places_of_columns():
    tree = {"nodeid": 0, "split": "age", "split_condition": 3, "yes": 1, "no": 2, "children": [
        {"nodeid": 1, "leaf": 1.0}, {"nodeid": 2, "leaf": 3.0}]}  # fmt: skip
    forest = at.from_xgboost([tree], feature_names=["height", "age"])
    assert (forest.features, forest.names, forest(9, 2)) == (2, ("height", "age"), 1)
    with pytest.raises(BadInput, match="feature_names"):
        at.from_xgboost([tree])


# ------------------------------------------------------------------------------------------------ scikit-learn


def data(rng: np.random.Generator):
    x = np.round(rng.normal(size=(150, 4)), 1)
    return x, x[:, 0] * x[:, 1] + x[:, 2] + 0.1 * rng.normal(size=150)


REGRESSORS = [
    "tree.DecisionTreeRegressor", "tree.ExtraTreeRegressor", "ensemble.RandomForestRegressor",
    "ensemble.ExtraTreesRegressor", "ensemble.GradientBoostingRegressor", "ensemble.HistGradientBoostingRegressor",
]  # fmt: skip


def estimator(name: str, **options):
    pytest.importorskip("sklearn")
    import sklearn.ensemble
    import sklearn.tree

    module, kind = name.split(".")
    few = {"max_depth": 4, "random_state": 0} | ({"n_estimators": 5} if module == "ensemble" and "Hist" not in kind else {})
    return getattr(getattr(sklearn, module), kind)(**(few | ({"max_iter": 5} if "Hist" in kind else {}) | options))


@pytest.mark.parametrize("name", REGRESSORS)
def test_regressors(name):
    x, y = data(np.random.default_rng(1))
    found = estimator(name).fit(x, y)
    forest = at.from_sklearn(found)
    assert np.abs(values(forest, x) - found.predict(x)).max() < 1e-14


@pytest.mark.parametrize("name", [n.replace("Regressor", "Classifier") for n in REGRESSORS])
@pytest.mark.parametrize("classes", [2, 3])
def test_classifiers(name, classes):
    x, y = data(np.random.default_rng(1))
    found = estimator(name).fit(x, np.array(["a", "b", "c"])[(y > 0).astype(int) + (y > 1) * (classes > 2)])
    boosting = "Boosting" in name
    expected = found.decision_function(x).reshape(len(x), -1) if boosting else found.predict_proba(x)
    for k in range(expected.shape[1]):
        forest = at.from_sklearn(found, k if expected.shape[1] > 1 else 1)
        assert np.abs(values(forest, x) - expected[:, k]).max() < 1e-13
        assert forest.output.endswith("abc"[k] if expected.shape[1] > 1 else "b")
    with pytest.raises(BadInput, match="target"):
        at.from_sklearn(found, 7)
    if not boosting or classes == 3:
        with pytest.raises(BadInput, match="name the one to explain"):
            at.from_sklearn(found)


def test_what_is_no_sum_of_trees_from_a_constant_is_refused():
    x, y = data(np.random.default_rng(1))
    from_zero = estimator("ensemble.GradientBoostingRegressor", init="zero").fit(x, y)
    assert at.from_sklearn(from_zero).offset == 0
    start = estimator("tree.DecisionTreeRegressor")
    started = estimator("ensemble.GradientBoostingRegressor", init=start).fit(x, y)
    with pytest.raises(Unsupported, match="init=DecisionTreeRegressor"):
        at.from_sklearn(started)
    with pytest.raises(Unsupported, match="IsolationForest"):
        at.from_sklearn(isolation(x))
    with pytest.raises(BadInput, match="not fitted"):
        at.from_sklearn(estimator("ensemble.RandomForestRegressor"))
    name, gaps = "ensemble.HistGradientBoostingRegressor", np.where(np.arange(150)[:, None] % 3 == 0, np.nan, x[:, :1] * 0)
    gappy = estimator(name).fit(gaps, np.isnan(gaps[:, 0]) * 1.0)
    with pytest.raises(Unsupported, match="missing values"):
        at.from_sklearn(gappy)
    kinds = estimator(name, categorical_features=[0]).fit(np.abs(np.round(x[:, :1])), y)
    with pytest.raises(Unsupported, match="categories"):
        at.from_sklearn(kinds)


def isolation(x):
    from sklearn.ensemble import IsolationForest

    return IsolationForest(n_estimators=2).fit(x)


# -------------------------------------------------------------------------------- the libraries, where installed


@pytest.mark.filterwarnings("ignore")
def test_xgboost_itself_where_it_is_installed(tmp_path):
    xgboost = pytest.importorskip("xgboost")
    x, y = data(np.random.default_rng(2))
    dart, poisson = {"booster": "dart", "rate_drop": 0.5}, {"objective": "count:poisson"}
    for options in ({}, {"gamma": 2.0}, dart, poisson, {"max_leaves": 4}):
        model = xgboost.XGBRegressor(n_estimators=4, max_depth=4, n_jobs=1, **options).fit(x, np.abs(y))
        model.save_model(tmp_path / "model.json")
        margins = model.predict(x, output_margin=True)
        assert np.abs(values(at.from_xgboost(tmp_path / "model.json"), x) - margins).max() < 3e-6
    model.save_model(tmp_path / "model.ubj")
    with pytest.raises(BadInput, match="no text"):
        at.from_xgboost(tmp_path / "model.ubj")


@pytest.mark.filterwarnings("ignore")
def test_lightgbm_itself_where_it_is_installed():
    lightgbm = pytest.importorskip("lightgbm")
    x, y = data(np.random.default_rng(2))
    options = {"n_estimators": 4, "min_child_samples": 5, "n_jobs": 1, "verbose": -1}
    model = lightgbm.LGBMRegressor(**options).fit(x, y)
    for source in (model.booster_.model_to_string(), model.booster_.dump_model()):
        assert np.abs(values(at.from_lightgbm(source), x) - model.predict(x)).max() < 1e-14
    kinds, few = np.abs(np.round(x * 3)), {"min_data_per_group": 5, "cat_smooth": 1.0}
    refused = {
        "linear leaves": lightgbm.LGBMRegressor(**options, linear_tree=True).fit(x, y),
        "zeros": lightgbm.LGBMRegressor(**options, zero_as_missing=True).fit(x, y),
        "categories": lightgbm.LGBMRegressor(**options, **few).fit(kinds, y, categorical_feature=[0, 1, 2, 3]),
    }
    for what, found in refused.items():
        for source in (found.booster_.model_to_string(), found.booster_.dump_model()):
            with pytest.raises(Unsupported, match=what):
                at.from_lightgbm(source)
