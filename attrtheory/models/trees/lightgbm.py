"""Forests from LightGBM's text model (`save_model`) or its JSON (`dump_model`)."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from attrtheory.errors import BadInput, Unsupported
from attrtheory.models.trees.forest import Forest
from attrtheory.models.trees.lightgbm_files import columns_of, model_of
from attrtheory.models.trees.reading import chosen_class, field, names_of, numbers, text_of, whole, whole_numbers
from attrtheory.models.trees.tree import Tree, tree_of

CATEGORICAL, MISSING, ZERO_IS_MISSING = 1, 12, 4  # in the bits of decision_type
ZERO_THRESHOLD = float(np.float32(1e-35))  # kZeroThreshold: rows are passed on without the numbers up to this size


def from_lightgbm(source: str | Path | dict[str, Any], target: int | None = None) -> Forest:
    """The raw score that a LightGBM model computes: the sum, or for random forests the mean, of its leaves.

    Args:
        source: the path or the text of a text model, or of JSON; or parsed JSON, as `dump_model()` returns it.
        target: the class, of models with several; with two classes the score is the log-odds of class 1: leave it out.

    Conventions: `x <= threshold` goes left, in float64; inputs up to 1e-35 (as a float32) in size are rounded to 0, as
    LightGBM's `predict` does. Covers are counts. The value of a random forest is the mean of its
    trees, as `predict` has it; LightGBM's `raw_score=True` gives the sum. Default directions of missing values are not
    taken by finite inputs, except where zeros count as missing, which is refused.

    Raises:
        Unsupported: categorical splits, linear leaves, zeros as missing values.
        BadInput: damaged files, NaN, no or a wrong target.
    """
    model = source if isinstance(source, dict) else model_of(text_of(source, ("{", "tree\n", "tree\r"), "LightGBM"))
    features = whole(model, "max_feature_idx", "the model") + 1
    classes = whole({"num_tree_per_iteration": 1, **model}, "num_tree_per_iteration", "the model")
    listed = field(model, "tree_info", list, "the model")
    if not classes or not listed or len(listed) % classes:
        raise BadInput(f"{len(listed)} trees, {classes} in each iteration; both are 1 or more, and iterations are whole")
    chosen = listed[chosen_class(target, classes, "score") :: classes]
    mean = field({"average_output": False, **model}, "average_output", bool, "the model")
    weight = Fraction(1, len(chosen)) if mean else Fraction(1)
    trees = tuple(_tree(tree, features, weight, f"tree {k}") for k, tree in enumerate(chosen))
    names = names_of(model.get("feature_names", ()), "the model")
    output = "raw score" if classes == 1 else f"raw score of class {target}"
    return Forest(trees, features, Fraction(0), False, "float64", names, "LightGBM", output, ZERO_THRESHOLD)


def _tree(tree: Any, features: int, weight: Fraction, name: str) -> Tree:
    """A tree from lists for its splits and lists for its leaves; child -k-1 is leaf k."""
    if not isinstance(tree, dict):
        raise BadInput(f"{name} must be an object of lists, or one with a tree_structure; got {str(tree)[:60]!r}")
    found = columns_of(tree, name) if "tree_structure" in tree else tree
    if str(found.get("is_linear", "0")) not in ("0", "False"):
        raise Unsupported(f"{name} has linear leaves; fit without linear_tree")
    values = numbers(field(found, "leaf_value", list, name), f"leaf_value of {name}")
    splits = max(len(values) - 1, 0)
    get = lambda key: whole_numbers(found.get(key, []), f"{key} of {name}") if splits else np.zeros(0, np.int64)
    feature, kind, left, right = map(get, ("split_feature", "decision_type", "left_child", "right_child"))
    threshold = numbers(found.get("threshold", []), f"threshold of {name}") if splits else np.zeros(0)
    if not len(feature) == len(kind) == len(left) == len(right) == len(threshold) == splits or not len(values):
        raise BadInput(f"{name} has {len(values)} leaves; it needs one split less, each with all its fields")
    if (kind & CATEGORICAL).any():
        raise Unsupported(f"{name} splits on categories; only splits at thresholds are read")
    if ((kind & MISSING) == ZERO_IS_MISSING).any():
        raise Unsupported(f"{name} treats zeros as missing values; fit without zero_as_missing")
    if (feature < 0).any() or (np.minimum(left, right) < -len(values)).any():
        raise BadInput(f"{name}: negative features, or children that are no leaves")
    at = lambda child: np.concatenate([np.where(child < 0, splits - 1 - child, child), np.full(len(values), -1)])
    cover = None
    if "leaf_count" in found and (not splits or "internal_count" in found):
        inner = numbers(found["internal_count"], f"internal_count of {name}") if splits else np.zeros(0)
        cover = np.concatenate([inner, numbers(found["leaf_count"], f"leaf_count of {name}")])
    none = np.zeros(len(values))
    return tree_of(
        np.concatenate([feature, none - 1]), np.concatenate([threshold, none]), at(left), at(right),
        np.concatenate([np.zeros(splits), values]), cover, features=features, weight=weight, name=name,
    )  # fmt: skip
