"""Atoms of methods that average over a law, against integrals of densities, and what is refused."""

from __future__ import annotations

import math
from fractions import Fraction
from random import Random

import indicators as brute
import pytest
from scipy import integrate
from scipy.stats import norm

from attrtheory.errors import BadInput, SideCondition, Unsupported
from attrtheory.expr import var
from attrtheory.expr.special import normal_cdf, normal_density
from attrtheory.expr.term import Term
from attrtheory.measures import Functional, Measure, gaussian, of_measure, segment
from attrtheory.measures import box as uniform
from attrtheory.measures.atoms import Atom, atom, box, half_space, measure_of, orthant, polytope
from attrtheory.measures.law import Law, Part
from attrtheory.measures.parts import Integrated
from attrtheory.methods import AVERAGES, get_method
from attrtheory.semantics.balls import enclose
from attrtheory.semantics.exact import evaluate
from attrtheory.semantics.special import equal

Q = Fraction
AVERAGE = {m.name: m for m in AVERAGES}


def approximate(term: Term, env: dict[str, Fraction]) -> float:
    """The value of a term with special functions, rounded."""
    found = enclose(term, env)
    return float((found.lower + found.upper) / 2)


def env_of(lower, upper, x) -> dict[str, Fraction]:
    rows = {"lower": lower, "upper": upper, "x": x}
    return {f"{name}{k + 1}": Q(v) for name, row in rows.items() for k, v in enumerate(row)}


def test_the_box_atom_of_smoothgrad_is_the_formula_of_densities():
    p = {k: [var(f"{name}{k}") for name in ("lower", "upper", "x")] for k in (1, 2)}
    sigma = var("sigma")
    density = lambda k: normal_density((p[k][0] - p[k][2]) / sigma) - normal_density((p[k][1] - p[k][2]) / sigma)
    inside = lambda k: normal_cdf((p[k][1] - p[k][2]) / sigma) - normal_cdf((p[k][0] - p[k][2]) / sigma)
    for name in ("smoothgrad", "gaussian_lime", "infidelity_optimum"):
        a, b = atom(AVERAGE[name], "box", 2, positive=["sigma"])
        assert equal(a.term, density(1) * inside(2) / sigma)
        assert equal(b.term, density(2) * inside(1) / sigma)
        assert [r.words for r in a.defined_where] == ["sigma is positive"]


@pytest.mark.parametrize("sign", [1, -1])
def test_the_sign_of_a_deviation_does_not_matter(sign: int):
    (general, _), (short, _) = (atom(AVERAGE["smoothgrad"], "box", 2, positive=p) for p in ([], ["sigma"]))
    env = env_of([0, 1], [2, 4], [1, 2])
    expected = approximate(short.term, {**env, "sigma": Q(3, 2)})
    assert approximate(general.term, {**env, "sigma": sign * Q(3, 2)}) == pytest.approx(expected, abs=1e-14)
    steps = [norm.pdf((a - 1) / 1.5) for a in (0, 2)]
    assert expected == pytest.approx((steps[0] - steps[1]) / 1.5 * (norm.cdf(2 / 1.5) - norm.cdf(-1 / 1.5)), abs=1e-14)


@pytest.mark.parametrize("kind", ["box", "orthant"])
def test_crossings_under_normal_noise_are_its_measure(kind: str, monkeypatch: pytest.MonkeyPatch):
    """The slopes of an indicator by its faces, and by Gaussian integration by parts."""
    by_parts = atom(AVERAGE["smoothgrad"], kind, 2, positive=["sigma"])
    monkeypatch.setattr("attrtheory.measures.atoms.derive.by_parts", lambda functional: Integrated(functional, ()))
    by_faces = atom(AVERAGE["smoothgrad"], kind, 2, positive=["sigma"])
    assert {a.kind for a in by_faces} == {"D"}
    assert {a.kind for a in by_parts} == {"M"}
    env = {**env_of([0, 1], [2, 4], [Q(3, 2), 3]), "t1": Q(1, 2), "t2": Q(2), "sigma": Q(3, 4)}
    for a, b in zip(by_parts, by_faces, strict=True):
        assert approximate(b.term, env) == pytest.approx(approximate(a.term, env), abs=1e-14)
        assert abs(approximate(a.term, env)) > 1e-3


@pytest.mark.parametrize("k", range(6))
def test_powers_of_a_normal_variable_by_quadrature(k: int):
    law = Law((Q(1),), (), ((Q(-2),),))
    term = measure_of(Measure(1, (Part(1, law, (k,)),)), box([0], [3]))
    expected = integrate.quad(lambda g: g**k * norm.pdf(g), -1, 0.5)[0]  # 0 < 1 - 2 g <= 3
    assert approximate(term, {}) == pytest.approx(expected, abs=1e-12)
    half = measure_of(Measure(1, (Part(1, law, (k,)),)), box([0], [None]))
    assert approximate(half, {}) == pytest.approx(integrate.quad(lambda g: g**k * norm.pdf(g), -20, 0.5)[0], abs=1e-12)


