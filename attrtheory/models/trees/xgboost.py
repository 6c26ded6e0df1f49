"""Forests from XGBoost's JSON: a saved model (`save_model("model.json")`) or a dump (`dump_model(..., "json")`)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from math import log
from pathlib import Path
from typing import Any

import numpy as np

from attrtheory.errors import BadInput, Unsupported
from attrtheory.models.trees.forest import Forest
from attrtheory.models.trees.reading import (
    chosen_class,
    field,
    names_of,
    number,
    numbers,
    parsed,
    single,
    text_of,
    whole,
    whole_numbers,
)
from attrtheory.models.trees.tree import ONE, Tree, tree_of
from attrtheory.models.trees.xgboost_dump import dumped

LOGISTIC = ("binary:logistic", "reg:logistic")
EXPONENTIAL = ("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft")
IDENTITY = (  # binary:logitraw as XGBoost 3.2 predicts; its first versions took the base score for a probability
    "reg:squarederror", "reg:squaredlogerror", "reg:pseudohubererror", "reg:absoluteerror", "reg:quantileerror",
    "reg:linear", "binary:hinge", "binary:logitraw", "multi:softprob", "multi:softmax", "rank:pairwise", "rank:ndcg",
    "rank:map",
)  # fmt: skip


def from_xgboost(
    source: str | Path | dict[str, Any] | list[Any],
    target: int | None = None,
    *,
    feature_names: Sequence[str] | None = None,
    features: int | None = None,
    rounds: int | None = None,
) -> Forest:
    """The raw margin that an XGBoost model computes: the sum of its leaves, before the logistic function and its kind.

    Args:
        source: the path or the text of JSON, or parsed JSON; a saved model, or a dump: a list of trees, or of their texts as
            `get_dump` gives them.
        target: the class, of models with several.
        feature_names: of a dump that names its features, all names in the order of the columns; without names it says f0, f1.
        features: of a dump, how many features there are; by default, up to the last one that is used.
        rounds: of a saved model, how many rounds of boosting count; all by default. Of a model that was stopped early it
            has to be said: `XGBRegressor.predict` stops after the best round, `Booster.predict` does not.

    Conventions: `x < threshold` goes left, in float32; thresholds and leaves are the file's decimals rounded to float32.
    Covers are sums of second derivatives. A dump has no base score, so the offset is 0; attributions don't depend on it.
    Nor does a dump say that a model has several classes (it is read as the sum of all trees), that it was stopped early, or,
    of dart, what trees weigh: give the saved model of these.
    The default directions of missing values are not taken by finite inputs, and others are refused.

    Raises:
        Unsupported: gblinear, categorical splits, vector leaves, objectives whose base score has no known margin.
        BadInput: damaged files, NaN, no or a wrong target.
    """
    parts = _parts(source)
    if isinstance(parts, list):
        if target is not None or rounds is not None:
            raise Unsupported("a dump does not tell classes and rounds apart; give the saved model (save_model)")
        return dumped(parts, feature_names, features)
    if feature_names is not None or features is not None:
        raise BadInput("feature_names and features are asked of dumps; the saved model has its own: leave them out")
    return _saved(field(parts, "learner", dict, "the model"), target, rounds)


def _parts(source: Any) -> Any:
    if isinstance(source, list) and source and all(isinstance(s, str) for s in source):
        return [_parts(s) for s in source]
    found = source if isinstance(source, dict | list) else parsed(text_of(source, ("{", "["), "XGBoost"), "XGBoost")
    if not isinstance(found, dict | list):
        raise BadInput("an XGBoost model is a JSON object (saved) or a list of trees (dumped)")
    return found


def _saved(learner: dict[str, Any], target: int | None, rounds: int | None) -> Forest:
    booster = field(learner, "gradient_booster", dict, "the learner")
    kind, drop = field(booster, "name", str, "the booster"), None
    if kind == "dart":
        drop = numbers(field(booster, "weight_drop", list, "the booster"), "weight_drop").astype(np.float32)
        booster = field(booster, "gbtree", dict, "the booster")
    elif kind != "gbtree":
        raise Unsupported(f"booster {kind!r}: gbtree and dart are made of trees and are read")
    model = field(booster, "model", dict, "the booster")
    about = field(learner, "learner_model_param", dict, "the learner")
    features, classes = whole(about, "num_feature", "the model"), max(1, whole(about, "num_class", "the model"))
    if "num_target" in about and whole(about, "num_target", "the model") > 1:
        raise Unsupported(f"a model of {about['num_target']} targets; fit one model for each")
    chosen = chosen_class(target, classes, "margin")
    listed, of_class = field(model, "trees", list, "the model"), field(model, "tree_info", list, "the model")
    if len(listed) != len(of_class) or (drop is not None and len(drop) != len(listed)):
        raise BadInput(f"{len(listed)} trees and {len(of_class)} entries of tree_info (or weight_drop); they must be as many")
    if sorted(whole_numbers(of_class, "tree_info").tolist()) != sorted([*range(classes)] * (len(listed) // classes)):
        raise BadInput(f"tree_info must give each of the classes 0 to {classes - 1} as many trees as another")
    kept = _kept(learner, model, classes, rounds)
    weights = [ONE] * len(listed) if drop is None else [Fraction(float(w)) for w in drop]
    trees = [_nodes(listed[k], features, weights[k], f"tree {k}") for k in range(kept) if of_class[k] == chosen]
    goal = field(field(learner, "objective", dict, "the learner"), "name", str, "the objective")
    offset = _margin(goal, field(about, "base_score", (str, float, int), "the model"), chosen, classes)
    names = names_of(learner.get("feature_names") or (), "the model")
    output = f"margin of class {chosen}" if classes > 1 else f"margin of {goal}"
    return Forest(tuple(trees), features, offset, True, "float32", names, "XGBoost", output)


def _kept(learner: dict[str, Any], model: dict[str, Any], classes: int, rounds: int | None) -> int:
    """How many trees count: those of the first rounds, or all."""
    count, best = len(model["trees"]), field({"attributes": {}, **learner}, "attributes", dict, "the learner")
    sizes = field({"gbtree_model_param": {}, **model}, "gbtree_model_param", dict, "the booster")
    if "num_trees" in sizes and whole(sizes, "num_trees", "the booster") != count:
        raise BadInput(f"the model announces {sizes['num_trees']} trees and has {count}")
    if rounds is None and "best_iteration" not in best:
        return count
    parallel = whole(sizes, "num_parallel_tree", "the booster")
    each = max(1, parallel) * classes
    if count % each:
        raise BadInput(f"{count} trees, {each} in each round; rounds are whole")
    if rounds is None and (stop := whole(best, "best_iteration", "the learner") + 1) < count // each:
        raise BadInput(
            f"the model was stopped early: give rounds={stop} for the rounds up to its best one, as XGBRegressor.predict has "
            f"it, or rounds={count // each} for all, as Booster.predict has it; or save booster[:{stop}], the first {stop}"
        )
    if rounds is not None and (type(rounds) is not int or not 1 <= rounds <= count // each):
        raise BadInput(f"rounds: the model has {count // each}; give 1 to {count // each}, got {rounds!r}")
    return count if rounds is None else rounds * each


def _nodes(tree: dict[str, Any], features: int, weight: Fraction, name: str) -> Tree:
    lists = ("left_children", "right_children", "split_indices", "split_conditions", "sum_hessian", "split_type")
    columns = {k: field(tree, k, list, name) for k in lists}
    if any(columns["split_type"]) or tree.get("categories"):
        raise Unsupported(f"{name} splits on categories; only splits at thresholds are read")
    if str(field(tree, "tree_param", dict, name).get("size_leaf_vector", "1")) not in ("0", "1"):
        raise Unsupported(f"{name} has vector leaves; fit one model for each target")
    left, right, feature = (whole_numbers(columns[k], f"{k} of {name}") for k in lists[:3])
    if not len(left) == len(right) == len(feature) or ((left < 0) != (right < 0)).any() or (feature[left >= 0] < 0).any():
        raise BadInput(f"{name}: every node has two children and a feature, or neither; lists of nodes have the same length")
    condition = single(numbers(columns["split_conditions"], f"split_conditions of {name}"))
    cover = numbers(columns["sum_hessian"], f"sum_hessian of {name}")
    return tree_of(
        np.where(left < 0, -1, feature), condition, left, right, condition, cover, features=features, weight=weight, name=name
    )


def _margin(goal: str, base: Any, k: int, classes: int) -> Fraction:
    """The margin that the sum starts from; several classes have a list of margins written as text."""
    listed = [number(b, "base_score") for b in re.split(r",\s*", str(base).strip("[] "))]
    if len(listed) not in (1, classes):
        raise BadInput(f"base_score has {len(listed)} numbers; there are {classes} classes")
    score = single(np.array(listed))[k if len(listed) > 1 else 0]
    if not np.isfinite(score):
        raise BadInput(f"base_score {base} is beyond float32")
    if goal in IDENTITY:
        return Fraction(float(score))
    try:
        if goal in LOGISTIC:
            return Fraction(float(np.float32(-log(1 / float(score) - 1))))
        if goal in EXPONENTIAL:
            return Fraction(float(np.float32(log(score))))
    except (ValueError, ZeroDivisionError) as error:
        raise BadInput(f"base_score {score} of {goal} has no finite margin") from error
    raise Unsupported(f"objective {goal!r}: known are {', '.join((*LOGISTIC, *EXPONENTIAL, *IDENTITY))}")
