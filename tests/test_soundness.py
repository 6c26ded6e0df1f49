"""What is proved of random models holds at random points; what is refuted fails where the witness says."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replicas.formulas import REPLICAS, OfTerm
from replicas.statements import STATEMENTS, labels, sides
from strategies import network_points, small, terms

from attrtheory.errors import Unsupported
from attrtheory.expr import Term, dumps, ite, lift, most, relu, step, var
from attrtheory.methods import METHODS, Method
from attrtheory.models.dsl import parse_model
from attrtheory.models.families import Given
from attrtheory.models.fn import Fn
from attrtheory.properties import get_property
from attrtheory.prove.certificate import to_certificate
from attrtheory.prove.check import check
from attrtheory.prove.claim import Claim, Domain
from attrtheory.prove.discharge import prove
from attrtheory.prove.names import has_formula
from attrtheory.prove.verdict import Proved, Refuted, Verdict

Q = Fraction
NAMES = ("x1", "x2")
affine = st.builds(lambda p, q, r: p * var("x1") + q * var("x2") + r, small, small, small)


def piecewise(inner: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    """Guards are affine on pieces, so that paths cross them at rational points; many jump."""
    return st.one_of(
        st.builds(relu, inner),
        st.builds(step, inner),
        st.builds(most, inner, inner),
        st.builds(ite, inner, inner, inner),
        st.builds(lambda a, b: ite(2 * step(a) - 1, b, 0), inner, inner),
        st.builds(lambda p, a, q, b: p * a + q * b, small, inner, small, inner),
    )


models = st.recursive(affine, piecewise, max_leaves=4)


def settled(claim: Claim) -> Verdict | None:
    """The verdict, its certificate checked; None where the model is outside the language of a closed form."""
    try:
        verdict = prove(claim)
    except Unsupported:
        return None
    if isinstance(verdict, Proved | Refuted):
        assert check(to_certificate(claim, verdict), claim).verdict == verdict
    return verdict


@pytest.mark.parametrize("method", METHODS, ids=str)
@settings(max_examples=25)
@given(body=models, x=network_points(), b=network_points(), wrong=small.filter(bool), data=st.data())
def test_values_at_a_point(method: Method, body: Term, x: Any, b: Any, wrong: Fraction, data: st.DataObject):
    """The closed form that a replica computes is never refuted, and another one never proved."""
    baselines = [b] if method.background is None else [b, data.draw(network_points())]
    values = [REPLICAS[method.name](OfTerm(body, NAMES), x, baselines, i) for i in range(2)]
    family, domain = Given(Fn(NAMES, body)), Domain(tuple(x), tuple(map(tuple, baselines)))
    right = settled(Claim(has_formula([lift(v) for v in values]), method, family, domain))
    false = settled(Claim(has_formula([lift(values[0]), lift(values[1] + wrong)]), method, family, domain))
    assert right is None or right.name in {"Proved", "Unknown"}
    assert false is None or false.name in {"Refuted", "Unknown"}


@pytest.mark.parametrize("method", METHODS, ids=str)
@settings(max_examples=25)
@given(body=models, x=network_points(), b=network_points(), data=st.data())
def test_completeness_at_a_point(method: Method, body: Term, x: Any, b: Any, data: st.DataObject):
    baselines = [b] if method.background is None else [b, data.draw(network_points())]
    domain = Domain(tuple(x), tuple(map(tuple, baselines)))
    claim = Claim(get_property("completeness"), method, Given(Fn(NAMES, body)), domain)
    lhs, rhs, _ = sides(claim, {}, "sum")
    verdict = settled(claim)
    assert verdict is None or verdict.name in {"Proved" if lhs == rhs else "Refuted", "Unknown"}


@pytest.mark.parametrize("prop", sorted(set(STATEMENTS) - {"non_decreasing_positivity"}))
@pytest.mark.parametrize("method", METHODS, ids=str)
@settings(max_examples=6)
@given(body=models, data=st.data())
def test_verdicts_on_a_model_agree_with_its_values(method: Method, prop: str, body: Term, data: st.DataObject):
    claim = Claim(get_property(prop), method, Given(Fn(NAMES, body)))
    verdict = settled(claim)
    if isinstance(verdict, Refuted):
        lhs, rhs, _ = sides(claim, verdict.witness.values, verdict.witness.relation)
        assert lhs != rhs
    if isinstance(verdict, Proved):
        names = [*NAMES, *(f"b{k}{t}" for k in (1, 2) for t in ("", "_1", "_2")), "c", "w1", "w2"]
        for zero in ("x1", "x1 - x2", "x1 + x2 - 1"):  # what is proved holds for other programs of the function too
            values = data.draw(st.fixed_dictionaries(dict.fromkeys(names, small)))
            disguise = {"disguise": dumps(parse_model(zero, NAMES).body)}
            for label in labels(prop, 2):
                lhs, rhs, _ = sides(claim, values, label, disguise)
                assert lhs == rhs, (label, values, zero)


@settings(max_examples=40)
@given(body=terms(NAMES, means=False, leaves=5), x=network_points(), b=network_points(), wrong=small.filter(bool))
def test_values_of_methods_that_evaluate_on_any_term(body: Term, x: Any, b: Any, wrong: Fraction):
    for name in ("occlusion", "shapley", "gradient"):
        method = next(m for m in METHODS if m.name == name)
        values = [REPLICAS[name](OfTerm(body, NAMES), x, [b], i) for i in range(2)]
        family, domain = Given(Fn(NAMES, body)), Domain(tuple(x), (tuple(b),))
        assert prove(Claim(has_formula([lift(v) for v in values]), method, family, domain)).name == "Proved"
        assert (
            prove(Claim(has_formula([lift(values[0] + wrong), lift(values[1])]), method, family, domain)).name
            == "Refuted"
        )
