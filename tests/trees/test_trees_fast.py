"""float64 kernels against rationals, the bound included; and teeth: a wrong formula, rule or tree is noticed."""

from __future__ import annotations

from fractions import Fraction as Q

import numpy as np
import pytest
from trees import brute

import attrtheory as at
from attrtheory.errors import BadInput, TooLarge
from attrtheory.lower.trees import distinct, fast, packed
from attrtheory.lower.trees.exact import index_values, path_dependent_mean, path_dependent_values
from attrtheory.lower.trees.fast import fast_index_values
from attrtheory.lower.trees.fast_shares import fast_path_dependent_mean, fast_path_dependent_values
from attrtheory.lower.trees.indices import BANZHAF, OCCLUSION, PARTIAL_DEPENDENCE, SHAPLEY, Index, lime
from attrtheory.methods.least_squares import mask_lime
from attrtheory.methods.method import Method

INDICES = {
    "shapley": SHAPLEY, "banzhaf": BANZHAF, "occlusion": OCCLUSION, "partial": PARTIAL_DEPENDENCE, "lime": lime("near", 4),
}  # fmt: skip


def some(strict: bool, depth: int = 5, trees: int = 4):
    rng = np.random.default_rng(8 + strict)
    specs = [brute.random_spec(rng, 4, depth) for _ in range(trees)]
    rows = np.array([brute.random_point(rng, 4) for _ in range(12)], float)
    return brute.forest_of(specs, 4, strict=strict, offset=Q(1, 3), weight=Q(1, 3)), rows[:5], rows[5:]


def away(values: np.ndarray, exact: list[tuple[Q, ...]]) -> float:
    return max(abs(Q(float(v)) - q) for row, phi in zip(values, exact, strict=True) for v, q in zip(row, phi, strict=True))


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("name", INDICES)
def test_values_are_within_their_bound(name, strict, monkeypatch):
    forest, x, z = some(strict)
    exact = [index_values(forest, INDICES[name], row, z.tolist()) for row in x.tolist()]
    for at_once in (1, 200, distinct.AT_ONCE):  # any division into parts
        monkeypatch.setattr(distinct, "AT_ONCE", at_once)
        values, bound = fast_index_values(forest, INDICES[name], x, z)
        assert away(values, exact) <= bound < 1e-11


@pytest.mark.parametrize("strict", [False, True])
def test_path_dependent_values_round_only(strict):
    forest, x, _ = some(strict)
    assert away(fast_path_dependent_values(forest, x), [path_dependent_values(forest, r) for r in x.tolist()]) < 1e-14
    assert abs(fast_path_dependent_mean(forest) - float(path_dependent_mean(forest))) < 1e-14


def test_a_long_path_fits_into_one_word_and_a_longer_one_is_refused():
    chain = lambda n: brute.forest_of([nested(n)], n)

    def nested(n: int):
        spec = ("leaf", Q(1), 1)
        for i in range(n):
            spec = ("split", i, Q(1, 2), ("leaf", Q(0), 1), spec, spec[-1] + 1)
        return spec

    ones, zeros = np.ones((1, 64)), np.zeros((1, 64))
    values, bound = fast_index_values(chain(64), SHAPLEY, ones, zeros)
    assert np.abs(values - 1 / 64).max() <= bound
    assert abs(fast_path_dependent_values(chain(64), ones).sum() - 1 + float(path_dependent_mean(chain(64)))) < 1e-14
    with pytest.raises(TooLarge, match="65 different features"):
        fast_index_values(chain(65), SHAPLEY, np.ones((1, 65)), np.zeros((1, 65)))
    assert at.explain(chain(65), np.ones((1, 65)), "shapley", baselines=0, exact=True).rows[0].exact == (Q(1, 65),) * 65


def test_a_forest_without_trees_credits_nothing():
    empty = brute.forest_of([], 3, offset=Q(2))
    for name in ("shapley", "straight_path", "path_dependent_shapley"):
        base = None if name.startswith("path_dep") else 0
        assert at.explain(empty, [1, 2, 3], name, baselines=base).values.tolist() == [[0, 0, 0]]
    assert at.explain(empty, [1, 2, 3], "partial_dependence", baselines=0).values.tolist() == [[2, 2, 2]]


