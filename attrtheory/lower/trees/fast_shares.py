"""Path-dependent Shapley values of many inputs in float64."""

from __future__ import annotations

import numpy as np

from attrtheory.errors import BadInput, TooLarge
from attrtheory.lower.trees.distinct import Kinds, handed_out, kinds, parts
from attrtheory.lower.trees.exact import check_covers
from attrtheory.lower.trees.packed import Leaves, packed
from attrtheory.models.trees.forest import Forest


def fast_path_dependent_values(forest: Forest, inputs: np.ndarray) -> np.ndarray:
    r"""Shapley values of the games $S \mapsto v_\ell \prod_{i\in S} o_i \prod_{i\notin S} r_i$, see `path_dependent_values`.

    $\phi_i = (o_i - r_i)\int_0^1 \prod_{k\ne i}\bigl(t\,o_k + (1-t)\,r_k\bigr)dt$ (the multilinear extension, Owen 1972); the
    integrand has degree k - 1 for a path of k features, so Gauss and Legendre's rule of k/2 nodes has no error but rounding,
    and no summand of it is negative.
    """
    values = np.zeros(inputs.shape)
    for leaves in _with_shares(forest):
        for part in parts(leaves, len(inputs), 1) if leaves.k else ():
            at = kinds(part, inputs)
            values += handed_out(part, at, _credited(part, at), np.zeros(len(at.leaf)), forest.features)
    if not np.isfinite(values).all():
        raise TooLarge("leaf values beyond float64; ask for exact=True")
    return values


def fast_path_dependent_mean(forest: Forest) -> float:
    """The value of the empty coalition: the mean of each tree's leaves in the shares of the covers."""
    return float(forest.offset) + sum(float(leaves.value @ leaves.share.prod(1)) for leaves in _with_shares(forest))


def _with_shares(forest: Forest) -> tuple[Leaves, ...]:
    check_covers(forest)
    if any(np.isnan(leaves.share).any() for leaves in packed(forest)):
        raise BadInput("a node of a tree splits, and no training data reached it (cover 0): its shares are undefined")
    return packed(forest)


def _credited(leaves: Leaves, at: Kinds) -> np.ndarray:
    """What a leaf credits to its features, (kinds, k)."""
    nodes, weights = np.polynomial.legendre.leggauss((leaves.k + 1) // 2)
    ones = np.stack([at.bit(j) for j in range(leaves.k)], 1).astype(np.float64)
    share, means = leaves.share[at.leaf], np.zeros(ones.shape)
    for t, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        factors = t * ones + (1 - t) * share
        before, after = np.ones_like(factors), np.ones_like(factors)
        np.cumprod(factors[:, :-1], axis=1, out=before[:, 1:])
        after[:, :-1] = np.cumprod(factors[:, :0:-1], axis=1)[:, ::-1]
        means += weight * before * after
    return leaves.value[at.leaf, None] * (ones - share) * means