@pytest.mark.parametrize("k", range(4))
def test_powers_of_a_uniform_variable_in_rationals(k: int):
    law = Law((Q(-1),), ((Q(4),),))  # -1 + 4 u in (0, 2] for u in (1/4, 3/4]
    term = measure_of(Measure(1, (Part(1, law, (k,)),)), box([0], [2]))
    assert term.payload == (Q(3, 4) ** (k + 1) - Q(1, 4) ** (k + 1)) / (k + 1)


def test_the_box_atom_of_lime_on_a_cube_in_rationals():
    atoms = atom(AVERAGE["cube_lime"], "box", 2, positive=["h"])
    rng = Random(0)
    for _ in range(40):
        env, (lower, upper, x, _z) = brute.random_box(rng, 2, size=3)
        h = Q(rng.randint(1, 6), 2)
        ends = [(max(a - p, -h), min(b - p, h)) for a, b, p in zip(lower, upper, x, strict=True)]
        lengths = [max(q - p, Q(0)) for p, q in ends]
        firsts = [(q * q - p * p) / 2 if q > p else Q(0) for p, q in ends]
        expected = [3 / h**2 * firsts[i] * lengths[1 - i] / (2 * h) ** 2 for i in range(2)]  # 3/h E V 1[..], V = offset / h
        env = {name: env[name] for name in env if name[0] != "b"} | {"h": h}
        assert [a.value_at(env) for a in atoms] == expected


def test_a_segment_in_a_measure_is_an_intersection_of_intervals():
    rng, seen = Random(2), 0
    ends = lambda stem: [var(f"{stem}1"), var(f"{stem}2")]
    term = measure_of(segment(ends("b"), ends("x")), box(ends("lower"), ends("upper")))
    for _ in range(60):
        env, (lower, upper, x, z) = brute.random_box(rng, 2)
        low, high = Q(0), Q(1)
        for a, b, p, q in zip(lower, upper, z, x, strict=True):
            if p == q:
                high = high if a < p <= b else low
            else:
                entry, leave = sorted([(a - p) / (q - p), (b - p) / (q - p)])
                low, high = max(low, entry), min(high, leave)
        assert evaluate(term, env) == max(high - low, Q(0))
        seen += high > low
    assert seen > 10


def test_uniform_laws_on_boxes_are_products_of_lengths():
    term = measure_of(uniform([0, 0, 1], [2, 4, 1]), box([1, None, 0], [5, 1, 1]))
    assert term.payload == Q(1, 2) * Q(1, 4)


def test_conditional_expectation_of_two_features():
    """Y2 given x1 has the mean b2 + q^2 (x1 - b1) and the variance r^2 (1 + q^2)."""
    a, _b = atom(AVERAGE["conditional_expectation"], "box", 2)
    env = {**env_of([0, -1], [2, 1], [1, 9]), "b1": Q(1, 2), "b2": Q(1, 4), "q": Q(3, 5), "r": Q(4, 5)}
    centre, deviation = 0.25 + 0.36 * 0.5, math.sqrt(0.64 * 1.36)
    expected = norm.cdf((1 - centre) / deviation) - norm.cdf((-1 - centre) / deviation)
    assert approximate(a.term, env) == pytest.approx(expected, abs=1e-14)
    assert approximate(a.term, {**env, "x1": Q(3)}) == 0


def test_several_normal_variables_on_one_coordinate_with_a_power():
    """E g_1 1[3 g_1 + 4 g_2 > 2] = (3/5) phi(2/5)."""
    term = measure_of(Measure(1, (Part(1, Law((Q(0),), (), ((Q(3),), (Q(4),))), (1, 0)),)), box([2], [None]))
    assert equal(term, Q(3, 5) * normal_density(Q(2, 5)))


@pytest.mark.parametrize("n", [2, 3, 4])
def test_the_box_formula_of_lime_on_masks(n: int):
    """Formula (9): with A, B the features inside at x only, at z only, and p_k the probabilities of sizes."""
    method, rng, seen = AVERAGE["mask_lime"], Random(n), 0
    atoms = atom(method, "box", n)
    total = sum(math.comb(n, k) * (k + 1) for k in range(n + 1))
    p = [Q(math.comb(n, k) * (k + 1), total) for k in range(n + 1)]
    m = sum(p[k] * Q(k, n) for k in range(n + 1))
    v, c = m - m * m, sum(p[k] * Q(k * (k - 1), n * (n - 1)) for k in range(n + 1)) - m * m
    choose = lambda a, b: math.comb(a, b) if 0 <= b <= a else 0
    for _ in range(30 if n < 4 else 50):
        env, (lower, upper, x, z) = brute.random_box(rng, n, size=3)
        at = [(a < q <= b, a < r <= b) for a, b, q, r in zip(lower, upper, x, z, strict=True)]
        A, B = [i for i, w in enumerate(at) if w == (True, False)], [i for i, w in enumerate(at) if w == (False, True)]
        if (False, False) in at:
            assert [a.value_at(env) for a in atoms] == [0] * n
            continue
        free = n - len(A) - len(B)
        g0 = sum(p[k] * Q(choose(free, k - len(A)), math.comb(n, k)) for k in range(n + 1))
        also = sum(p[k] * Q(choose(free - 1, k - len(A) - 1), math.comb(n, k)) for k in range(n + 1)) if free else Q(0)
        C = [(g0 if i in A else Q(0) if i in B else also) - m * g0 for i in range(n)]
        expected = [(C[i] - c / (v + (n - 1) * c) * sum(C)) / (v - c) for i in range(n)]
        assert [a.value_at(env) for a in atoms] == expected
        seen += any(expected)
    assert seen > 1


