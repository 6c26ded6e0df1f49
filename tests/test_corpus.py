"""Every row of the corpus: the verdict, its certificate, and its witness evaluated by the tests' own code."""

from __future__ import annotations

import pytest
from corpus import ROWS, Row, matrix
from replicas.statements import STATEMENTS, sides

from attrtheory.methods import get_method
from attrtheory.prove.certificate import to_certificate
from attrtheory.prove.check import check
from attrtheory.prove.discharge import prove
from attrtheory.prove.verdict import Conditional, Proved, Refuted

ALL = [*matrix(), *ROWS]


@pytest.mark.parametrize("row", ALL, ids=lambda r: f"{r.source}: {r.claim}"[:110])
def test_row(row: Row):
    verdict = prove(row.claim)
    assert verdict.name == row.verdict, verdict
    assert len(str(verdict)) > 10
    if row.needed:
        assert isinstance(verdict, Conditional)
        assert verdict.witness is not None, "the hypothesis is needed"
    if isinstance(verdict, Proved | Refuted | Conditional):
        checked = check(to_certificate(row.claim, verdict), row.claim)
        assert checked.verdict.name == row.verdict
        assert checked.on_trust == (isinstance(verdict, Proved) and verdict.proof.rule == "solver")
    witness = getattr(verdict, "witness", None)
    method = row.claim.method
    listed = method.parameters == get_method(method.name).parameters  # the replica knows no other path and no other unions
    if witness is not None and listed and row.claim.property.name in STATEMENTS:
        lhs, rhs, kind = sides(row.claim, witness.values, witness.relation, witness.model)
        assert (lhs, rhs) == (witness.lhs, witness.rhs)
        assert lhs < rhs if kind == ">=" else lhs != rhs


def test_the_matrix_covers_every_method_and_property():
    from attrtheory.methods import METHODS
    from attrtheory.properties import PROPERTIES

    pairs = {(r.claim.method.name, r.claim.property.name) for r in matrix()}
    assert pairs == {(m.name, p.name) for m in METHODS for p in PROPERTIES}
