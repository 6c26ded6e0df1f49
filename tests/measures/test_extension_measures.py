"""The measure behind atoms: its boxes by hand-made integration, its variation by fine grids, and refusals."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import prod

import pytest

from attrtheory.errors import SideCondition, Unsupported
from attrtheory.expr import var
from attrtheory.measures import Measure, box, point, same, segment
from attrtheory.measures.extension import (
    Atoms,
    atoms_from_text,
    atoms_of_integrators,
    charge,
    grid_variation,
    measure_of_atoms,
    polynomial,
    straight_path_atoms,
)
from attrtheory.measures.extension.cells import OnCell
from attrtheory.measures.extension.polynomial import absolute_mean, bernstein, mean, sign, variables
from attrtheory.models.dsl import parse_term

Q = Fraction
HALF = Q(1, 2)


def on_box(mu: Measure, lower: Sequence[Q], upper: Sequence[Q]) -> Q:
    """The measure of a half-open box, part by part: a power of u integrated over the share of u for which Y is inside."""
    total = Q(0)
    for part in mu.parts:
        factors = [part.weight.payload]
        free = {next(k for k, c in enumerate(column) if c.payload): j for j, column in enumerate(part.law.uniform)}
        for k, origin in enumerate(part.law.origin):
            a, b, o = lower[k], upper[k], origin.payload
            if k in free:
                length = part.law.uniform[free[k]][k].payload
                ends = [min(max((q - o) / length, Q(0)), Q(1)) for q in (a, b)]
                n = part.powers[free[k]] + 1
                factors.append((ends[1] ** n - ends[0] ** n) / n)
            else:
                factors.append(Q((a < o or a == o == 0) and o <= b))
        total += prod(factors)
    return total


def random_box(rng: random.Random, n: int) -> tuple[list[Q], list[Q]]:
    ends = [sorted(rng.sample(range(13), 2)) for _ in range(n)]
    return [Q(a, 12) for a, _ in ends], [Q(b, 12) for _, b in ends]


INTEGRATORS = [
    ["t1*t2 - 2*t1**2*t2", "ite(t1 - 1/2, 0, 1)*t2 + t2"],
    ["step(t1)*(1 - step(1/3 - t1))*t2**3", "relu(t1 - 1/4)*relu(t2 - 2/3)"],
    ["max(t1, 1/2)*min(t2, 1/4) - 1", "abs(t1 - 1/3)*abs(t2 - 1/2)"],
    ["t1*t2*t3 - t3", "step(t1)*(1 - step(1/2 - t2))*t3", "t1**2*t2**2*t3**2 - 3*t1*t2"],
]
RULES = [
    ["length2 * x1_in", "length1 * x2_in"],
    ["(x1_in - b1_in) * x2_in", "x1_in * x2_in - b1_in * b2_in"],
    ["x1_in * (upper2**3 - lower2**3)", "length1 * length2 - 3 * x1_in * x2_in"],
]


@pytest.mark.parametrize("texts", INTEGRATORS, ids=str)
def test_the_measure_has_the_atoms_that_its_integrator_says(texts: list[str]):
    """Where the integrator is continuous from the right (as these are, at the ends drawn), atoms are the measure's boxes."""
    rng, atoms = random.Random(1), atoms_of_integrators([parse_term(t) for t in texts])
    for i in range(atoms.n):
        found = charge(atoms, i)
        mu = found.measure()
        assert found.mass() == mu.mass().payload == atoms.value(i, [0] * atoms.n, [1] * atoms.n)
        for lower, upper in [random_box(rng, atoms.n) for _ in range(12)] if found.countably_additive else []:
            assert on_box(mu, lower, upper) == atoms.value(i, lower, upper)


@pytest.mark.parametrize("rules", RULES, ids=str)
@pytest.mark.parametrize("x, b", [([HALF, Q(1, 3)], [0, 0]), ([Q(1), Q(0)], [Q(1, 4), HALF])], ids=str)
def test_the_measure_of_rules(rules: list[str], x: list[Q], b: list[Q]):
    rng, atoms = random.Random(2), atoms_from_text(rules).at(x, b)
    for i, mu in enumerate(measure_of_atoms(atoms)):
        assert charge(atoms, i).countably_additive
        for lower, upper in [random_box(rng, 2) for _ in range(12)]:
            assert on_box(mu, lower, upper) == atoms.value(i, lower, upper)


def test_known_measures():
    third = Q(1, 3)
    lines = measure_of_atoms(atoms_from_text(RULES[0]).at([third, HALF]))
    assert same(lines[0], segment([third, 0], [third, 1]))
    assert same(lines[1], segment([0, HALF], [1, HALF]))
    (occlusion, _rest) = measure_of_atoms(atoms_from_text(RULES[1]).at([third, HALF], [0, 1]))
    assert same(occlusion, point([third, HALF]) - point([0, HALF]))
    uniform = measure_of_atoms(atoms_from_text(["length1 * length2"] * 2))[0]
    assert same(uniform, box([0, 0], [1, 1]))


