"""All leaves of a forest as arrays: for each feature of a path the interval and the cover share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from attrtheory.errors import TooLarge
from attrtheory.models.trees.forest import Forest
from attrtheory.models.trees.tree import Tree

MAX_PATH = 64  # different features on the path of one leaf: a mask of them is one word
MAX_ENTRIES = 200_000_000


@dataclass(frozen=True, eq=False)
class Leaves:
    """Leaves whose paths split on k different features: (count, k) arrays, and `value` (count,) with the tree's weight.

    A set of the k features is a whole number with one bit each.
    """

    feature: np.ndarray
    low: np.ndarray
    high: np.ndarray
    share: np.ndarray
    value: np.ndarray
    strict: bool

    @property
    def k(self) -> int:
        return self.feature.shape[1]

    def some(self, at: slice) -> Leaves:
        return Leaves(self.feature[at], self.low[at], self.high[at], self.share[at], self.value[at], self.strict)

    def inside(self, rows: np.ndarray) -> np.ndarray:
        """For rows (n, features): which features of a leaf have intervals that hold the row's numbers, as sets, (n, count)."""
        masks = np.zeros((len(rows), len(self.value)), np.uint64)
        for j in range(self.k):
            x, low, high = rows[:, self.feature[:, j]], self.low[:, j], self.high[:, j]
            holds = (low <= x) & (x < high) if self.strict else (low < x) & (x <= high)
            masks |= holds.astype(np.uint64) << np.uint64(j)
        return masks


@lru_cache(maxsize=4)
def packed(forest: Forest) -> tuple[Leaves, ...]:
    """The leaves of all trees, those with as many features together; leaves of value 0 are left out."""
    if (entries := sum(tree.leaves * tree.depth for tree in forest.trees)) > MAX_ENTRIES:
        raise TooLarge(f"the forest has {entries} splits above leaves; up to {MAX_ENTRIES} are laid out at once")
    columns = [np.concatenate(c) for c in zip(*map(_paths, forest.trees), strict=True)] if forest.trees else []
    if not columns:
        return ()
    counts, value, feature, low, high, share = columns
    if len(counts) and counts.max() > MAX_PATH:
        raise TooLarge(f"a path splits on {counts.max()} different features; up to {MAX_PATH} are handled, ask for exact=True")
    begin = np.cumsum(counts) - counts
    found: list[Leaves] = []
    for k in np.unique(counts):
        chosen = np.flatnonzero((counts == k) & (value != 0))
        at = begin[chosen][:, None] + np.arange(k)
        found.append(Leaves(feature[at], low[at], high[at], share[at], value[chosen], forest.strict))
    return tuple(found)


def _paths(tree: Tree) -> list[np.ndarray]:
    """For each leaf how many features are on its path and its value; for each of these the interval and the share."""
    parent = np.full(tree.nodes, -1)
    inner = np.flatnonzero(tree.feature >= 0)
    for child in (tree.left, tree.right):
        parent[child[inner]] = inner
    leaf = np.flatnonzero(tree.feature < 0)
    node, number, steps = leaf, np.arange(len(leaf)), list[list[np.ndarray]]()
    for _ in range(tree.depth):
        moving = parent[node] >= 0
        node, number = node[moving], number[moving]
        above = parent[node]
        goes_left, at = tree.left[above] == node, tree.threshold[above]
        share = np.ones(len(node)) if tree.cover is None else _ratio(tree.cover[node], tree.cover[above])
        low, high = np.where(goes_left, -np.inf, at), np.where(goes_left, at, np.inf)
        steps.append([number, tree.feature[above], low, high, share])
        node = above
    value = float(tree.weight) * tree.value[leaf]
    if not steps:
        return [np.zeros(len(leaf), np.int64), value, np.zeros(0, np.int64), *(np.zeros(0) for _ in range(3))]
    number, feature, low, high, share = (np.concatenate(c) for c in zip(*steps, strict=True))
    order = np.lexsort((feature, number))
    number, feature, low, high, share = (c[order] for c in (number, feature, low, high, share))
    new = np.flatnonzero(np.append(True, (number[1:] != number[:-1]) | (feature[1:] != feature[:-1])))
    merged = np.maximum.reduceat(low, new), np.minimum.reduceat(high, new), np.multiply.reduceat(share, new)
    return [np.bincount(number[new], minlength=len(leaf)), value, feature[new], *merged]


def _ratio(child: np.ndarray, node: np.ndarray) -> np.ndarray:
    return np.divide(child, node, out=np.full(len(child), np.nan), where=node > 0)
