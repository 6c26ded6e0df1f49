r"""What a method's functional is and which conditions it meets: facts, with what re-checks them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from hashlib import sha256
from typing import Any

from attrtheory.errors import BadInput, SideCondition, Unsupported
from attrtheory.expr.syntax import dumps, read_rational
from attrtheory.expr.term import Term, lift, var
from attrtheory.measures.atoms import Atom, NoAtom, atom
from attrtheory.measures.conditions import (
    Against,
    Decided,
    Equation,
    affine_exactness,
    completeness,
    constants,
    decided,
    dummy,
)
from attrtheory.measures.functional import Functional, functional_of
from attrtheory.measures.kernel import kernel
from attrtheory.measures.law import Law
from attrtheory.measures.parts import Integrated, by_parts
from attrtheory.measures.same import Forms, same
from attrtheory.measures.serial import functional_to_json, measure_to_json
from attrtheory.measures.variation import variation
from attrtheory.methods import AVERAGES, METHODS, Method, get_functional_method
from attrtheory.models.dsl import parse_model
from attrtheory.models.families import Given
from attrtheory.prove.claim import Claim, Domain
from attrtheory.prove.discharge import prove
from attrtheory.prove.names import canonical, has_formula
from attrtheory.prove.verdict import Proved

MAX_FEATURES = 6
CONDITIONS = ("completeness", "dummy", "constants", "affine_exactness")
SCALES = ("sigma", "h", "q", "r")  # parameters of AVERAGES that are widths


@dataclass(frozen=True)
class AboutFunctional:
    """The functional of a method on models with n features.

    Certificates are about METHODS and AVERAGES, with their default parameters: others have facts, but no name.
    """

    method: Method
    n: int

    def __post_init__(self) -> None:
        if type(self.n) is not int or not 1 <= self.n <= MAX_FEATURES:
            raise BadInput(f"facts about functionals are settled for 1 to {MAX_FEATURES} features; got {self.n!r}")

    def to_json(self) -> dict[str, Any]:
        if not self.is_listed:
            raise BadInput(f"{self.method}: certificates are about the methods of the table, with their default parameters")
        return {"functional": self.method.name, "n": self.n}

    @property
    def is_listed(self) -> bool:
        return any(m is self.method for m in (*METHODS, *AVERAGES))

    @property
    def digest(self) -> str:
        return sha256(canonical(self.to_json()).encode()).hexdigest()

    def __str__(self) -> str:
        return f"the functional of {self.method} on every model with {self.n} features"

    def points(self) -> tuple[list[Term], list[list[Term]]]:
        """The input and the baselines."""
        tags = [""] if self.method.background is None else [f"_{k + 1}" for k in range(self.method.background)]
        features = range(1, self.n + 1)
        return [var(f"x{k}") for k in features], [[var(f"b{k}{tag}") for k in features] for tag in tags]


@dataclass(frozen=True, eq=False)
class Unbounded:
    """Models bounded by e of which feature 1 gets the same credit for every e > 0, as `claim` says and the engine proves.

    A signed measure of variation V would give it at most V e.
    """

    model: str
    values: tuple[Fraction, ...]
    claim: Claim

    def __str__(self) -> str:
        start = " and ".join(map(_shown, self.claim.domain.baselines or ()))
        at = f"at {_shown(self.claim.domain.x or ())} from {start}"
        return f"f = {self.model}, at most e in size, gets {_shown(self.values)} {at} for every e > 0"


def _shown(point: Sequence[Fraction]) -> str:
    return f"({', '.join(map(str, point))})"


@dataclass(frozen=True, eq=False)
class Facts:
    """What is settled about a functional.

    `family`: one functional for each feature, as the method is written; `integrated`: the same with slopes integrated by
    parts where they can be. `kind`: L (a density), M (a signed measure), D (slopes remain). `kernels`: Theorem 4.
    `unbounded`: of class D, why no measure gives the attribution. `atoms`: of the indicators of boxes and half-spaces,
    or why they have no formula here.
    `equal_to`: other methods with the same functional.
    """

    claim: AboutFunctional
    family: tuple[Functional, ...]
    integrated: tuple[Integrated, ...]
    kind: str
    kernels: tuple[Any, ...] | None
    conditions: Mapping[str, Decided]
    equal_to: tuple[str, ...]
    unbounded: Unbounded | None
    atoms: Mapping[str, tuple[Atom, ...] | str]

    def to_json(self) -> dict[str, Any]:
        found = [variation(g.functional.values, SCALES) for g in self.integrated]
        return {
            "kind": self.kind,
            "family": [functional_to_json(g) for g in self.family],
            "integrated": [functional_to_json(g.functional) for g in self.integrated],
            "nonzero": [[dumps(t) for t in g.nonzero] for g in self.integrated],
            "kernels": None if self.kernels is None else [measure_to_json(nu) for nu in self.kernels],
            "variation": None if self.kind == "D" else [{"value": dumps(v.value), "exact": v.exact} for v in found],
            "equal_to": list(self.equal_to),
            "unbounded": None if self.unbounded is None else self.unbounded.claim.to_json(),
            **{f"{kind}_atoms": _atoms_to_json(found) for kind, found in self.atoms.items()},
            **{name: decided_to_json(d) for name, d in self.conditions.items()},
        }


def facts(
    claim: AboutFunctional, witnesses: Mapping[str, Against] | None = None, equal_to: Sequence[str] | None = None
) -> Facts:
    """Everything about the functional; with `witnesses`, refutations are replayed and nothing is searched.

    `equal_to`: the methods to compare with, all others by default.
    """
    family = functional_of(claim.method, claim.n)
    whole = _integrated(claim.method.name, claim.n) if claim.is_listed else tuple(by_parts(g) for g in family)
    given = witnesses or {}
    conditions = {name: decided(stated, given.get(name)) for name, stated in equations(claim, family).items()}
    slopes = any(g.functional.differentiates for g in whole)
    kind = "D" if slopes else "L" if all(map(_has_density, whole)) else "M"
    kernels = None if slopes else _kernels([g.functional for g in whole])
    others = [m.name for m in (*METHODS, *AVERAGES) if m.name != claim.method.name] if equal_to is None else equal_to
    equal = tuple(name for name in others if _same(claim, whole, name))
    atoms = {region: _atoms(family, region) for region in ("box", "half_space")}
    return Facts(claim, family, whole, kind, kernels, conditions, equal, unbounded(claim) if slopes else None, atoms)


def equations(claim: AboutFunctional, family: Sequence[Functional]) -> dict[str, list[Equation]]:
    """What each property asks of the functional."""
    x, baselines = claim.points()
    return {
        "completeness": completeness(family, x, baselines),
        "dummy": dummy(family),
        "constants": constants(family),
        "affine_exactness": affine_exactness(family, x, baselines),
    }


def unbounded(claim: AboutFunctional) -> Unbounded | None:
    """Of `clip(h, -e, e)`, |f| <= e, feature 1 gets the same credit for all e > 0; None where the engine does not prove it.

    Here $h = y_1 - y_2$, which vanishes on the diagonal, and all points are on the diagonal (h = y_1 - 1 of one feature).
    """
    n, method = claim.n, claim.method
    if method not in METHODS:
        return None
    names = [f"x{k + 1}" for k in range(n)]
    text = "clip(x1 - x2, -e, e)" if n > 1 else "clip(x1 - 1, -e, e)"
    x, behind = (Fraction(1),) * n, tuple((-Fraction(k),) * n for k in range(method.background or 1))
    step = sum((x[0] - b[0] for b in behind), Fraction(0)) / len(behind)
    credit = Fraction(1) if method.name == "gradient" else step
    values = tuple([credit, -credit, *[Fraction(0)] * n][:n])
    domain = Domain(x, behind, positive=(var("e"),))
    claimed = Claim(has_formula([lift(v) for v in values]), method, Given(parse_model(text, names, ["e"])), domain)
    return Unbounded(text, values, claimed) if isinstance(prove(claimed, solver=False), Proved) else None


@cache
def _integrated(name: str, n: int) -> tuple[Integrated, ...]:
    return tuple(by_parts(g) for g in functional_of(get_functional_method(name), n))


def _same(claim: AboutFunctional, family: Sequence[Integrated], name: str) -> bool:
    """Whether another method has this functional, after integration by parts, where nothing divided by is 0."""
    pairs = [(mine.functional, other.functional) for mine, other in zip(family, _integrated(name, claim.n), strict=True)]
    return all(same(a.values, b.values) and all(map(same, a.slopes, b.slopes)) for a, b in pairs)


def _has_density(g: Integrated) -> bool:
    """Whether each law has, for each coordinate, a variable that moves it alone."""
    forms, parts = Forms(), g.functional.values.parts

    def moved_alone(law: Law) -> set[int]:
        axes = [[k for k, c in enumerate(column) if not forms.zero(c)] for column in law.columns]
        return {k[0] for k in axes if len(k) == 1}

    return bool(parts) and all(len(moved_alone(p.law)) == p.law.n for p in parts)


def _kernels(family: Sequence[Functional]) -> tuple[Any, ...] | None:
    try:
        return tuple(kernel(g.values, i) for i, g in enumerate(family))
    except SideCondition:
        return None


def _atoms(family: Sequence[Functional], region: str) -> tuple[Atom, ...] | str:
    """The atoms where widths and scales are positive; or the reason why there is no formula."""
    try:
        return atom(family, region, positive=SCALES, generic=region == "half_space")
    except Unsupported as error:
        return str(error)


def _atoms_to_json(found: tuple[Atom, ...] | str) -> Any:
    if isinstance(found, str):
        return {"reason": found}
    return [
        {
            "value": dumps(a.term),
            "defined_where": [[r.words, dumps(r.term)] for r in a.defined_where],
            **({"reason": a.reason} if isinstance(a, NoAtom) else {}),
        }
        for a in found
    ]


def decided_to_json(d: Decided) -> dict[str, Any]:
    w = d.witness
    data: dict[str, Any] = {"verdict": d.verdict, "hypotheses": list(d.hypotheses)}
    if w is not None:
        values = {name: str(q) for name, q in w.point}
        data["witness"] = {
            "feature": w.feature, "monomial": list(w.monomial), "values": values, "lhs": str(w.lhs), "rhs": str(w.rhs)
        }  # fmt: skip
    return data


def witness_from_json(data: Mapping[str, Any]) -> Against:
    feature, monomial = data["feature"], tuple(data["monomial"])
    if not (feature is None or type(feature) is int) or not all(type(k) is int for k in monomial):
        raise BadInput("a witness names a feature and a monomial by whole numbers")
    point = tuple((str(k), read_rational(q)) for k, q in data["values"].items())
    return Against(feature, monomial, point, read_rational(data["lhs"]), read_rational(data["rhs"]))
