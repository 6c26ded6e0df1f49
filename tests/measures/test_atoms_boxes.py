"""Box atoms against enumeration of coalitions, orders and crossing times, in rationals."""

from fractions import Fraction
from itertools import pairwise
from math import factorial
from random import Random

import indicators as brute
import pytest

from attrtheory.errors import BadInput, SideCondition
from attrtheory.expr import Term, lift, step, total, var
from attrtheory.measures.atoms import atom, box, equal_by_cases
from attrtheory.methods import get_method

Q = Fraction
COALITIONAL = {"shapley": brute.shapley, "banzhaf": brute.banzhaf, "occlusion": brute.occlusion, "path_gradients": brute.axes}


@pytest.mark.parametrize("name", COALITIONAL)
@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_box_atom_is_what_enumeration_gives(name: str, n: int):
    rng, atoms = Random(n), atom(get_method(name), "box", n)
    assert {a.kind for a in atoms} == {"M"}
    assert all(not a.defined_where for a in atoms)
    for _ in range(40):
        env, (lower, upper, x, z) = brute.random_box(rng, n, size=3)
        expected = COALITIONAL[name](brute.in_box(lower, upper), x, z)
        assert [a.value_at(env) for a in atoms] == expected


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_straight_path_gives_the_last_entry_minus_the_first_exit(n: int):
    rng, atoms = Random(n), atom(get_method("integrated_gradients"), "box", n)
    met = {"defined": 0, "tied": 0, "crossing": 0}
    for _ in range(100 if n < 3 else 50):
        env, (lower, upper, x, z) = brute.random_box(rng, n)
        if n == 1 and x == z:
            continue
        expected = brute.straight(lower, upper, x, z)
        if expected is None:
            met["tied"] += 1
            if n > 1:
                with pytest.raises(SideCondition):
                    [a.value_at(env) for a in atoms]
            continue
        met["defined"] += 1
        met["crossing"] += any(expected)
        assert [a.value_at(env) for a in atoms] == expected
    assert min(met.values()) > 3


