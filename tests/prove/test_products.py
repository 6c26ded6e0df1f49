"""Rule "products of hypotheses": what it proves holds at random points; what is false is not proved; its checks are needed."""

from __future__ import annotations

import random
from fractions import Fraction
from importlib import import_module
from typing import Any

import pytest

from attrtheory.errors import BadCertificate, BadInput
from attrtheory.expr import dumps, lift, var
from attrtheory.models.dsl import parse_term
from attrtheory.models.fn import variables
from attrtheory.properties.statement import HOLDS
from attrtheory.prove import products
from attrtheory.prove.certificate import seal, unseal
from attrtheory.prove.check import check
from attrtheory.prove.products import Known, holds, in_case, known, next_guard
from attrtheory.prove.relations import Relations, parse_relation
from attrtheory.prove.settle import derived_certificate, settle
from attrtheory.prove.verdict import Proof, Proved
from attrtheory.semantics.exact import evaluate

Q = Fraction
CLIP = "abs(clip(u, -e, e)) <= e"
RESCALE = "relu(relu(y1) - 1 - relu(y2)) = relu(relu(y1 - 1) - relu(y2))"
SMOOTH = "abs(ite(v + 1, ite(1 - v, (v + 1)**2/4, v), 0) - relu(v)) <= 1/4"


def claim(*conclusions: str, where: tuple[str, ...] = (), squares: tuple[str, ...] = ()) -> Relations:
    states = lambda texts: tuple(map(parse_relation, texts))
    return Relations(states(conclusions), states(where), tuple(map(parse_term, squares)))


TRUE = [
    claim("abs(x) >= x", "abs(x) >= -x"),
    claim(CLIP, where=("e > 0",)),
    claim(RESCALE),
    claim(SMOOTH),
    claim("max(x, y) + min(x, y) = x + y"),
    claim("relu(x + y) <= relu(x) + relu(y)"),
    claim("x*y > 0", where=("x > 0", "y > 0")),
    claim("x*x*x >= 0", where=("x >= 0",)),
    claim("relu(x) - relu(y) <= relu(x - y)"),
    claim("x > 1", where=("x > 2",)),
    claim("x = 0", where=("x >= 0", "x <= 0")),
    claim("(a*u + b*v)**2 <= (a**2 + b**2)*(u**2 + v**2)", squares=("a*v - b*u",)),
]
FALSE = [
    claim("abs(x) > x"),
    claim("abs(clip(u, -e, e)) <= e"),  # e may be negative
    claim("abs(clip(u, -e, e)) < e", where=("e > 0",)),
    claim(RESCALE.replace("- 1 -", "- 2 -")),
    claim(SMOOTH.replace("<= 1/4", "<= 24/100")),
    claim("relu(x + y) >= relu(x) + relu(y)"),
    claim("x*y > 0", where=("x > 0", "y >= 0")),
    claim("x*x >= x"),
    claim("x > 1", where=("x >= 1",)),
]


@pytest.mark.parametrize("about", TRUE, ids=str)
def test_true_relations_are_proved_and_hold_at_random_points(about: Relations):
    verdict = settle(about)
    assert isinstance(verdict, Proved)
    checked = check(derived_certificate(about, verdict), about)
    assert (checked.verdict, checked.on_trust) == (verdict, False)
    rng, seen = random.Random(0), 0
    relations = (*about.conclusions, *about.where)
    names = {n for r in relations for side in (r.lhs, r.rhs) for n in variables(lift(side))}
    holds_at = lambda r, env: HOLDS[r.kind](evaluate(lift(r.lhs), env), evaluate(lift(r.rhs), env))
    for _ in range(60):
        env = {n: Q(rng.randint(-8, 8), rng.randint(1, 4)) for n in names}
        if all(holds_at(r, env) for r in about.where):
            assert all(holds_at(r, env) for r in about.conclusions)
            seen += 1
    assert seen or about.where


@pytest.mark.parametrize("about", FALSE, ids=str)
def test_false_relations_are_refuted(about: Relations):
    verdict = settle(about)
    assert verdict.name == "Refuted"
    assert check(derived_certificate(about, verdict), about).verdict.name == "Refuted"


@pytest.mark.parametrize("about", FALSE, ids=str)
def test_the_search_proves_nothing_false(about: Relations):
    """Without the look at simple points the rule alone must not find a proof."""
    from attrtheory.prove.products_search import prove_goal

    facts, shown = known(about.where), known(about.conclusions)
    assert None in [prove_goal(facts, goal, (var("x"), var("y"))) for goal in shown]


def test_what_nothing_satisfies_is_not_proved():
    assert settle(claim("x >= 5", where=("x > 1", "x < 0"))).name == "Unknown"


def test_what_is_beyond_the_rule_is_unknown():
    assert settle(claim("x**4*y**2 + x**2*y**4 + 1 >= 3*x**2*y**2")).name == "Unknown"  # Motzkin: no sum of squares


# forgeries --------------------------------------------------------------------------------------------------------------
def body(about: Relations) -> dict[str, Any]:
    return unseal(derived_certificate(about, settle(about)))


CUBE = claim("x*y <= 1", where=("x >= 0", "x <= 1", "y >= 0", "y <= 1"))


def forged(change: Any, about: Relations = CUBE) -> None:
    data = body(about)
    assert check(seal(data)).verdict.name in ("Proved", "Refuted")  # what is rejected below is the change
    change(data)
    with pytest.raises(BadCertificate):
        check(seal(data))


@pytest.mark.parametrize("times", ["-1", "0", "2", "1/3", "1.0", 1])
def test_other_coefficients_are_rejected(times: Any):
    forged(lambda d: d["proof"]["data"]["goals"][0]["sum"][0].update(times=times))


