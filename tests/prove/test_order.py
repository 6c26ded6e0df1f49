"""Claims over domains with positive terms: what the rule "decided guards" proves, and what it must not."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from attrtheory.errors import BadCertificate, BadInput
from attrtheory.expr import fold, ite, relu, step, var
from attrtheory.methods import get_method
from attrtheory.models.dsl import parse_model, parse_term
from attrtheory.models.families import Every, Given
from attrtheory.models.fn import Fn
from attrtheory.properties import Relation, get_property
from attrtheory.prove import order
from attrtheory.prove.certificate import seal, to_certificate, unseal
from attrtheory.prove.check import check
from attrtheory.prove.claim import Claim, Domain, claim_from_json
from attrtheory.prove.discharge import prove
from attrtheory.prove.names import has_formula
from attrtheory.prove.order import Decided, decided_guards
from attrtheory.prove.theorem import read_theorem
from attrtheory.prove.verdict import Proof, Proved
from attrtheory.semantics.exact import Exact

Q = Fraction
THEOREM = Path(__file__).parents[2] / "proofs/quadrature/no_fixed_nodes.toml"
x, y, a, b = map(var, "xyab")


def over(*positive: str, model: str = "relu(x1 - a) - relu(x1 - b)", values: str = "0") -> Claim:
    """The gradient of a model with parameters a and b has a closed form where some terms are positive."""
    family = Given(parse_model(model, ["x1"], ["a", "b"]))
    domain = Domain(positive=tuple(map(parse_term, positive)))
    return Claim(has_formula([parse_term(values)]), get_method("gradient"), family, domain)


@pytest.mark.parametrize(
    "positive",
    [
        ("b - a", "a - x1"),
        ("b - a", "x1 - b"),
        ("2*b - 2*a", "x1/3 - b/3"),
        ("b - a - 1", "x1 - b"),
        ("a - x1", "b - x1"),
    ],
    ids=str,
)
def test_signs_follow_from_sums_of_hypotheses(positive: tuple[str, ...]):
    verdict = prove(over(*positive), solver=False)
    assert isinstance(verdict, Proved)
    assert verdict.proof.rule == "decided guards"
    assert check(to_certificate(over(*positive), verdict)).on_trust is False


@pytest.mark.parametrize("positive", [("b - a", "x1 - a"), ("b - a", "b - x1"), ("x1 - a", "b - x1"), ("b - a",)], ids=str)
def test_a_node_in_the_gap_is_refuted(positive: tuple[str, ...]):
    about = over(*positive)
    assert not decided_guards(about)
    assert prove(about, solver=False).name == "Refuted"


def test_positive_is_strict():
    """x1 >= a does not decide relu'(x1 - a): at x1 = a it is 0."""
    strict, weak = [[Relation(x, kind, a)] for kind in (">", ">=")]  # type: ignore[list-item]
    assert fold(step(x - a), Decided(strict)) is fold(step(x - x + 1), Decided(strict))
    assert fold(step(x - a), Decided(weak)) is step(x - a)
    assert fold(step(a - x), Decided(weak)) is fold(step(x - x), Decided(weak))


def test_decided_terms_keep_their_values():
    """Random guards and hypotheses, evaluated in rationals where the hypotheses hold."""
    rng, seen = random.Random(0), 0
    coordinates = ("x", "y", "a", "b")
    form = lambda: sum((rng.randint(-1, 1) * var(n) for n in coordinates), var("x") * 0) + rng.randint(-1, 1)
    for _ in range(150):
        hypotheses = [Relation(form(), rng.choice((">", ">=")), rng.randint(-1, 1)) for _ in range(3)]
        guards = [form() for _ in range(4)]
        guards += [Q(rng.randint(-2, 2)) * (h.lhs - h.rhs) + rng.randint(-1, 1) for h in hypotheses]
        guards.append(hypotheses[0].lhs - hypotheses[0].rhs + hypotheses[1].lhs - hypotheses[1].rhs)
        term = sum((ite(g, Q(2) ** k, 0) for k, g in enumerate(guards)), relu(x))
        decided = fold(term, Decided(hypotheses))
        for _ in range(40):
            exact = Exact({n: Q(rng.randint(-3, 3), rng.choice((1, 2))) for n in coordinates})
            gaps = [(h.kind, fold(h.lhs - h.rhs, exact)) for h in hypotheses]
            if all(gap > 0 if kind == ">" else gap >= 0 for kind, gap in gaps):  # type: ignore[operator]
                assert fold(decided, exact) == fold(term, exact)
                seen += decided is not term
    assert seen > 300


# the theorem ------------------------------------------------------------------------------------------------------------
def edited(tmp_path: Path, old: str, new: str) -> list[Claim]:
    text = THEOREM.read_text("utf-8")
    assert old in text
    (tmp_path / "t.toml").write_text(text.replace(old, new), "utf-8")
    return list(read_theorem(tmp_path / "t.toml").claims)


