"""Special functions: every axiom holds in value, the normal form uses nothing else, enclosures are tight and contain."""

from __future__ import annotations

from fractions import Fraction as Q

import mpmath
import pytest
import torch
from scipy.stats import norm

from attrtheory.errors import BadInput, Unsupported
from attrtheory.expr import infix, ite, mean01, step, var
from attrtheory.expr.special import normal_cdf, normal_density, normal_quantile, square_root
from attrtheory.semantics import special
from attrtheory.semantics.balls import enclose
from attrtheory.semantics.derive import derivative
from attrtheory.semantics.exact import evaluate
from attrtheory.semantics.reading import latex
from attrtheory.semantics.special import AXIOMS, equal
from attrtheory.semantics.tensor import run

x, y, z = var("x"), var("y"), var("z")
POINTS = [Q(-7, 2), Q(-1), Q(-1, 10**6), Q(0), Q(1, 4), Q(2, 3), Q(1), Q(9)]


@pytest.mark.parametrize("axiom", AXIOMS, ids=lambda a: a.name)
def test_every_axiom_holds_in_value(axiom):
    """lhs and rhs are enclosed independently of the axioms; scipy and mpmath know the functions themselves."""
    held = 0
    for point in POINTS:
        if "probit" in axiom.name and not (0 < point < 1 if "derivative" in axiom.name else abs(point) < 4):
            continue
        lhs, rhs = (enclose(s, {"z": point}) for s in (axiom.lhs, axiom.rhs))
        assert lhs.lower <= rhs.upper
        assert rhs.lower <= lhs.upper
        held += 1
    assert held >= 2


@pytest.mark.parametrize("axiom", AXIOMS, ids=lambda a: a.name)
def test_every_axiom_is_a_normal_form(axiom):
    assert equal(axiom.lhs, axiom.rhs)


@pytest.mark.parametrize("build, true", [
    (normal_cdf, mpmath.ncdf),
    (normal_density, mpmath.npdf),
    (lambda v: square_root(v + 50), lambda v: mpmath.sqrt(v + 50)),
], ids=["Phi", "phi", "sqrt"])  # fmt: skip
def test_enclosures_contain_the_value_and_are_tight(build, true):
    with mpmath.workprec(400):
        for point in [*POINTS, Q(-30), Q(40)]:
            found = enclose(build(z), {"z": point}, bits=200)
            value = true(mpmath.mpf(point.numerator) / point.denominator)
            slack = abs(value) * mpmath.mpf(2) ** -380
            low, high = (mpmath.mpf(q.numerator) / q.denominator for q in (found.lower, found.upper))
            assert low - slack <= value <= high + slack
            assert found.width <= abs(found.upper) / 2**200


def test_derivatives_against_differences():
    """Slopes of every order written out, against central differences of scipy's functions."""
    for build, true in ((normal_cdf, norm.cdf), (normal_density, norm.pdf), (square_root, lambda v: v**0.5)):
        for at in (0.3, 1.7):
            first, second = derivative(build(z), z), derivative(derivative(build(z), z), z)
            h = 1e-4
            slope = (true(at + h) - true(at - h)) / (2 * h)
            bend = (true(at + h) - 2 * true(at) + true(at - h)) / h**2
            assert float(enclose(first, {"z": Q(at)}).middle) == pytest.approx(slope, abs=1e-7)
            assert float(enclose(second, {"z": Q(at)}).middle) == pytest.approx(bend, abs=1e-5)


def test_normal_forms_prove_what_follows():
    s = square_root(x * x + y * y)
    assert equal(normal_cdf(x - y) + normal_cdf(y - x), 1)
    assert equal(normal_density((x - y) * 3), normal_density(3 * y - 3 * x))
    assert equal(s * s, ite(x * x + y * y, x * x + y * y, 0))
    assert equal(s * s * s, s * ite(x * x + y * y, x * x + y * y, 0))
    assert equal(s * (1 / s), step(x * x + y * y))
    assert equal(ite(s, x / s * s, 0), ite(x * x + y * y, x, 0))
    assert equal(square_root(4 * x), 2 * square_root(x))
    assert equal(ite(-s, x, y), y)
    assert equal(derivative(derivative(normal_cdf(x * y), x), x), -x * y * y * y * normal_density(x * y))


