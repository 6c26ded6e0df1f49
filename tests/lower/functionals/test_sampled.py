"""Confidence intervals contain what is known exactly; jumps, wrong input and missing algorithms are refused."""

from __future__ import annotations

from fractions import Fraction as Q

import numpy as np
import pytest
import torch
from lower.functionals.trained import trained

from attrtheory.errors import BadInput, SideCondition, TooLarge, Unsupported
from attrtheory.expr import box as box_indicator
from attrtheory.expr import relu, step, var
from attrtheory.lower.functionals import functional_values, sampling
from attrtheory.lower.functionals.numbers import numeric
from attrtheory.lower.functionals.sampling import by_sampling
from attrtheory.lower.layers import forward
from attrtheory.measures import Law, Measure, Part, box, functional_of, gaussian, of_measure, point, segment
from attrtheory.methods import AVERAGES, get_method
from attrtheory.models.fn import Fn

SHALLOW, DEEP = trained((3, 5, 1), seed=3), trained((3, 6, 4, 1), seed=3)
AT = {"x1": 0.5, "x2": -0.25, "x3": 1.0, "h": 0.75, "sigma": 0.5, "q": Q(3, 5), "r": Q(4, 5)}
AT |= {f"b{k}": 0.25 * k for k in (1, 2, 3)}
BY_NAME = {m.name: m for m in AVERAGES}
x, y = var("x1"), var("x2")


def known(name):
    """(network, rows, exact values): by regions on a deep network, by neurons on a shallow one."""
    graph = DEEP if name == "uniform_partial_dependence" else SHALLOW
    functionals = functional_of(BY_NAME[name], 3)
    return graph, [numeric(f, AT) for f in functionals], functional_values(functionals, graph, at=AT).values


def hits(name, seeds, samples=400):
    graph, rows, exact = known(name)
    found = [by_sampling(graph, rows, 0, samples=samples, confidence=0.9, seed=seed) for seed in range(seeds)]
    inside = [all(lo <= Q(v) <= up for lo, v, up in zip(f.lower, exact, f.upper, strict=True)) for f in found]
    return sum(inside), max(float(u - v) for f in found for u, v in zip(f.upper, f.lower, strict=True))


@pytest.mark.parametrize("name", [
    "uniform_partial_dependence", "smoothgrad", "gaussian_lime", "conditional_expectation", "cube_lime",
])  # fmt: skip
def test_intervals_contain_what_is_known(name):
    """Uniform values, slopes and Stein's slopes, Lipschitz values, densities: 20 runs at confidence 0.9."""
    inside, width = hits(name, 20)
    assert inside >= 18
    assert width < 20


def test_intervals_shrink_and_are_repeatable():
    assert hits("conditional_expectation", 1, 40_000)[1] < hits("conditional_expectation", 1, 400)[1] / 9
    functionals = functional_of(BY_NAME["smoothgrad"], 3)
    first, again = (functional_values(functionals, DEEP, at=AT, samples=500, seed=7) for _ in range(2))
    assert first.values.tolist() == again.values.tolist()
    assert (first.trust, first.confidence, first.evaluations) == ("sampled", 0.99, 500)
    other = functional_values(functionals, DEEP, at=AT, samples=500, seed=8)
    assert other.values.tolist() != first.values.tolist()


@pytest.mark.parametrize("mutant", ["Hoeffding", "Lipschitz"])
def test_an_interval_that_is_too_short_is_noticed(mutant, monkeypatch):
    if mutant == "Hoeffding":
        true = sampling.mean_interval
        short = lambda s, low, high, c: true(s, s.mean(0) + (low - s.mean(0)) / 50, s.mean(0) + (high - s.mean(0)) / 50, c)
        monkeypatch.setattr(sampling, "mean_interval", lambda s, low, high, c: short(s[:40], low, high, c))
        assert hits("uniform_partial_dependence", 20)[0] < 18
    else:
        monkeypatch.setattr(sampling, "OUTWARD", 1e-3)
        assert hits("conditional_expectation", 20)[0] < 18


def test_four_uniform_variables_are_sampled():
    graph = trained((4, 5, 4, 1), seed=4)
    functional = of_measure(box([0] * 4, [1] * 4))
    with pytest.raises(Unsupported, match="samples=10_000"):
        functional_values([functional], graph)
    found = functional_values([functional], graph, samples=4000)
    u = np.random.default_rng(1).uniform(size=(100_000, 4))
    assert found.lower[0] <= forward(graph, torch.tensor(u))[:, 0].mean().item() <= found.upper[0]
    shallow = functional_values([functional], trained((4, 5, 1), seed=4), exact=True)
    assert shallow.trust == "exact"  # 2^4 corners for each neuron


def test_what_has_no_interval_is_refused():
    law = Law([0] * 3, (), ((1, 0, 0),))
    squared = of_measure(Measure(3, (Part(1, law, (2,)),)))
    with pytest.raises(Unsupported, match="neither bounded nor Lipschitz"):
        functional_values([squared], DEEP, samples=100)
    mixed = of_measure(Measure(3, (Part(1, Law([0] * 3, ((0, 1, 0),), ((1, 0, 0),)), (1, 0)),)))
    with pytest.raises(Unsupported, match="neither bounded nor Lipschitz"):
        functional_values([mixed], DEEP, samples=100)


