r"""The table of methods as functionals: rows for machines and for a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from attrtheory.expr.syntax import dumps, infix
from attrtheory.measures.atoms import Atom, NoAtom
from attrtheory.measures.functional import Functional, of_measure
from attrtheory.measures.variation import variation
from attrtheory.methods import AVERAGES, METHODS, get_functional_method
from attrtheory.prove.functional import CONDITIONS, SCALES, AboutFunctional, Facts, decided_to_json, facts
from attrtheory.prove.functional_check import no_functional_certificate, to_certificate
from attrtheory.prove.impossible import FUNCTIONAL, Impossible, impossible
from attrtheory.report.functionals import functional_latex, functional_text
from attrtheory.report.wording import sections
from attrtheory.semantics.reading import generic_latex, generic_text, is_plain

EVERY = tuple(m.name for m in (*METHODS, *AVERAGES))
KINDS = {"L": "density", "M": "measure", "D": "kernel on slopes"}


def table(
    names: Sequence[str], features: Sequence[int], progress: Callable[[str, int, int], None] | None = None
) -> list[Facts]:
    """The facts of some methods, on models with each of some numbers of features."""
    claims = [AboutFunctional(get_functional_method(name), n) for n in features for name in names]
    found: list[Facts] = []
    for claim in claims:
        found.append(facts(claim))
        if progress:
            progress("methods", len(found), len(claims))
    return found


def row(found: Facts) -> dict[str, Any]:
    """One method as plain data: each formula as text and as LaTeX, each verdict with its witness, and the certificate."""
    whole = [g.functional for g in found.integrated]
    kernels = None if found.kernels is None else [_kernel(found, i) for i in range(found.claim.n)]
    sizes = [variation(g.values, SCALES) for g in whole]
    return {
        "method": found.claim.method.name,
        "parameters": {k: str(v) for k, v in found.claim.method.parameters},
        "features": found.claim.n,
        "class": found.kind,
        "functional": _both(found.family),
        "integrated": _both(whole),
        "nonzero": [[infix(t) for t in g.nonzero] for g in found.integrated],
        "kernel": None if kernels is None else _both(kernels),
        "variation": None
        if found.kind == "D"
        else [{"text": generic_text(v.value), "latex": generic_latex(v.value), "exact": v.exact} for v in sizes],
        "equal_to": list(found.equal_to),
        "no_measure": None if found.unbounded is None else str(found.unbounded),
        "box_atom": _atoms(found.atoms["box"]),
        "half_space_atom": _atoms(found.atoms["half_space"]),
        **{name: decided_to_json(found.conditions[name]) for name in CONDITIONS},
        "certificate": json.loads(to_certificate(found)),
    }


LEGEND = (
    "f: any model, d1 f: its slope in feature 1; x: the input, b: the baseline (b1_2: feature 1 of point 2 of a background); "
    "E: the mean over u1.. uniform on [0, 1] and g1.. standard normal, independent; I1.. are the sides (lower, upper] of a "
    "box (on the unit cube, a box that holds its face at 0 has a lower end below 0); a half-space is w.y > s."
)


def beyond() -> list[Impossible]:
    """Methods that are no functional of the function: class N."""
    return [entry for entry in impossible() if entry.what == FUNCTIONAL]


def row_beyond(entry: Impossible) -> dict[str, Any]:
    """Such a method as plain data: two programs of one function, their attributions, and the certificate of both."""
    return {
        "method": entry.method,
        "class": "N",
        "no_functional": {"reason": entry.reason, "witness": entry.witness.to_json()},
        "certificate": json.loads(no_functional_certificate(entry)),
    }


def text(found: Facts) -> str:
    """The facts about one method for a terminal: formulas of feature 1."""
    return "\n".join(_lines(found))


def _lines(found: Facts) -> Iterator[str]:
    g, whole = found.family[0], found.integrated[0].functional
    doc = sections(found.claim.method.define)
    yield f"{found.claim.method}, {found.claim.n} features: class {found.kind}, {KINDS[found.kind]}"
    yield from (f"  {doc[part]}" for part in ("Summary", "Conventions") if part in doc)
    yield f"  phi_1(f) = {functional_text(g)}"
    if g.differentiates and found.kind != "D":
        where = "".join(f" where {infix(t)} is not 0" for t in found.integrated[0].nonzero)
        yield f"           = {functional_text(whole)}{where} (by parts)"
    if found.kernels is not None and not g.differentiates:
        yield f"           = {functional_text(_kernel(found, 0))} (kernel)"
    if found.kind != "D":
        size = variation(whole.values, SCALES)
        yield f"  variation{'' if size.exact else ' at most'} {generic_text(size.value)}"
    if found.equal_to:
        yield f"  with {found.claim.n} features the same as {', '.join(found.equal_to)}"
    if found.unbounded is not None:
        yield f"  no measure: {found.unbounded}"
    for kind, atoms in found.atoms.items():
        yield f"  {kind.replace('_', '-')} atom: {atoms if isinstance(atoms, str) else _atom_text(atoms[0])}"
    for name in CONDITIONS:
        d = found.conditions[name]
        under = f" if {' and '.join(d.hypotheses)}" if d.hypotheses else ""
        yield f"  {name.replace('_', ' ')}: {d}{under}"


def _kernel(found: Facts, i: int) -> Functional:
    nothing = of_measure(found.family[i].values * 0)
    nu = (found.kernels or ())[i]
    return Functional(nothing.values, tuple(nu if k == i else s for k, s in enumerate(nothing.slopes)))


def _both(family: Sequence[Functional]) -> list[dict[str, str]]:
    return [{"text": functional_text(g), "latex": functional_latex(g)} for g in family]


def _atoms(found: tuple[Atom, ...] | str) -> Any:
    if isinstance(found, str):
        return {"reason": found}
    return [
        {
            "text": _formula(a),
            "latex": a.latex(),
            "term": dumps(a.term),
            "defined_where": list(dict.fromkeys(r.words for r in a.defined_where)),
            **({"reason": a.reason} if isinstance(a, NoAtom) else {}),
        }
        for a in found
    ]


def _atom_text(a: Atom) -> str:
    where = "".join(f", where {words}" for words in dict.fromkeys(r.words for r in a.defined_where))
    return f"{_formula(a)}{where}" + (f"; on the boundary none: {a.reason}" if isinstance(a, NoAtom) else "")


def _formula(a: Atom) -> str:
    """A formula for a line of text; where it is long, what to ask for."""
    shown = generic_text(a.term) if is_plain(a.term) else infix(a.term)
    return "a formula of many terms: see the LaTeX or the JSON" if shown.startswith("<term") else shown
