"""Every method against its replica, on random networks at random points; many paths run inside kinks."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replicas.formulas import REPLICAS, OfTerm, OfWeights, path_gradients
from strategies import INPUTS, network_fn, network_points, small, terms, weights

from attrtheory.expr import Term, lift, var
from attrtheory.methods import METHODS, Method, get_method
from attrtheory.models.fn import Fn
from attrtheory.semantics.exact import evaluate

Q = Fraction
inputs = st.integers(1, 3)


def attributions(method: Method, f: Fn, x: list[Fraction], baselines: list[list[Fraction]]) -> list[Fraction]:
    return [evaluate(lift(v), {}) for v in method.all(f, x, baselines)]


def test_every_method_has_a_replica():
    assert {m.name for m in METHODS} == set(REPLICAS)


@pytest.mark.parametrize("method", METHODS, ids=str)
@settings(max_examples=60)
@given(data=st.data(), n=inputs)
def test_a_method_is_its_formula_on_networks(method: Method, data: st.DataObject, n: int):
    layers = data.draw(weights(n))
    x = data.draw(network_points(n))
    baselines = [data.draw(network_points(n)) for _ in range(method.background or 1)]
    f = OfWeights(layers)
    expected = [REPLICAS[method.name](f, x, baselines, i) for i in range(n)]
    assert attributions(method, network_fn(layers), x, baselines) == expected


@settings(max_examples=40)
@given(data=st.data(), n=st.integers(2, 3))
def test_a_path_method_is_its_formula(data: st.DataObject, n: int):
    layers, via = data.draw(weights(n)), data.draw(st.lists(network_points(n), max_size=3))
    x, b = data.draw(network_points(n)), data.draw(network_points(n))
    expected = [path_gradients(OfWeights(layers), x, [b], i, via) for i in range(n)]
    assert attributions(get_method("path_gradients", via=via), network_fn(layers), x, [b]) == expected


@given(data=st.data(), size=st.integers(1, 4))
def test_expected_gradients_average_over_the_background(data: st.DataObject, size: int):
    layers, x = data.draw(weights()), data.draw(network_points())
    background = [data.draw(network_points()) for _ in range(size)]
    expected = [REPLICAS["expected_gradients"](OfWeights(layers), x, background, i) for i in range(2)]
    method = get_method("expected_gradients", background=size)
    assert attributions(method, network_fn(layers), x, background) == expected


@pytest.mark.parametrize("method", [m for m in METHODS if m.background is None and "grad" not in m.name], ids=str)
@settings(max_examples=40)
@given(body=terms(INPUTS, leaves=5), x=network_points(3), b=network_points(3))
def test_methods_that_evaluate_work_on_any_term(method: Method, body: Term, x: list[Fraction], b: list[Fraction]):
    expected = [REPLICAS[method.name](OfTerm(body, INPUTS), x, [b], i) for i in range(3)]
    assert attributions(method, Fn(INPUTS, body), x, [b]) == expected


@pytest.mark.parametrize("name", ["gradient", "gradient_x_input", "gradient_x_displacement"])
@given(body=terms(INPUTS, means=False, leaves=5), x=network_points(3), b=network_points(3))
def test_gradients_work_on_any_term_without_means(name: str, body: Term, x: list[Fraction], b: list[Fraction]):
    expected = [REPLICAS[name](OfTerm(body, INPUTS), x, [b], i) for i in range(3)]
    assert attributions(get_method(name), Fn(INPUTS, body), x, [b]) == expected


# polynomials: closed forms known from the theory -----------------------------------------------------------------------
powers = st.lists(st.integers(0, 3), min_size=3, max_size=3)


@given(a=powers, x=st.lists(small, min_size=3, max_size=3))
def test_integrated_gradients_of_a_monomial_share_by_its_powers(a: list[int], x: list[Fraction]):
    """With baseline 0: IG_i(x^a) = (a_i / |a|) x^a."""
    body, at = lift(1), Q(1)
    for name, q, k in zip(INPUTS, x, a, strict=True):
        for _ in range(k):
            body, at = body * var(name), at * q
    expected = [at * Q(k, sum(a)) if sum(a) else Q(0) for k in a]
    assert attributions(get_method("integrated_gradients"), Fn(INPUTS, body), x, [[Q(0)] * 3]) == expected


@given(members=st.sets(st.integers(0, 2)), x=st.lists(small, min_size=3, max_size=3))
def test_coalition_values_of_a_multilinear_monomial(members: set[int], x: list[Fraction]):
    """With baseline 0: Shapley 1/|S|, Banzhaf 1/2^(|S|-1), occlusion 1 for each member."""
    body, at = lift(1), Q(1)
    for k in members:
        body, at = body * var(INPUTS[k]), at * x[k]
    shares = {"shapley": Q(1, max(len(members), 1)), "banzhaf": Q(1, 2 ** max(len(members) - 1, 0)), "occlusion": Q(1)}
    for name, share in shares.items():
        expected = [at * share if i in members else Q(0) for i in range(3)]
        assert attributions(get_method(name), Fn(INPUTS, body), x, [[Q(0)] * 3]) == expected
