"""Sums of ridge functions: decomposition, functionals of one-hidden-layer models, and what is refused."""

from __future__ import annotations

from fractions import Fraction as Q

import numpy as np
import pytest
from scipy.stats import norm

from attrtheory.errors import BadInput, Unsupported
from attrtheory.expr import absolute, box, const, ite, leaky_relu, lift, relu, step, var
from attrtheory.expr.special import normal_cdf
from attrtheory.measures import functional_of, gaussian, of_measure
from attrtheory.measures import ridges as engine
from attrtheory.measures.cost import COSTS, cost_of
from attrtheory.measures.ridges import ridges_of
from attrtheory.methods import AVERAGES, METHODS, get_method
from attrtheory.models.families import Dense
from attrtheory.models.fn import Fn
from attrtheory.semantics.balls import enclose
from attrtheory.semantics.derive import substitute
from attrtheory.semantics.exact import evaluate

x, y = var("x1"), var("x2")
BODY = 2 * relu(x - 3 * y + 1) - leaky_relu(2 * x + y, Q(1, 4)) * Q(3, 2) + absolute(y - Q(1, 2)) + x / 3 - 5
NET = Fn(("x1", "x2"), BODY)
POINT, BASE = [Q(3, 4), Q(-1, 2)], [Q(1, 4), Q(1)]
AT = {"x1": POINT[0], "x2": POINT[1], "b1": BASE[0], "b2": BASE[1], "sigma": Q(1, 2)}


def test_the_decomposition_is_the_model():
    found = ridges_of(NET)
    assert len(found.ridges) == 3
    for point in ([Q(0), Q(0)], POINT, BASE, [Q(-1), Q(2)], [Q(1, 2), Q(1, 2)]):
        value = found.constant + sum(a * v for a, v in zip(found.weights, point, strict=True))
        for r in found.ridges:
            z = r.bias + sum(w * v for w, v in zip(r.weights, point, strict=True))
            value += r.coefficient * (relu(z) if r.power else step(z))
        assert evaluate(value, {}) == evaluate(NET(*point), {})


@pytest.mark.parametrize("name", ["integrated_gradients", "shapley", "gradient_x_input", "path_gradients", "banzhaf"])
def test_functionals_of_a_model_are_its_definition_in_rationals(name):
    method = get_method(name)
    expected = [evaluate(lift(v), AT) for v in method.all(NET, POINT, [BASE])]
    assert [evaluate(ridges_of(NET).of(f).value, AT) for f in functional_of(method, 2)] == expected


def test_an_architecture_with_symbolic_weights():
    dense = Dense((2, 3, 1)).fn()
    found = ridges_of(dense)
    assert {repr(r.coefficient) for r in found.ridges} == {"w2_1_1", "w2_2_1", "w2_3_1"}
    method = get_method("integrated_gradients")
    weights = {v: Q(k * k - 7 * k + 3, 5) for k, v in enumerate([f"w1_{i}_{j}" for i in (1, 2) for j in (1, 2, 3)])}
    weights |= {f"c1_{j}": Q(j, 3) for j in (1, 2, 3)} | {f"w2_{j}_1": Q(j - 2, 2) + 1 for j in (1, 2, 3)} | {"c2_1": Q(1)}
    numbers = Fn(dense.names, substitute(dense.body, {k: lift(v) for k, v in weights.items()}))
    for i, f in enumerate(functional_of(method, 2)):
        expected = evaluate(lift(method(numbers, POINT, [BASE], i)), {})
        assert evaluate(found.of(f).value, AT | weights) == expected


def test_under_normal_noise():
    """Each neuron's row by hand: c w_i Phi(u / (sigma |w|)), a leaky unit as s z + (1 - s) relu(z)."""
    smooth = functional_of(next(m for m in AVERAGES if m.name == "gaussian_lime"), 2)
    units = [(2, (1, -3), 1), (-1.5 * 0.75, (2, 1), 0), (2, (0, 1), -0.5)]  # |z| = 2 relu(z) - z
    straight = (1 / 3 - 1.5 / 4 * 2, -1.5 / 4 - 1)
    for i, f in enumerate(smooth):
        expected = straight[i]
        for c, w, b in units:
            u = w[0] * 0.75 - w[1] * 0.5 + b
            expected += c * w[i] * norm.cdf(u / (0.5 * np.hypot(*w)))
        assert float(enclose(ridges_of(NET).of(f).value, AT).middle) == pytest.approx(expected, rel=1e-13)


def test_trees_of_one_split_have_atoms():
    stump = Fn(("x1",), ite(x - Q(1, 2), 3, 1))
    mean = of_measure(gaussian([0], [[1]]))
    assert enclose(ridges_of(stump).of(mean).value - 1 - 2 * normal_cdf(Q(-1, 2)), {}).width < Q(1, 2**50)


@pytest.mark.parametrize("body, match", [
    (relu(x + relu(y)), "branch within a branch"),
    (x * y, "product"),
    (1 / x, "quotient"),
    (ite(x, y, 0), "neither a constant nor"),
    (ite(x, x * const(Q(1)) + 1, 0), "neither a constant nor"),
    (box([x, y], [0, 0], [1, 1]), "branch within"),
    (relu(var("p")) * x, "depends on no input"),
    (normal_cdf(x), "of a function of the inputs"),
])  # fmt: skip
def test_what_is_no_sum_of_ridges_is_refused(body, match):
    with pytest.raises(Unsupported, match=match):
        ridges_of(Fn(("x1", "x2"), body))


def test_features_must_fit():
    with pytest.raises(BadInput, match="2 features"):
        ridges_of(NET).of(of_measure(gaussian([0], [[1]])))


def test_every_method_has_its_cost():
    assert {m.name for m in (*METHODS, *AVERAGES)} == {c.method for c in COSTS}
    assert "#P-hard" in cost_of("shapley").hardness
    assert cost_of("nothing") is None


def both():
    test_the_decomposition_is_the_model()
    test_functionals_of_a_model_are_its_definition_in_rationals("shapley")


@pytest.mark.parametrize("mutant", [
    ("_multiple", lambda v, w: lift(1)),
    ("ridge", lambda f, w, b, q, generic=False, true=engine.ridge: true(f, w, 0, q, generic=generic)),
])  # fmt: skip
def test_a_wrong_decomposition_is_noticed(mutant, monkeypatch):
    monkeypatch.setattr(engine, *mutant)
    with pytest.raises(AssertionError):
        both()
