"""Both sides of each property's relation at a point, from the replicas: no code of the package's statements is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

from replicas.formulas import REPLICAS, OfTerm

from attrtheory.expr import Term, lift, loads, relu
from attrtheory.models.families import Every
from attrtheory.models.fn import Fn, variables
from attrtheory.prove.claim import Claim
from attrtheory.semantics.derive import substitute

Q = Fraction
Values = Mapping[str, Fraction]


def sides(
    claim: Claim, values: Values, relation: str, model: Mapping[str, Any] | None = None
) -> tuple[Fraction, Fraction, str]:
    """The relation labelled `relation` at a point; `model` is what a witness brings for a claim about every model."""
    names, n, model = claim.family.names, claim.family.n, model or {}
    if isinstance(claim.family, Every):
        body = loads(model["f"])
    else:
        written = claim.family.models()[0].body
        weights = {k: lift(values.get(k, Q(0))) for k in variables(written) if k not in names}  # 0: it does not matter
        body = substitute(written, weights)
    disguised = "disguise" in model
    zero = loads(model["disguise"]) if disguised else lift(0)
    phi, d = REPLICAS[claim.method.name], claim.domain
    x = list(d.x) if d.x else [values.get(k, Q(0)) for k in names]
    tags = [""] if claim.method.background is None else [f"_{k + 1}" for k in range(claim.method.background)]
    free = [[values.get(f"b{k + 1}{t}", Q(0)) for k in range(n)] for t in tags]
    b = [list(p) for p in d.baselines] if d.baselines else free

    def attribute(f: Term, i: int, p: Sequence[Fraction] = x, q: Sequence[Sequence[Fraction]] = b) -> Fraction:
        return phi(OfTerm(f, names), p, q, i)

    twin = body + zero - relu(zero) + relu(-zero) if disguised else Fn(names, body).mirrored().body
    state = STATEMENTS[claim.property.name]
    return state(Point(attribute, body, zero - relu(zero) + relu(-zero), twin, x, b, values, names, numbers(relation)))


def numbers(relation: str) -> list[int]:
    """The features in the label of a relation."""
    return [int(word) for word in relation.replace(",", " ").replace(":", " ").split() if word.isdigit()]


def labels(name: str, n: int) -> list[str]:
    """A label for each relation of a property on n features."""
    if name == "completeness":
        return ["sum"]
    if name == "symmetry":
        return [f"features {i} and {j}" for i, j in combinations(range(n), 2)]
    return [f"feature {i}" for i in range(n)]


class Point:
    """The method, a model, a zero to add to programs, another program, the points, the letters, the features."""

    def __init__(self, *parts: Any) -> None:
        self.phi, self.f, self.z, self.twin, self.x, self.b, self.letters, self.names, self.features = parts

    def mean_baseline(self, i: int) -> Fraction:
        return sum((p[i] for p in self.b), Q(0)) / len(self.b)


def completeness(s: Point) -> Any:
    model = OfTerm(s.f, s.names)
    change = model.at(s.x) - sum((model.at(p) for p in s.b), Q(0)) / len(s.b)
    return sum((s.phi(s.f, i) for i in range(len(s.names))), Q(0)), change, "="


def dummy(s: Point) -> Any:
    (i,) = s.features
    held = Fn(s.names, s.f)(*[lift(0) if k == i else loads(name) for k, name in enumerate(s.names)])
    return s.phi(held + s.z, i), Q(0), "="


def null_displacement(s: Point) -> Any:
    (i,) = s.features
    level = [[s.x[i] if k == i else q for k, q in enumerate(p)] for p in s.b]
    return s.phi(s.f, i, s.x, level), Q(0), "="


def symmetry(s: Point) -> Any:
    i, j = s.features
    order = list(s.names)
    order[i], order[j] = order[j], order[i]
    model = (s.f + Fn(s.names, s.f)(*map(loads, order))) / 2 + s.z
    x, *b = ([p[i] if k == j else q for k, q in enumerate(p)] for p in (s.x, *s.b))
    return s.phi(model, i, x, b), s.phi(model, j, x, b), "="


def implementation_invariance(s: Point) -> Any:
    (i,) = s.features
    return s.phi(s.f, i), s.phi(s.twin, i), "="


def non_decreasing_positivity(s: Point) -> Any:
    (i,) = s.features
    assert all(p >= q for point in s.b for p, q in zip(s.x, point, strict=True))
    return s.phi(s.f + s.z, i), Q(0), ">="


def constants(s: Point) -> Any:
    (i,) = s.features
    return s.phi(s.letters.get("c", Q(0)) + s.z, i), Q(0), "="


def affine_exactness(s: Point) -> Any:
    (i,) = s.features
    weights = [s.letters.get(f"w{k + 1}", Q(0)) for k in range(len(s.names))]
    start = s.z + s.letters.get("c", Q(0))
    model = sum((q * loads(name) for q, name in zip(weights, s.names, strict=True)), start)
    return s.phi(model, i), weights[i] * (s.x[i] - s.mean_baseline(i)), "="


STATEMENTS = {
    f.__name__: f
    for f in (
        completeness, dummy, null_displacement, symmetry, implementation_invariance, non_decreasing_positivity,
        constants, affine_exactness,
    )
}  # fmt: skip
