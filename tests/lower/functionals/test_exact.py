"""Points, segments, regions and neurons: against definitions, an independent integration in rationals, and Monte Carlo."""

from __future__ import annotations

from fractions import Fraction as Q
from itertools import pairwise, product

import numpy as np
import pytest
import torch
from lower.functionals.trained import trained

from attrtheory.errors import BadInput
from attrtheory.expr import var
from attrtheory.lower.functionals import functional_values, networks
from attrtheory.lower.functionals.closed import by_ridges
from attrtheory.lower.functionals.evaluate import neurons
from attrtheory.lower.functionals.numbers import numeric
from attrtheory.lower.layers import forward
from attrtheory.measures import box, functional_of, of_measure, segment
from attrtheory.methods import AVERAGES, METHODS, get_method
from attrtheory.models.dsl import parse_model
from attrtheory.models.exact_graph import evaluate_exact
from attrtheory.models.fn import Fn
from attrtheory.models.graph import Graph
from attrtheory.models.ops import Linear
from attrtheory.models.terms import to_terms
from attrtheory.semantics.exact import evaluate

ALL = {m.name: m for m in (*METHODS, *AVERAGES)}
AT = {"x1": 0.5, "x2": -0.25, "x3": 1.0, "h": 0.75, "sigma": 0.5, "q": Q(3, 5), "r": Q(4, 5)}
AT |= {f"b{k}{tag}": 0.25 * k - len(tag) / 2 for k in (1, 2, 3) for tag in ("", "_1", "_2")}
POINTS_AND_LINES = [n for n in ALL if not n.startswith(("cube", "gauss", "smooth", "infid", "cond", "uniform"))]
DEEP = {n: trained((n, 6, 4, 1), seed=n) for n in (2, 3)}
SHALLOW = {n: trained((n, 5, 1), seed=n) for n in (2, 3)}


def as_term(graph: Graph) -> Fn:
    names = tuple(f"x{k + 1}" for k in range(graph.features))
    return Fn(names, to_terms(graph, [var(k) for k in names], 0))


def dyadic(names):
    return {k: Q(v) for k, v in AT.items() if k in names or k[0] in "xb"}


@pytest.mark.parametrize("name", POINTS_AND_LINES)
def test_every_method_on_a_deep_network_is_its_definition_in_rationals(name):
    """The definition runs on the network as a term; passes and regions, and the term engine, must give these fractions."""
    graph, method = DEEP[2], ALL[name]
    fn, functionals = as_term(graph), functional_of(method, 2)
    x = [Q(AT["x1"]), Q(AT["x2"])]
    tags = [""] if method.background is None else ["_1", "_2"]
    expected = [evaluate(v, {}) for v in method.all(fn, x, [[Q(AT[f"b{k}{tag}"]) for k in (1, 2)] for tag in tags])]
    found = functional_values(functionals, graph, at=AT, exact=True)
    assert (list(found.exact_values), found.trust) == (expected, "exact")
    assert list(functional_values(functionals, fn, at=AT).exact_values) == expected
    rounded = functional_values(functionals, graph, at=AT)
    assert rounded.trust == "float"
    assert np.abs(rounded.values - found.values).max() < 1e-13


def lines_of(graph: Graph) -> list[tuple[Q, Q, Q]]:
    """All lines a x + b y + c = 0 on which some unit can bend: of every unit, under every pattern of the layers before."""
    exact = lambda v: np.array([[Q(float(e)) for e in row] for row in np.atleast_2d(v)], dtype=object)
    frames = [(exact(np.eye(2)), exact(np.zeros(2))[0])]
    lines = []
    weights = [node.op for node in graph.nodes if isinstance(node.op, Linear)]
    for op in weights[:-1]:
        following = []
        for slope, constant in frames:
            w = exact(op.weight) @ slope
            c = exact(op.weight) @ constant + exact(op.bias)[0]
            lines += [(*row, v) for row, v in zip(w.tolist(), c.tolist(), strict=True)]
            for mask in product([Q(0), Q(1)], repeat=len(c)):
                keep = np.array(mask, dtype=object)
                following.append((w * keep[:, None], c * keep))
        frames = following
    return [*{line for line in lines if line[0] or line[1]}]


def integral_by_lines(graph: Graph) -> Q:
    """The integral over [0, 1]^2, without regions: on a horizontal line the network is affine between crossings with the
    candidate lines, so trapezoids are exact; these integrals are quadratic in y between the heights at which candidates
    cross each other or a side, so Simpson's rule is exact.
    """
    lines = [*lines_of(graph), (Q(1), Q(0), Q(0)), (Q(1), Q(0), Q(-1))]
    crossings = lambda p, q: (p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0])
    heights = {Q(0), Q(1)} | {u / v for p in lines for q in lines for u, v in [crossings(p, q)] if v and 0 < u / v < 1}
    value = lambda x, y: evaluate_exact(graph, [x, y])[0]

    def across(y: Q) -> Q:
        cuts = sorted({Q(0), Q(1)} | {x for a, b, c in lines if a and 0 < (x := -(b * y + c) / a) < 1})
        return sum(((q - p) * (value(p, y) + value(q, y)) / 2 for p, q in pairwise(cuts)), Q(0))

    ends = [(a, (a + b) / 2, b) for a, b in pairwise(sorted(heights))]
    at = {y: across(y) for three in ends for y in three}
    return sum(((c - a) * (at[a] + 4 * at[b] + at[c]) / 6 for a, b, c in ends), Q(0))


