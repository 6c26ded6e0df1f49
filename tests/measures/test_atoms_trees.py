"""Trees are sums of boxes: atoms of their leaves, from functionals, against formulas for leaves and walks along paths."""

from __future__ import annotations

from fractions import Fraction
from math import inf

import numpy as np
import pytest
from trees import brute

from attrtheory.errors import SideCondition
from attrtheory.lower.trees.exact import index_values
from attrtheory.lower.trees.indices import BANZHAF, SHAPLEY
from attrtheory.lower.trees.straight import straight_path_values
from attrtheory.measures.atoms import atom, box
from attrtheory.methods import get_method
from attrtheory.models.trees import Forest, leaves

Q = Fraction


def by_atoms(name: str, forest: Forest, x: list[Fraction], z: list[Fraction]) -> list[Fraction]:
    """The sum of the atoms of all leaves, each times its value; a leaf whose box is empty holds no point."""
    out, method = [Q(0)] * forest.features, get_method(name)
    end = lambda q: None if abs(q) == inf else Q(q)
    for leaf in leaves(forest):
        sides = [leaf.sides.get(i, (-inf, inf)) for i in range(forest.features)]
        if all(a < b for a, b in sides):
            region = box([end(a) for a, _ in sides], [end(b) for _, b in sides])
            found = [a.value_at({}) for a in atom(method, region, x=x, baselines=[z])]
            out = [p + leaf.value * q for p, q in zip(out, found, strict=True)]
    return out


def cases(count: int):
    rng = np.random.default_rng(5)
    for _ in range(count):
        n = int(rng.integers(2, 4))
        forest = brute.forest_of([brute.random_spec(rng, n, 3)], n)
        yield rng, n, forest


@pytest.mark.parametrize("name, index", [("shapley", SHAPLEY), ("banzhaf", BANZHAF)])
def test_leaf_atoms_are_the_formulas_of_leaves(name: str, index):
    seen = 0
    for rng, n, forest in cases(8):
        x, z = brute.random_point(rng, n), brute.random_point(rng, n)  # they hit thresholds
        expected = index_values(forest, index, x, [z])
        assert tuple(by_atoms(name, forest, x, z)) == expected
        seen += any(expected)
    assert seen > 2


def test_leaf_atoms_of_the_straight_path_are_its_jumps():
    seen = 0
    for rng, n, forest in cases(20):
        x, z = ([p + Q(int(rng.integers(1, 90)), 181) for p in brute.random_point(rng, n)] for _ in range(2))
        try:
            expected = straight_path_values(forest, x, z)
            found = by_atoms("integrated_gradients", forest, x, z)
        except SideCondition:
            continue
        assert tuple(found) == expected
        assert sum(found) == forest(*x) - forest(*z)
        seen += any(found)
    assert seen > 2