STEP = Fn(("x1", "x2"), step(x - Q(1, 2)) + relu(y))
TREE = Fn(("x1", "x2"), 3 * box_indicator([x, y], [0, 0], [1, 1]))


@pytest.mark.parametrize("functional, model", [
    (of_measure(point([Q(1, 2), 0])), STEP),
    (of_measure(segment([Q(1, 2), 0], [Q(1, 2), 1])), STEP),
    (of_measure(box([Q(1, 2), 0], [Q(1, 2), 1])), STEP),
    (of_measure(point([1, Q(1, 2)])), TREE),
    (of_measure(segment([0, 0], [1, 0])), TREE),
    (functional_of(get_method("gradient"), 2, [Q(1, 2), 1], [[0, 0]])[1], STEP),
    (functional_of(get_method("integrated_gradients"), 2, [1, 1], [[0, 0]])[0], STEP),
    (functional_of(get_method("occlusion"), 2, [1, Q(1, 2)], [[3, 3]])[0], TREE),
])  # fmt: skip
def test_a_model_that_jumps_where_there_is_mass_is_refused(functional, model):
    with pytest.raises(SideCondition, match="jumps"):
        functional_values([functional], model)


def test_a_model_that_jumps_elsewhere_is_exact():
    found = functional_values([of_measure(segment([0, 0], [1, 1]))], STEP)
    assert found.exact_values == (Q(1, 2) + Q(1, 2),)
    off = functional_values([functional_of(get_method("occlusion"), 2, [Q(1, 2), Q(1, 2)], [[3, 3]])[0]], TREE)
    assert off.exact_values == (3,)


def test_noise_over_a_jump_has_a_density():
    """P(x1 + g > 1/2) and its slope in the noise; no mass on the jump."""
    found = functional_values([of_measure(gaussian([0, 0], [[1, 0], [0, 1]]))], STEP)
    assert found.trust == "enclosed"
    assert found.values[0] == pytest.approx(0.3085375387259869 + 0.3989422804014327, abs=1e-15)


NAN, SMOOTH = float("nan"), functional_of(BY_NAME["smoothgrad"], 3)


@pytest.mark.parametrize("error, match, call", [
    (BadInput, "without values: x1", lambda f: functional_values(f, DEEP)),
    (BadInput, "finite numbers", lambda f: functional_values(f, DEEP, at=AT | {"x1": NAN})),
    (BadInput, "3 features", lambda f: functional_values(functional_of(get_method("shapley"), 2), DEEP, at=AT)),
    (BadInput, "2 features", lambda f: functional_values(f, STEP, at=AT)),
    (BadInput, "one functional or more", lambda f: functional_values([], DEEP)),
    (BadInput, "of_measure", lambda f: functional_values([point([0, 0, 0])], DEEP)),
    (BadInput, "between 0 and 1", lambda f: functional_values(SMOOTH, DEEP, at=AT, samples=9, confidence=2)),
    (BadInput, "outputs 0 to 0", lambda f: functional_values(f, DEEP, 1, at=AT)),
    (BadInput, "without values: w", lambda f: functional_values(f, Fn(("x1", "x2", "x3"), x * var("w")), at=AT)),
    (BadInput, "2 samples", lambda f: functional_values(SMOOTH, DEEP, at=AT, samples=1)),
    (Unsupported, "exact=False", lambda f: functional_values(SMOOTH, SHALLOW, at=AT, exact=True)),
    (Unsupported, "samples=10_000", lambda f: functional_values(SMOOTH, DEEP, at=AT)),
    (TooLarge, "max_regions", lambda f: functional_values(functional_of(BY_NAME["cube_lime"], 3), DEEP, at=AT, max_regions=3)),
    (TooLarge, "float64", lambda f: functional_values(f, DEEP, at=AT | {"x1": 1.7e308, "x2": 1.7e308})),
])  # fmt: skip
def test_bad_input_gives_no_number(error, match, call):
    with pytest.raises(error, match=match):
        call(functional_of(get_method("occlusion"), 3))


def test_numbers_of_other_libraries_are_exact():
    functional = of_measure(point([var("x1"), 0, 0]))
    values = [0.5, np.float32(0.5), np.float64(0.5), torch.tensor(0.5), Q(1, 2), "1/2"]
    found = [functional_values([functional], DEEP, at={"x1": v}, exact=True).exact_values for v in values]
    assert len(set(found)) == 1


def test_equal_points_and_nothing_moving():
    """Input and baseline the same: a path that is one point, laws that collapse, weights that cancel."""
    at = AT | {f"b{k}": AT[f"x{k}"] for k in (1, 2, 3)}
    for name in ("integrated_gradients", "shapley", "occlusion", "path_gradients"):
        found = functional_values(functional_of(get_method(name), 3), DEEP, at=at, exact=True)
        assert found.exact_values == (0, 0, 0)
    still = functional_values(functional_of(BY_NAME["gaussian_lime"], 3), DEEP, at=at | {"sigma": 0})
    assert still.values.tolist() == [0, 0, 0]


def test_a_kink_under_a_slope_is_named():
    model = Fn(("x1", "x2"), relu(x - y))
    found = functional_values(functional_of(get_method("integrated_gradients"), 2, [1, 1], [[0, 0]]), model)
    assert found.kinks
    assert functional_values(functional_of(get_method("gradient"), 2, [1, 1], [[0, 0]]), model).kinks
    assert not functional_values(functional_of(get_method("gradient"), 2, [1, 0], [[0, 0]]), model).kinks
