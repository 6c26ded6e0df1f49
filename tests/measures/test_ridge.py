"""Closed forms of ridge functions against definitions in rationals, cells and moments, formulas by hand, quadrature."""

from __future__ import annotations

from fractions import Fraction as Q
from itertools import combinations, product
from math import factorial, prod

import numpy as np
import pytest
from lower.nets import chain, linear
from scipy.integrate import dblquad, quad
from scipy.stats import norm

from attrtheory.errors import BadInput, Unsupported
from attrtheory.expr import lift, mean01, relu, step, total, var
from attrtheory.lower.regions import measure_attributions
from attrtheory.lower.regions.measures import Patch, partial_dependence, uniform_lime
from attrtheory.lower.regions.slices import Slice
from attrtheory.measures import Functional, Law, Measure, Part, box, functional_of, gaussian, of_measure, point
from attrtheory.measures import ridge as engine
from attrtheory.measures.ridge import half_space_atom, neuron, ridge
from attrtheory.methods import AVERAGES, METHODS, get_method
from attrtheory.models.fn import Fn
from attrtheory.models.ops import Relu
from attrtheory.semantics.balls import enclose
from attrtheory.semantics.derive import substitute
from attrtheory.semantics.exact import evaluate
from attrtheory.semantics.special import equal, is_special

X = {f"x{k + 1}": v for k, v in enumerate([Q(3, 4), Q(-1, 2), Q(5, 4)])}
B = {f"b{k + 1}{tag}": Q(v) for tag in ("", "_1", "_2") for k, v in enumerate([Q(1, 4), Q(1), Q(len(tag), 3)])}
OTHER = {"sigma": Q(1, 2), "h": Q(3, 4), "q": Q(4, 5), "r": Q(3, 5)}
W, BIAS = [Q(3, 2), Q(-1), Q(5, 8)], Q(1, 3)
AT = X | B | OTHER
WEIGHTS = [W, [Q(0), Q(-1), Q(5, 8)], [Q(1), Q(0), Q(0)], [Q(0), Q(0), Q(0)], [Q(3), Q(1), Q(0)]]  # the last: w.(x - z) = 0
RATIONAL = [m for m in (*METHODS, *AVERAGES) if not m.name.startswith(("cube", "gauss", "smooth", "infid", "cond"))]


def weights_by_name(n, w=None):
    symbols = [var(f"w{k + 1}") for k in range(n)]
    return symbols, {s.payload: v for s, v in zip(symbols, w or W, strict=False)}


@pytest.mark.parametrize("w", WEIGHTS, ids=str)
@pytest.mark.parametrize("method", [m for m in RATIONAL if m.name != "uniform_partial_dependence"], ids=str)
def test_a_neuron_by_every_method_is_its_definition_in_rationals(method, w):
    """The method's own definition runs on the neuron; its means are integrated piece by piece. Zero weights included."""
    n = 3
    symbols, env = weights_by_name(n, w)
    names = tuple(X)
    fn = Fn(names, relu(total(v * var(k) for v, k in zip(w, names, strict=True)) + BIAS))
    tags = [""] if method.background is None else ["_1", "_2"]
    expected = method.all(fn, [*X.values()], [[B[f"b{k + 1}{tag}"] for k in range(n)] for tag in tags])
    for functional, value in zip(functional_of(method, n), expected, strict=True):
        found = neuron(functional, symbols, var("b")).value
        assert evaluate(found, AT | env | {"b": BIAS}) == evaluate(value, AT)


@pytest.mark.parametrize("w", WEIGHTS[:3], ids=str)
@pytest.mark.parametrize("name", ["shapley", "banzhaf", "occlusion", "mask_lime", "partial_dependence", "axis_integral"])
def test_half_space_atoms_of_measures_are_definitions_on_the_indicator(name, w):
    method = get_method(name) if name in {m.name for m in METHODS} else next(m for m in AVERAGES if m.name == name)
    symbols, env = weights_by_name(3, w)
    names = tuple(X)
    fn = Fn(names, step(total(v * var(k) for v, k in zip(w, names, strict=True)) - BIAS))
    tags = [""] if method.background is None else ["_1", "_2"]
    expected = method.all(fn, [*X.values()], [[B[f"b{k + 1}{tag}"] for k in range(3)] for tag in tags])
    for functional, value in zip(functional_of(method, 3), expected, strict=True):
        assert evaluate(half_space_atom(functional, symbols, BIAS).value, AT | env) == evaluate(value, AT)