@pytest.mark.parametrize("lhs, rhs", [
    (normal_cdf(-x), normal_cdf(x)),
    (normal_cdf(-x), -normal_cdf(x)),
    (normal_density(x), normal_density(x + 1)),
    (square_root(x) * square_root(x), x),
    (square_root(x * x), x),
    (square_root(x) + square_root(y), square_root(x + y)),
    (normal_quantile(normal_cdf(x) + 1), x + 1),
    (1 / square_root(x) * square_root(x), 1),
])  # fmt: skip
def test_what_is_false_has_no_common_normal_form(lhs, rhs):
    assert not equal(lhs, rhs)


NORMAL = special.SpecialRing._normal
MUTANTS = {
    "Phi is even": (special.SpecialRing, "_normal", lambda self, name, z: NORMAL(self, "phi", z)),
    "sqrt(t)^2 = t for every t": (special.SpecialRing, "_positive", lambda self, g: self.const(Q(1))),
    "phi' = z phi": (special, "normal_density", lambda z, true=normal_density: -true(z)),
}  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_a_wrong_axiom_is_noticed(mutant, monkeypatch):
    monkeypatch.setattr(*mutant)
    right = all(equal(a.lhs, a.rhs) for a in AXIOMS)
    wrong = equal(normal_cdf(-x), normal_cdf(x)) or equal(square_root(x) * square_root(x), x)
    assert wrong or not right


def test_torch_runs_them():
    column = torch.tensor([float(q) for q in POINTS], dtype=torch.float64)
    for term in (normal_cdf(z), normal_density(z), derivative(normal_density(z), z), square_root(z + 4)):
        exact = [float(enclose(term, {"z": q}).middle) for q in POINTS]
        assert run(term, {"z": column}).tolist() == pytest.approx(exact, rel=1e-12, abs=1e-300)


def test_tails_far_out_stay_bounded():
    tail = enclose(normal_cdf(z), {"z": Q(-(10**9))})
    assert max(abs(tail.lower), abs(tail.upper)) <= Q(1, 2**4096)
    top = enclose(1 - normal_cdf(z), {"z": Q(10**9)})
    assert abs(top.lower) <= Q(1, 2**50) >= top.upper
    assert enclose(normal_density(z), {"z": Q(10**30)}).upper > 0


def test_rational_parts_stay_exact():
    found = enclose(ite(x - x * x * 4, normal_cdf(y), Q(1, 3)), {"x": Q(1, 4), "y": Q(0)})
    assert found.lower == found.upper == Q(1, 3)  # the guard is exactly 0: strict
    assert enclose(normal_cdf(0), {}).width == 0
    assert enclose(square_root(z), {"z": Q(4, 9)}).middle == Q(2, 3)
    assert enclose(mean01(lambda a: ite(a - z, a, 0)) + normal_cdf(z - z), {"z": Q(1, 2)}).middle == Q(7, 8)


def test_refusals():
    with pytest.raises(Unsupported, match="irrational"):
        evaluate(normal_cdf(z), {"z": Q(1)})
    with pytest.raises(Unsupported, match="not told from 0"):
        enclose(step(normal_cdf(z) - normal_cdf(z * 1) - square_root(z) + square_root(z + x)), {"z": Q(2), "x": Q(0)})
    with pytest.raises(BadInput, match="between 0 and 1"):
        enclose(normal_quantile(z), {"z": Q(1)})
    with pytest.raises(BadInput, match="no value"):
        enclose(normal_cdf(z), {})
    with pytest.raises(Unsupported, match="along a path"):
        enclose(mean01(lambda a: normal_cdf(a * z)), {"z": Q(1)})


def test_they_read_well():
    assert latex(normal_cdf(x) * normal_density(y)) == r"\Phi{\left(x \right)} \varphi{\left(y \right)}"
    assert latex(square_root(x)) == r"\sqrt{x}"
    assert infix(normal_cdf(x / 2)) == "Phi(1/2*x)"