def test_regions_in_rationals_against_an_independent_integration():
    graph = trained((2, 3, 2, 1), seed=1)
    found = functional_values([of_measure(box([0, 0], [1, 1]))], graph, exact=True)
    assert found.exact_values == (integral_by_lines(graph),)
    assert found.regions >= 3


@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("name", ["cube_lime", "uniform_partial_dependence", "integrated_gradients", "axis_integral"])
def test_regions_in_rationals_against_neurons_in_closed_form(name, n):
    """Two algorithms with nothing in common: cells and simplices; alternating sums over corners."""
    graph, functionals = SHALLOW[n], functional_of(ALL[name], n)
    cells = functional_values(functionals, graph, at=AT, exact=True)
    rows = [numeric(f, AT) for f in functionals]
    assert cells.exact_values == by_ridges(neurons(graph, 0), rows, exact=True).values
    assert cells.regions > 1


@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("name", ["cube_lime", "uniform_partial_dependence"])
def test_regions_of_a_trained_network_against_monte_carlo(name, n):
    """200,000 points drawn from the definition of the law; four standard errors."""
    graph, rng, x = DEEP[n], np.random.default_rng(n), np.array([AT[f"x{k + 1}"] for k in range(n)])
    found = functional_values(functional_of(ALL[name], n), graph, at=AT)
    for i in range(n):
        if name == "cube_lime":
            v = rng.uniform(-1, 1, size=(200_000, n))
            y = forward(graph, torch.tensor(x + 0.75 * v))[:, 0].numpy() * 3 / 0.75 * v[:, i]
        else:
            u = rng.uniform(size=(200_000, n))
            u[:, i] = x[i]
            y = forward(graph, torch.tensor(u))[:, 0].numpy()
        assert abs(found.values[i] - y.mean()) <= 4 * y.std() / len(y) ** 0.5
    assert found.trust == "float"
    assert found.regions > 6


def test_gaussian_laws_behind_one_hidden_layer_are_enclosed():
    """Against 400,000 draws, and the same functional on the network as a term."""
    graph = SHALLOW[3]
    for name in ("smoothgrad", "conditional_expectation"):
        functionals = functional_of(ALL[name], 3)
        found = functional_values(functionals, graph, at=AT)
        assert found.trust == "enclosed"
        assert (found.lower <= found.values).all()
        assert (found.upper - found.lower < 1e-12).all()
        assert functional_values(functionals, as_term(graph), at=AT).values == pytest.approx(found.values, abs=1e-15)
    g = np.random.default_rng(0).standard_normal((400_000, 3))
    y = forward(graph, torch.tensor(np.array([0.5, -0.25, 1.0]) + 0.5 * g))[:, 0].numpy()[:, None] * g / 0.5
    lime = functional_values(functional_of(ALL["gaussian_lime"], 3), graph, at=AT).values
    assert (np.abs(lime - y.mean(0)) <= 4 * y.std(0) / len(y) ** 0.5).all()


def test_a_mixture_is_as_trusted_as_its_weakest_part():
    graph = SHALLOW[2]
    mixed = of_measure(segment([0, 0], [1, var("t")])) + functional_of(ALL["smoothgrad"], 2)[0]
    found = functional_values([mixed], graph, at=AT | {"t": Q(1, 3)})
    assert found.trust == "float"
    assert len(found.algorithms) == 2
    whole = functional_values([of_measure(segment([0, 0], [1, Q(1, 3)]))], graph).values
    smooth = functional_values(functional_of(ALL["smoothgrad"], 2)[:1], graph, at=AT)
    assert found.values == pytest.approx(whole + smooth.values)


def battery():
    test_regions_in_rationals_against_neurons_in_closed_form("cube_lime", 2)
    test_every_method_on_a_deep_network_is_its_definition_in_rationals("integrated_gradients")
    test_every_method_on_a_deep_network_is_its_definition_in_rationals("shapley")


PATCH = networks._patch
MUTANTS = {
    "densities are forgotten": ("_patch", lambda s, supports: PATCH(type(s)(s.weight, s.feature, s.law, ()), supports)),
    "directions are ends": (
        "Slice", lambda origin, directions, true=networks.Slice: true(origin, directions + origin),
    ),
    "the first feature gets all slopes": (
        "functional_attributions",
        lambda graph, rows, *a, true=networks.functional_attributions, **k: true(
            graph, [[(p, None if i is None else 0) for p, i in row] for row in rows], *a, **k
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_a_wrong_rule_is_noticed(mutant, monkeypatch):
    monkeypatch.setattr(networks, *mutant)
    with pytest.raises(AssertionError):
        battery()


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"confidence": "x"}, "between 0 and 1"), ({"confidence": 1}, "between 0 and 1"), ({"seed": -1}, "whole number"),
        ({"seed": 2.5}, "whole number"), ({"samples": 2.5}, "random points"), ({"samples": 0}, "random points"),
    ],
)  # fmt: skip
def test_options_of_sampling_are_checked(change, reason):
    model = parse_model("relu(x1) + x2")
    with pytest.raises(BadInput, match=reason):
        functional_values(functional_of(get_method("occlusion"), 2, [1, 1], [[0, 0]]), model, **change)
    with pytest.raises(BadInput, match="in a list"):
        functional_values(functional_of(get_method("occlusion"), 2, [1, 1], [[0, 0]])[0], model)