def test_the_half_space_atom_of_a_path_is_the_crossing_in_proportion():
    """delta_i / (w.(x - z)) [1_H(x) - 1_H(z)]; added over features it is the change of the indicator."""
    symbols, env = weights_by_name(3)
    functionals = functional_of(get_method("integrated_gradients"), 3)
    for threshold in (Q(-3), Q(1, 2), Q(9, 8), Q(3)):
        atoms = [evaluate(half_space_atom(f, symbols, threshold).value, AT | env) for f in functionals]
        step_ = [w * (X[f"x{k + 1}"] - B[f"b{k + 1}"]) for k, w in enumerate(W)]
        ends = [sum(w * d[f"{name}{k + 1}"] for k, w in enumerate(W)) > threshold for d, name in ((X, "x"), (B, "b"))]
        assert atoms == [d / sum(step_) * (ends[0] - ends[1]) for d in step_]


def test_the_shapley_atom_is_a_voting_game():
    symbols, env = weights_by_name(3)
    deltas = [w * (X[f"x{k + 1}"] - B[f"b{k + 1}"]) for k, w in enumerate(W)]
    quota = Q(1, 2) - sum(w * B[f"b{k + 1}"] for k, w in enumerate(W))
    for i, functional in enumerate(functional_of(get_method("shapley"), 3)):
        value, rest = Q(0), [k for k in range(3) if k != i]
        for s in (s for size in range(3) for s in combinations(rest, size)):
            weight = Q(factorial(len(s)) * factorial(2 - len(s)), 6)
            value += weight * ((sum(deltas[k] for k in (*s, i)) > quota) - (sum(deltas[k] for k in s) > quota))
        assert evaluate(half_space_atom(functional, symbols, Q(1, 2)).value, AT | env) == value


@pytest.mark.parametrize("name", ["shapley", "occlusion", "integrated_gradients", "expected_gradients", "axis_integral"])
def test_a_neuron_is_the_integral_of_its_half_spaces(name):
    """(4): the change of a neuron's value between two biases is the integral of the atoms between these thresholds."""
    method = next(m for m in (*METHODS, *AVERAGES) if m.name == name)
    low, high = Q(-2), Q(3, 2)
    for functional in functional_of(method, 3):
        across = mean01(lambda a, f=functional: half_space_atom(f, W, -(low + a * (high - low)), generic=True).value)
        ends = [evaluate(neuron(functional, W, b).value, AT) for b in (low, high)]
        assert evaluate(across, AT) * (high - low) == ends[1] - ends[0]


def single(w, b=BIAS):
    return chain((len(w),), linear([[float(v) for v in w]], [float(b)]), Relu())


@pytest.mark.parametrize("w", [*WEIGHTS[:2], [Q(1, 2), Q(1, 2), Q(0)], [Q(-1), Q(1)]], ids=str)
def test_uniform_laws_against_cells_and_moments(w):
    """Exact decomposition of the box into the neuron's two regions, simplex by simplex."""
    n, b = len(w), Q(1, 4)
    x, graph = [Q(1, 2), Q(1, 4), Q(7, 8)][:n], single(w, b)
    env = {f"x{k + 1}": v for k, v in enumerate(x)} | {"h": Q(3, 4)}
    cells = {
        "uniform_partial_dependence": partial_dependence(np.array(x, dtype=float), np.zeros(n), np.ones(n)),
        "cube_lime": uniform_lime(np.array(x, dtype=float), Q(3, 4)),
    }
    for name, measures in cells.items():
        method = next(m for m in AVERAGES if m.name == name)
        expected = measure_attributions(graph, measures, exact=True).exact_values
        assert [evaluate(neuron(f, w, b).value, env) for f in functional_of(method, n)] == list(expected)


@pytest.mark.parametrize("powers", [(0, 0), (1, 0), (0, 1)])
def test_a_density_on_a_slanted_parallelogram(powers):
    w, b = [Q(3, 2), Q(-1), Q(5, 8)], Q(-1, 4)
    origin, columns = [Q(1, 2), Q(0), Q(-1)], [[Q(1), Q(1), Q(0)], [Q(0), Q(-2), Q(1)]]
    found = neuron(of_measure(Measure(3, (Part(2, Law(origin, tuple(columns)), powers),))), w, b).value
    support = Slice(np.array(origin, dtype=object), np.array(columns, dtype=object))
    patch = Patch(support, Q(2 * (not any(powers))), tuple(Q(2 * p) for p in powers))
    (expected,) = measure_attributions(single(w, b), [[patch]], exact=True).exact_values
    assert evaluate(found, {}) == expected


@pytest.mark.parametrize("alpha", [Q(0), Q(2), Q(-3)])
@pytest.mark.parametrize("q, a", [*product([0, 1, 3], [0, 1, 4])])
def test_powers_along_a_segment_in_rationals(q, a, alpha):
    m, symbol = Q(3, 4), var("alpha")
    measure = Measure(1, (Part(1, Law((0,), ((symbol,),)), (a,)),))
    found = evaluate(ridge(of_measure(measure), [1], m, q).value, {"alpha": alpha})
    expected = mean01(lambda u: prod([u] * a, start=1) * engine.plus_power(q, m + alpha * u))
    assert found == evaluate(expected, {})