def test_in_one_dimension_the_straight_path_is_a_measure():
    (a,) = atom(get_method("integrated_gradients"), "box", 1)
    assert a.kind == "M"
    assert a.value_at({"lower1": 0, "upper1": 1, "x1": 1, "b1": 0}) == 1  # (0, 1] has 1 and not 0


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("name", ["shapley", "banzhaf"])
def test_the_closed_box_formula_proved_by_all_orders_of_the_ends(name: str, n: int):
    """Part A: x inside, z outside; B: z inside, x outside; D: neither (the formula is 0 then)."""
    one = lambda who, k: step(var(f"{who}{k}") - var(f"lower{k}")) * (1 - step(var(f"{who}{k}") - var(f"upper{k}")))
    kinds = {"A": lambda k: one("x", k) * (1 - one("b", k)), "B": lambda k: (1 - one("x", k)) * one("b", k),
             "C": lambda k: one("x", k) * one("b", k)}  # fmt: skip

    def credit(mine: str, p: int, q: int) -> Q:
        if name == "banzhaf":
            return Q(1, 2 ** (p + q - 1)) * (1 if mine == "A" else -1)
        if mine == "A":
            return Q(factorial(p - 1) * factorial(q), factorial(p + q))
        return -Q(factorial(p) * factorial(q - 1), factorial(p + q))

    def closed(i: int) -> Term:
        rows: list[Term] = []
        for code in range(3**n):
            letters = ["ABC"[code // 3**k % 3] for k in range(n)]
            if letters[i] != "C":
                share = lift(credit(letters[i], letters.count("A"), letters.count("B")))
                for k, letter in enumerate(letters):
                    share = share * kinds[letter](k + 1)
                rows.append(share)
        return total(rows)

    groups = [[f"lower{k}", f"upper{k}", f"x{k}", f"b{k}"] for k in range(1, n + 1)]
    wide = lambda env: all(env[f"lower{k}"] < env[f"upper{k}"] for k in range(1, n + 1) if f"lower{k}" in env)
    for i, a in enumerate(atom(get_method(name), "box", n)[: 1 if n == 3 else n]):
        found = equal_by_cases(a.term, closed(i), groups, wide)
        assert found.equal
        assert found.cases == 9**n  # x and z each below, inside or above, in each coordinate


@pytest.mark.parametrize("name", ["shapley", "occlusion", "path_gradients"])
def test_atoms_are_additive_by_all_orders(name: str):
    """The box cut across feature 1 at c."""
    whole = atom(get_method(name), "box", 2)
    cut = lambda low, high: box([low, var("lower2")], [high, var("upper2")])
    left = atom(get_method(name), cut(var("lower1"), var("c")), 2)
    right = atom(get_method(name), cut(var("c"), var("upper1")), 2)
    groups = [["lower1", "c", "upper1", "x1", "b1"], ["lower2", "upper2", "x2", "b2"]]
    ordered = lambda env: env["lower1"] < env["c"] < env["upper1"] if "c" in env else True
    for a, b, c in zip(whole, left, right, strict=True):
        assert equal_by_cases(a.term, b.term + c.term, groups, ordered).equal


def test_path_atoms_are_additive_where_they_are_defined():
    rng, method, seen = Random(5), get_method("integrated_gradients"), 0
    atoms = atom(method, "box", 2)
    for _ in range(80):
        env, (lower, upper, *_) = brute.random_box(rng, 2, size=5)
        cuts = [lower[0], (lower[0] + 2 * upper[0]) / 3, upper[0]]
        try:
            value = [a.value_at(env) for a in atoms]
            parts = [[a.value_at({**env, "lower1": p, "upper1": q}) for a in atoms] for p, q in pairwise(cuts)]
        except SideCondition:
            continue
        seen += any(value) or any(parts[0])
        assert value == [b + c for b, c in zip(*parts, strict=True)]
    assert seen > 3


@pytest.mark.parametrize("name", ["shapley", "path_gradients", "owen"])
def test_completeness_of_box_atoms_by_normal_form(name: str):
    from attrtheory.semantics.ring import equal

    for n in (2, 3):
        region = box([var(f"lower{k + 1}") for k in range(n)], [var(f"upper{k + 1}") for k in range(n)])
        gap = region.indicator([var(f"x{k + 1}") for k in range(n)]) - region.indicator([var(f"b{k + 1}") for k in range(n)])
        assert equal(total(a.term for a in atom(get_method(name), "box", n)), gap)


def test_banzhaf_atoms_are_not_complete():
    from attrtheory.semantics.ring import equal

    region = box([var(f"lower{k + 1}") for k in range(3)], [var(f"upper{k + 1}") for k in range(3)])
    gap = region.indicator([var(f"x{k + 1}") for k in range(3)]) - region.indicator([var(f"b{k + 1}") for k in range(3)])
    assert not equal(total(a.term for a in atom(get_method("banzhaf"), "box", 3)), gap)
    env = {f"{name}{k}": v for k in (1, 2, 3) for name, v in (("lower", 0), ("upper", 2), ("x", 1), ("b", 0))}
    assert [a.value_at(env) for a in atom(get_method("banzhaf"), "box", 3)] == [Q(1, 4)] * 3


def test_an_empty_box_is_refused():
    (a, _) = atom(get_method("shapley"), "box", 2)
    env = {"lower1": 1, "upper1": 1, "lower2": 0, "upper2": 1, "x1": 1, "x2": 1, "b1": 0, "b2": 0}
    with pytest.raises(BadInput, match="not empty: lower1 < upper1"):
        a.value_at(env)
    with pytest.raises(BadInput, match="is empty; a box needs lower < upper"):
        box([0, 1], [1, 1])


# the proof by cases says no ------------------------------------------------------------------------------------------------
def test_terms_that_differ_are_told_apart_with_a_point():
    (a, _), (b, _) = (atom(get_method(name), "box", 2) for name in ("shapley", "occlusion"))
    groups = [[f"{who}{k}" for who in ("lower", "upper", "x", "b")] for k in (1, 2)]
    found = equal_by_cases(a.term, b.term, groups)
    assert not found.equal
    assert found.witness is not None
    env = found.witness
    rows = [[env[f"{who}{k}"] for k in (1, 2)] for who in ("lower", "upper", "x", "b")]
    inside = brute.in_box(*rows[:2])
    assert brute.shapley(inside, *rows[2:])[0] != brute.occlusion(inside, *rows[2:])[0]


def test_ties_are_cases():
    x, y = var("x"), var("y")
    closed, open_ = 1 - step(y - x), step(x - y)
    assert not equal_by_cases(closed, open_, [["x", "y"]]).equal
    assert equal_by_cases(closed, open_, [["x", "y"]], lambda env: env["x"] != env["y"]).equal
    assert not equal_by_cases(step(x - 1), 1 - step(1 - x), [["x", 1]]).equal
    assert equal_by_cases(step(2 * x - 2), step(x - 1), [["x", 1]]).cases == 2


@pytest.mark.parametrize(
    "term, group, words",
    [
        (step(var("x") + var("y")), ["x", "y"], "no difference of two members"),
        (step(var("x") - 2 * var("y")), ["x", "y"], "no difference"),
        (step(var("x") - var("z")), ["x", "y"], "no difference"),
        (step(var("x") - 2), ["x", 1], "no difference"),
        (step(var("x") * var("y")), ["x", "y"], "no difference"),
        (var("x") * step(var("x") - var("y")), ["x", "y"], "x occurs outside of guards"),
    ],
)
def test_what_is_more_than_an_order_is_refused(term: Term, group: list[str | int], words: str):
    with pytest.raises(SideCondition, match=words):
        equal_by_cases(term, lift(0), [group])
