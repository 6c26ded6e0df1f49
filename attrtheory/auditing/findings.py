"""One verdict of an audit: the claim, its candidates, the certificate, and the witness replayed in torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from attrtheory.auditing.data import AuditedInput, Finding, NetworkWitness
from attrtheory.auditing.points import Sample, candidates, shrink
from attrtheory.errors import BadCertificate
from attrtheory.lower.attribute import needs_groups
from attrtheory.lower.float_fn import FloatFn
from attrtheory.lower.grouped import grouped
from attrtheory.lower.network_fn import NetworkFn
from attrtheory.methods import Method
from attrtheory.methods.paths import path_gradients
from attrtheory.models.graph import Graph
from attrtheory.models.network import Network
from attrtheory.models.serial import graph_digest, graph_to_json
from attrtheory.properties import Property
from attrtheory.prove.certificate import to_certificate, write
from attrtheory.prove.check import check
from attrtheory.prove.claim import Claim, Domain
from attrtheory.prove.names import canonical
from attrtheory.prove.network import network_of, numeric_statement, settle_on_network
from attrtheory.prove.verdict import Conditional, Proved, Refuted, Verdict, Witness

FEATURES = 2  # properties that speak of single features are stated for the most attributed ones
TRIES = 24


@dataclass(frozen=True, eq=False)
class Subject:
    """The network under audit, and its data."""

    graph: Graph
    inputs: Sequence[AuditedInput]
    data: np.ndarray
    groups: np.ndarray
    folder: Path
    games: dict[int, Graph] = field(default_factory=dict[int, Graph])

    def game(self) -> Graph:
        """The game of feature groups at the first audited input."""
        if 0 not in self.games:
            first = self.inputs[0]
            self.games[0] = grouped(self.graph, first.x, first.baseline, self.groups)
            write(
                self.folder / "models" / f"{graph_digest(self.games[0])}.json", canonical(graph_to_json(self.games[0]))
            )
        return self.games[0]


def finding(subject: Subject, method: Method, property_: Property) -> Finding:
    """Settle one property of one method on the network."""
    on_groups = needs_groups(method, subject.graph.features) or (
        method.define is path_gradients and subject.graph.features > 16
    )
    graph = subject.game() if on_groups else subject.graph
    samples = _group_samples(graph) if on_groups else _samples(subject, method)
    features = tuple(range(min(FEATURES, graph.features))) if on_groups else _features(subject)
    claim = Claim(property_, method, Network(graph, subject.inputs[0].target), Domain(features=features))
    verdict = _known(subject, claim)
    if verdict is None:
        verdict = settle_on_network(claim, candidates(claim, samples, features))
        if isinstance(verdict, Refuted):
            verdict = Refuted(shrink(claim, verdict.witness, TRIES))
    witness = network_witness(claim, verdict.witness) if isinstance(verdict, Refuted) else None
    return Finding(
        method.name, property_.name, verdict, _scope(claim, verdict, on_groups=on_groups), witness,
        _certificate(subject, claim, verdict),
    )  # fmt: skip


def _known(subject: Subject, claim: Claim) -> Verdict | None:
    """The verdict of an earlier, interrupted audit into the same folder, if its certificate still holds."""
    path = subject.folder / "certificates" / f"{claim.digest[:32]}.json"
    try:
        return check(path, claim, lambda _: network_of(claim).graph).verdict if path.is_file() else None
    except BadCertificate:
        return None


def _certificate(subject: Subject, claim: Claim, verdict: Verdict) -> str | None:
    if not isinstance(verdict, Proved | Refuted | Conditional):
        return None
    name = f"{claim.digest[:32]}.json"
    write(subject.folder / "certificates" / name, to_certificate(claim, verdict))
    return name


def _scope(claim: Claim, verdict: Verdict, *, on_groups: bool) -> str:
    features = ", ".join(map(str, claim.domain.features or ()))
    what = f"feature groups {features} of the game at the first input" if on_groups else f"features {features}"
    output = f"output {claim.to_json()['family']['target']}"
    if claim.property.name == "completeness":
        what = "the game of feature groups at the first input" if on_groups else "all features"
    if isinstance(verdict, Proved | Conditional):
        return f"{output}, every input and baseline, {what}"
    return f"{output}, at the witness, {what}" if isinstance(verdict, Refuted) else f"{output}, {what}"


def _samples(subject: Subject, method: Method) -> list[Sample]:
    """The audited inputs against their baseline, or against other rows as a background."""
    count = method.background or 1
    rows = [_point(a.x) for a in subject.inputs]
    zero = _point(subject.inputs[0].baseline)
    if method.background is None:
        return [Sample(x, (zero,)) for x in rows] + [
            Sample(x, (rows[k - 1],)) for k, x in enumerate(rows) if len(rows) > 1
        ]
    return [Sample(x, tuple((rows[k + 1 :] + rows[:k] + [zero] * count)[:count])) for k, x in enumerate(rows)]


def _group_samples(graph: Graph) -> list[Sample]:
    n = graph.features
    half = Fraction(1, 2)
    return [Sample((Fraction(1),) * n, ((Fraction(0),) * n,)), Sample((half,) * n, ((Fraction(0),) * n,))]


def _features(subject: Subject) -> tuple[int, ...]:
    """The features with the largest exact Integrated Gradients of the first input."""
    first = subject.inputs[0]
    exact = next((m.values for m in first.attributions if m.method == "integrated_gradients"), first.x)
    order = np.argsort(-np.abs(exact).ravel(), kind="stable")
    return tuple(sorted(int(i) for i in order[:FEATURES]))


def _point(x: np.ndarray) -> tuple[Fraction, ...]:
    return tuple(Fraction(v) for v in x.ravel().tolist())


def network_witness(claim: Claim, witness: Witness) -> NetworkWitness:
    """The witness as arrays, with both sides evaluated again in torch float64."""
    family = network_of(claim)
    features = tuple((witness.model or {})["features"])  # type: ignore[arg-type]
    floats = numeric_statement(claim, witness.values, features, FloatFn)
    relation = next(r for r in floats.conclusions if f"{r.label}: {r.kind}" == witness.relation)
    n, tag = family.n, "" if claim.method.background is None else "_1"
    x = [witness.values[f"x{k + 1}"] for k in range(n)]
    background = [""] if claim.method.background is None else [f"_{k + 1}" for k in range(claim.method.background)]
    baselines = [[witness.values[f"b{k + 1}{t}"] for k in range(n)] for t in background]
    values = claim.method.all(NetworkFn(family.graph, family.target), x, baselines)
    shape = family.graph.input_shape

    def array(point: Sequence[Fraction]) -> np.ndarray:
        return np.array([float(q) for q in point]).reshape(shape)

    start = array([witness.values[f"b{k + 1}{tag}"] for k in range(n)])
    return NetworkWitness(
        array(x), start, array([Fraction(v) for v in values]), features, witness.relation,
        str(witness.lhs), str(witness.rhs), float(relation.lhs), float(relation.rhs),
    )  # fmt: skip
