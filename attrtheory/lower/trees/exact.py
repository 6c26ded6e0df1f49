"""Attributions of a forest in rationals, leaf by leaf."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import factorial
from typing import Any

from attrtheory.errors import BadInput, TooLarge
from attrtheory.lower.trees.indices import Index
from attrtheory.models.trees.forest import Forest
from attrtheory.models.trees.leaves import tree_leaves
from attrtheory.models.trees.tree import Tree

Features = frozenset[int]
ZERO, NONE = Fraction(0), frozenset[int]()
MAX_WORK = 50_000_000  # leaves times the square of the depth


def mixed_leaves(forest: Forest, tree: Tree, x: Sequence[Any], z: Sequence[Any]) -> Iterator[tuple[int, Features, Features]]:
    """The leaves that some point with coordinates of x and z reaches, with A and B: what it must take from x and from z."""
    stack = [(0, NONE, NONE)]
    while stack:
        v, a, b = stack.pop()
        if (i := int(tree.feature[v])) < 0:
            yield v, a, b
            continue
        at = float(tree.threshold[v])
        by_x, by_z = (int((tree.left if forest.goes_left(y[i], at) else tree.right)[v]) for y in (x, z))
        if i in a or (i not in b and by_x == by_z):
            stack.append((by_x, a, b))
        elif i in b:
            stack.append((by_z, a, b))
        else:
            stack += [(by_x, a | {i}, b), (by_z, a, b | {i})]


def index_values(
    forest: Forest, index: Index, x: Sequence[Any], background: Sequence[Sequence[Any]]
) -> tuple[Fraction, ...]:
    r"""$\frac1m\sum_z \sum_\ell v_\ell\,a_i(R_\ell; x, z)$."""
    phi, others = [ZERO] * forest.features, ZERO
    constant = index.credits(0, 0)[2] * forest.offset * len(background)  # the offset is a leaf that holds everything
    for z in background:
        for tree in forest.trees:
            for v, a, b in mixed_leaves(forest, tree, x, z):
                value = tree.leaf_value(v)
                here, there, other = index.credits(len(a), len(b))
                others += value * other
                for i in a:
                    phi[i] += value * (here - other)
                for i in b:
                    phi[i] += value * (there - other)
    return tuple((f + others + constant) / len(background) for f in phi)


def path_dependent_values(forest: Forest, x: Sequence[Any]) -> tuple[Fraction, ...]:
    r"""Path-dependent Shapley values: features that are left out follow both branches, in the shares of the covers.

    The game of a leaf is $S \mapsto \prod_{i\in S} o_i \prod_{i\notin S} r_i$ over the features of its path, $o_i = 1$ where x
    keeps to the path at all splits on i, else 0, and $r_i$ the product of cover(child)/cover(node) at these splits.

    Source: Lundberg, Erion, Lee 2018, arXiv 1802.03888.
    """
    if (work := sum(tree.leaves * tree.depth**2 for tree in forest.trees)) > MAX_WORK:
        raise TooLarge(f"path-dependent values in rationals: {work} steps, up to {MAX_WORK} are done; leave exact out")
    check_covers(forest)
    phi = [ZERO] * forest.features
    for tree in forest.trees:
        for leaf in tree_leaves(tree):
            if not leaf.value:
                continue
            ends = {i: (Fraction(int(_holds(forest, x[i], *side))), leaf.shares[i]) for i, side in leaf.sides.items()}
            for i, (o, r) in ends.items():
                others = _size_sums([e for k, e in ends.items() if k != i])
                phi[i] += leaf.value * (o - r) * _mean_over_orders(others)
    return tuple(phi)


def path_dependent_mean(forest: Forest) -> Fraction:
    """The value of the empty coalition: the mean of each tree's leaves in the shares of the covers."""
    check_covers(forest)
    total = forest.offset
    for tree in forest.trees:
        for leaf in tree_leaves(tree):
            share = leaf.value
            for r in leaf.shares.values():
                share *= r
            total += share
    return total


def check_covers(forest: Forest) -> None:
    if any(tree.cover is None for tree in forest.trees):
        raise BadInput(
            "path-dependent values need the cover of every node; dump the model with_stats=True (XGBoost), or save it "
            "again with counts (LightGBM)"
        )


def _holds(forest: Forest, x: Any, low: float, high: float) -> bool:
    return low <= x < high if forest.strict else low < x <= high


def _size_sums(ends: Sequence[tuple[Fraction, Fraction]]) -> list[Fraction]:
    r"""For each size s, the sum over coalitions S of s of these players of $\prod_{S} o \prod_{-S} r$."""
    sums = [Fraction(1)]
    for o, r in ends:
        sums = [r * keep + o * join for keep, join in zip([*sums, ZERO], [ZERO, *sums], strict=True)]
    return sums


def _mean_over_orders(sums: Sequence[Fraction]) -> Fraction:
    k = len(sums)  # players, with the one that arrives
    return sum((Fraction(factorial(s) * factorial(k - s - 1), factorial(k)) * e for s, e in enumerate(sums)), ZERO)