MUTANTS = {
    "a node in the gap": ('"x1 - b", "x2 - b"', '"b - x1", "x1 - a", "x2 - b"', 1),
    "a node that may be in the gap": ('"x1 - b", "x2 - b"', '"x1 - a", "x2 - b"', 1),
    "the other sign": ('"M * (b - a)", "M * (a - b)"', '"M * (a - b)", "M * (b - a)"', 3),
    "a gap beyond the path": ('"b - a", "1 - b"', '"b - a", "b - 1"', 3),
    "a gap before the path": ('positive = ["a", "b - a", "1 - b"]', 'positive = ["b - a", "1 - b"]', 3),
    "a gap the wrong way round": ('["a", "b - a", "1 - b"]', '["b", "a - b", "1 - b"]', 3),
    "another input": ("x = [1, 1], baselines", "x = [1, 2], baselines", 2),
    "another output weight": ("- relu(x2 - a) + relu(x2 - b)", "- relu(x2 - a) + 2*relu(x2 - b)", 2),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutated_theorem_is_refuted(tmp_path: Path, name: str):
    old, new, which = MUTANTS[name]
    wrong, right = edited(tmp_path, old, new)[which], read_theorem(THEOREM).claims[which]
    assert prove(wrong).name == "Refuted"
    verdict = prove(right)
    assert isinstance(verdict, Proved)
    with pytest.raises(BadCertificate):
        check(to_certificate(wrong, verdict))  # the proof of the right claim, moved to the wrong one
    with pytest.raises(BadCertificate):
        check(to_certificate(wrong, Proved(Proof("decided guards"))))


def test_the_theorem_at_numbers():
    """The claims, evaluated from scratch: the gradient by hand, the integral as the length of a gap."""
    rng = random.Random(1)
    for _ in range(20):
        low, high = sorted(rng.sample(range(1, 20), 2))
        scale = Q(rng.randint(-9, 9), 4)
        s = [relu(var(n) - Q(low, 20)) - relu(var(n) - Q(high, 20)) for n in ("x1", "x2")]
        f = Fn(("x1", "x2"), scale * (s[0] - s[1]))
        one, zero = [Q(1)] * 2, [[Q(0)] * 2]
        exact = Exact({})
        phi = [fold(t, exact) for t in get_method("integrated_gradients").all(f, one, zero)]
        assert phi == [scale * Q(high - low, 20), -scale * Q(high - low, 20)]
        for k in range(21):
            inside = low < k <= high
            slopes = [fold(f.partial(i, Q(k, 20), Q(k, 20)), exact) for i in (0, 1)]
            assert slopes == ([scale, -scale] if inside else [0, 0])


def test_the_rule_is_what_refuses(monkeypatch: pytest.MonkeyPatch):
    """An engine that takes every non-negative guard for a positive one proves a falsehood."""
    about = over("a - x1", model="ite(x1 - x1, 1, 0) + ite(a - x1, x1, 0)", values="1")
    assert prove(about, solver=False).name == "Proved"
    family = Given(parse_model("relu(x1)"))
    box = Domain(lower=(Q(0),), upper=(Q(1),))
    wrong = Claim(has_formula([parse_term("1")]), get_method("gradient"), family, box)
    assert not decided_guards(wrong)
    assert prove(wrong).name == "Refuted"
    right = Decided._signs
    monkeypatch.setattr(Decided, "_signs", lambda self, g: (right(self, g)[0],) * 2)
    assert decided_guards(wrong)


# how such a domain is written -------------------------------------------------------------------------------------------
def test_a_claim_reads_back():
    about = over("b - a", "a - x1")
    again = claim_from_json(about.to_json())
    assert again.digest == about.digest != over("b - a").digest
    assert "a - x1 > 0" in str(about)


@pytest.mark.parametrize("positive", ["c", "x2", "b1_1"])
def test_other_variables_are_refused(positive: str):
    with pytest.raises(BadInput, match="no variable"):
        over(positive)


def test_a_domain_that_excludes_itself_is_vacuous():
    assert prove(over("a - b", "b - a")).name == "Vacuous"


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: d["positive"].append(d["positive"][0] + " "),
        lambda d: d["positive"].append("@0"),
        lambda d: d["positive"].pop(),
        lambda d: d.update(positive=[]),
        lambda d: d.update(positive="x1"),
        lambda d: d.update(positive=[1]),
    ],
)
def test_a_certificate_with_another_domain_is_rejected(edit: Callable[[Any], Any]):
    about = over("b - a", "x1 - b")
    data = unseal(to_certificate(about, prove(about)))
    edit(data["claim"]["domain"])
    with pytest.raises(BadCertificate):
        check(seal(data))


def test_properties_that_move_points_do_not_take_it():
    with pytest.raises(BadInput, match="positive"):
        Claim(get_property("symmetry"), get_method("shapley"), Every(2), Domain(positive=(var("x1"),)))


@pytest.mark.parametrize("count", [order.MAX_HYPOTHESES, order.MAX_HYPOTHESES + 1])
def test_many_hypotheses_are_left_to_other_engines(count: int):
    about = over("x1 - b", "b - a", *(f"a + {k}" for k in range(1, count - 1)))
    assert decided_guards(about) is (count <= order.MAX_HYPOTHESES)


def test_a_parameter_is_no_input():
    assert parse_model("a*x + b", parameters=["a"]).names == ("b", "x")
    with pytest.raises(BadInput, match="both"):
        parse_model("a*x", ["a", "x"], ["a"])
    with pytest.raises(BadInput, match="reads b"):
        parse_model("a*x + b", ["x"], ["a"])
