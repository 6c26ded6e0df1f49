"""Wrong statements of properties, and statements that borrow a trusted name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from attrtheory.expr.views import Affine, Combination, Ignoring, Rescaled, summed
from attrtheory.methods import get_method
from attrtheory.models.families import Every
from attrtheory.properties import Property, Relation, Scene, Statement, get_property
from attrtheory.properties.statement import with_coordinate
from attrtheory.prove.claim import Claim
from attrtheory.prove.discharge import prove


def verdict(state: Any, method: str, n: int = 2, *, name: str = "mutant", **more: Any) -> str:
    return prove(Claim(Property(name, state, **more), get_method(method), Every(n))).name


def sum_of_both_ends(s: Scene) -> Statement:
    total = summed(s.phi(s.f, s.x, s.baselines, i) for i in range(s.f.n))
    return Statement((Relation(total, "=", s.f(*s.x) + s.phi.reference(s.f, s.baselines)),))


def sum_without_the_last(s: Scene) -> Statement:
    total = summed(s.phi(s.f, s.x, s.baselines, i) for i in range(s.f.n - 1))
    return Statement((Relation(total, "=", s.f(*s.x) - s.phi.reference(s.f, s.baselines)),))


def sum_is_the_output(s: Scene) -> Statement:
    total = summed(s.phi(s.f, s.x, s.baselines, i) for i in range(s.f.n))
    return Statement((Relation(total, "=", s.f(*s.x)),))


def dummy_of_another(s: Scene) -> Statement:
    return Statement((Relation(s.phi(Ignoring(s.f, 0), s.x, s.baselines, 1), "=", 0),))


def null_of_another(s: Scene) -> Statement:
    baselines = [with_coordinate(b, 0, s.x[0]) for b in s.baselines]
    return Statement((Relation(s.phi(s.f, s.x, baselines, 1), "=", 0),))


def affine_not_linear(s: Scene) -> Statement:
    p, q = s.letter("p"), s.letter("q")
    mixed = Combination(((p, s.f), (q, s.g)))
    apart = p * s.phi(s.f, s.x, s.baselines, 0) + q * s.phi(s.g, s.x, s.baselines, 0) + p
    return Statement((Relation(s.phi(mixed, s.x, s.baselines, 0), "=", apart),))


def unit_of_the_input_only(s: Scene) -> Statement:
    changed = Rescaled(s.f, 0, s.letter("c"), s.letter("d"))
    outside = s.phi(s.f, changed.at(s.x), s.baselines, 0)
    return Statement((Relation(s.phi(changed, s.x, s.baselines, 0), "=", outside),))


def symmetry_of_any_model(s: Scene) -> Statement:
    x, baselines = with_coordinate(s.x, 1, s.x[0]), [with_coordinate(b, 1, b[0]) for b in s.baselines]
    return Statement((Relation(s.phi(s.f, x, baselines, 0), "=", s.phi(s.f, x, baselines, 1)),))


def weight_not_displacement(s: Scene) -> Statement:
    model = Affine(tuple(s.letter(f"w{k}") for k in range(s.f.n)), s.letter("c"), s.f)
    return Statement((Relation(s.phi(model, s.x, s.baselines, 0), "=", s.letter("w0") * s.x[0]),))


def constants_get_themselves(s: Scene) -> Statement:
    model = Affine((0,) * s.f.n, s.letter("c"), s.f)
    return Statement((Relation(s.phi(model, s.x, s.baselines, 0), "=", s.letter("c")),))


WRONG = (
    sum_of_both_ends, sum_without_the_last, sum_is_the_output, dummy_of_another, null_of_another, affine_not_linear,
    unit_of_the_input_only, symmetry_of_any_model, weight_not_displacement, constants_get_themselves,
)  # fmt: skip


@pytest.mark.parametrize("method", ["shapley", "integrated_gradients", "occlusion"])
@pytest.mark.parametrize("state", WRONG, ids=lambda s: s.__name__)
def test_a_wrong_statement_is_refuted(state: Any, method: str):
    assert verdict(state, method) == "Refuted"


def conclusions(name: str, **change: Any) -> Any:
    """The statement of a property with every conclusion changed."""

    def state(s: Scene) -> Statement:
        right = get_property(name).state(s)
        return Statement(tuple(replace(r, **change) for r in right.conclusions), right.hypotheses)

    return state


def without_hypotheses(name: str) -> Any:
    return lambda s: Statement(get_property(name).state(s).conclusions)


@pytest.mark.parametrize(
    "name, method",
    [
        ("completeness", "shapley"),
        ("completeness", "integrated_gradients"),
        ("linearity", "occlusion"),
        ("non_decreasing_positivity", "occlusion"),
        ("non_decreasing_positivity", "equal_split"),
        ("non_decreasing_positivity", "integrated_gradients"),
    ],
)
def test_a_strict_inequality_is_not_proved_under_a_trusted_name(name: str, method: str):
    """Both sides are equal somewhere, so `>` fails; rules that know the name must read the relation too."""
    more = {"letters": get_property(name).letters, "monotone": get_property(name).monotone}
    assert verdict(conclusions(name, kind=">"), method, name=name, **more) not in {"Proved", "Conditional"}


@pytest.mark.parametrize("method", ["occlusion", "shapley", "equal_split", "integrated_gradients"])
def test_positivity_needs_its_hypothesis(method: str):
    """Below the baseline a rising model falls, whatever the property is called."""
    state = without_hypotheses("non_decreasing_positivity")
    for name in ("mutant", "non_decreasing_positivity"):
        assert verdict(state, method, name=name, monotone=True) not in {"Proved", "Conditional"}


def test_positivity_of_any_model_is_refuted():
    right = get_property("non_decreasing_positivity")
    assert verdict(right.state, "occlusion") == "Refuted"  # without `monotone`, a falling model is allowed


def test_scale_invariance_needs_no_hypothesis_that_it_does_not_state():
    """With c = 0 the change of unit forgets a feature; path methods and values still agree there."""
    state, letters = without_hypotheses("affine_scale_invariance"), ("c", "d")
    assert verdict(state, "shapley", letters=letters) == "Proved"
    assert verdict(state, "gradient", letters=letters) == "Refuted"
