"""Every row of the corpus: the verdict, its certificate, and its witness evaluated by the tests' own code."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from typing import Any

import pytest
from corpus import ROWS, Row, matrix
from replicas.formulas import REPLICAS, OfTerm

from attrtheory.expr import Term, lift, loads, relu
from attrtheory.models.families import Every, Given
from attrtheory.models.fn import Fn
from attrtheory.prove.certificate import to_certificate
from attrtheory.prove.check import check
from attrtheory.prove.discharge import prove
from attrtheory.prove.verdict import Conditional, Proved, Refuted, Witness

Q = Fraction
ALL = [*matrix(), *ROWS]


@pytest.mark.parametrize("row", ALL, ids=lambda r: f"{r.source}: {r.claim}"[:110])
def test_row(row: Row):
    verdict = prove(row.claim)
    assert verdict.name == row.verdict, verdict
    if row.needed:
        assert isinstance(verdict, Conditional)
        assert verdict.witness is not None, "the hypothesis is needed"
    if isinstance(verdict, Proved | Refuted | Conditional):
        checked = check(to_certificate(row.claim, verdict), row.claim)
        assert checked.verdict.name == row.verdict
        assert checked.on_trust == (isinstance(verdict, Proved) and verdict.proof.rule == "solver")
    witness = getattr(verdict, "witness", None)
    if witness is not None and row.claim.property.name in BROKEN:
        lhs, rhs, kind = sides(row, witness)
        assert (lhs, rhs) == (witness.lhs, witness.rhs)
        assert lhs < rhs if kind == ">=" else lhs != rhs


# the witness, evaluated from the formulas -------------------------------------------------------------------------------
def sides(row: Row, w: Witness) -> tuple[Fraction, Fraction, str]:
    """Both sides of the relation that fails, computed without the package's methods, statements and evaluation."""
    claim, n = row.claim, row.claim.family.n
    names = claim.family.names
    if isinstance(claim.family, Every):
        assert w.model is not None
        body, zero = loads(w.model["f"]), loads(w.model["disguise"]) if "disguise" in w.model else lift(0)
    else:
        assert isinstance(claim.family, Given)
        body, zero = claim.family.model.body, lift(0)
    phi = REPLICAS[claim.method.name]
    d, count = claim.domain, claim.method.background or 1
    x = list(d.x) if d.x else [w.values.get(k, Q(0)) for k in names]
    tags = [""] if claim.method.background is None else [f"_{k + 1}" for k in range(count)]
    b = (
        [list(p) for p in d.baselines]
        if d.baselines
        else [[w.values.get(f"b{k + 1}{t}", Q(0)) for k in range(n)] for t in tags]
    )
    attribute = lambda f, i, p=x, q=b: phi(OfTerm(f, names), p, q, i)
    return BROKEN[claim.property.name](attribute, body, zero - relu(zero) + relu(-zero), x, b, w, names)


def held(f: Term, names: Any, i: int) -> Term:
    return lift(Fn(names, f)(*[Q(0) if k == i else Fn((n,), loads(n))(loads(n)) for k, n in enumerate(names)]))


def swapped(f: Term, names: Any, i: int, j: int) -> Term:
    order = list(names)
    order[i], order[j] = order[j], order[i]
    return (f + Fn(names, f)(*map(loads, order))) / 2


def number(w: Witness) -> list[int]:
    """The features in the label of the relation."""
    return [int(word) for word in w.relation.replace(",", " ").replace(":", " ").split() if word.isdigit()]


def completeness(phi: Any, f: Term, z: Term, x: Any, b: Any, w: Witness, names: Any) -> Any:
    model = OfTerm(f, names)
    change = model.at(x) - sum((model.at(p) for p in b), Q(0)) / len(b)
    return sum((phi(f, i) for i in range(len(names))), Q(0)), change, "="


def dummy(phi: Any, f: Term, z: Term, x: Any, b: Any, w: Witness, names: Any) -> Any:
    (i,) = number(w)
    return phi(held(f, names, i) + z, i), Q(0), "="


def null_displacement(phi: Any, f: Term, z: Term, x: Any, b: Any, w: Witness, names: Any) -> Any:
    (i,) = number(w)
    level = [[x[i] if k == i else q for k, q in enumerate(p)] for p in b]
    return phi(f, i, x, level), Q(0), "="


def symmetry(phi: Any, f: Term, z: Term, x: Any, b: Any, w: Witness, names: Any) -> Any:
    i, j = number(w)
    assert (i, j) in combinations(range(len(names)), 2)
    tie = lambda p: [p[i] if k == j else q for k, q in enumerate(p)]
    model = swapped(f, names, i, j) + z
    return phi(model, i, tie(x), list(map(tie, b))), phi(model, j, tie(x), list(map(tie, b))), "="


def implementation_invariance(phi: Any, f: Term, z: Term, x: Any, b: Any, w: Witness, names: Any) -> Any:
    (i,) = number(w)
    twin = f + z if w.model else Fn(names, f).mirrored().body
    return phi(f, i), phi(twin, i), "="


def non_decreasing_positivity(phi: Any, f: Term, z: Term, x: Any, b: Any, w: Witness, names: Any) -> Any:
    (i,) = number(w)
    assert all(p >= q for point in b for p, q in zip(x, point, strict=True))
    return phi(f + z, i), Q(0), ">="


def constants(phi: Any, f: Term, z: Term, x: Any, b: Any, w: Witness, names: Any) -> Any:
    (i,) = number(w)
    return phi(w.values.get("c", Q(0)) + z, i), Q(0), "="


def affine_exactness(phi: Any, f: Term, z: Term, x: Any, b: Any, w: Witness, names: Any) -> Any:
    (i,) = number(w)
    weights = [w.values.get(f"w{k + 1}", Q(0)) for k in range(len(names))]
    model = sum((q * loads(name) for q, name in zip(weights, names, strict=True)), lift(w.values.get("c", Q(0)))) + z
    return phi(model, i), weights[i] * (x[i] - sum((p[i] for p in b), Q(0)) / len(b)), "="


BROKEN = {
    f.__name__: f
    for f in (
        completeness, dummy, null_displacement, symmetry, implementation_invariance, non_decreasing_positivity,
        constants, affine_exactness,
    )
}  # fmt: skip


def test_the_matrix_covers_every_method_and_property():
    from attrtheory.methods import METHODS
    from attrtheory.properties import PROPERTIES

    pairs = {(r.claim.method.name, r.claim.property.name) for r in matrix()}
    assert pairs == {(m.name, p.name) for m in METHODS for p in PROPERTIES}