# refusals ---------------------------------------------------------------------------------------------------------------
def test_correlated_normal_coordinates_are_refused_for_a_box():
    with pytest.raises(Unsupported, match=r"2 random variables move y1 = 0, y1 = 1, y2 = 0, y2 = 1 together"):
        atom(of_measure(gaussian([0, 0], [[1, 1], [0, 1]])), box([0, 0], [1, 1]))
    with pytest.raises(Unsupported, match="together"):
        atom(of_measure(uniform([0, 0], [1, 1])), polytope([[1, 1], [1, -1]], [1, 0]))


def test_values_that_are_no_rational_numbers_are_refused():
    a, _b = atom(AVERAGE["smoothgrad"], "box", 2, positive=["sigma"])
    with pytest.raises(Unsupported, match="irrational values"):
        a.value_at({**env_of([0, 0], [1, 1], [0, 0]), "sigma": 1})
    found = a.enclosed_at({**env_of([0, 0], [1, 1], [0, 0]), "sigma": 1})
    expected = (norm.pdf(0) - norm.pdf(1)) * (norm.cdf(1) - 0.5)
    assert float(found.lower) == pytest.approx(expected, abs=1e-15)
    assert found.lower < found.upper < found.lower + Q(1, 2**50)
    with pytest.raises(SideCondition, match="sigma is positive"):
        a.enclosed_at({**env_of([0, 0], [1, 1], [0, 0]), "sigma": -1})


SHAPLEY = get_method("shapley")


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: atom(SHAPLEY, "ball", 2), "'box', 'half_space', 'orthant'"),
        (lambda: atom(SHAPLEY, "polytope", 2), r"write polytope\(A, c\)"),
        (lambda: atom(SHAPLEY, "box"), "number of features n"),
        (lambda: atom(SHAPLEY, box([0], [1]), 2), "2 features, a set in 1 dimensions"),
        (lambda: atom(SHAPLEY, "box", 0), "1 feature or more"),
        (lambda: atom(of_measure(Measure(2)), "box", 2, x=[1, 2]), "x and baselines are for methods"),
        (lambda: atom((), "box", 2), "one number of features"),
        (lambda: box([], []), "got 0 and 0"),
        (lambda: box([0, 0], [1]), "got 2 and 1"),
        (lambda: box([0], [0]), r"\(0, 0\] of feature 1 is empty"),
        (lambda: half_space([0, 0], 1), "normal that is not 0"),
        (lambda: polytope([[1, 2], [0, 0]], [1, 1]), "normal that is not 0"),
        (lambda: polytope([[1, 2], [1]], [1, 1]), r"got rows of \[2, 1\] numbers"),
        (lambda: polytope([[1]], [1, 2]), "2 bounds"),
        (lambda: polytope([[1, 2], [0, 1], [1, 2]], [1, 1, 1]), "rows 0 and 2 of the polytope are the same"),
        (lambda: polytope([[1]], [1], strict={3}), r"got \[3\]"),
        (lambda: orthant(2, {}), "thresholds of some of the features 0 to 1"),
        (lambda: orthant(2, {2: 0}), r"got those of \[2\]"),
        (lambda: atom(SHAPLEY, "box", 1)[0].value_at({"lower1": 0}), "no value for variable"),
        (lambda: atom(SHAPLEY, "box", 1)[0].value_at({"lower1": "a"}), "not a rational number"),
    ],
)
def test_bad_input_is_told(make, words: str):
    with pytest.raises(BadInput, match=words):
        make()


def test_floats_are_no_exact_numbers():
    from attrtheory.errors import NotExact

    with pytest.raises(NotExact, match=r"Fraction\('0.1'\)"):
        box([0.1], [1])
    with pytest.raises(NotExact):
        atom(SHAPLEY, "box", 1)[0].value_at({"lower1": 0.5, "upper1": 1, "x1": 1, "b1": 0})


def test_text_and_latex_are_formulas():
    (a,) = atom(get_method("occlusion"), "half_space", 1)
    assert a.latex() == r"\mathbf{1}[w_{1} x_{1} > s] - \mathbf{1}[b_{1} w_{1} > s]"
    smooth = atom(AVERAGE["smoothgrad"], "orthant", 2, positive=["sigma"])[0]
    assert r"\varphi" in smooth.latex()
    assert "where no path meets y1 = lower1 at an end or at another face" in str(
        atom(get_method("integrated_gradients"), "box", 2)[0]
    )
    assert isinstance(a, Atom)
    assert a.variables == ("b1", "s", "w1", "x1")
    assert Functional(Measure(1), (Measure(1),)).n == 1
