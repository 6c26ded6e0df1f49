r"""The straight path through a tree: each jump of the output goes to the feature whose threshold is crossed.

The limit of Integrated Gradients of smoothed splits; Integrated Gradients of the tree itself are 0, for its slope is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

from attrtheory.errors import SideCondition
from attrtheory.models.trees.forest import Forest
from attrtheory.models.trees.tree import Tree

ZERO = Fraction(0)
MAX_TIED = 10


def straight_path_values(forest: Forest, x: Sequence[Any], z: Sequence[Any]) -> tuple[Fraction, ...]:
    r"""For each feature the sum of the output's jumps where $z + s(x - z)$, $0 \le s \le 1$, crosses one of its thresholds.

    For a box: whether the path enters it by a side of feature i, minus whether it leaves it by one.

    Raises:
        SideCondition: two features cross at the same time, and the tree's jump is not a sum of theirs: it belongs to none.
    """
    phi = [ZERO] * forest.features
    line = Line(forest, [Fraction(v) for v in z], [Fraction(v) for v in x])
    for number, tree in enumerate(forest.trees):
        for at, moved in line.crossings(tree):
            for i, jump in line.jumps(tree, at, moved, number):
                phi[i] += jump
    return tuple(phi)


@dataclass(frozen=True)
class Line:
    """The segment from z to x, on which every feature just before or just after a time can be asked for."""

    forest: Forest
    z: list[Fraction]
    x: list[Fraction]

    def goes_left(self, tree: Tree, v: int, s: Fraction, *, after: bool) -> bool:
        """On which side of node v the path is just before or just after time s; at the ends of the path, at the ends."""
        i = int(tree.feature[v])
        step, at = self.x[i] - self.z[i], Fraction(float(tree.threshold[v]))
        y = self.z[i] + s * step
        if y != at or not step or s == (1 if after else 0):
            return self.forest.goes_left(y, at)
        return (step < 0) == after

    def leaf(self, tree: Tree, s: Fraction, late: frozenset[int]) -> tuple[int, list[int]]:
        """The leaf at time s, features in `late` just after and others just before; and the nodes above it."""
        v, above = 0, list[int]()
        while (i := int(tree.feature[v])) >= 0:
            above.append(v)
            v = int((tree.left if self.goes_left(tree, v, s, after=i in late) else tree.right)[v])
        return v, above

    def crossings(self, tree: Tree) -> Iterator[tuple[Fraction, frozenset[int]]]:
        """The times at which the path leaves a leaf, and the features that may cross then."""
        everything = frozenset(range(self.forest.features))
        s = ZERO
        while True:
            if tied := self._tied(tree, s):
                yield s, tied
            if s == 1:
                return
            times = [self._time(tree, v) for v in self.leaf(tree, s, everything)[1]]
            s = min((t for t in times if t is not None and s < t <= 1), default=Fraction(1))

    def _time(self, tree: Tree, v: int) -> Fraction | None:
        i = int(tree.feature[v])
        step = self.x[i] - self.z[i]
        return (Fraction(float(tree.threshold[v])) - self.z[i]) / step if step else None

    def _tied(self, tree: Tree, s: Fraction) -> frozenset[int]:
        """The features of nodes at which the path is on another side just after s than just before."""
        found, stack = set[int](), [0]
        while stack:
            v = stack.pop()
            if (i := int(tree.feature[v])) < 0:
                continue
            sides = {self.goes_left(tree, v, s, after=after) for after in (False, True)}
            if len(sides) == 2:
                found.add(i)
            stack += [int((tree.left if left else tree.right)[v]) for left in sides]
        return frozenset(found)

    def jumps(self, tree: Tree, s: Fraction, tied: frozenset[int], number: int) -> list[tuple[int, Fraction]]:
        """The jump at time s, shared among the features that cross: possible only if it is the sum of their own."""
        value = lambda late: tree.leaf_value(self.leaf(tree, s, frozenset(late))[0])
        before = value(())
        own = {i: value((i,)) - before for i in sorted(tied)}
        subsets = (c for size in range(2, len(tied) + 1) for c in combinations(sorted(tied), size))
        if len(tied) > MAX_TIED or any(value(c) - before != sum(own[i] for i in c) for c in subsets):
            raise SideCondition(
                f"tree {number}: the features {sorted(tied)} cross thresholds at the same time {s} of the path, and the jump "
                "is not a sum of jumps of each: it belongs to none of them. Move the baseline a little, or take Shapley values"
            )
        return list(own.items())
