"""Damaged and dangerous files, wrong rows and wrong questions: each is an error that says what to do, none a number."""

from __future__ import annotations

import json
from copy import deepcopy
from fractions import Fraction as Q
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from trees import brute

import attrtheory as at
from attrtheory.errors import AttrTheoryError, BadInput, TooLarge, Unsupported
from attrtheory.models.trees import tree, tree_of

DUMPS = Path(__file__).parent / "dumps"
SAVED = json.loads((DUMPS / "xgboost.json").read_text("utf-8"))
TEXT = (DUMPS / "lightgbm.txt").read_text("utf-8")
NESTED = json.loads((DUMPS / "lightgbm.json").read_text("utf-8"))
STUMP = ("split", 1, Q(1), ("leaf", Q(1), 2), ("leaf", Q(5), 3), 5)


def first_tree(data: Any) -> dict[str, Any]:
    return data["learner"]["gradient_booster"]["model"]["trees"][0]


@pytest.mark.parametrize("key, at_node, value, message", [
    ("left_children", 0, 0, "children must be nodes"),
    ("left_children", 0, 10**6, "children must be nodes"),
    ("left_children", 1, 2, "two parents"),
    ("right_children", 0, -1, "two children"),
    ("split_indices", 0, 4, "splits on features"),
    ("split_indices", 0, -3, "a feature"),
    ("split_indices", 0, 0.5, "whole numbers"),
    ("split_conditions", 0, "nan", "finite number"),
    ("split_conditions", 0, 1e300, "finite"),
    ("split_conditions", 0, None, "finite number"),
    ("sum_hessian", 0, -1.0, "cover"),
    ("split_type", 0, 1, "categories"),
])  # fmt: skip
def test_damaged_saved_models(key, at_node, value, message):
    data = deepcopy(SAVED)
    first_tree(data)[key][at_node] = value
    with pytest.raises((BadInput, Unsupported), match=message):
        at.from_xgboost(data)


def test_cycles_and_shared_nodes():
    for left, right in (([1, 2, 1], [2, 1, 2]), ([1, 3, -1, -1], [1, 2, -1, -1])):
        feature = [0 if k >= 0 else -1 for k in left]
        n = np.zeros(len(left))
        with pytest.raises(BadInput, match="two parents"):
            tree_of(np.array(feature), n, np.array(left), np.array(right), n, None, features=1)


def test_sizes_are_bounded(monkeypatch):
    monkeypatch.setattr(tree, "MAX_DEPTH", 3)
    deep = STUMP
    for _ in range(4):
        deep = ("split", 0, Q(1), deep, ("leaf", Q(0), 1), deep[-1] + 1)
    with pytest.raises(TooLarge, match="more than 3 splits"):
        brute.forest_of([deep], 2)
    with pytest.raises(TooLarge, match="features"):
        at.Forest((), 10**7, Q(0), False, "float64", (), "", "")
    with pytest.raises(AttrTheoryError, match=r"nested too deeply|splits"):
        at.from_lightgbm('{"tree_info":' + "[" * 200_000 + "]" * 200_000 + "}")
    many = at.Forest(brute.forest_of([STUMP], 2).trees * 10_000, 2, Q(0), False, "float64", (), "", "")
    with pytest.raises(TooLarge, match="terms"):
        many.fn()


@pytest.mark.parametrize("change, message", [
    (lambda d: d["learner"].pop("gradient_booster"), "gradient_booster"),
    (lambda d: d["learner"]["gradient_booster"].update(name="gblinear"), "gblinear"),
    (lambda d: d["learner"]["learner_model_param"].update(num_target="2"), "2 targets"),
    (lambda d: d["learner"]["learner_model_param"].update(num_feature="-1"), "num_feature"),
    (lambda d: d["learner"]["learner_model_param"].update(base_score="[inf]"), "base_score"),
    (lambda d: d["learner"]["objective"].update(name="rank:mine"), "rank:mine"),
    (lambda d: d["learner"]["gradient_booster"]["model"].update(tree_info=[0]), "tree_info"),
    (lambda d: d["learner"]["gradient_booster"]["model"].update(tree_info=[0, 0, 5]), "as many trees"),
    (lambda d: d["learner"]["gradient_booster"]["model"].update(tree_info=[0, 0, False]), "tree_info"),
    (lambda d: d["learner"]["gradient_booster"]["model"].update(trees=[], tree_info=[]), "announces 3 trees"),
    (lambda d: d["learner"]["learner_model_param"].update(base_score="1e50"), "float32"),
    (lambda d: d["learner"]["learner_model_param"].update(base_score="[1, 2]"), "2 numbers"),
    (lambda d: d["learner"].update(feature_names=7), "list of names"),
    (lambda d: d["learner"].update(attributes={"best_iteration": "0"}), "rounds=1 .* rounds=3"),
    (lambda d: first_tree(d).update(split_indices="0"), "split_indices"),
    (lambda d: first_tree(d).update(left_children=[1]), "same length"),
    (lambda d: first_tree(d)["tree_param"].update(size_leaf_vector="3"), "vector leaves"),
])  # fmt: skip
def test_saved_models_of_another_kind(change, message):
    data = deepcopy(SAVED)
    change(data)
    with pytest.raises((BadInput, Unsupported), match=message):
        at.from_xgboost(data)


