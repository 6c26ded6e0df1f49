"""Wrong definitions of methods: what was proved of the right one is refuted, never proved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import combinations, pairwise
from math import factorial
from typing import Any

import pytest

from attrtheory.expr.views import FnView, summed
from attrtheory.methods import Method
from attrtheory.models.families import Every
from attrtheory.properties import get_property
from attrtheory.prove.claim import Claim
from attrtheory.prove.discharge import prove

Q = Fraction
Point = Sequence[Any]


def straight(f: FnView, start: Point, end: Point, i: int) -> Any:
    return f.mean01(lambda a: f.partial(i, *(p + a * (q - p) for p, q in zip(start, end, strict=True))))


def ig_times_the_input(f: FnView, x: Point, b: Point, i: int) -> Any:
    return x[i] * straight(f, b, x, i)


def ig_backwards(f: FnView, x: Point, b: Point, i: int) -> Any:
    return (b[i] - x[i]) * straight(f, b, x, i)


def ig_past_the_input(f: FnView, x: Point, b: Point, i: int) -> Any:
    return (x[i] - b[i]) * straight(f, b, [2 * p - q for p, q in zip(x, b, strict=True)], i)


def ig_at_the_midpoint(f: FnView, x: Point, b: Point, i: int) -> Any:
    return (x[i] - b[i]) * f.partial(i, *((p + q) / 2 for p, q in zip(x, b, strict=True)))


def ig_from_zero(f: FnView, x: Point, b: Point, i: int) -> Any:
    return (x[i] - b[i]) * straight(f, [0] * f.n, x, i)


def ig_of_the_next_feature(f: FnView, x: Point, b: Point, i: int) -> Any:
    return (x[i] - b[i]) * straight(f, b, x, (i + 1) % f.n)


def path_without_its_last_piece(f: FnView, x: Point, b: Point, i: int) -> Any:
    knots = [[*x[:k], *b[k:]] for k in range(f.n)]
    return summed((q[i] - p[i]) * straight(f, p, q, i) for p, q in pairwise(knots))


def path_with_a_gap(f: FnView, x: Point, b: Point, i: int) -> Any:
    knots = [[*x[:k], *b[k:]] for k in range(f.n + 1)]
    return summed((q[i] - p[i]) * straight(f, b, q, i) for p, q in pairwise(knots))


def mean_of_none(f: FnView, x: Point, background: Sequence[Point], i: int) -> Any:
    return summed((x[i] - b[i]) * straight(f, b, x, i) for b in background)


def first_of_background(f: FnView, x: Point, background: Sequence[Point], i: int) -> Any:
    return (x[i] - background[0][i]) * straight(f, background[0], x, i)


def coalitions(weight: Callable[[int, int], Fraction], skip: int = 0) -> Any:
    def define(f: FnView, x: Point, b: Point, i: int) -> Any:
        def v(members: set[int]) -> Any:
            return f(*(x[k] if k in members else b[k] for k in range(f.n)))

        others = [k for k in range(f.n) if k != i]
        all_of_them = [set(s) for size in range(f.n) for s in combinations(others, size)]
        return summed(weight(len(s), f.n) * (v(s | {i}) - v(s)) for s in all_of_them[skip:])

    return define


def occlusion_of_the_next(f: FnView, x: Point, b: Point, i: int) -> Any:
    j = (i + 1) % f.n
    return f(*x) - f(*x[:j], b[j], *x[j + 1 :])


def occlusion_against_zero(f: FnView, x: Point, b: Point, i: int) -> Any:
    return f(*x) - f(*x[:i], 0, *x[i + 1 :])


def unequal_split(f: FnView, x: Point, b: Point, i: int) -> Any:
    return Q(1, f.n + 1) * (f(*x) - f(*b))


def slope_times_backward_step(f: FnView, x: Point, b: Point, i: int) -> Any:
    return (b[i] - x[i]) * f.partial(i, *x)


def slope_of_the_next(f: FnView, x: Point, b: Point, i: int) -> Any:
    return f.partial((i + 1) % f.n, *x)


off_by_one = coalitions(lambda s, n: Q(factorial(s + 1) * factorial(n - s - 1), factorial(n)))
without_the_empty_coalition = coalitions(lambda s, n: Q(factorial(s) * factorial(n - s - 1), factorial(n)), skip=1)
banzhaf_halved = coalitions(lambda s, n: Q(1, 2**n))
MUTANTS = {  # each property fails for the mutant on some model: on x1, x2, x1 + x2, x1 x2 or relu(x1 - 1)
    "ig_times_the_input": (
        ig_times_the_input,
        ["completeness", "null_displacement", "affine_exactness", "affine_scale_invariance"],
    ),
    "ig_backwards": (ig_backwards, ["completeness", "affine_exactness", "non_decreasing_positivity"]),
    "ig_past_the_input": (ig_past_the_input, ["completeness"]),
    "ig_at_the_midpoint": (ig_at_the_midpoint, ["completeness"]),
    "ig_from_zero": (ig_from_zero, ["completeness", "affine_scale_invariance"]),
    "ig_of_the_next_feature": (
        ig_of_the_next_feature,
        ["completeness", "dummy", "affine_exactness", "affine_scale_invariance"],
    ),
    "path_without_its_last_piece": (path_without_its_last_piece, ["completeness", "affine_exactness"]),
    "path_with_a_gap": (path_with_a_gap, ["completeness"]),
    "off_by_one": (off_by_one, ["completeness", "affine_exactness"]),
    "without_the_empty_coalition": (without_the_empty_coalition, ["completeness", "affine_exactness"]),
    "banzhaf_halved": (banzhaf_halved, ["completeness", "affine_exactness"]),
    "occlusion_of_the_next": (occlusion_of_the_next, ["dummy", "null_displacement", "affine_exactness"]),
    "occlusion_against_zero": (occlusion_against_zero, ["null_displacement", "affine_exactness", "affine_scale_invariance"]),
    "unequal_split": (unequal_split, ["completeness"]),
    "slope_times_backward_step": (slope_times_backward_step, ["affine_exactness", "non_decreasing_positivity"]),
    "slope_of_the_next": (slope_of_the_next, ["dummy"]),
}  # fmt: skip


@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("name, prop", [(name, prop) for name, (_, props) in MUTANTS.items() for prop in props])
def test_a_wrong_definition_is_refuted(name: str, prop: str, n: int):
    claim = Claim(get_property(prop), Method(name, MUTANTS[name][0]), Every(n))
    assert prove(claim).name == "Refuted"


@pytest.mark.parametrize("define", [mean_of_none, first_of_background])
@pytest.mark.parametrize("prop", ["completeness", "affine_exactness"])
def test_a_wrong_mean_over_a_background_is_refuted(define: Any, prop: str):
    assert prove(Claim(get_property(prop), Method("mutant", define, background=2), Every(2))).name == "Refuted"


def ig_dropping_the_second(f: FnView, x: Point, b: Point, i: int) -> Any:
    return (x[i] - b[i]) * straight(f, b, x, i) if i != 1 else 0


def symmetric_but_for_one(f: FnView, x: Point, b: Point, i: int) -> Any:
    return (1 + Q(i == 1, 7)) * (f(*x) - f(*x[:i], b[i], *x[i + 1 :]))


def squared(f: FnView, x: Point, b: Point, i: int) -> Any:
    change = f(*x) - f(*x[:i], b[i], *x[i + 1 :])
    return change * change


def shifted(f: FnView, x: Point, b: Point, i: int) -> Any:
    return f(*x) - f(*x[:i], b[i], *x[i + 1 :]) + 1


def raw_value(f: FnView, x: Point, b: Point, i: int) -> Any:
    return f(*x)


@pytest.mark.parametrize(
    "define, prop",
    [
        (ig_dropping_the_second, "symmetry"),
        (ig_dropping_the_second, "completeness"),
        (symmetric_but_for_one, "symmetry"),
        (squared, "linearity"),
        (squared, "affine_exactness"),
        (shifted, "constants"),
        (shifted, "dummy"),
        (shifted, "linearity"),
        (raw_value, "constants"),
        (raw_value, "non_decreasing_positivity"),
        (raw_value, "null_displacement"),
    ],
)
def test_a_method_without_the_property_is_refuted(define: Any, prop: str):
    assert prove(Claim(get_property(prop), Method("mutant", define), Every(2))).name == "Refuted"


def test_a_method_that_reads_the_program_is_not_invariant():
    """A slope at the input: two programs of one function may differ there."""
    claim = Claim(get_property("implementation_invariance"), Method("mutant", slope_of_the_next), Every(2))
    verdict = prove(claim)
    assert verdict.name == "Conditional"
    assert getattr(verdict, "witness", None) is not None
