"""A user's atoms: additivity against brute force on partitions, the lemma's windmill, and wrong rules caught."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from itertools import product

import pytest

from attrtheory.errors import BadInput, SideCondition, TooLarge
from attrtheory.expr import var
from attrtheory.measures.extension import (
    Atoms,
    atoms_from_text,
    atoms_of_integrators,
    grid_sum,
    inside,
    straight_path_atoms,
)
from attrtheory.measures.extension.grid import cells
from attrtheory.models.dsl import parse_model
from attrtheory.prove import atoms as engine
from attrtheory.prove.atoms import additivity, partition, unbounded_variation
from attrtheory.prove.verdict import Proved, Refuted

Q = Fraction
BINARY = ["x1_in", "x2_in"]
WEIGHTED = ["length2 * x1_in", "length1 * x2_in"]
ADDITIVE = [
    WEIGHTED,
    ["(x1_in - b1_in) * x2_in", "(x2_in - b2_in) * x1_in"],
    ["x1_in * (upper2**2 - lower2**2)", "length1 * length2"],
    ["step(upper1 - 1/2) - step(lower1 - 1/2)"],
]
NOT_ADDITIVE = [
    BINARY,
    ["length1**2", "max(upper1, upper2)"],
    ["x1_in * x2_in * length1", "step(length1 - 1/2)"],
    ["upper1 * upper2", "x1_in + x2_in"],
]


def names(rules: list[str]) -> list[str]:
    return [v.name for v in additivity(atoms_from_text(rules))]


@pytest.mark.parametrize("rules", ADDITIVE, ids=str)
def test_additive_rules_are_proved_without_a_solver(rules: list[str]):
    verdicts = additivity(atoms_from_text(rules), solver=False)
    assert {v.name for v in verdicts} == {"Proved"}
    assert all(isinstance(v, Proved) and v.proof.rule == "cases" for v in verdicts)


@pytest.mark.parametrize("rules", NOT_ADDITIVE, ids=str)
def test_other_rules_are_refuted_with_a_partition_in_rationals(rules: list[str]):
    atoms = atoms_from_text(rules)
    for i, verdict in enumerate(additivity(atoms)):
        assert isinstance(verdict, Refuted)
        given = verdict.witness.values
        points = {stem: [given.get(f"{stem}{k + 1}", Q(0)) for k in range(2)] for stem in "xb"}
        whole, left, right = partition(verdict.witness)
        one, *two = (atoms.at(points["x"], points["b"]).value(i, *box) for box in (whole, left, right))
        assert one != sum(two)
        volume = lambda box: (box[1][0] - box[0][0]) * (box[1][1] - box[0][1])
        assert volume(whole) == volume(left) + volume(right)


def test_the_binary_rule_is_refuted_by_the_square_cut_across_the_other_coordinate():
    first, second = additivity(atoms_from_text(BINARY))
    assert isinstance(first, Refuted) and isinstance(second, Refuted)  # noqa: PT018
    assert (first.witness.lhs, first.witness.rhs) == (1, 2)
    assert partition(first.witness)[1:] == (((0, 0), (1, Q(1, 2))), ((0, Q(1, 2)), (1, 1)))
    assert partition(second.witness)[1:] == (((0, 0), (Q(1, 2), 1)), ((Q(1, 2), 0), (1, 1)))


@pytest.mark.parametrize("d, steps", [(2, 2), (2, 4), (2, 8), (3, 2), (3, 4)])
def test_grid_sums_of_the_constant_one(d: int, steps: int):
    """n^(d-1) by the binary rule, which has no limit; 1 by the length-weighted one."""
    x, one = [Q(1, 3)] * d, parse_model("1", [f"x{k + 1}" for k in range(d)])
    binary = atoms_from_text([f"x{k + 1}_in" for k in range(d)]).at(x)
    others = lambda k: " * ".join(f"length{j + 1}" for j in range(d) if j != k)
    weighted = atoms_from_text([f"x{k + 1}_in * {others(k)}" for k in range(d)]).at(x)
    assert grid_sum(one, binary, steps) == (steps ** (d - 1),) * d
    assert grid_sum(one, weighted, steps) == (1,) * d


# the lemma --------------------------------------------------------------------------------------------------------------
THIRDS = [Q(k, 3) for k in range(4)]
WINDMILL = [((0, 0), (2, 1)), ((2, 0), (3, 2)), ((1, 2), (3, 3)), ((0, 1), (1, 3)), ((1, 1), (2, 2))]


def test_the_windmill_has_no_whole_cut_and_additive_rules_add_up_on_it():
    boxes = [tuple(tuple(THIRDS[j] for j in corner) for corner in box) for box in WINDMILL]
    for k, c in product((0, 1), THIRDS[1:3]):
        assert any(lower[k] < c < upper[k] for lower, upper in boxes)
    for x in ([Q(1, 2), Q(1, 2)], [Q(1, 3), Q(2, 3)], [Q(0), Q(1)]):
        for rules in ADDITIVE[:3]:
            atoms = atoms_from_text(rules).at(x, [0, Q(1, 3)])
            for i in range(2):
                assert sum(atoms.value(i, *box) for box in boxes) == atoms.value(i, [0, 0], [1, 1])


Corner = tuple[Q, ...]


def brick_walls(rng: random.Random, lower: Corner, upper: Corner, depth: int) -> list[tuple[Corner, Corner]]:
    """A random partition of a box by random cuts."""
    if depth == 0:
        return [(lower, upper)]
    k = rng.randrange(len(lower))
    c = lower[k] + (upper[k] - lower[k]) * Q(rng.randint(1, 4), 5)
    low, high = (tuple(c if j == k else q for j, q in enumerate(p)) for p in (lower, upper))
    return brick_walls(rng, lower, high, depth - 1) + brick_walls(rng, low, upper, depth - 1)


def test_proved_rules_add_up_on_random_partitions():
    rng = random.Random(4)
    for rules in ADDITIVE[:3]:
        atoms = atoms_from_text(rules).at([Q(rng.randint(0, 5), 5), Q(2, 5)], [0, Q(2, 5)])
        for _ in range(5):
            boxes = brick_walls(rng, (Q(0), Q(0)), (Q(1), Q(1)), 4)
            assert [sum(atoms.value(i, *b) for b in boxes) for i in (0, 1)] == [atoms.value(i, [0, 0], [1, 1]) for i in (0, 1)]


# paths ------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("x, b", [([1, 1], [0, 0]), ([1, Q(1, 2)], [Q(1, 4), 0]), ([Q(2, 3), 1], [Q(1, 3), Q(1, 2)])], ids=str)
def test_crossings_are_complete_on_every_box(x: list[Q], b: list[Q]):
    """The credits of a box add up to its indicator at the input minus at the baseline; ties and corners included."""
    atoms = straight_path_atoms(x, b)
    ends = [Q(k, 12) for k in (0, 3, 6, 8, 12)]
    intervals = [(p, q) for p in ends for q in ends if p < q]
    holds = lambda p, box: all((l < c or l == c == 0) and c <= u for c, (l, u) in zip(p, box, strict=True))
    for box in product(intervals, repeat=2):
        lower, upper = zip(*box, strict=True)
        assert sum(atoms.value(i, lower, upper) for i in (0, 1)) == holds(x, box) - holds(b, box)


def test_crossings_are_additive_and_their_variation_is_infinite():
    atoms = straight_path_atoms([1, Q(1, 2)])
    assert [v.name for v in additivity(atoms, solver=False)] == ["Proved", "Proved"]
    for i in (0, 1):
        verdict = unbounded_variation(atoms, i, [0, 0], [1, Q(1, 2)])
        assert isinstance(verdict, Proved)
        assert abs(Q(verdict.proof.data["atom"])) == 1
        boxes = [([Q(k, 9), Q(k, 18)], [Q(k + 1, 9), Q(k + 1, 18)]) for k in range(1, 8)]
        assert sum(abs(atoms.value(i, *box)) for box in boxes) == len(boxes)


def test_a_chain_of_boxes_without_one_atom_shows_nothing():
    assert unbounded_variation(atoms_from_text(WEIGHTED).at([1, 1]), 0, [0, 0], [1, 1]).name == "Unknown"
    area = atoms_from_text(["length1 * length2"] * 2)
    assert unbounded_variation(area, 0, [0, 0], [1, 1]).name == "Unknown"
    with pytest.raises(BadInput, match="moves in each of 2"):
        unbounded_variation(area, 0, [0, 0], [1, 0])


# bad input --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "attempt",
    [
        lambda: atoms_from_text(["x3_in"]),
        lambda: atoms_from_text([]),
        lambda: atoms_from_text("x1_in"),
        lambda: atoms_from_text(["x1_in +"]),
        lambda: Atoms((var("cut"),)),
        lambda: atoms_of_integrators([var("t2")]),
        lambda: atoms_of_integrators([]),
        lambda: atoms_from_text(BINARY).at([Q(1)]),
        lambda: atoms_from_text(BINARY).at([Q(1), Q(3, 2)]),
        lambda: atoms_from_text(BINARY).at([1, 1]).value(0, [0, Q(1, 2)], [1, Q(1, 2)]),
        lambda: atoms_from_text(BINARY).at([1, 1]).value(0, [0], [1]),
        lambda: list(cells(2, 0)),
    ],
)
def test_what_is_no_rule_no_point_or_no_box_is_refused(attempt: Callable[[], object]):
    with pytest.raises(BadInput):
        attempt()


def test_floats_symbolic_inputs_and_huge_grids_are_refused():
    with pytest.raises(TypeError, match="exact"):
        atoms_from_text(BINARY).at([0.5, 0.5])
    with pytest.raises(SideCondition, match="fix the point first"):
        atoms_from_text(BINARY).value(0, [0, 0], [1, 1])
    with pytest.raises(TooLarge, match="100000"):
        list(cells(3, 100))
    with pytest.raises(TooLarge, match="corners"):
        atoms_of_integrators([var("t1")] * 11)


def test_inside_owns_zero_only_where_the_interval_starts_there():
    ends = [Q(k, 2) for k in range(3)]
    for p, l, u in product(ends, repeat=3):
        if l < u:
            assert inside(p, l, u).payload == int(l < p <= u or p == l == 0)


# teeth ------------------------------------------------------------------------------------------------------------------
def test_an_engine_that_forgets_half_a_box_is_caught(monkeypatch: pytest.MonkeyPatch):
    assert names(WEIGHTED) == ["Proved", "Proved"]
    right = engine.split

    def forgets(atoms: Atoms, i: int, k: int):
        s = right(atoms, i, k)
        (goal,) = s.conclusions
        upper = [var("cut") if j == k else var(f"upper{j + 1}") for j in range(2)]
        left = atoms(i, [var(f"lower{j + 1}") for j in range(2)], upper)
        return engine.Statement((engine.Relation(goal.lhs, "=", left, goal.label),), s.hypotheses)

    monkeypatch.setattr(engine, "split", forgets)
    assert names(WEIGHTED) == ["Refuted", "Refuted"]


def test_an_engine_that_looks_across_one_coordinate_only_is_caught(monkeypatch: pytest.MonkeyPatch):
    right = engine.split
    monkeypatch.setattr(engine, "split", lambda atoms, i, k: right(atoms, i, i))
    assert names(BINARY) == ["Proved", "Proved"]  # false: which is why every coordinate is asked
    monkeypatch.undo()
    assert names(BINARY) == ["Refuted", "Refuted"]


def test_strict_and_weak_ends_are_told_apart():
    """Open intervals lose a point at a cut."""
    open_interval = "step(x1 - lower1) * step(upper1 - x1)"
    assert names([open_interval]) == ["Refuted"]
    assert names(["step(x1 - lower1) - step(x1 - upper1)"]) == ["Proved"]
