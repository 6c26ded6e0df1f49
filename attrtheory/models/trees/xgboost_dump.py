"""XGBoost's JSON dump: nested trees with node ids, without the base score."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from attrtheory.errors import BadInput, Unsupported
from attrtheory.models.trees.forest import Forest
from attrtheory.models.trees.reading import field, names_of, number, single
from attrtheory.models.trees.tree import MAX_DEPTH, Tree, tree_of

PLAIN_NAME = re.compile(r"f(\d{1,7})", re.ASCII)
Node = tuple[int, float, int, int, float, float | None]  # feature, threshold, left, right, value, cover


def dumped(trees: list[Any], feature_names: Sequence[str] | None, features: int | None) -> Forest:
    """The forest of a list of dumped trees; see `from_xgboost`."""
    if not trees:
        raise BadInput("the dump has no trees")
    if features is not None and (type(features) is bool or not isinstance(features, int | np.integer) or features < 1):
        raise BadInput(f"features: how many there are, 1 or more, is asked for; got {features!r}")
    names = None if feature_names is None else {name: k for k, name in enumerate(names_of(feature_names, "the dump"))}
    nodes = [_flattened(tree, names, f"tree {k}") for k, tree in enumerate(trees)]
    used = 1 + max((node[0] for tree in nodes for node in tree), default=0)
    count = max(features or 0, len(names or ()), used, 1)
    if (features or count) < used:
        raise BadInput(f"features={features}, but the dump splits on feature {used - 1}")
    made = tuple(_tree(tree, count, f"tree {k}") for k, tree in enumerate(nodes))
    return Forest(made, count, Fraction(0), True, "float32", tuple(names or ()), "XGBoost dump", "margin without base score")


def _flattened(root: Any, names: dict[str, int] | None, name: str) -> list[Node]:
    """The nodes of a tree in a list; children are named by their places in it."""
    found: list[Node] = []
    stack: list[tuple[Any, int, bool, int]] = [(root, -1, True, 0)]
    seen = set[int]()
    while stack:
        node, parent, is_left, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise BadInput(f"{name} has a path of more than {MAX_DEPTH} splits")
        place = len(found)
        if parent >= 0:
            i, t, left, right, v, c = found[parent]
            found[parent] = (i, t, place, right, v, c) if is_left else (i, t, left, place, v, c)
        cover = number(node["cover"], f"cover of {name}") if isinstance(node, dict) and "cover" in node else None
        if isinstance(node, dict) and "leaf" in node:
            if "split" in node or "children" in node:
                raise BadInput(f"{name} has a node with both a leaf and a split")
            if isinstance(node["leaf"], list):
                raise Unsupported(f"{name} has vector leaves; fit one model for each target")
            found.append((-1, 0.0, -1, -1, number(node["leaf"], f"leaf of {name}"), cover))
            continue
        at = node.get("split_condition") if isinstance(node, dict) else None
        if isinstance(at, list) or (isinstance(node, dict) and "split" in node and at is None):
            raise Unsupported(f"{name} splits on categories or on an indicator; only splits at thresholds are read")
        listed = field(node, "children", list, name)
        children = {field(c, "nodeid", int, name): c for c in listed}
        if len(listed) != 2 or len(children) != 2 or not seen.isdisjoint(children):
            raise BadInput(f"{name}: a split has two children, and no nodeid occurs twice; got {[*children]}")
        seen.update(children)
        i = _feature(field(node, "split", (str, int), name), names)
        found.append((i, number(at, f"split_condition of {name}"), -1, -1, 0.0, cover))
        yes, no = (field(node, key, int, name) for key in ("yes", "no"))
        if {yes, no} != set(children):
            raise BadInput(f"{name}: node {node.get('nodeid')} goes to {yes} and {no}; its children are {[*children]}")
        stack += [(children[yes], place, True, depth + 1), (children[no], place, False, depth + 1)]
    return found


def _feature(name: str | int, names: dict[str, int] | None) -> int:
    if names is not None and name in names:
        return names[str(name)]
    plain = PLAIN_NAME.fullmatch(str(name))
    if names is None and (plain or isinstance(name, int)) and str(name)[0] != "-":
        return int(plain[1]) if plain else int(name)
    raise BadInput(f"the dump splits on {name!r}; give feature_names=[...], all names in the order of the columns")


def _tree(nodes: list[Node], features: int, name: str) -> Tree:
    feature, threshold, left, right, value, cover = (np.array(column) for column in zip(*nodes, strict=True))
    return tree_of(
        feature, single(threshold), left, right, single(value),
        None if any(node[5] is None for node in nodes) else cover, features=features, name=name,
    )  # fmt: skip
