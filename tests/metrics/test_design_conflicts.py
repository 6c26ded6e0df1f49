"""Wishes that contradict each other are named, with a proof that is checked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from metrics.designs import Q

from attrtheory.errors import BadCertificate, BadInput
from attrtheory.metrics.design import (
    ContradictoryWishes,
    Support,
    completeness_from,
    design,
    exact_on,
    grid,
    hybrids,
    near,
    points_at,
)
from attrtheory.metrics.design.conflict import conflict_of
from attrtheory.models.dsl import parse_model


@pytest.mark.parametrize(
    "support, wishes, names",
    [
        (hybrids(2), ["dummy", "completeness", "positive"], {"completeness", "positive"}),
        (hybrids(2), ["dummy", "completeness", completeness_from([0, 1])], {"completeness", "completeness from (0, 1)"}),
        (hybrids(2), ["symmetry", "positive", "affine_exactness"], {"positive", "affine_exactness"}),
        (
            grid(2, 2), ["completeness", "dummy", near([[0, 0], [1, 1]], "1/4")],
            {"completeness", "dummy", "near data (radius 1/4)"},
        ),
        (points_at([1, 1], [0, 0], [[1, 1], [1, 0]]), ["dummy", "completeness"], {"completeness"}),
        (
            hybrids(2), ["symmetry", "completeness", "dummy", exact_on(parse_model("x1*x2"), [0, 1])],
            {"exact on a model", "symmetry"},
        ),
    ],
)  # fmt: skip
def test_wishes_that_clash_are_named_with_a_proof(support: Support, wishes: list[Any], names: set[str]):
    with pytest.raises(ContradictoryWishes) as error:
        design(support, wishes)
    conflict = error.value.conflict
    conflict.check()
    assert {w.name for w in conflict.wishes} == names
    for wish in conflict.wishes:  # any one of them fewer, and there are measures
        rest = [w for w in conflict.wishes if w is not wish]
        design(support, rest).check()
    for forged in (tuple(-y for y in conflict.farkas.multipliers), (Q(0),) * len(conflict.farkas.multipliers)):
        with pytest.raises(BadCertificate):
            replace(conflict, farkas=replace(conflict.farkas, multipliers=forged)).check()
    if len(conflict.wishes) > 1:
        with pytest.raises(BadCertificate):
            replace(conflict, wishes=conflict.wishes[:1]).check()


def test_a_wish_that_contains_another_is_not_named_beside_it():
    wider = [near([[0, 0], [1, 1]], "1/4"), "completeness", "dummy", near([[0, 0], [1, 1]], "1/3")]
    with pytest.raises(ContradictoryWishes) as error:
        design(grid(2, 2), wider)
    assert [str(w) for w in error.value.conflict.wishes] == ["completeness", "dummy", "near data (radius 1/3)"]


@pytest.mark.parametrize("twice", [True, False])
def test_one_wish_object_given_twice_is_dropped_by_its_place(twice: bool):
    wish = completeness_from([5, 5])
    found = conflict_of(hybrids(2), (wish, wish) if twice else (wish,), lambda _: None)
    found.check()
    assert found.wishes == (wish,)


def test_the_message_says_what_clashes():
    with pytest.raises(BadInput, match=r"\(1\) , which|which is not on the support"):
        design(points_at([1], [0], [[0]]), ["completeness"])
    with pytest.raises(BadInput, match="have completeness and positive together"):
        design(hybrids(1), ["completeness", "positive"])
