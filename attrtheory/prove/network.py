"""Claims on a trained network: instances of schematic theorems, and refutations at exact points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache

from attrtheory.errors import BadInput, EngineDisagreement, TooLarge
from attrtheory.expr.term import Term
from attrtheory.lower.network_fn import NetworkFn, mirrored
from attrtheory.lower.wiring import products
from attrtheory.methods import Method
from attrtheory.models.families import Every
from attrtheory.models.network import Network
from attrtheory.properties import Property, Relation, Scene, Statement
from attrtheory.properties.statement import HOLDS
from attrtheory.prove import rules
from attrtheory.prove.claim import Claim, Domain
from attrtheory.prove.verdict import Conditional, NotApplicable, Proof, Proved, Refuted, Unknown, Verdict, Witness

RULE = "instance of a schematic theorem"
MAX_SUMMED = 1_000  # features of a network on which a schematic proof of completeness is written out
MAX_PRODUCTS = 10**9  # multiplications of rationals for one look at a witness


def is_instance(claim: Claim, *, smooth: bool = False) -> bool:
    r"""Rule "instance of a schematic theorem"; with `smooth` under the hypothesis `SMOOTH`.

    *Proof.* The statement is proved with opaque values and slopes in the place of the model's, or of every other model's;
    the network's values and branch derivatives are such, and so are those of every other program of a function. For
    completeness by the fundamental theorem the model must be continuous and piecewise polynomial: every layer in
    `models.ops` is.
    """
    return _holds_for_all(claim.property, claim.method, claim.family.n, claim.domain.features, smooth)


@lru_cache(maxsize=512)
def _holds_for_all(property_: Property, method: Method, n: int, features: tuple[int, ...] | None, smooth: bool) -> bool:
    every = Claim(property_, method, Every(n), Domain(features=features))
    segments = rules.segments_of(every) if every.property.name == "completeness" else []
    if segments:
        return rules.fundamental_theorem(every, segments)
    statement = every.statement(smooth=smooth)
    return bool(statement.conclusions) and rules.equal_everywhere(statement)


def network_of(claim: Claim) -> Network:
    """The network that a claim is about."""
    if not isinstance(claim.family, Network):
        raise BadInput(f"{claim} is not about a network")
    return claim.family


def numeric_statement(
    claim: Claim, values: Mapping[str, Fraction], features: Sequence[int], view: type[NetworkFn] = NetworkFn
) -> Statement:
    """The statement at one point, in exact numbers; variables are named as in a statement of terms."""
    family = network_of(claim)
    f = view(family.graph, family.target)
    other = view(family.graph, (family.target + 1) % family.graph.outputs)
    twin = view(mirrored(family.graph), family.target) if claim.property.name == "implementation_invariance" else f
    x, baselines, box = Claim(claim.property, claim.method, Every(family.n), claim.domain).points()

    def number(t: Term) -> Fraction:
        return values[t.payload] if t.op == "var" else t.payload

    point = [number(t) for t in x]
    background = [[number(t) for t in b] for b in baselines]
    scene = Scene(claim.method, f, other, lambda m: m, twin, point, background, features, values.__getitem__)
    stated = claim.property.state(scene)
    inside = tuple(Relation(number(r.lhs), r.kind, number(r.rhs), r.label) for r in box)
    return Statement(stated.conclusions, (*inside, *stated.hypotheses))


def failure(claim: Claim, values: Mapping[str, Fraction], features: Sequence[int]) -> Witness | None:
    """The first conclusion about `features` that fails at a point where all hypotheses hold."""
    statement = numeric_statement(claim, values, features)
    if not all(HOLDS[h.kind](h.lhs, h.rhs) for h in statement.hypotheses):
        return None
    for r in statement.conclusions:
        if not HOLDS[r.kind](r.lhs, r.rhs):
            record = {"features": list(features)}
            return Witness(dict(values), f"{r.label}: {r.kind}", Fraction(r.lhs), Fraction(r.rhs), record)
    return None


def replay_on_network(claim: Claim, witness: Witness) -> None:
    """Evaluate a witness again from the network and the claim alone.

    Raises:
        EngineDisagreement: the statement does not fail there as recorded.
    """
    if set(witness.model or ()) != {"features"}:
        raise EngineDisagreement("a witness on a network brings the features that it is about, and nothing else")
    features = list((witness.model or {}).get("features", ()))  # type: ignore[call-overload]
    if not features or not all(isinstance(i, int) and 0 <= i < claim.family.n for i in features):
        raise EngineDisagreement("a witness on a network must say which features it is about")
    if claim.property.monotone:
        raise EngineDisagreement("the network is not shown to be non-decreasing, so the property says nothing about it")
    if claim.domain.features is not None and not set(features) <= set(claim.domain.features):
        raise EngineDisagreement(f"the witness is about features {features}, the claim about {claim.domain.features}")
    if failure(claim, witness.values, features) != witness:
        raise EngineDisagreement(f"the witness does not refute {claim}")


def settle_on_network(claim: Claim, candidates: Iterable[tuple[Mapping[str, Fraction], Sequence[int]]]) -> Verdict:
    """Settle a claim about a network: an instance of a theorem, else refuted at one of the candidate points."""
    if claim.property.monotone:
        return NotApplicable("it speaks of non-decreasing models; this network is not shown to be one")
    if claim.property.name == "completeness" and claim.family.n > MAX_SUMMED:
        return Unknown(f"{claim.family.n} features; a schematic proof of completeness is written out for {MAX_SUMMED}")
    try:
        if is_instance(claim):
            return Proved(Proof(RULE))
        conditional = Conditional(rules.SMOOTH, Proof(RULE), None) if is_instance(claim, smooth=True) else None
        if conditional is not None and claim.property.name != "implementation_invariance":
            return conditional
        if (work := products_at_a_point(claim)) > MAX_PRODUCTS:
            return Unknown(
                f"an exact look at one point takes about {work:.0e} multiplications; allowed {MAX_PRODUCTS:.0e}"
            )
        for values, features in candidates:
            if (witness := failure(claim, values, features)) is not None:
                return Refuted(witness)
    except TooLarge as error:
        return NotApplicable(str(error))
    return conditional or Unknown("no theorem for every model applies, and none of the points tried refutes it")


def products_at_a_point(claim: Claim) -> int:
    """Roughly how many multiplications evaluate the statement at one point: forward passes times their cost."""
    graph, n = network_of(claim).graph, claim.family.n
    games = {"shapley": 2**n, "banzhaf": 2**n, "owen": 2**n}
    passes = {"occlusion": n + 1, "path_gradients": 20 * n, **games}.get(claim.method.name, 2)
    if claim.method.name in ("integrated_gradients", "expected_gradients"):
        passes = graph.units * (claim.method.background or 1)
    return products(graph) * passes