def test_explain_gives_the_same_exact_and_fast():
    forest, x, z = some(strict=True)
    kernel = Method("mask_lime", mask_lime, (("kernel", (Q(1), Q(2), Q(0), Q(4), Q(1))),))
    for method, base in (("shapley", z[0]), ("banzhaf", z[:5]), (kernel, 0.5), ("marginal_shapley", z)):
        found = at.explain(forest, x, method, baselines=base)
        exact = at.explain(forest, x, method, baselines=base, exact=True)
        assert set(found.trust) == {"enclosed"}
        assert set(exact.trust) == {"exact"}
        for one, other in zip(found.rows, exact.rows, strict=True):
            assert all(Q(a) <= q <= Q(b) for a, q, b in zip(one.lower, other.exact, one.upper, strict=True))
        if method in ("shapley", "marginal_shapley"):
            start = sum((forest(*b) for b in np.atleast_2d(base)), Q(0)) / len(np.atleast_2d(base))
            assert [sum(r.exact) for r in exact.rows] == [forest(*row) - start for row in x]


def test_float32_inputs_are_compared_as_the_library_compares():
    spec = ("split", 0, Q(1), ("leaf", Q(0), 1), ("leaf", Q(1), 1), 2)
    forest = brute.forest_of([spec], 1)
    single = at.Forest(forest.trees, 1, Q(0), False, "float32", (), "t", "v")
    above = 1 + 1e-9  # rounds to 1 in float32
    assert at.explain(forest, [above], "shapley", baselines=0).values.tolist() == [[1]]
    assert at.explain(single, [above], "shapley", baselines=0).values.tolist() == [[0]]
    with pytest.raises(BadInput, match="beyond float32"):
        at.explain(single, [1e300], "shapley", baselines=0)


# ------------------------------------------------------------------------------------------------------- teeth


def noticed(forest, x, z) -> bool:
    exact = [index_values(forest, SHAPLEY, row, z.tolist()) for row in x.tolist()]
    values, bound = fast_index_values(forest, SHAPLEY, x, z)
    return away(values, exact) > bound


@pytest.mark.parametrize("wrong", [lambda a, b, c: (a, -b, c), lambda a, b, c: (b, a, c), lambda a, b, c: (a, b, a)])
def test_a_wrong_credit_is_noticed(wrong, monkeypatch):
    forest, x, z = some(strict=False)
    monkeypatch.setattr(fast, "_credits", lambda index, p, q, k: wrong(*map(float, index.credits(p, q))))
    assert noticed(forest, x, z)


def test_a_wrong_split_rule_is_noticed(monkeypatch):
    forest, x, z = some(strict=False)
    assert not noticed(forest, x, z)
    other = at.Forest(forest.trees, 4, forest.offset, True, "float64", (), "t", "v")
    exact = [index_values(other, SHAPLEY, row, z.tolist()) for row in x.tolist()]
    assert away(fast_index_values(forest, SHAPLEY, x, z)[0], exact) > 1e-3


def test_an_interval_that_forgets_an_earlier_split_is_noticed(monkeypatch):
    forest, x, z = some(strict=False)
    packed.packed.cache_clear()
    true = packed._paths
    forget = lambda tree: [c if k != 3 else np.where(c > 1, c, -np.inf) for k, c in enumerate(true(tree))]
    monkeypatch.setattr(packed, "_paths", forget)
    assert noticed(forest, x, z)
    packed.packed.cache_clear()


def test_swapped_children_and_a_wrong_index_are_noticed_by_all_coalitions():
    rng, swapped, late = np.random.default_rng(5), 0, 0
    swap = lambda s: s if s[0] == "leaf" else (*s[:3], swap(s[4]), swap(s[3]), s[5])
    wrong = Index(lambda p, q: SHAPLEY.credits(p, q + (p > 1)), SHAPLEY.size)
    for _ in range(10):
        spec, x, z = brute.random_spec(rng, 3, 4), brute.random_point(rng, 3), brute.random_point(rng, 3)
        expected = brute.shapley(brute.mixing_game([spec], x, z, strict=False), 3)
        swapped += list(index_values(brute.forest_of([swap(spec)], 3), SHAPLEY, x, [z])) != expected
        late += list(index_values(brute.forest_of([spec], 3), wrong, x, [z])) != expected
    assert swapped > 5
    assert late > 2
