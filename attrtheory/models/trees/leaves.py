r"""A tree as a sum of box indicators: $v(x) = \sum_\ell v_\ell\,\mathbf 1[x \in R_\ell]$, one box for each leaf."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import inf

from attrtheory.errors import BadInput
from attrtheory.expr.term import Scalar, Term, ite, lift
from attrtheory.models.trees.forest import Forest
from attrtheory.models.trees.tree import Tree

Interval = tuple[float, float]


@dataclass(frozen=True)
class Leaf:
    """A box and the value on it. `sides[i]`: the ends (lower, upper) of feature i, where it is bounded at all.

    Sides are (lower, upper], or [lower, upper) of a forest with the strict rule. `shares[i]`: the share of the training data
    that follows the path at its splits on i, the product of cover(child)/cover(node); 1 where covers are unknown.
    """

    value: Fraction
    sides: dict[int, Interval]
    shares: dict[int, Fraction]

    def indicator(self, x: list[Scalar], *, strict: bool) -> Term:
        """The box as a term."""
        inside = lift(1)
        for i, (low, high) in self.sides.items():
            p = lift(x[i])
            if high < inf:
                inside = ite(Fraction(high) - p, inside, 0) if strict else ite(p - Fraction(high), 0, inside)
            if low > -inf:
                inside = ite(Fraction(low) - p, 0, inside) if strict else ite(p - Fraction(low), inside, 0)
        return inside


def leaves(forest: Forest) -> Iterator[Leaf]:
    """The boxes of all trees; the forest is `offset` plus their values at the boxes that a point is in."""
    for tree in forest.trees:
        yield from tree_leaves(tree)


def tree_leaves(tree: Tree) -> Iterator[Leaf]:
    """The boxes of one tree. Some may be empty: no point is in them, but path-dependent games see their shares."""
    stack: list[tuple[int, dict[int, Interval], dict[int, Fraction]]] = [(0, {}, {})]
    while stack:
        v, sides, shares = stack.pop()
        if (i := int(tree.feature[v])) < 0:
            yield Leaf(tree.leaf_value(v), sides, shares)
            continue
        at, (low, high) = float(tree.threshold[v]), sides.get(i, (-inf, inf))
        for child, side in ((int(tree.right[v]), (max(low, at), high)), (int(tree.left[v]), (low, min(high, at)))):
            share = shares.get(i, Fraction(1)) * cover_share(tree, v, child)
            stack.append((child, {**sides, i: side}, {**shares, i: share}))


def cover_share(tree: Tree, node: int, child: int) -> Fraction:
    """cover(child) / cover(node); 1 where covers are unknown."""
    if tree.cover is None:
        return Fraction(1)
    if not tree.cover[node]:
        raise BadInput(f"node {node} of a tree splits, and no training data reached it (cover 0): its shares are undefined")
    return Fraction(float(tree.cover[child])) / Fraction(float(tree.cover[node]))