def enclosed(term, env):
    return float(enclose(term, env).middle)


def test_normal_rows_against_the_formulas_of_the_table():
    """M Phi(M/s) + s phi(M/s) for conditional expectations, w_i Phi(u / (sigma |w|)) for SmoothGrad."""
    w, env = [float(v) for v in W], AT
    x, b = ([float(v) for v in list(d.values())[:3]] for d in (X, B))
    u = float(BIAS) + np.dot(w, x)
    for name in ("smoothgrad", "gaussian_lime", "infidelity_optimum"):
        method = next(m for m in AVERAGES if m.name == name)
        for i, functional in enumerate(functional_of(method, 3)):
            expected = w[i] * norm.cdf(u / (0.5 * np.linalg.norm(w)))
            assert enclosed(neuron(functional, W, BIAS).value, env) == pytest.approx(expected, rel=1e-13)
            atom = w[i] / (0.5 * np.linalg.norm(w)) * norm.pdf(u / (0.5 * np.linalg.norm(w)))
            assert enclosed(half_space_atom(functional, W, -BIAS).value, env) == pytest.approx(atom, rel=1e-13)
    method = next(m for m in AVERAGES if m.name == "conditional_expectation")
    for i, functional in enumerate(functional_of(method, 3)):
        rest = [k for k in range(3) if k != i]
        mean = float(BIAS) + w[i] * x[i] + sum(w[k] * (b[k] + 0.64 * (x[i] - b[i])) for k in rest)
        s = np.hypot(0.48 * sum(w[k] for k in rest), 0.6 * np.linalg.norm([w[k] for k in rest]))
        expected = mean * norm.cdf(mean / s) + s * norm.pdf(mean / s)
        assert enclosed(neuron(functional, W, BIAS).value, env) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("q", [-2, -1, 0, 1, 2, 3])
@pytest.mark.parametrize("m, s", [(0.7, 0.3), (-1.2, 2.0), (0.0, 1.0)])
def test_normal_means_of_powers_against_quadrature(q, m, s):
    found = enclosed(engine.normal_plus_power(q, var("m"), var("s"), var("s") * var("s")), {"m": Q(m), "s": Q(s)})
    density = lambda t: norm.pdf((t - m) / s) / s
    if q == -2:  # minus the slope of the density at 0
        expected = -m / s**2 * density(0)
    elif q == -1:
        expected = density(0)
    else:
        expected = quad(lambda t: t**q / factorial(q) * density(t), 0, 40, points=[max(m, 0.1), 1, 5], limit=200)[0]
    assert found == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("powers", [(0, 0), (2, 0), (1, 1), (3, 2)])
def test_polynomial_densities_of_normal_variables_against_quadrature(powers):
    law = Law((Q(1, 4), Q(0)), (), ((Q(1), Q(1, 2)), (Q(0), Q(1, 3))))
    found = enclosed(neuron(of_measure(Measure(2, (Part(1, law, powers),))), [Q(1), Q(-2)], Q(1, 5)).value, {})
    density = lambda h, g: g ** powers[0] * h ** powers[1] * np.exp(-(g * g + h * h) / 2) / (2 * np.pi)
    expected = dblquad(lambda h, g: density(h, g) * (0.45 - 2 / 3 * h), -9, 9, -9, 0.675)[0]  # M = 0.45, betas 0 and -2/3
    assert found == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("power, q", [*product([(0, 0), (2, 1)], [0, 1])])
def test_uniform_and_normal_variables_together_against_quadrature(power, q):
    law = Law((Q(1, 4), Q(-1, 2)), ((Q(1), Q(1)),), ((Q(1), Q(1, 2)),))
    found = enclosed(ridge(of_measure(Measure(2, (Part(1, law, power),))), [Q(1), Q(2)], Q(1, 5), q).value, {})
    density = lambda g: g ** power[1] * np.exp(-g * g / 2) / np.sqrt(2 * np.pi)  # of z = -0.55 + 3 u + 2 g
    inner = lambda u: quad(lambda g: density(g) * (-0.55 + 3 * u + 2 * g) ** q, (0.55 - 3 * u) / 2, 12)[0]
    assert found == pytest.approx(quad(lambda u: u ** power[0] * inner(u), 0, 1)[0], rel=1e-8)


def test_no_noise_across_the_boundary_is_a_point():
    """Where a weight along the noise is 0 the mean is the value: no division by 0, no special function."""
    functional = of_measure(gaussian([var("x1"), var("x2")], [[var("sigma"), 0], [0, var("sigma")]]))
    symbols, _ = weights_by_name(2)
    value = neuron(functional, symbols, var("b")).value
    env = {"x1": Q(1), "x2": Q(2), "sigma": Q(1), "w1": Q(0), "w2": Q(0), "b": Q(3, 7)}
    assert enclose(value, env).lower == enclose(value, env).upper == Q(3, 7)
    assert enclose(value, env | {"sigma": Q(0), "w1": Q(1)}).middle == Q(10, 7)