@pytest.mark.parametrize("old, new, message", [
    ("split_feature=", "split_feature=9 ", "one split less|split"),
    ("decision_type=2", "decision_type=1", "categories"),
    ("decision_type=2", "decision_type=6", "zeros"),
    ("is_linear=0", "is_linear=1", "linear leaves"),
    ("left_child=1", "left_child=0", "children"),
    ("left_child=1", "left_child=x", "finite number"),
    ("threshold=", "threshold=nan ", "finite number"),
    ("leaf_value=", "leaf_value=inf ", "finite number"),
    ("max_feature_idx=3", "max_feature_idx=0", "splits on features"),
    ("max_feature_idx=3", "", "max_feature_idx"),
    ("end of trees", "", "ends before"),
    ("Tree=1", "", "twice|announce"),
    ("Tree=2", "Tree=1", "announce"),
])  # fmt: skip
def test_damaged_texts_of_lightgbm(old, new, message):
    assert old in TEXT
    with pytest.raises((BadInput, Unsupported), match=message):
        at.from_lightgbm(TEXT.replace(old, new, 1))


@pytest.mark.parametrize("change, message", [
    (lambda s: s.update(decision_type="=="), "categories"),
    (lambda s: s.update(missing_type="Zero"), "zeros"),
    (lambda s: s.update(threshold="1||2"), "threshold"),
    (lambda s: s.pop("left_child"), "left_child"),
    (lambda s: s.update(split_feature=-1), "negative"),
    (lambda s: s.update(leaf_value=7), "both a leaf_value and"),
])  # fmt: skip
def test_damaged_json_of_lightgbm(change, message):
    data = deepcopy(NESTED)
    change(data["tree_info"][0]["tree_structure"])
    with pytest.raises((BadInput, Unsupported), match=message):
        at.from_lightgbm(data)


@pytest.mark.parametrize("entries, message", [
    ({"tree_info": [None]}, "tree 0 must be an object"),
    ({"tree_info": [[]]}, "tree 0 must be an object"),
    ({"tree_info": []}, "0 trees"),
    ({"num_tree_per_iteration": 0}, "0 in each"),
    ({"num_tree_per_iteration": 2}, "2 in each"),
    ({"feature_names": 5}, "list of names"),
    ({"feature_names": None}, "list of names"),
    ({"feature_names": "abcd"}, "list of names"),
    ({"average_output": "false"}, "average_output"),
])  # fmt: skip
def test_damaged_heads_of_lightgbm(entries, message):
    assert len(NESTED["tree_info"]) == 3
    with pytest.raises(BadInput, match=message):
        at.from_lightgbm({**NESTED, **entries}, target=0 if "num_tree_per_iteration" in entries else None)


@pytest.mark.parametrize("change, message", [
    (lambda t: t.update(yes=7), "goes to 7"),
    (lambda t: t.update(split_condition=[1, 2]), "categories"),
    (lambda t: t.pop("split_condition"), "indicator"),
    (lambda t: t.update(split="weight"), "feature_names"),
    (lambda t: t.update(children=3), "children"),
    (lambda t: t.update(no=t["yes"]), "goes to 1 and 1"),
    (lambda t: t["children"].append({"nodeid": 1, "leaf": 5.0}), "two children"),
    (lambda t: t["children"][0].update(nodeid=2), "nodeid"),
    (lambda t: t.update(leaf=1.0), "both a leaf and a split"),
])  # fmt: skip
def test_damaged_dumps(change, message):
    data = json.loads((DUMPS / "xgboost-dump.json").read_text("utf-8"))
    change(data[0])
    with pytest.raises((BadInput, Unsupported), match=message):
        at.from_xgboost(data)


