"""Linear programs: the exact optimum is that of all bases tried one by one; forged answers are rejected."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from typing import Any

import pytest
from metrics.rationals import eliminated, rank, solved

import attrtheory.metrics.programs as module
from attrtheory.errors import BadCertificate, BadInput, TooLarge
from attrtheory.metrics.elimination import contradiction, solutions
from attrtheory.metrics.programs import Farkas, Optimum, Program, check_farkas, check_optimum, minimised

Q = Fraction
Dense = list[list[Fraction]]


def random_program(rng: random.Random) -> tuple[Program, Dense]:
    m, n = rng.randint(1, 4), rng.randint(1, 6)
    dense = [[Q(rng.choice([0, 0, 1, -1, 2, Q(1, 2)])) for _ in range(n)] for _ in range(m)]
    if m > 1 and rng.random() < 0.4:
        dense[-1] = [2 * q for q in dense[0]]  # a redundant row, or a clash
    rows = tuple({j: q for j, q in enumerate(row) if q} for row in dense)
    right = tuple(Q(rng.choice([0, 1, -1, 2])) for _ in range(m))
    prices = tuple(Q(rng.choice([0, 1, 1, 2, Q(1, 3)])) for _ in range(n))
    return Program(rows, right, prices, frozenset(j for j in range(n) if rng.random() < 0.5)), dense


def by_all_bases(program: Program, dense: Dense) -> Fraction | None:
    """The least value over all basic solutions of the standard form, in which free weights are split; None: infeasible."""
    columns = [(j, s) for j in range(program.width) for s in ((1,) if j in program.positive else (1, -1))]
    full, pivots = eliminated([[*row, b] for row, b in zip(dense, program.right, strict=True)])
    if program.width in pivots:
        return None
    if not full:
        return Q(0)
    best: Fraction | None = None
    for basis in combinations(columns, len(pivots)):
        found = solved([[s * row[j] for j, s in basis] for row in full], [row[-1] for row in full])
        if found is not None and min(found) >= 0:
            value = sum((program.prices[j] * v for (j, _), v in zip(basis, found, strict=True)), Q(0))
            best = value if best is None else min(best, value)
    return best


def test_the_optimum_is_the_best_of_all_bases_on_random_programs():
    rng, met, clashes = random.Random(0), 0, 0
    for _ in range(150):
        program, dense = random_program(rng)
        found, expected = minimised(program), by_all_bases(program, dense)
        assert (found.value if isinstance(found, Optimum) else None) == expected
        met, clashes = met + (expected is not None), clashes + (expected is None)
    assert min(met, clashes) > 25


@pytest.fixture(scope="module")
def solved_program() -> tuple[Program, Optimum]:
    """|v1| + 2|v2| + |v3|, least where v1 + v2 = 1 and v2 - v3 = 1/3."""
    program = Program(({0: Q(1), 1: Q(1)}, {1: Q(1), 2: Q(-1)}), (Q(1), Q(1, 3)), (Q(1), Q(2), Q(1)))
    found = minimised(program)
    assert isinstance(found, Optimum)
    return program, found


def test_a_small_optimum_is_the_one_found_by_hand(solved_program: tuple[Program, Optimum]):
    # On v = (1 - t, t, t - 1/3) the price |1 - t| + 2|t| + |t - 1/3| has its kinks at 0, 1/3 and 1: 4/3, 4/3, 8/3.
    assert solved_program[1].value == Q(4, 3)


@pytest.mark.parametrize(
    "forge, complaint",
    [
        (lambda o: replace(o, value=o.value - 1), "value"),
        (lambda o: replace(o, solution=tuple(2 * v for v in o.solution)), "missed"),
        (lambda o: replace(o, multipliers=tuple(3 * y for y in o.multipliers), value=3 * o.value), "dual feasible"),
        (lambda o: replace(o, multipliers=(Q(0),) * 2, value=Q(0)), "value"),
        (lambda o: replace(o, multipliers=o.multipliers[:1]), "multipliers"),
        (lambda o: replace(o, solution=(Q(0), Q(1), Q(2, 3)), value=Q(8, 3)), "value"),  # feasible, and not the best
    ],
)
def test_forged_optima_are_rejected(solved_program: tuple[Program, Optimum], forge: Any, complaint: str):
    program, optimum = solved_program
    check_optimum(program, optimum)
    with pytest.raises(BadCertificate, match=complaint):
        check_optimum(program, forge(optimum))


def test_negative_weights_are_rejected_where_weights_are_positive(solved_program: tuple[Program, Optimum]):
    program = Program(({0: Q(1), 1: Q(1)},), (Q(1),), (Q(1), Q(1)), frozenset({0, 1}))
    with pytest.raises(BadCertificate, match="negative"):
        check_optimum(program, Optimum((Q(2), Q(-1)), (Q(1),), Q(1)))


def test_a_clash_is_proved_and_forged_clashes_are_rejected():
    program = Program(({0: Q(1), 1: Q(2)},), (Q(-1),), (Q(0), Q(0)), frozenset({0, 1}))
    found = minimised(program)
    assert isinstance(found, Farkas)
    check_farkas(program, found)
    for forged in ((Q(1),), (Q(0),), (-found.multipliers[0], Q(0))):
        with pytest.raises(BadCertificate):
            check_farkas(program, Farkas(forged))
    with pytest.raises(BadCertificate):  # of weights of both signs it shows nothing
        check_farkas(replace(program, positive=frozenset({0})), found)


def test_a_clash_below_the_accuracy_of_floats_is_found():
    tiny = Q(1, 10**30)
    program = Program(({0: Q(1)}, {0: Q(1)}), (Q(1), 1 + tiny), (Q(1),))
    assert isinstance(minimised(program), Farkas)


def test_numbers_of_very_different_sizes_are_exact_or_refused():
    big = Q(10**18)
    found = minimised(Program(({0: big, 1: Q(1)}, {0: Q(1), 1: 1 / big}), (big + 1, 1 + 1 / big), (Q(1), Q(1))))
    assert isinstance(found, Optimum)
    assert found.value == 1 + 1 / big
    with pytest.raises(TooLarge, match="rescale"):
        minimised(Program(({0: Q(1)},), (Q(10**400),), (Q(1),)))


def test_limits_and_bad_programs_are_said():
    with pytest.raises(TooLarge, match="fewer points"):
        Program(({},) * 3000, (Q(0),) * 3000, (Q(1),) * 3000)
    with pytest.raises(BadInput, match="negative"):
        Program((), (), (Q(-1),))
    with pytest.raises(BadInput, match="unbounded"):
        minimised(Program((), (), (Q(-1),), frozenset({0})))


def test_all_solutions_of_a_system_are_found():
    rng = random.Random(1)
    for _ in range(100):
        program, dense = random_program(rng)
        found = solutions(program.rows, program.right, program.width)
        augmented = [[*row, b] for row, b in zip(dense, program.right, strict=True)]
        assert (found is None) == (rank(augmented) > rank(dense))
        assert (found is None) == (contradiction(program.rows, program.right, program.width) is not None)
        if found is not None:
            assert len(found.free) == program.width - rank(dense)
            for v, right in ((found.one(), program.right), *((z, (Q(0),) * len(dense)) for z in found.directions())):
                assert [sum(a * b for a, b in zip(row, v, strict=True)) for row in dense] == list(right)


def test_a_wrong_float_solver_cannot_make_a_wrong_answer(
    monkeypatch: pytest.MonkeyPatch, solved_program: tuple[Program, Optimum]
):
    right = module._highs(solved_program[0])
    assert right is not None
    monkeypatch.setattr(module, "_highs", lambda program: (right[0][::-1].copy(), right[1] + 0.3))
    with pytest.raises(module.EngineDisagreement):
        minimised(solved_program[0])
    monkeypatch.setattr(module, "_highs", lambda program: None)  # it claims that there is no solution
    with pytest.raises(module.EngineDisagreement):
        minimised(solved_program[0])
