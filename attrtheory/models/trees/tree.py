"""A binary tree of axis-parallel splits, as frozen arrays that were checked."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from attrtheory.errors import BadInput, TooLarge

MAX_NODES, MAX_DEPTH, MAX_FEATURES = 10_000_000, 2_000, 1_000_000
ONE = Fraction(1)


@dataclass(frozen=True, eq=False)
class Tree:
    """Nodes in breadth-first order, the root first; `tree_of` makes one from any order and checks it.

    `feature[v]`: what node v splits on, -1 at a leaf; `threshold`, `value`: float64 numbers, each standing for the rational
    number it is; `left[v]`, `right[v]`: children; `cover[v]`: how much training data reached v, if known; `weight`
    multiplies all values; `starts`: where the nodes of each depth begin.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    cover: np.ndarray | None
    weight: Fraction
    starts: tuple[int, ...]

    @property
    def nodes(self) -> int:
        return len(self.feature)

    @property
    def leaves(self) -> int:
        return int((self.feature < 0).sum())

    @property
    def depth(self) -> int:
        return len(self.starts) - 1

    def leaf_value(self, node: int) -> Fraction:
        """The exact value of a leaf, with the tree's weight."""
        return self.weight * Fraction(float(self.value[node]))


def tree_of(
    feature: np.ndarray,
    threshold: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    value: np.ndarray,
    cover: np.ndarray | None,
    *,
    features: int,
    weight: Fraction = ONE,
    name: str = "the tree",
) -> Tree:
    """A tree from its nodes, node 0 the root; nodes that the root does not reach (pruned ones) are left out.

    Raises:
        BadInput: arrays of different lengths, children that are no nodes, a node with two parents (or a cycle), features out
            of range, thresholds, values or covers that are NaN or infinite, negative covers.
        TooLarge: more than MAX_NODES nodes or a path longer than MAX_DEPTH.
    """
    columns = [np.asarray(a) for a in (feature, threshold, left, right, value, *(() if cover is None else (cover,)))]
    n = len(columns[0])
    if not n or any(a.shape != (n,) for a in columns):
        raise BadInput(f"{name}: all lists of nodes need the same length, 1 or more; got {[a.shape for a in columns]}")
    if n > MAX_NODES:
        raise TooLarge(f"{name} has {n} nodes; up to {MAX_NODES} are read")
    feature, left, right = (np.asarray(a, np.int64) for a in (columns[0], columns[2], columns[3]))
    inner = feature >= 0
    if (feature >= features).any() or (feature < -1).any():
        raise BadInput(f"{name} splits on features {feature.min()} to {feature.max()}; there are 0 to {features - 1}")
    left, right = np.where(inner, left, 0), np.where(inner, right, 0)
    children = np.concatenate([left[inner], right[inner]])
    if ((children < 1) | (children >= n)).any():
        raise BadInput(f"{name}: children must be nodes 1 to {n - 1}; got {children.min()} to {children.max()}")
    order, starts = _breadth_first(inner, left, right, name)
    place = np.full(n, -1)
    place[order] = np.arange(len(order))
    kept = feature[order] >= 0
    numbers = [np.asarray(a, np.float64)[order] for a in (columns[1], columns[4], *columns[5:])]
    numbers[0], numbers[1] = np.where(kept, numbers[0], 0.0), np.where(kept, 0.0, numbers[1])
    for what, a in zip(("threshold", "leaf value", "cover"), numbers, strict=False):
        if not np.isfinite(a).all():
            raise BadInput(f"{name}: {what} {a[~np.isfinite(a)][0]} at a node; only finite numbers are accepted")
    if cover is not None and (numbers[2] < 0).any():
        raise BadInput(f"{name}: cover {numbers[2].min()} at a node; covers count training data and are 0 or more")
    feature, left, right = (np.where(kept, a, -1) for a in (feature[order], place[left[order]], place[right[order]]))
    for a in (feature, left, right, *numbers):
        a.flags.writeable = False
    at, leaf, *covers = numbers
    return Tree(feature, at, left, right, leaf, covers[0] if covers else None, weight, starts)


def _breadth_first(
    inner: np.ndarray, left: np.ndarray, right: np.ndarray, name: str
) -> tuple[np.ndarray, tuple[int, ...]]:
    """The nodes that the root reaches, depth by depth, and where each depth begins."""
    seen = np.zeros(len(inner), bool)
    levels, level = [], np.array([0])
    while level.size:
        seen[level] = True
        if len(levels) > MAX_DEPTH:
            raise TooLarge(f"{name} has a path of more than {MAX_DEPTH} splits")
        levels.append(level)
        level = np.stack([left, right], 1)[level[inner[level]]].ravel()
        if seen[level].any() or len(np.unique(level)) < len(level):
            raise BadInput(f"{name}: a node has two parents, or is below itself; every node has one parent")
    return np.concatenate(levels), tuple(np.cumsum([0, *map(len, levels[:-1])]).tolist())