@pytest.mark.parametrize("options, message", [
    ({"features": 2.5}, "features"),
    ({"features": True}, "features"),
    ({"features": 0}, "features"),
    ({"feature_names": "abcd"}, "list of names"),
    ({"feature_names": 7}, "list of names"),
    ({"feature_names": ["a", "a"]}, "twice"),
    ({"target": 0}, "saved model"),
    ({"rounds": 1}, "saved model"),
])  # fmt: skip
def test_what_a_dump_is_read_with(options, message):
    with pytest.raises((BadInput, Unsupported), match=message):
        at.from_xgboost(DUMPS / "xgboost-dump.json", **options)
    with pytest.raises(BadInput, match="no trees"):
        at.from_xgboost([])


@pytest.mark.parametrize("reader", [at.from_xgboost, at.from_lightgbm], ids=["xgboost", "lightgbm"])
@pytest.mark.parametrize("source", ["no such file", "", "{", "[1", "{}", '{"x": NaN}', 3, None, b"{}", "tree\n", "x" * 5000])
def test_what_is_no_model(reader, source):
    with pytest.raises((BadInput, Unsupported)):
        reader(source)


def test_targets_that_do_not_exist():
    for name, read in (("xgboost", at.from_xgboost), ("lightgbm", at.from_lightgbm)):
        single, several = (f"{name}.json", f"{name}-classes.{'json' if name == 'xgboost' else 'txt'}")
        for target in (0, 1):
            with pytest.raises(BadInput, match=r"one (margin|score)"):
                read(DUMPS / single, target)
        for target in (None, 3, -1, True, "1"):
            with pytest.raises(BadInput, match="classes 0 to 2"):
                read(DUMPS / several, target)


def test_other_objects_are_not_estimators():
    for thing in (None, 3, object(), type("RandomForestRegressor", (), {})()):
        with pytest.raises(Unsupported, match="are read"):
            at.from_sklearn(thing)


FOREST = brute.forest_of([STUMP], 2)


@pytest.mark.parametrize("inputs, options, message", [
    ([[np.nan, 1]], {"baselines": 0}, "NaN"),
    ([[np.inf, 1]], {"baselines": 0}, "infinity"),
    ([[0, 1]], {"baselines": [[np.nan, 0]]}, "NaN"),
    ([[0, 1]], {"baselines": np.nan}, "NaN"),
    ([[0, 1, 2]], {"baselines": 0}, "shape"),
    ([[0, 1]], {"baselines": [0, 1, 2]}, "shape"),
    (np.zeros((0, 2)), {"baselines": 0}, "empty"),
    ([[0, 1]], {"baselines": np.zeros((0, 2))}, "empty"),
    ([["a", "b"]], {"baselines": 0}, "type"),
    ([[0, 1]] * 3, {"baselines": np.zeros((2, 2))}, "2 rows for 3 inputs"),
    ([[0, 1]], {}, "no default baseline"),
    ([[0, 1]], {"method": "marginal_shapley"}, "rows of a background"),
    ([[0, 1]], {"method": "path_dependent_shapley", "baselines": 0}, "leave baselines out"),
    ([[0, 1]], {"method": "integrated_gradients", "baselines": 0}, "slope of a forest is 0"),
    ([[0, 1]], {"method": "lime", "baselines": 0}, "there are shapley"),
    ([[0, 1]], {"method": "mask_lime", "baselines": 0}, "kernel"),
    ([[0, 1]], {"baselines": 0, "target": 1}, "no option target"),
    ([[0, 1]], {"baselines": 0, "groups": [0, 0]}, "no option groups"),
    ([[0, 1]], {"baselines": 0, "sample": 5}, "no option sample"),
    ([[0, 1]], {"baselines": 0, "speed": 5}, "no option speed"),
])  # fmt: skip
def test_wrong_questions(inputs, options, message):
    with pytest.raises(BadInput, match=message):
        at.explain(FOREST, inputs, **({"method": "shapley"} | options))


def test_other_layouts_of_the_same_rows_give_the_same_values():
    rows = np.array([[0.0, 2.0], [3.0, 0.0], [1.0, 1.0]])
    expected = at.explain(FOREST, rows, "shapley", baselines=0).values
    spread = np.zeros((3, 4))
    spread[:, ::2] = rows
    for same in (np.asfortranarray(rows), spread[:, ::2], rows.astype(np.float32), rows.astype(int), rows.tolist()):
        assert (at.explain(FOREST, same, "shapley", baselines=0).values == expected).all()
    assert expected.tolist() == [[0, 4], [0, 0], [0, 0]]
