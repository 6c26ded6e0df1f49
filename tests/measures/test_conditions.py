"""Properties of attributions as conditions on their measures: against proofs by terms, with witnesses and mutants."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as Q

import pytest
from corpus import MATRIX

from attrtheory.errors import BadInput, SideCondition, Unsupported
from attrtheory.expr import var
from attrtheory.measures import Measure, Part, divergence, functional_of, point, same
from attrtheory.measures import kernel as kernel_module
from attrtheory.measures import parts as parts_module
from attrtheory.measures.conditions import Against, affine_exactness, completeness, constants, decided, dummy
from attrtheory.measures.kernel import kernel
from attrtheory.methods import Method, get_functional_method, get_method
from attrtheory.models.dsl import parse_model

named = get_functional_method


def variables(method: Method, n: int):
    tags = [""] if method.background is None else [f"_{k + 1}" for k in range(method.background)]
    return [var(f"x{k + 1}") for k in range(n)], [[var(f"b{k + 1}{t}") for k in range(n)] for t in tags]


def test_kernels_of_complete_methods_are_unit_flows():
    for name in ("integrated_gradients", "path_gradients"):
        x, (b,) = variables(named(name), 3)
        flow = [g.slopes[i] for i, g in enumerate(functional_of(named(name), 3))]
        assert same(divergence(flow), point(b) - point(x))
        assert not same(divergence([nu * 2 for nu in flow]), point(b) - point(x))
    shapley = functional_of(named("shapley"), 3)
    x, (b,) = variables(named("shapley"), 3)
    assert same(divergence([kernel(g.values, i) for i, g in enumerate(shapley)]), point(b) - point(x))
    with pytest.raises(Unsupported, match="slopes remain"):
        divergence([g.slopes[i] for i, g in enumerate(functional_of(named("gradient"), 2))])
    with pytest.raises(BadInput, match="one kernel for each"):
        divergence(flow[:2])


LETTERS = {"P": "Proved", "C": "Conditional", "R": "Refuted"}


@pytest.mark.parametrize("name", list(MATRIX))
def test_conditions_on_measures_agree_with_the_proofs_by_terms(name: str):
    """Columns of the corpus: completeness, dummy, ..., exactness on affine models, constants."""
    from attrtheory.properties import PROPERTIES

    columns = dict(zip([p.name for p in PROPERTIES], MATRIX[name].split(), strict=True))
    method = get_method(name)
    x, baselines = variables(method, 3)
    family = functional_of(method, 3)
    found = {
        "completeness": decided(completeness(family, x, baselines)),
        "dummy": decided(dummy(family)),
        "constants": decided(constants(family)),
        "affine_exactness": decided(affine_exactness(family, x, baselines)),
    }
    assert {k: v.verdict for k, v in found.items()} == {k: LETTERS[columns[k]] for k in found}


def test_lime_with_other_kernels_gives_a_feature_that_is_ignored_some_credit():
    equations = dummy(functional_of(named("mask_lime"), 3))
    found = decided(equations)
    assert found.verdict == "Refuted"
    w = found.witness
    assert w is not None
    model = parse_model(w.model.replace("y", "x"), ["x1", "x2", "x3"])
    env = {"x1": Q(1), "b1": Q(2)} | dict(w.point)
    x, b = ([env[f"{letter}{k}"] for k in (1, 2, 3)] for letter in "xb")
    again = named("mask_lime").all(model, x, [b])[w.feature or 0]
    assert repr(again) == str(w.lhs) != "0" == str(w.rhs)
    assert decided(equations, w) == found
    for forged in (
        replace(w, lhs=w.lhs + 1),
        replace(w, lhs=Q(0)),
        replace(w, monomial=(w.feature,)),  # a model that does not ignore the feature
        replace(w, feature=None),
        replace(w, point=tuple((k, Q(1)) for k, _ in w.point)),
    ):
        assert decided(equations, forged).verdict == "Unknown"


def test_a_witness_with_a_scale_that_is_not_positive_is_none():
    equations = constants(functional_of(named("gaussian_lime"), 1))
    assert decided(equations).verdict == "Proved"
    against = Against(0, (0,), (("x1", Q(0)), ("b1", Q(1)), ("sigma", Q(0))), Q(0), Q(-1))
    x, baselines = variables(named("gaussian_lime"), 1)
    exact = affine_exactness(functional_of(named("gaussian_lime"), 1), x, baselines)
    assert decided(exact, against).verdict == "Unknown"
    assert decided(exact, replace(against, point=(("x1", Q(0)), ("b1", Q(1)), ("sigma", Q(1))), lhs=Q(1))).verdict == "Refuted"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda law, powers, j: Measure(law.n, (Part(1, law.without(j, at=1)),)),  # the lower end forgotten
        lambda law, powers, j: Measure(law.n),  # nothing at the boundary
    ],
)
def test_a_wrong_integration_by_parts_is_noticed(monkeypatch: pytest.MonkeyPatch, wrong):
    monkeypatch.setattr(parts_module, "boundary", wrong)
    monkeypatch.setattr(kernel_module, "boundary", wrong)
    x, baselines = variables(get_method("integrated_gradients"), 2)
    family = functional_of(get_method("integrated_gradients"), 2)
    assert decided(completeness(family, x, baselines)).verdict != "Conditional"
    with pytest.raises(SideCondition):
        kernel(functional_of(get_method("occlusion"), 2)[0].values, 0)


def test_a_method_with_a_wrong_weight_is_refuted():
    def lame(f, x, x0, i):
        return Q(2, 3) * get_method("shapley").define(f, x, x0, i)

    x, baselines = variables(get_method("shapley"), 2)
    family = functional_of(Method("lame", lame), 2)
    assert decided(completeness(family, x, baselines)).verdict == "Refuted"
    assert decided(affine_exactness(family, x, baselines)).verdict == "Refuted"
    assert decided(dummy(family)).verdict == decided(constants(family)).verdict == "Proved"
