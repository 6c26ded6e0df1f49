"""Forests from scikit-learn estimators. Their arrays are read by name; scikit-learn itself is not imported here."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from attrtheory.errors import BadInput, Unsupported
from attrtheory.models.trees.forest import Forest
from attrtheory.models.trees.reading import place_of
from attrtheory.models.trees.tree import ONE, Tree, tree_of

Column = Callable[[Any], np.ndarray]  # from the tree_ of an estimator, one number for each node


def from_sklearn(estimator: Any, target: int | None = None) -> Forest:
    r"""The forest that a fitted estimator computes, exactly.

    Args:
        estimator: a decision tree, random forest, extra trees, gradient boosting or histogram gradient boosting,
            regressor or classifier.
        target: for several outputs, the number of the one to explain. Trees and forests that classify give the
            probability of class number `target` (in `classes_`), with two classes too; boosting gives raw scores before
            the logistic or softmax function: with two classes the log-odds of class 1, otherwise of class `target`.

    Conventions: `x <= threshold` goes left. Inputs are rounded to float32 before they are compared, except by histogram
    gradient boosting. Covers are weighted sample counts. Branches for missing values are not taken by finite inputs, and
    others are refused.

    Raises:
        Unsupported: another estimator, categorical features, splits that only separate missing values, an `init` estimator.
        BadInput: not fitted, no or a wrong target.
    """
    name, module = type(estimator).__name__, type(estimator).__module__
    found = READERS.get(name) if module.split(".")[0] == "sklearn" else None
    if found is None:
        raise Unsupported(f"{module}.{name}: scikit-learn's {', '.join(READERS)} are read; give one of these, fitted")
    features = getattr(estimator, "n_features_in_", None)
    if features is None:
        raise BadInput(f"{name} is not fitted; call fit first")
    trees, offset, compared, output = found(estimator, target, features)
    names = tuple(str(k) for k in getattr(estimator, "feature_names_in_", ()))
    return Forest(tuple(trees), features, offset, False, compared, names, name, output)


Found = tuple[list[Tree], Fraction, str, str]


def _tree(estimator: Any, target: int | None, features: int) -> Found:
    column, output = _column(estimator, target)
    return [_nodes(estimator.tree_, column, features, ONE, "the tree")], Fraction(0), "float32", output


def _forest(estimator: Any, target: int | None, features: int) -> Found:
    column, output = _column(estimator, target)
    share = Fraction(1, len(estimator.estimators_))
    trees = [_nodes(e.tree_, column, features, share, f"tree {k}") for k, e in enumerate(estimator.estimators_)]
    return trees, Fraction(0), "float32", output


def _boosting(estimator: Any, target: int | None, features: int) -> Found:
    k, output = _raw_score(estimator, target, estimator.estimators_.shape[1])
    if estimator.init_ != "zero" and type(estimator.init_).__name__ not in ("DummyClassifier", "DummyRegressor"):
        raise Unsupported(f"init={type(estimator.init_).__name__}: boosting that starts from a constant is read")
    offset = estimator._raw_predict_init(np.zeros((1, features), np.float32))[0, k]  # noqa: SLF001
    rate, column = Fraction(float(estimator.learning_rate)), lambda tree: tree.value[:, 0, 0]
    stages = enumerate(estimator.estimators_[:, k])
    trees = [_nodes(e.tree_, column, features, rate, f"tree {j}") for j, e in stages]
    return trees, Fraction(float(offset)), "float32", output


def _histograms(estimator: Any, target: int | None, features: int) -> Found:
    kinds = np.flatnonzero(False if estimator.is_categorical_ is None else estimator.is_categorical_)
    if kinds.size:  # their columns come first in the trees, and splits on them are no thresholds
        names = getattr(estimator, "feature_names_in_", range(features))
        raise Unsupported(f"features {', '.join(str(names[k]) for k in kinds)} hold categories; fit on columns of numbers")
    stages = estimator._predictors  # noqa: SLF001
    k, output = _raw_score(estimator, target, len(stages[0]))
    trees = [_histogram_nodes(s[k].nodes, features, f"tree {j}") for j, s in enumerate(stages)]
    offset = np.ravel(estimator._baseline_prediction)[k]  # noqa: SLF001
    return trees, Fraction(float(offset)), "float64", output


READERS: dict[str, Callable[[Any, int | None, int], Found]] = {
    f"{kind}{ending}": reader
    for kind, reader in (
        ("DecisionTree", _tree), ("ExtraTree", _tree), ("RandomForest", _forest), ("ExtraTrees", _forest),
        ("GradientBoosting", _boosting), ("HistGradientBoosting", _histograms),
    )
    for ending in ("Regressor", "Classifier")
}  # fmt: skip


def _column(estimator: Any, target: int | None) -> tuple[Column, str]:
    """Which number of a node is explained, and in words."""
    outputs = estimator.n_outputs_
    if type(estimator).__name__.endswith("Regressor"):
        k = place_of(0 if target is None and outputs == 1 else target, outputs, "outputs")
        return lambda tree: tree.value[:, k, 0], f"output {k}" if outputs > 1 else "prediction"
    if outputs > 1:
        raise Unsupported(f"a classifier of {outputs} outputs; fit one classifier for each output")
    k = place_of(target, len(estimator.classes_), "classes")
    return lambda tree: tree.value[:, 0, k], f"probability of class {estimator.classes_[k]}"


def _raw_score(estimator: Any, target: int | None, scores: int) -> tuple[int, str]:
    """Which series of trees is explained, and in words."""
    if type(estimator).__name__.endswith("Regressor"):
        return place_of(target or 0, 1, "output"), "raw prediction"
    if scores == 1:
        if target not in (None, 1):
            raise BadInput(
                f"target: with two classes boosting has one score, the log-odds of class 1 (the other's is its negative); "
                f"got {target!r}, give 1 or leave it out"
            )
        return 0, f"log-odds of class {estimator.classes_[1]}"
    k = place_of(target, scores, "classes")
    return k, f"raw score of class {estimator.classes_[k]}"


def _nodes(tree: Any, column: Column, features: int, weight: Fraction, name: str) -> Tree:
    inner = tree.children_left != -1
    _finite(tree.threshold[inner], name)
    return tree_of(
        np.where(inner, tree.feature, -1), tree.threshold, tree.children_left, tree.children_right, column(tree),
        tree.weighted_n_node_samples, features=features, weight=weight, name=name,
    )  # fmt: skip


def _histogram_nodes(nodes: np.ndarray, features: int, name: str) -> Tree:
    inner = nodes["is_leaf"] == 0
    _finite(nodes["num_threshold"][inner], name)
    columns = [nodes[k].astype(np.int64) for k in ("feature_idx", "left", "right")]
    return tree_of(
        np.where(inner, columns[0], -1), nodes["num_threshold"], columns[1], columns[2], nodes["value"],
        nodes["count"].astype(np.float64), features=features, name=name,
    )  # fmt: skip


def _finite(thresholds: np.ndarray, name: str) -> None:
    if np.isinf(thresholds).any():
        raise Unsupported(f"{name} has a split that only separates missing values; fit without missing values")
