"""Attributions of many inputs against many background rows in float64, leaf by leaf, with a bound on the rounding."""

from __future__ import annotations

import numpy as np

from attrtheory.errors import TooLarge
from attrtheory.lower.affine_rows import TINY, gamma
from attrtheory.lower.slopes import OUTWARD
from attrtheory.lower.trees.distinct import Kinds, handed_out, kinds, parts
from attrtheory.lower.trees.indices import Index
from attrtheory.lower.trees.packed import Leaves, packed
from attrtheory.models.trees.forest import Forest


def fast_index_values(
    forest: Forest, index: Index, inputs: np.ndarray, background: np.ndarray
) -> tuple[np.ndarray, float]:
    r"""$\frac1m\sum_z \sum_\ell v_\ell\,a_i(R_\ell; x, z)$ for each input x, and a bound on the error of every value.

    Args:
        forest: leaves of at most 64 features each.
        index: the credits of a box.
        inputs: float64 rows (n, features), already rounded as the forest compares.
        background: rows z (m, features), likewise.

    Returns:
        values (n, features) and the bound. A tree's boxes are disjoint, so the summands of one value are together at most
        `index.size` times the tree's largest leaf, and N rounded operations cost $\gamma_N$ of that. N is at most the
        number of leaves, which are added to a feature, plus that of background rows, which are added at a leaf.
    """
    values = np.full(inputs.shape, float(index.credits(0, 0)[2] * forest.offset))
    for leaves in packed(forest):
        table = np.array([[_credits(index, p, q, leaves.k) for q in range(leaves.k + 1)] for p in range(leaves.k + 1)])
        for part in parts(leaves, len(inputs), len(background)):
            at, around = kinds(part, inputs), kinds(part, background)
            credit, common = _credited(part, table / len(background), at, around)
            values += handed_out(part, at, credit, common, forest.features)
    if not np.isfinite(values).all():
        raise TooLarge("leaf values beyond float64; ask for exact=True")
    scale = sum(abs(float(t.weight)) * np.abs(t.value).max() for t in forest.trees) + abs(float(forest.offset))
    steps = forest.leaves + 2 * len(background) + 16
    return values, OUTWARD * float(index.size) * float(scale) * gamma(steps) + steps * TINY


def _credits(index: Index, p: int, q: int, k: int) -> tuple[float, float, float]:
    """Of a feature in A, in B, beyond that of any other, and that of any other."""
    if p + q > k:
        return 0.0, 0.0, 0.0
    a, b, other = index.credits(p, q)
    return float(a - other), float(b - other), float(other)


def _credited(leaves: Leaves, table: np.ndarray, at: Kinds, around: Kinds) -> tuple[np.ndarray, np.ndarray]:
    """What a leaf credits to its features (kinds of inputs, k), and to every feature, summed over the background."""
    x, z = _joined(at, around)
    meets = (at.mask[x] | around.mask[z]) == np.uint64(2**leaves.k - 1)  # every coordinate of x or of z is inside
    x, z = x[meets], z[meets]
    weight = leaves.value[at.leaf[x]] * around.count[z]
    only_x, only_z, other = (table[leaves.k - around.size[z], leaves.k - at.size[x]] * weight[:, None]).T
    credit = np.zeros((len(at.leaf), leaves.k))
    for j in range(leaves.k):
        for kind, of, own in ((around, z, only_x), (at, x, only_z)):
            lacking = ~kind.bit(j)[of]
            credit[:, j] += np.bincount(x[lacking], own[lacking], len(credit))
    return credit, np.bincount(x, other, len(credit))


def _joined(at: Kinds, around: Kinds) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of a kind of inputs and a kind of background rows at the same leaf."""
    first, after = (np.searchsorted(around.leaf, at.leaf, side) for side in ("left", "right"))
    count = after - first
    x = np.repeat(np.arange(len(at.leaf)), count)
    return x, np.arange(len(x)) + np.repeat(first - np.cumsum(count) + count, count)
