"""Wrong rules in the derivation of atoms: enumeration and crossing times looked up along the path catch each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

import indicators as brute
import pytest

from attrtheory.errors import SideCondition
from attrtheory.expr.forms import step
from attrtheory.expr.term import ONE, ZERO, lift
from attrtheory.measures.atoms import atom, crossings, masses, sets
from attrtheory.measures.atoms.components import Moving
from attrtheory.methods import get_method

Q = Fraction
ROWS = {"lower": [0, 0], "upper": [3, 2]}
PATHS = [
    ([4, 5], [-1, -1]), ([-1, -1], [4, 5]), ([2, 1], [-1, 0]), ([2, 3], [1, 1]), ([5, -1], [1, 1]), ([-2, 1], [1, 2]),
    ([2, 0], [-1, 1]), ([1, -1], [-1, 1]), ([2, 2], [-1, -1]),
]  # fmt: skip


def env_of(lower: list[int], upper: list[int], x: list[int], z: list[int]) -> dict[str, Fraction]:
    rows = {"lower": lower, "upper": upper, "x": x, "b": z}
    return {f"{name}{k + 1}": Q(v) for name, row in rows.items() for k, v in enumerate(row)}


def wrong_straight() -> bool:
    atoms = atom(get_method("integrated_gradients"), "box", 2)
    for x, z in PATHS:
        expected = brute.straight(ROWS["lower"], ROWS["upper"], x, z)
        try:
            found = [a.value_at(env_of(**ROWS, x=x, z=z)) for a in atoms]
        except SideCondition:
            found = None
        if found != expected:
            return True
    return False


def wrong_half_space() -> bool:
    region = sets.half_space([2, -1], 1)
    found = [a.value_at({}) for a in atom(get_method("integrated_gradients"), region, x=[3, 1], baselines=[[0, 2]])]
    return found != [Q(6, 7), Q(1, 7)]  # gains 2 * 3 and -1 * -1


def wrong_coalitions() -> bool:
    atoms, rng = atom(get_method("shapley"), "box", 2), Random(1)
    for _ in range(40):
        env, (lower, upper, x, z) = brute.random_box(rng, 2, size=3)
        if [a.value_at(env) for a in atoms] != brute.shapley(brute.in_box(lower, upper), x, z):
            return True
    return False


def caught() -> bool:
    return wrong_straight() or wrong_half_space() or wrong_coalitions()


def test_atoms_as_they_are_pass():
    assert not caught()


def other_sign(gain: Any, slope: Any) -> Any:
    return -share(gain, slope)


def branch_derivative(part: Any, region: Any, k: int, signs: Any) -> list[Any]:
    return []


def without_last_face(region: sets.Region) -> sets.Region:
    return replace(region, faces=region.faces[:-1])


share, crossed, symbolic = crossings._share, crossings._crossing, sets.symbolic


def swapped(part: Any, parts: Any, own: Any, face: Moving, k: int, signs: Any) -> Any:
    """Entry for exit: the face is seen from its other side."""
    turned = Moving(face.face, -face.start, {j: -s for j, s in face.slopes.items()})
    return crossed(part, parts, replace(own, faces=tuple(turned if m is face else m for m in own.faces)), turned, k, signs)


def everywhere(part: Any, parts: Any, own: Any, face: Moving, k: int, signs: Any) -> Any:
    """The other faces forgotten: the path crosses the plane of a face anywhere."""
    return crossed(part, parts, replace(own, faces=(face,)), face, k, signs)


def unconditional(part: Any, parts: Any, own: Any, face: Moving, k: int, signs: Any) -> Any:
    """Ties not asked about."""
    return replace(crossed(part, parts, own, face, k, signs), defined_where=())


def whole_credit(gain: Any, slope: Any) -> Any:
    return ONE if gain is not ZERO else ZERO


MUTANTS: list[tuple[Any, str, Callable[..., Any]]] = [
    (crossings, "_share", other_sign),
    (crossings, "_share", whole_credit),
    (crossings, "_crossing", swapped),
    (crossings, "_crossing", everywhere),
    (crossings, "_crossing", unconditional),
    (masses, "holds", lambda guard, **strict: step(guard)),
    (masses, "holds", lambda guard, *, strict: 1 - step(-guard)),
    (masses, "holds", lambda guard, *, strict: step(-guard) if strict else 1 - step(guard)),
]


@pytest.mark.parametrize("module, name, mutant", MUTANTS)
def test_a_wrong_rule_is_caught(module: Any, name: str, mutant: Callable[..., Any], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, name, mutant)
    assert caught()


def test_a_branch_derivative_of_the_indicator_is_caught(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("attrtheory.measures.atoms.derive.credits_of", branch_derivative)
    assert caught()


def test_a_dropped_face_is_caught(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("attrtheory.measures.atoms.derive.symbolic", lambda kind, n: without_last_face(symbolic(kind, n)))
    assert caught()


def test_a_closed_lower_end_is_caught(monkeypatch: pytest.MonkeyPatch):
    closed = lambda region: replace(region, faces=tuple(replace(f, strict=False) for f in region.faces))
    monkeypatch.setattr("attrtheory.measures.atoms.derive.symbolic", lambda kind, n: closed(symbolic(kind, n)))
    assert caught()


def test_a_wrong_power_by_parts_is_caught(monkeypatch: pytest.MonkeyPatch):
    from attrtheory.measures import Measure
    from attrtheory.measures.atoms import box, interval, measure_of
    from attrtheory.measures.law import Law, Part
    from attrtheory.semantics.special import equal

    square = Measure(1, (Part(ONE, Law((0,), (), ((1,),)), (2,)),))  # pyright: ignore[reportArgumentType]
    expected = 1 - interval.normal_cdf(1) + interval.normal_density(1)  # E g^2 1[g > 1]
    assert equal(measure_of(square, box([1], [None])), expected)
    monkeypatch.setattr(interval, "normal_part", lambda t, k: interval.normal_cdf(t) + lift(0) * k)
    assert not equal(measure_of(square, box([1], [None])), expected)
