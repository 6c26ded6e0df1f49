"""Rows that are inside the same sides of a leaf's box are alike to it: each kind is handled once, and handed to its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from attrtheory.lower.trees.packed import Leaves

AT_ONCE = 2**22  # numbers of an intermediate array


@dataclass(frozen=True, eq=False)
class Kinds:
    """The distinct pairs of a leaf and the set of its features whose sides hold a row, sorted by leaf.

    `leaf`, `mask`: the pairs; `size`: how many features the set has; `count`: how many rows are of this kind; `of`: the kind
    of each row at each leaf, (rows, leaves).
    """

    leaf: np.ndarray
    mask: np.ndarray
    size: np.ndarray
    count: np.ndarray
    of: np.ndarray

    def bit(self, j: int) -> np.ndarray:
        """Whether feature j of the leaf is in the set."""
        return (self.mask >> np.uint64(j) & np.uint64(1)).astype(bool)


def kinds(leaves: Leaves, rows: np.ndarray) -> Kinds:
    """The kinds of rows (n, features) at each leaf; a leaf and a set are one 64-bit number, so `parts` come first."""
    masks, width = leaves.inside(rows), np.uint64(leaves.k)
    keys = (np.arange(len(leaves.value), dtype=np.uint64) << width) | masks  # a shift by 64 gives 0
    found, of, count = np.unique(keys, return_inverse=True, return_counts=True)
    mask, size = found & np.uint64(2**leaves.k - 1), np.zeros(len(found), np.int64)
    for j in range(leaves.k):
        size += (mask >> np.uint64(j) & np.uint64(1)).astype(np.int64)
    return Kinds((found >> width).astype(np.int64), mask, size, count, of.reshape(masks.shape))


def parts(leaves: Leaves, inputs: int, background: int) -> Iterator[Leaves]:
    """Runs of leaves, so few that all pairs of kinds of inputs and of background rows fit into `AT_ONCE` numbers."""
    most = 2**leaves.k
    pairs = max(min(inputs, most) * min(background, most), inputs, background) * max(1, leaves.k)
    step = max(1, min(AT_ONCE // pairs, 2 ** (64 - leaves.k)))
    for start in range(0, len(leaves.value), step):
        yield leaves.some(slice(start, start + step))


def handed_out(leaves: Leaves, at: Kinds, credit: np.ndarray, common: np.ndarray, features: int) -> np.ndarray:
    """The sum over leaves of what each row's kind is credited, (rows, features): `credit` (kinds, k) and, of all, `common`."""
    rows = len(at.of)
    place = np.arange(rows)[:, None, None] * features + leaves.feature
    values = np.bincount(place.ravel(), credit[at.of].ravel(), rows * features).reshape(rows, features)
    return values + common[at.of].sum(1, keepdims=True)
