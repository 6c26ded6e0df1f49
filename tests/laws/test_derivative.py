"""The branch derivative, against dual numbers and against the rules of calculus."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from independent import Dual, slope, value
from strategies import NAMES, network_fn, network_points, points, small, terms, weights
from strategies import Weights as Layers

from attrtheory.errors import Unsupported
from attrtheory.expr import Term, absolute, clip, fold, ite, leaky_relu, least, lift, mean01, most, relu, step, var
from attrtheory.expr.term import call
from attrtheory.models.fn import Fn, Unknown
from attrtheory.semantics.derive import derivative, substitute
from attrtheory.semantics.exact import Exact, evaluate

Q = Fraction
smooth = terms(means=False, leaves=6)
x, y = var("x"), var("y")


@given(t=smooth, env=points(), name=st.sampled_from(NAMES))
def test_the_derivative_is_the_rate_of_dual_numbers(t: Term, env: dict[str, Fraction], name: str):
    assert evaluate(derivative(t, var(name)), env) == slope(t, env, name)


@given(s=smooth, t=smooth, p=small, q=small, env=points(), name=st.sampled_from(NAMES))
def test_sums_and_products(s: Term, t: Term, p: Fraction, q: Fraction, env: dict[str, Fraction], name: str):
    def d(u: Term) -> Term:
        return derivative(u, var(name))

    assert evaluate(d(p * s + q * t + p), env) == evaluate(p * d(s) + q * d(t), env)
    assert evaluate(d(s * t), env) == evaluate(s * d(t) + d(s) * t, env)


@given(outer=smooth, inner=st.tuples(smooth, smooth, smooth), env=points(), name=st.sampled_from(NAMES))
def test_the_chain_rule(outer: Term, inner: tuple[Term, ...], env: dict[str, Fraction], name: str):
    inside = dict(zip(NAMES, inner, strict=True))
    left = derivative(substitute(outer, inside), var(name))
    right = sum(
        (substitute(derivative(outer, var(k)), inside) * derivative(u, var(name)) for k, u in inside.items()), lift(0)
    )
    assert evaluate(left, env) == evaluate(right, env)


@given(t=smooth, env=points())
def test_substitution_is_evaluation_at_other_values(t: Term, env: dict[str, Fraction]):
    assert substitute(t, {k: lift(q) for k, q in env.items()}).payload == value(t, env)
    swapped = substitute(t, {"x": y, "y": x})  # all at once
    assert evaluate(swapped, env) == value(t, {**env, "x": env["y"], "y": env["x"]})


@pytest.mark.parametrize(
    "t, below, at, above",
    [
        (relu(x), 0, 0, 1),
        (step(x), 0, 0, 0),
        (absolute(x), -1, -1, 1),
        (leaky_relu(x, Q(1, 4)), Q(1, 4), Q(1, 4), 1),
        (most(x, 0), 0, 0, 1),
        (most(0, x), 0, 1, 1),
        (least(x, 0), 1, 0, 0),
        (least(0, x), 1, 1, 0),
        (relu(relu(x)), 0, 0, 1),
        (relu(x) - relu(-x), 1, 0, 1),  # the same function as x
        (ite(-x, x, x * 1 + 0), 1, 1, 1),
        (clip(x, -1, 0), 1, 1, 0),
        (clip(x, 0, 1), 0, 1, 1),
    ],
    ids=repr,
)
def test_conventions_at_a_kink(t: Term, below: Fraction, at: Fraction, above: Fraction):
    d = derivative(t, x)
    assert [evaluate(d, {"x": Q(k, 2)}) for k in (-1, 0, 1)] == [below, at, above]


@given(layers=weights(), point=network_points())
def test_the_slopes_of_a_network_are_those_of_backpropagation(layers: Layers, point: list[Fraction]):
    f = network_fn(layers)
    assert [f.partial(i, *point).payload for i in range(2)] == backpropagation(layers, point)


def backpropagation(layers: Layers, point: list[Fraction]) -> list[Fraction]:
    """Forward and backward by hand, with slope 0 of relu at 0."""
    values, gates = point, []
    for k, (rows, biases) in enumerate(layers):
        z = [sum((w * v for w, v in zip(row, values, strict=True)), b) for row, b in zip(rows, biases, strict=True)]
        last = k + 1 == len(layers)
        gates.append([Q(last or t > 0) for t in z])
        values = z if last else [max(t, Q(0)) for t in z]
    signal = [Q(1)]
    for (rows, _), open_ in zip(reversed(layers), reversed(gates), strict=True):
        through = [s * g for s, g in zip(signal, open_, strict=True)]
        signal = [sum((row[i] * s for row, s in zip(rows, through, strict=True)), Q(0)) for i in range(len(rows[0]))]
    return signal


def test_an_unknown_function_obeys_the_chain_rule():
    t = Unknown("f", 2)(x * y, x + 1)
    polynomial = {(): lambda a, b: a * a * b, (0,): lambda a, b: 2 * a * b, (1,): lambda a, b: a * a}
    env = {"x": Q(3), "y": Q(-2)}
    d = derivative(t, x)
    found = Exact(env, {"f": lambda orders, args: polynomial[orders](*args)})
    # (xy)^2 (x+1) has slope 2xy^2 (x+1) + (xy)^2 in x: 2*3*4*4 + 36
    assert fold(d, found) == 132
    assert derivative(call("f", (0,), (x, y)), y) is call("f", (0, 1), (x, y))


def test_a_mean_that_does_not_depend_on_the_variable_has_slope_0():
    t = mean01(lambda a: relu(a - y))
    assert evaluate(derivative(t * x, x), {"x": Q(1), "y": Q(1, 2)}) == Q(1, 8)


@pytest.mark.parametrize(
    "t, true_slope",
    [
        (mean01(lambda a: step(x - a)), Q(1)),  # this is x on [0, 1]: only the break point moves
        (mean01(lambda a: ite(a - x, 3, 1)), Q(-2)),
        (mean01(lambda a: step(x - a) * y), Q(5)),
    ],
    ids=repr,
)
def test_a_mean_whose_break_points_move_is_not_flat(t: Term, true_slope: Fraction):
    env = {"x": Q(1, 3), "y": Q(5)}
    h = Q(1, 100)
    assert (value(t, {**env, "x": env["x"] + h}) - value(t, {**env, "x": env["x"] - h})) / (2 * h) == true_slope
    try:
        d = derivative(t, x)
    except Unsupported:
        return  # refusing is fine
    assert evaluate(d, env) == true_slope


def test_dual_numbers_themselves():
    assert Dual(Q(3), Q(1)) / Dual(Q(2), Q(5)) == Dual(Q(3, 2), Q(-13, 4))
    assert Dual(Q(3), Q(1)) / Dual(Q(0), Q(5)) == Dual(Q(0), Q(0))


def test_slopes_are_taken_in_the_inputs_only():
    f = Fn(("x",), x * y * y)
    assert f.slope(0) is y * y
    assert f.n == 1
