r"""Sums of trees: $f(x) = c + \sum_t w_t\,v_t(\text{leaf of tree } t \text{ that } x \text{ reaches})$."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np

from attrtheory.errors import BadInput, TooLarge
from attrtheory.expr import term as t
from attrtheory.expr.forms import total
from attrtheory.models.fn import Fn
from attrtheory.models.trees.tree import MAX_FEATURES, Tree

MAX_TREES, MAX_TERM_NODES = 100_000, 20_000


@dataclass(frozen=True, eq=False)
class Forest:
    """A sum of trees with one output, called `output`; every number in it is exact.

    `strict`: a split sends `x < threshold` to the left (XGBoost), otherwise `x <= threshold` (scikit-learn, LightGBM).
    `compared`: the float type to which the library rounds inputs before it compares, "float32" or "float64"; numbers up to
    `zero` in size it rounds to 0. The forest itself is a function of real numbers; the library computes it at the rounded
    input, up to the rounding of its sum.

    >>> from attrtheory.models.trees import from_lightgbm
    >>> stump = {"threshold": 0.5, "decision_type": "<=", "split_feature": 1, "missing_type": "None",
    ...          "left_child": {"leaf_value": 1}, "right_child": {"leaf_value": 3}}
    >>> forest = from_lightgbm({"max_feature_idx": 1, "tree_info": [{"tree_structure": stump}]})
    >>> forest(0, Fraction(1, 2)), forest.fn()
    (Fraction(1, 1), Fn(names=('x1', 'x2'), body=ite(x2 - 1/2, 3, 1)))
    """

    trees: tuple[Tree, ...]
    features: int
    offset: Fraction
    strict: bool
    compared: str
    names: tuple[str, ...]
    name: str
    output: str
    zero: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.features <= MAX_FEATURES or len(self.trees) > MAX_TREES:
            raise TooLarge(
                f"{len(self.trees)} trees on {self.features} features; 1 to {MAX_FEATURES} features and up to "
                f"{MAX_TREES} trees are accepted"
            )
        if self.names and len(self.names) != self.features:
            raise BadInput(f"{len(self.names)} feature names for {self.features} features")

    def __repr__(self) -> str:
        rule = "<" if self.strict else "<="
        return (
            f"Forest({self.name}: {self.output}; {len(self.trees)} trees, {self.leaves} leaves, {self.features} features, "
            f"x {rule} threshold goes left, compared in {self.compared})"
        )

    @property
    def n(self) -> int:
        return self.features

    @property
    def input_shape(self) -> tuple[int]:
        return (self.features,)

    @property
    def outputs(self) -> int:
        return 1

    @cached_property
    def leaves(self) -> int:
        return sum(tree.leaves for tree in self.trees)

    def goes_left(self, x: Any, threshold: Any) -> Any:
        """The split rule, on numbers or arrays; Python compares rationals with floats exactly."""
        return x < threshold if self.strict else x <= threshold

    def __call__(self, *point: Any) -> Fraction:
        """The exact value at a point of exact numbers or floats."""
        if len(point) != self.features:
            raise BadInput(f"the forest has {self.features} features; got a point with {len(point)}")
        return self.offset + sum((tree.leaf_value(self.leaf(tree, point)) for tree in self.trees), Fraction(0))

    def leaf(self, tree: Tree, point: Sequence[Any]) -> int:
        """The leaf that a point reaches."""
        node = 0
        while (i := int(tree.feature[node])) >= 0:
            left = self.goes_left(point[i], float(tree.threshold[node]))
            node = int((tree.left if left else tree.right)[node])
        return node

    def rounded(self, rows: np.ndarray) -> np.ndarray:
        """Rows as the library compares them, as float64."""
        if self.compared == "float64":
            return np.where(np.abs(rows) <= self.zero, 0.0, rows)
        with np.errstate(over="ignore"):
            found = rows.astype(np.float32).astype(np.float64)
        if not np.isfinite(found).all():
            raise BadInput("some inputs are beyond float32, in which this model compares; rescale the features")
        return found

    def values(self, rows: np.ndarray) -> np.ndarray:
        """float64 values at rows (n, features) of float64, summed with rounding."""
        out = np.full(len(rows), float(self.offset))
        for tree in self.trees:
            node = np.zeros(len(rows), np.int64)
            for _ in range(tree.depth):
                left = self.goes_left(rows[np.arange(len(rows)), tree.feature[node]], tree.threshold[node])
                node = np.where(tree.feature[node] < 0, node, np.where(left, tree.left[node], tree.right[node]))
            out += float(tree.weight) * tree.value[node]
        return out

    def fn(self) -> Fn:
        """The forest as a term, a sum of nested `ite`, in variables x1, x2, ...; everything that takes a model takes it.

        Raises:
            TooLarge: more than MAX_TERM_NODES nodes.
        """
        if (nodes := sum(tree.nodes for tree in self.trees)) > MAX_TERM_NODES:
            raise TooLarge(f"the forest has {nodes} nodes; terms are made of up to {MAX_TERM_NODES}")
        names = tuple(f"x{k + 1}" for k in range(self.features))
        variables = [t.var(name) for name in names]
        return Fn(names, total([self.offset, *(self._term(tree, variables) for tree in self.trees)]))

    def _term(self, tree: Tree, x: Sequence[t.Term]) -> t.Term:
        made: dict[int, t.Term] = {}
        for v in reversed(range(tree.nodes)):  # children come after their parents
            if (i := int(tree.feature[v])) < 0:
                made[v] = t.lift(tree.leaf_value(v))
                continue
            beyond = x[i] - Fraction(float(tree.threshold[v]))
            left, right = made[int(tree.left[v])], made[int(tree.right[v])]
            made[v] = t.ite(-beyond, left, right) if self.strict else t.ite(beyond, right, left)
        return made[0]

    @cached_property
    def digest(self) -> str:
        """sha256 of what the forest computes and of its covers; names don't count."""
        state = sha256(json.dumps([self.features, str(self.offset), self.strict, self.compared, self.zero]).encode())
        for tree in self.trees:
            state.update(f"{tree.weight} {tree.nodes} {tree.cover is not None}|".encode())
            for a in (tree.feature, tree.threshold, tree.left, tree.right, tree.value, tree.cover):
                state.update(b"" if a is None else np.ascontiguousarray(a).astype(a.dtype.newbyteorder("<")).tobytes())
        return state.hexdigest()