def test_lime_and_smoothgrad_are_one_formula():
    """A proof by normal form, sigma not 0: the two come from different functionals."""
    symbols, _ = weights_by_name(2)
    smooth, lime = (functional_of(next(m for m in AVERAGES if m.name == n), 2)[0] for n in ("smoothgrad", "gaussian_lime"))
    values = [neuron(f, symbols, var("b"), generic=True).value for f in (smooth, lime)]
    assert equal(var("sigma") * values[0], var("sigma") * values[1])
    assert not equal(values[0], 2 * values[1])


def test_short_formulas_hold_where_nothing_vanishes():
    symbols, env = weights_by_name(3)
    for method in (*METHODS, *AVERAGES):
        for functional in functional_of(method, 3)[:1]:
            short, full = (neuron(functional, symbols, var("b"), generic=g) for g in (True, False))
            at = AT | env | {"b": BIAS}
            assert all(enclosed(c, at) != 0 for c in short.nonzero)
            if is_special(full.value):
                assert equal(*(substitute(f.value, {k: lift(v) for k, v in at.items()}) for f in (short, full)))
            else:
                assert evaluate(short.value, at) == evaluate(full.value, at)


def test_where_there_is_no_atom_it_says_so():
    symbols, _ = weights_by_name(2)
    for name in ("gradient", "gradient_x_input"):
        with pytest.raises(Unsupported, match="multiple of a point mass"):
            half_space_atom(functional_of(get_method(name), 2)[0], symbols, 0)
    found = half_space_atom(functional_of(get_method("integrated_gradients"), 2)[0], symbols, var("t"))
    along = {"w1": Q(1), "w2": Q(-1), "x1": Q(1), "x2": Q(1), "b1": Q(0), "b2": Q(0)}
    assert [evaluate(c, along) for c in found.nonzero] == [0]  # the path keeps to a level of the neuron
    with pytest.raises(BadInput, match="as many weights"):
        neuron(of_measure(point([0, 0])), [1], 0)
    with pytest.raises(BadInput, match="power -1"):
        ridge(of_measure(point([0])), [1], 0, -1)


def exact_battery():
    for w in (WEIGHTS[0], WEIGHTS[1]):
        test_uniform_laws_against_cells_and_moments(w)
        for name in ("integrated_gradients", "shapley", "axis_integral"):
            method = next(m for m in RATIONAL if m.name == name)
            test_a_neuron_by_every_method_is_its_definition_in_rationals(method, w)
    test_powers_along_a_segment_in_rationals(1, 4, Q(2))
    test_normal_rows_against_the_formulas_of_the_table()
    test_polynomial_densities_of_normal_variables_against_quadrature((2, 0))
    test_no_noise_with_powers_is_a_moment()


MUTANTS = {
    "the power is not raised": ("plus_power", lambda q, t, true=engine.plus_power: true(max(q - 1, 0), t)),
    "no factorial": ("plus_power", lambda q, t, true=engine.plus_power: factorial(q) * true(q, t)),
    "s phi is forgotten": (
        "normal_plus_power",
        lambda q, m, s, v, true=engine.normal_plus_power: m * true(0, m, s, v) if q == 1 else true(q, m, s, v),
    ),
    "the deviation is the variance": ("_length", lambda v: total(c * c for c in v)),
    "the ends of a segment are exchanged": ("_sum", lambda u, v: tuple(a - b for a, b in zip(u, v, strict=True))),
    "moments of normal variables are all 1": ("normal_moment", lambda p: Q(1)),
}  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_a_wrong_rule_is_noticed(mutant, monkeypatch):
    monkeypatch.setattr(engine, *mutant)
    with pytest.raises(AssertionError):
        exact_battery()


def test_no_noise_with_powers_is_a_moment():
    law = Law((1,), (), ((var("s"),),))
    functional = of_measure(Measure(1, (Part(1, law, (3,)), Part(1, law, (4,)))))
    assert enclose(neuron(functional, [1], 0).value, {"s": Q(0)}).middle == 3


def test_slopes_and_values_add_up():
    """Stein: E[g f(x + s g)] = s E f'(x + s g), as two functionals of one neuron."""
    law = Law((var("x"),), (), ((Q(2),),))
    by_values = of_measure(Measure(1, (Part(1, law, (1,)),)))
    by_slopes = Functional(Measure(1), (Measure(1, (Part(2, law),)),))
    assert equal(neuron(by_values, [3], var("b")).value, neuron(by_slopes, [3], var("b")).value)
    assert equal(neuron(of_measure(box([0], [0])), [3], var("b")).value, relu(var("b")))
