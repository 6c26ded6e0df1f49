"""Wrong laws in the normal form: evaluating the forms at points catches every unsound one."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from forms import form_value
from independent import value

from attrtheory.expr import Term, fold, ite, mean01, relu, step, var
from attrtheory.semantics import ring as module
from attrtheory.semantics.ring import ONE, Q0, Q1, Poly, Ring, equal

Q = Fraction
x, y = var("x"), var("y")
GRID = [dict(zip("xy", p, strict=True)) for p in product(map(Q, ("0", "1", "-1", "1/2", "2")), repeat=2)]
TERMS = [
    step(x), step(-x), step(x) + step(-x), step(x - y) * step(y - x), step(-2 * x) * y, ite(y - x, x, y),
    relu(x) - relu(-x), x / x, x * (y / x), (y / x) * x + (1 - step(x) - step(-x)), 1 / (x - y), (x - y) * (1 /
    (x - y)), x * (1 - step(x) - step(-x)), (x + y) * (1 - step(x + y) - step(-x - y)), (x - 1) * (1 - step(x -
    1) - step(1 - x)), x / (2 * y), x / (-y) + y / (-x), mean01(lambda a: step(a * x)), mean01(lambda a: a * a *
    step(x - a)), mean01(lambda a: step(a - x) * step(a - y)), mean01(lambda a: a * a), mean01(lambda a: a * a *
    a) * x, step(x * y), step(x) * step(x), x * step(x * x), step(step(x) - y),
]  # fmt: skip


def caught() -> bool:
    """Whether some form has another value than its term."""
    return any(form_value(t, env) != value(t, env) for t in TERMS for env in GRID)


def test_the_ring_as_it_is_passes():
    assert not caught()
    assert equal(step(x) * step(x), step(x))
    assert equal(step(x) * step(-x), x - x)
    assert equal(x * (1 - step(x) - step(-x)), x - x)


Step = Callable[[Ring, Poly], Poly]


def unsigned_guards(ring: Ring, g: Poly) -> Poly:
    h, _, _ = ring._monic(g)
    return {((ring._id(("step", module._key(h)), ring._open(h), flat=True), 1),): Q1}


def no_zero(ring: Ring, g: Poly) -> Poly:
    """1[-h > 0] = 1 - 1[h > 0]: wrong where h is 0."""
    h, _, c = ring._monic(g)
    s = ring._id(("step", module._key(h)), ring._open(h), flat=True)
    return {((s, 1),): Q1} if c > 0 else {ONE: Q1, ((s, 1),): -Q1}


def weak_guards(ring: Ring, g: Poly) -> Poly:
    """1[h >= 0] in the place of 1[h > 0]."""
    h, lead, _ = ring._monic(g)
    return ring.affine(Q0, (Q1, Q1), (right_step(ring, g), {((ring._zero(h, lead), 1),): Q1}))


def without_variables(ring: Ring, g: Poly) -> Poly:
    """Variables of the model, too, are taken to be positive."""
    ring.parameters |= {i for key, i in ring.ids.items() if isinstance(key, tuple) and key[0] == "var"}
    return right_step(ring, g)


right_step, right_mean = Ring._step, Ring.mean01


@pytest.mark.parametrize("mutant", [unsigned_guards, no_zero, weak_guards, without_variables])
def test_wrong_indicators_are_caught(mutant: Step, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Ring, "_step", mutant)
    assert caught()


def unguarded_inverse(ring: Ring, h: Poly, lead: Any) -> Poly:
    """h (1/h) = 1."""
    r = ring._id(("inverse", module._key(h)), ring._open(h))
    rest = {m: -c for m, c in h.items() if m != lead}
    ring.rules[r] = (lead, {ONE: Q1} | ring._raw_product(rest, r))
    return {((r, 1),): Q1}


def no_inverse(ring: Ring, h: Poly, lead: Any) -> Poly:
    """1/h = h."""
    return h


@pytest.mark.parametrize("mutant", [unguarded_inverse, no_inverse])
def test_wrong_inverses_are_caught(mutant: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Ring, "_inverse", mutant)
    assert caught()


def test_an_inverse_that_cancels_is_caught_by_an_equality_too(monkeypatch: pytest.MonkeyPatch):
    assert not equal(x / x, x - x + 1)
    monkeypatch.setattr(Ring, "_inverse", unguarded_inverse)
    assert equal(x / x, x - x + 1)  # and at 0 this is false
    assert value(x / x, {"x": Q(0)}) == 0


def forgets_the_rest(ring: Ring, h: Poly, lead: Any) -> int:
    """1[h = 0] lead = 0, in the place of 1[h = 0] h = 0."""
    e = ring._id(("zero", module._key(h)), ring._open(h), flat=True)
    ring.rules[e] = (lead, {})
    ring.exclusive[e] = {ring._id(("step", module._key(h)), ring._open(h), flat=True)}
    return e


def test_a_wrong_zero_rule_is_caught(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Ring, "_zero", forgets_the_rest)
    assert caught()


def power_without_one(ring: Ring, level: int, body: Poly) -> Poly:
    """The mean of a^k is 1/k."""
    i = ring.ids.get(("bound", level))
    return right_mean(ring, level, {m: c * Q(dict(m).get(i, 1) + 1, dict(m).get(i, 1)) for m, c in body.items()})


def mean_of_a_product(ring: Ring, level: int, body: Poly) -> Poly:
    """The mean of a product is the product of the means."""
    out: Poly = {}
    for m, c in body.items():
        product_of_means: Poly = {ONE: c}
        for factor in m:
            product_of_means = ring.mul(product_of_means, right_mean(ring, level, {(factor,): Q1}))
        out = ring.affine(Q0, (Q1, Q1), (out, product_of_means))
    return out


def no_integral(ring: Ring, level: int, body: Poly) -> Poly:
    return body


@pytest.mark.parametrize("mutant", [power_without_one, mean_of_a_product])
def test_wrong_means_are_caught(mutant: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Ring, "mean01", mutant)
    assert caught()


def swapped_quotient(ring: Ring, a: Poly, b: Poly) -> Poly:
    return right_div(ring, b, a)


def branches_swapped(ring: Ring, g: Poly, a: Poly, b: Poly) -> Poly:
    return right_ite(ring, g, b, a)


def constant_guards_are_weak(ring: Ring, g: Poly, a: Poly, b: Poly) -> Poly:
    return a if not g else right_ite(ring, g, a, b)


right_div, right_ite = Ring.div, Ring.ite


@pytest.mark.parametrize("name, mutant", [("div", swapped_quotient), ("ite", branches_swapped)])
def test_wrong_nodes_are_caught(name: str, mutant: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Ring, name, mutant)
    assert caught()


def test_a_weak_guard_at_constant_zero_is_caught(monkeypatch: pytest.MonkeyPatch):
    t = ite(x * y - y * x + (x + y) * (x - y) - x * x + y * y, x, y)  # the guard is 0 as a polynomial
    assert form_value(t, GRID[-2]) == value(t, GRID[-2])
    monkeypatch.setattr(Ring, "ite", constant_guards_are_weak)
    assert form_value(t, GRID[-2]) != value(t, GRID[-2])


def test_dropping_idempotence_is_only_incomplete(monkeypatch: pytest.MonkeyPatch):
    right = Ring._id

    def never_flat(ring: Ring, key: Any, levels: frozenset[int], *, flat: bool = False) -> int:
        return right(ring, key, levels)

    monkeypatch.setattr(Ring, "_id", never_flat)
    assert not caught()
    assert not equal(step(x) * step(x), step(x))


def test_dropping_exclusion_is_only_incomplete(monkeypatch: pytest.MonkeyPatch):
    class Nothing(dict[int, set[int]]):
        def get(self, key: int, default: Any = None) -> Any:
            return set()

    right = Ring.__init__

    def start(ring: Ring) -> None:
        right(ring)
        ring.exclusive = Nothing()

    monkeypatch.setattr(Ring, "__init__", start)
    assert not caught()
    assert not equal(step(x) * step(-x), x - x)


def test_dropping_the_zero_rule_is_only_incomplete(monkeypatch: pytest.MonkeyPatch):
    right = Ring._zero

    def without_rule(ring: Ring, h: Poly, lead: Any) -> int:
        e = right(ring, h, lead)
        del ring.rules[e]
        return e

    monkeypatch.setattr(Ring, "_zero", without_rule)
    assert not caught()
    assert not equal(x * (1 - step(x) - step(-x)), x - x)


def test_forms_of_unknown_functions_keep_their_arguments(monkeypatch: pytest.MonkeyPatch):
    from attrtheory.expr.term import call

    pairs = [
        (call("f", (0,), (x, y)), call("f", (1,), (x, y))),
        (call("f", (), (x, y)), call("f", (), (y, x))),
        (call("f", (), (x,)), call("g", (), (x,))),
    ]
    assert not any(equal(s, t) for s, t in pairs)
    right = Ring.call
    monkeypatch.setattr(Ring, "call", lambda ring, name, orders, args: right(ring, "f", (), sorted(args, key=str)))
    assert all(equal(s, t) for s, t in pairs)  # what the key must tell apart
    assert all(fold(s, Ring()) for s, _ in pairs)


@pytest.mark.parametrize("t", TERMS, ids=repr)
def test_the_terms_of_this_table_are_read_right(t: Term):
    assert all(form_value(t, env) == value(t, env) for env in GRID)
