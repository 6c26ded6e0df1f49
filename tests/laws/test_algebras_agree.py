"""Exact evaluation is the reference: every other meaning must agree with it, on ties and at zero denominators too."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
import sympy
import torch
import z3
from forms import FormReader, form_value
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from independent import value
from strategies import NAMES, along, dyadic, points, small, terms

from attrtheory.errors import Unsupported
from attrtheory.expr import Term, fold, ite, lift, mean01, relu, step, var
from attrtheory.semantics.bounds import bits, exponents_fit
from attrtheory.semantics.exact import Exact, evaluate
from attrtheory.semantics.paths import close_means
from attrtheory.semantics.reading import to_sympy
from attrtheory.semantics.ring import Ring
from attrtheory.semantics.smt import Smt
from attrtheory.semantics.tensor import run

Q = Fraction
x, y = var("x"), var("y")


@given(t=terms(), env=points())
def test_exact_evaluation_agrees_with_another_evaluator(t: Term, env: dict[str, Fraction]):
    assert evaluate(t, env) == value(t, env)


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(t=along(terms(means=False, leaves=3)), env=points())
def test_a_closed_mean_has_the_value_of_the_mean(t: Term, env: dict[str, Fraction]):
    closed = close_means(t)
    assert closed.height == 0
    assert evaluate(closed, env) == evaluate(t, env) == value(t, env)


@settings(max_examples=60)
@given(t=terms(leaves=6), env=points())
def test_the_solver_reads_the_same_number(t: Term, env: dict[str, Fraction]):
    smt = Smt()
    root = fold(close_means(t), smt)
    pinned = [f"(assert (= {smt.var(name)} {smt.const(q)}))" for name, q in env.items()]
    solver = z3.Solver(ctx=z3.Context())
    solver.from_string("\n".join([*smt.lines, *pinned, f"(declare-fun out () Real)(assert (= out {root}))"]))
    assert solver.check() == z3.sat
    number = solver.model()[z3.Real("out", solver.ctx)]
    assert z3.is_rational_value(number)
    assert Q(number.numerator_as_long(), number.denominator_as_long()) == evaluate(t, env)


@settings(max_examples=40)
@given(t=terms(means=False, leaves=5), env=points())
def test_sympy_reads_the_same_number(t: Term, env: dict[str, Fraction]):
    at = {sympy.Symbol(k, real=True): sympy.Rational(q.numerator, q.denominator) for k, q in env.items()}
    try:
        number = sympy.sympify(to_sympy(t)).subs(at)
    except TypeError as error:
        assume("NaN" not in str(error))  # sympy looks into branches that are not taken, and meets 0/0 there
        raise
    assert number.is_Rational
    assert Q(int(number.p), int(number.q)) == evaluate(t, env)


def column(env: Mapping[str, Fraction]) -> dict[str, torch.Tensor]:
    return {k: torch.tensor([float(q)], dtype=torch.float64) for k, q in env.items()}


@given(t=terms(division=False, means=False, number=dyadic), env=points(number=dyadic))
def test_float64_is_exact_where_bits_says_so(t: Term, env: dict[str, Fraction]):
    sizes = dict.fromkeys(env, (40, -3))  # every dyadic value here is a multiple of 1/8 of size at most 5
    assume(bits(t, sizes) <= 53)
    assert exponents_fit(t, sizes)
    assert Q(run(t, column(env)).item()) == evaluate(t, env)


@settings(max_examples=50)
@given(data=st.data(), size=st.integers(1, 40), low=st.integers(-60, 0))
def test_float64_is_exact_near_the_limit_of_bits(data: st.DataObject, size: int, low: int):
    number = st.integers(-(2**size) + 1, 2**size - 1).map(lambda k: k * Q(2) ** low)
    coefficient = st.integers(-(2**13), 2**13).map(lambda k: Q(k, 2**7))
    t = data.draw(terms(division=False, means=False, number=coefficient, leaves=5))
    env = {name: data.draw(number) for name in NAMES}
    assume(bits(t, dict.fromkeys(NAMES, (2**size - 1, low))) <= 53)
    assert Q(run(t, column(env)).item()) == evaluate(t, env)


def test_bits_sees_a_sum_that_rounds():
    t = x + y
    assert bits(t, {"x": (2**53 - 1, 0), "y": (1, 0)}) == 54
    assert bits(t, {"x": (2**52, 0), "y": (1, -1)}) > 53
    assert bits(x * y, {"x": (2**27, 0), "y": (2**27, 0)}) > 53
    env = {"x": Q(2**53 - 1), "y": Q(2)}
    assert Q(run(t, column(env)).item()) != evaluate(t, env)  # 2^53 + 1 is no float64


@pytest.mark.parametrize("t", [x / y, x * Q(1, 3), mean01(lambda a: relu(a - x))], ids=repr)
def test_bits_refuses_what_rounds(t: Term):
    with pytest.raises(Unsupported):
        bits(t, {"x": (1, 0), "y": (1, 0)})


def test_a_product_of_tiny_numbers_does_not_fit():
    assert not exponents_fit(x * y, {"x": (1, -600), "y": (1, -600)})
    assert not exponents_fit(x * y, {"x": (1, 600), "y": (1, 600)})
    assert exponents_fit(x * y, {"x": (1, -500), "y": (1, -500)})


@given(t=terms(means=False, leaves=6), env=points())
def test_floats_agree_on_total_division_and_ties(t: Term, env: dict[str, Fraction]):
    assume(float_is_safe(t, env))
    assert Q(run(t, column(env)).item()) == evaluate(t, env)


def float_is_safe(t: Term, env: Mapping[str, Fraction]) -> bool:
    """Whether every intermediate value has few bits, so that no operation rounds."""
    memo: dict[Term, Any] = {}
    fold(t, Exact(env), memo)
    numbers = [*memo.values(), *(q for u in memo if u.op == "affine" for q in (u.payload[0], *u.payload[1]))]
    return all(q.denominator in (1, 2, 4, 8, 16, 32) and abs(q.numerator) < 2**20 for q in numbers)


@settings(max_examples=60)
@given(t=terms(), env=points())
def test_a_normal_form_has_the_value_of_its_term(t: Term, env: dict[str, Fraction]):
    assert form_value(t, env) == evaluate(t, env)


@settings(max_examples=60)
@given(s=terms(leaves=4), t=terms(leaves=4), env=points())
def test_forms_that_share_a_ring_keep_their_values(s: Term, t: Term, env: dict[str, Fraction]):
    ring, memo = Ring(), dict[Term, Any]()
    forms = [fold(u, ring, memo) for u in (s, t, s * t, s - t, ite(s - t, s, t), s / (t - s))]
    read = FormReader(ring, env, {}, right=False)
    assert [read(p).v for p in forms] == [evaluate(u, env) for u in (s, t, s * t, s - t, ite(s - t, s, t), s / (t - s))]


@pytest.mark.parametrize(
    "t, expected",
    [
        (mean01(lambda a: step(a - Q(1, 3))), Q(2, 3)),
        (mean01(lambda a: step(2 * step(a - Q(1, 2)) - 1)), Q(1, 2)),  # a guard that jumps
        (mean01(lambda a: step(a * 0 + x)), Q(0)),
        (mean01(lambda a: ite(a - a, 1, 2)), Q(2)),  # a guard that vanishes everywhere
        (mean01(lambda a: relu(a - Q(1, 2)) * relu(1 - 2 * a)), Q(0)),
        (mean01(lambda a: a * a * a), Q(1, 4)),
        (lift(1) / x, Q(0)),
        (x / x, Q(0)),
        (step(x) + step(-x), Q(0)),
    ],
    ids=repr,
)
def test_small_values_by_hand_at_zero(t: Term, expected: Fraction):
    env = {"x": Q(0)}
    assert evaluate(t, env) == evaluate(close_means(t), env) == value(t, env) == expected
    assert form_value(t, env) == expected


@given(q=small)
def test_a_float_enters_only_as_its_exact_value(q: Fraction):
    assert evaluate(x * Q(float(q)), {"x": Q(3)}) == 3 * Q(float(q))
    with pytest.raises(TypeError):
        x * float(q)