def test_other_certificates_are_rejected():
    parts = lambda d: d["proof"]["data"]["goals"][0]["sum"]
    forged(lambda d: parts(d).pop())
    forged(lambda d: parts(d)[0].update(of=["no such fact"]))
    forged(lambda d: parts(d)[0].update(squares=[dumps(var("x"))]))
    forged(lambda d: parts(d)[0].update(more=1))
    forged(lambda d: d["proof"]["data"]["goals"].pop())
    forged(lambda d: d["proof"]["data"].update(more=[]))
    forged(lambda d: d["proof"].update(rule="normal form"))
    forged(lambda d: d["proof"].update(rule="solver"))
    forged(lambda d: d.update(verdict="Refuted"))
    forged(lambda d: d.update(verdict="Vacuous"))
    forged(lambda d: d.update(kind="axioms"))
    forged(lambda d: d.update(format=2))
    forged(lambda d: d.update(format=True))
    forged(lambda d: d.update(more=1))
    forged(lambda d: d["claim"].update(more=1))
    forged(lambda d: d["claim"]["where"].pop())
    forged(lambda d: d["claim"]["conclusions"][0].__setitem__(1, ">"))
    forged(lambda d: d["claim"].update(conclusions=[]))
    with pytest.raises(BadCertificate, match="another claim"):
        check(derived_certificate(CUBE, settle(CUBE)), TRUE[0])


def test_cases_cannot_be_swapped_or_left_out():
    about = claim("relu(x) >= x")
    swap = lambda d: d["proof"]["data"]["goals"][0]["cases"].reverse()
    forged(swap, about)
    forged(lambda d: d["proof"]["data"]["goals"][0]["cases"].pop(), about)
    forged(lambda d: d["proof"]["data"].update(goals=[d["proof"]["data"]["goals"][0]["cases"][0]]), about)


def test_a_witness_is_evaluated_again():
    about = claim("x*x >= x")
    for change in ({"values": {"x": "0"}}, {"lhs": "5"}, {"values": {"x": "1/2", "y": "0"}}, {"values": {}}):
        forged(lambda d, change=change: d["witness"].update(change), about)


# teeth ------------------------------------------------------------------------------------------------------------------
STRICT = claim("x > 0", where=("x >= 0",))
WEAK = {"sum": [{"times": "1", "of": ["x >= 0"], "squares": []}]}


def accepts(about: Relations, *goals: Any) -> bool:
    try:
        check(derived_certificate(about, Proved(Proof("products of hypotheses", {"goals": list(goals)}))))
    except BadCertificate:
        return False
    return True


def test_strictness_is_what_refuses(monkeypatch: pytest.MonkeyPatch):
    assert not accepts(STRICT, WEAK)
    lax = lambda relations: tuple(Known(k.label, k.form, strict=True) for k in known(relations))
    monkeypatch.setattr(import_module("attrtheory.prove.settle"), "known", lax)
    assert accepts(STRICT, WEAK)


def test_a_sum_that_shows_emptiness_needs_a_positive_part():
    about = claim("x >= 1", where=("x >= 0", "x <= 0"))
    nothing = {"none": [{"times": "1", "of": ["x >= 0"], "squares": []}, {"times": "1", "of": ["0 >= x"], "squares": []}]}
    assert not accepts(about, nothing)
    empty = claim("x >= 1", where=("x >= 0", "x < 0"))
    nothing["none"][1]["of"] = ["0 > x"]
    assert accepts(empty, nothing)


def test_the_second_case_is_weak(monkeypatch: pytest.MonkeyPatch):
    """Where a guard is not positive it may be 0: that its negative is positive must not be used."""
    about = claim("ite(x, 1, -x) > 0")
    above, below = ({"sum": [{"times": "1", "of": of, "squares": []}]} for of in ([], ["case 1"]))
    assert settle(about).name == "Refuted"
    assert not accepts(about, {"cases": [above, below]})

    def lax(facts: Any, goal: Any, guard: Any, *, positive: bool, depth: int) -> Any:
        (*others, sign), rest = in_case(facts, goal, guard, positive=positive, depth=depth)
        return (*others, Known(sign.label, sign.form, strict=True)), rest

    monkeypatch.setattr(products, "in_case", lax)
    assert accepts(about, {"cases": [above, below]})


def test_an_equality_hypothesis_counts_both_ways():
    assert settle(claim("x <= 1", "x >= 1", where=("x = 1",))).name == "Proved"


def test_a_guard_inside_a_mean_is_not_split():
    goal = Known("", parse_term("relu(x)"), strict=False)
    assert next_guard((), goal) is var("x")
    from attrtheory.expr import mean01, relu

    assert next_guard((), Known("", mean01(lambda a: relu(a - var("x"))), strict=False)) is None


def test_a_proof_has_a_known_form():
    for proof in (None, [], {"sum": [], "cases": []}, {"because": 1}):
        with pytest.raises(BadCertificate):
            holds((), Known("", var("x"), strict=False), proof)


@pytest.mark.parametrize("text", ["x", "x >= y >= z", "x != y", "x == y", "relu(x", ""])
def test_other_texts_are_no_relations(text: str):
    with pytest.raises(BadInput):
        parse_relation(text)


def test_relations_have_no_unknown_functions():
    from attrtheory.expr import call
    from attrtheory.prove.relations import labelled

    with pytest.raises(BadInput, match="unknown functions"):
        Relations((labelled(call("f", (), (var("x"),)), ">=", lift(0)),))
    with pytest.raises(BadInput, match="at least one"):
        Relations(())