def test_atoms_that_no_continuous_model_sees():
    """1[l <= x < u] - 1[l < x <= u]: additive, of variation 2, and its measure is 0; so it is not countably additive."""
    closed_left = parse_term("(1 - step(lower1 - 1/2))*step(upper1 - 1/2)")
    closed_right = parse_term("step(1/2 - lower1)*(1 - step(1/2 - upper1))")
    atoms = Atoms((closed_left - closed_right,))
    found = charge(atoms, 0)
    assert not found.countably_additive
    assert found.variation().exact
    assert found.variation().upper == 2 == grid_variation(atoms, 0, 4)
    assert not found.measure().parts
    assert grid_variation(atoms, 0, 3) == 0  # no end at 1/2
    assert charge(Atoms((closed_right,)), 0).countably_additive


@pytest.mark.parametrize("texts", INTEGRATORS[:3], ids=str)
def test_variation_lies_above_every_grid_and_is_reached(texts: list[str]):
    atoms = atoms_of_integrators([parse_term(t) for t in texts])
    for i in (0, 1):
        size = charge(atoms, i).variation()
        assert size.lower <= size.upper
        coarse, fine = (grid_variation(atoms, i, n) for n in (12, 24))  # the breaks are grid points
        assert coarse <= fine <= size.upper
        assert 2 * (size.upper - fine) <= size.upper - coarse + Q(1, 50)  # cells at the breaks mix pieces: error c / n


def test_variation_of_densities_that_change_sign():
    s, t = var("t1"), var("t2")
    line = charge(atoms_of_integrators([s * s - s]), 0)  # density 2 t - 1
    assert line.variation() == type(line.variation())(HALF, HALF)
    cubic = charge(atoms_of_integrators([(s - Q(1, 3)) * (s - Q(1, 3)) * (s - HALF)]), 0)
    assert cubic.variation().exact
    oblique = charge(atoms_of_integrators([s * s * t - s * t * t, s]), 0).variation()  # density 2 (t1 - t2), mean size 2/3
    assert oblique.lower <= Q(2, 3) <= oblique.upper
    assert oblique.upper - oblique.lower < Q(1, 20)


# refusals ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "rules", [["x1_in", "x2_in"], ["length1**2", "length1"], ["upper1", "1"], ["x1_in*x2_in", "x1_in + x2_in"]], ids=str
)
def test_rules_that_are_not_additive_have_no_measure(rules: list[str]):
    with pytest.raises(SideCondition, match="not finitely additive: the box"):
        measure_of_atoms(atoms_from_text(rules).at([HALF, Q(1, 3)]))


def test_crossings_of_a_path_have_no_measure():
    with pytest.raises(Unsupported, match="infinite variation"):
        measure_of_atoms(straight_path_atoms([1, 1]))
    assert [grid_variation(straight_path_atoms([1, HALF]), 0, n) for n in (2, 4, 8, 16)] == [2, 4, 8, 16]


@pytest.mark.parametrize("rule", ["1/(1 + length1)", "step(length1**2 - 1/2)", "step(upper1**2 - 1/2)"])
def test_rules_that_are_not_piecewise_polynomial_on_a_rational_grid_are_refused(rule: str):
    with pytest.raises(Unsupported, match="no measure is constructed"):
        measure_of_atoms(atoms_from_text([rule]))


def test_a_symbolic_input_is_refused():
    with pytest.raises(SideCondition, match="fix the point first"):
        measure_of_atoms(atoms_from_text(["x1_in"]))


# polynomials ------------------------------------------------------------------------------------------------------------
def test_bernstein_coefficients_enclose_and_average():
    _, (a, b) = variables(2)
    for p in (a * a * b - a + 1, (a - b) * (a + b), a * b * (1 - a) * (1 - b), 3 * a**3 - 2 * b, a * 0 + 2):
        values = bernstein(p)
        assert sum(values) / len(values) == mean(p)
        terms = polynomial.coefficients(p).items()
        seen = [sum(c * Q(i, 6) ** m * Q(j, 6) ** n for (m, n), c in terms) for i, j in product(range(7), repeat=2)]
        assert min(values) <= min(seen)
        assert max(seen) <= max(values)
    assert sign(a * b) == 1
    assert sign(a - b) is None
    assert sign(-a) == -1
    assert absolute_mean(a - b).lower <= Q(1, 3) <= absolute_mean(a - b).upper


# teeth ------------------------------------------------------------------------------------------------------------------
def test_a_guard_that_is_positive_at_zero_is_caught(monkeypatch: pytest.MonkeyPatch):
    """ite(g, a, b) taken as a where g >= 0 puts the paper's right-closed cells the wrong way round."""
    atoms = atoms_from_text(["x1_in"]).at([HALF])
    assert same(measure_of_atoms(atoms)[0], point([HALF]))
    right = OnCell.ite
    monkeypatch.setattr(OnCell, "ite", lambda self, g, a, b: a if sign(g) == 0 else right(self, g, a, b))
    found = charge(atoms, 0)
    assert not found.countably_additive or not same(found.measure(), point([HALF]))


def test_an_additivity_check_that_always_passes_is_caught(monkeypatch: pytest.MonkeyPatch):
    from attrtheory.measures.extension import construct

    monkeypatch.setattr(construct, "_require_additive", lambda rule, integrator, breaks: None)
    atoms = atoms_from_text(["x1_in", "x2_in"]).at([HALF, HALF])
    mu = measure_of_atoms(atoms)[0]
    assert any(on_box(mu, *b) != atoms.value(0, *b) for b in (([0, 0], [1, HALF]), ([0, HALF], [1, 1])))
