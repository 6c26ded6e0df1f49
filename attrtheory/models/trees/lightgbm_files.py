"""LightGBM's two formats as lists: for each tree, lists for its splits and lists for its leaves."""

from __future__ import annotations

from typing import Any

from attrtheory.errors import BadInput, TooLarge, Unsupported
from attrtheory.models.trees.reading import field, parsed
from attrtheory.models.trees.tree import MAX_DEPTH

LISTS = (
    "split_feature", "threshold", "decision_type", "left_child", "right_child", "leaf_value", "leaf_count", "internal_count",
)  # fmt: skip
SPLIT = {"split_feature", "threshold", "decision_type", "left_child", "right_child"}
MISSING_TYPES = {"None": 0, "Zero": 4, "NaN": 8}


def model_of(text: str) -> dict[str, Any]:
    """A model as `dump_model()` has it, its trees as lists where the file is a text model."""
    if text.lstrip().startswith("{"):
        return parsed(text, "LightGBM")
    body, end, _ = text.replace("\r\n", "\n").partition("\nend of trees")
    if not end:
        raise BadInput("the LightGBM file ends before its trees do")
    head, *blocks = body.split("\nTree=")
    found: dict[str, Any] = _entries(head)
    if [block.split("\n", 1)[0] for block in blocks] != [str(k) for k in range(len(found.get("tree_sizes", "").split()))]:
        raise BadInput(f"the LightGBM file does not hold the trees that its tree_sizes announce; it has {len(blocks)}")
    found["feature_names"] = found.get("feature_names", "").split()
    found["average_output"] = "average_output" in head.splitlines()
    found["tree_info"] = [_lists(_entries(block)) for block in blocks]
    return found


def _entries(block: str) -> dict[str, str]:
    pairs = [(line.split("=", 1)[0], line.split("=", 1)[1]) for line in block.splitlines() if "=" in line]
    if len({key for key, _ in pairs}) < len(pairs):
        raise BadInput("a LightGBM tree, or the file's head, holds an entry twice")
    return dict(pairs)


def _lists(tree: dict[str, str]) -> dict[str, Any]:
    return {key: value.split() if key in LISTS else value for key, value in tree.items()}


def columns_of(tree: dict[str, Any], name: str) -> dict[str, Any]:
    """The lists of a nested tree."""
    found: dict[str, list[Any]] = {key: [] for key in LISTS}
    stack: list[tuple[Any, str, int, int]] = [(tree["tree_structure"], "", 0, 0)]
    while stack:
        node, side, parent, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise TooLarge(f"{name} has a path of more than {MAX_DEPTH} splits")
        is_leaf = isinstance(node, dict) and "leaf_value" in node
        number = -len(found["leaf_value"]) - 1 if is_leaf else len(found["threshold"])
        if side:
            found[side][parent] = number
        if is_leaf:
            if not SPLIT.isdisjoint(node):
                raise BadInput(f"{name} has a node with both a leaf_value and {', '.join(sorted(SPLIT & node.keys()))}")
            if "leaf_coeff" in node or "leaf_const" in node:
                raise Unsupported(f"{name} has linear leaves; fit without linear_tree")
            found["leaf_value"].append(node["leaf_value"])
            _append(found, "leaf_count", node)
            continue
        kind, missing = (field(node, key, str, name) for key in ("decision_type", "missing_type"))
        if kind not in ("<=", "==") or missing not in MISSING_TYPES:
            raise Unsupported(f"{name}: decision_type {kind!r}, missing_type {missing!r}")
        found["decision_type"].append(MISSING_TYPES[missing] | (kind == "=="))
        found["split_feature"].append(field(node, "split_feature", int, name))
        found["threshold"].append(field(node, "threshold", (int, float), name) if kind == "<=" else 0)
        _append(found, "internal_count", node)
        for key in ("right_child", "left_child"):
            found[key].append(0)
            stack.append((field(node, key, dict, name), key, number, depth + 1))
    whole = len(found["leaf_count"]) == len(found["leaf_value"]) and len(found["internal_count"]) == len(found["threshold"])
    kept = found if whole else {k: v for k, v in found.items() if not k.endswith("_count")}
    return {**kept, "is_linear": tree.get("is_linear", 0)}


def _append(found: dict[str, list[Any]], key: str, node: dict[str, Any]) -> None:
    if key in node:
        found[key].append(node[key])
