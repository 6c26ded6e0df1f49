"""Forged designs are rejected, and a wish that loses an equation is noticed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from metrics.designs import Q, violations

import attrtheory.metrics.design.wishes as module
from attrtheory.errors import BadCertificate
from attrtheory.metrics.design import (
    Design,
    completeness_from,
    design,
    energy,
    grid,
    hybrids,
    mean_infidelity,
    points_at,
)
from attrtheory.models.families import Every
from attrtheory.properties import get_property
from attrtheory.prove.claim import Claim
from attrtheory.prove.discharge import prove
from attrtheory.prove.verdict import Proved

FOUND = {
    "variation": design(hybrids(2), ["completeness", "dummy"]),
    "squares": design(hybrids(2), ["completeness", "dummy"], energy(2)),
}


def with_certificate(found: Design, **changes: Any) -> Design:
    certificate = replace(found.certificate, **changes)
    return replace(found, certificate=certificate, solution=certificate.solution)


@pytest.mark.parametrize("kind", FOUND)
@pytest.mark.parametrize(
    "forge",
    [
        lambda d: with_certificate(d, value=d.value - 1),
        lambda d: with_certificate(d, multipliers=tuple(2 * y for y in d.certificate.multipliers)),
        lambda d: with_certificate(d, multipliers=d.certificate.multipliers[1:]),
        lambda d: with_certificate(d, solution=tuple(2 * v for v in d.solution)),
        lambda d: with_certificate(d, solution=d.solution[1:]),
        lambda d: replace(d, solution=(Q(0),) * 8),
        lambda d: replace(d, freedom=0),
        lambda d: replace(d, wishes=module.wished(["completeness", "affine_exactness", completeness_from([0, 1])])),
        lambda d: replace(d, wishes=module.wished(["completeness"])),  # the proof is not for fewer wishes
        lambda d: replace(d, support=grid(2, 2)),
        lambda d: replace(d, support=points_at([1, 1], [0, 0], [[1, 1], [0, 1], [1, 0], [0, 0]])),  # another order
    ],
)
def test_forged_designs_are_rejected(kind: str, forge: Any):
    FOUND[kind].check()
    with pytest.raises(BadCertificate):
        forge(FOUND[kind]).check()


def test_uniqueness_that_is_not_so_is_rejected():
    assert FOUND["variation"].unique is None
    for found in (FOUND["variation"], design(hybrids(2), [], mean_infidelity(hybrids(2), [[1, 0]]))):
        assert found.unique is not True  # no perturbation touches feature 1, say
        with pytest.raises(BadCertificate, match="not shown"):
            replace(found, unique=True).check()


def test_feasible_weights_that_are_not_the_best_are_rejected():
    found = FOUND["squares"]
    first = (Q(0), Q(-1), Q(0), Q(1), Q(-1), Q(1), Q(0), Q(0))  # feature 0 always last: complete, with dummy, more energy
    worse = replace(found, solution=first, certificate=replace(found.certificate, solution=first, value=Q(4)))
    super(Design, worse).check()
    assert worse.value_of(found.metric) == 4 > found.value
    with pytest.raises(BadCertificate, match="stationary"):
        worse.check()


def test_a_wish_that_loses_an_equation_is_noticed(monkeypatch: pytest.MonkeyPatch):
    whole = module._dummy
    lame = module.Wish("dummy", lambda s: [e for e in whole(s) if not e.says.startswith("measure 1")])
    found = design(hybrids(2), ["completeness", lame], energy(2))
    assert violations(found.masses, (Q(1),) * 2, (Q(0),) * 2) == {"dummy", "affine_exactness"}
    assert not isinstance(prove(Claim(get_property("dummy"), found.method("lame"), Every(2))), Proved)
    with pytest.raises(BadCertificate):
        replace(found, wishes=module.wished(["completeness", "dummy"])).check()
