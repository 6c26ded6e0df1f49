"""Points at which a claim about a network may fail: rows of data, and points on the kinks of its units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from attrtheory.errors import AttrTheoryError
from attrtheory.models.exact_graph import evaluate_exact, gradient_exact
from attrtheory.models.graph import Graph
from attrtheory.models.ops import PIECEWISE, Relu
from attrtheory.prove.claim import Claim
from attrtheory.prove.network import failure, network_of
from attrtheory.prove.verdict import Witness

Point = tuple[Fraction, ...]
Candidate = tuple[Mapping[str, Fraction], Sequence[int]]
MAX_UNITS = 6  # kinks tried for each sample


@dataclass(frozen=True)
class Sample:
    """An input with the baselines to compare it with."""

    x: Point
    baselines: tuple[Point, ...]


def values_of(claim: Claim, sample: Sample) -> dict[str, Fraction]:
    """The point under the names that the claim's statement uses, with simple numbers for its letters."""
    n, background = claim.family.n, claim.method.background
    tags = [""] if background is None else [f"_{k + 1}" for k in range(background)]
    values = {f"x{k + 1}": q for k, q in enumerate(sample.x)}
    for tag, b in zip(tags, sample.baselines, strict=True):
        values |= {f"b{k + 1}{tag}": q for k, q in enumerate(b)}
    letters = {"p": Fraction(2), "q": Fraction(-3), "c": Fraction(2), "d": Fraction(1)}
    if claim.property.name == "affine_exactness":
        letters |= {f"w{k + 1}": Fraction(1) for k in range(n)}
    used = (
        *claim.property.letters,
        *(["c", *(f"w{k + 1}" for k in range(n))] if claim.property.name == "affine_exactness" else []),
    )
    return values | {name: letters[name] for name in used}


def candidates(claim: Claim, samples: Sequence[Sample], features: Sequence[int]) -> Iterator[Candidate]:
    """The points to try, most telling first."""
    if claim.property.name == "implementation_invariance":
        yield from kinked(claim, samples)
        return
    for sample in samples:
        if claim.property.name in ("dummy", "symmetry"):
            yield values_of(claim, sample), features
        else:
            for i in features:
                yield values_of(claim, sample), (i,)


def kinked(claim: Claim, samples: Sequence[Sample]) -> Iterator[Candidate]:
    """The samples moved onto the hyperplane where a unit of the first piecewise layer is 0."""
    graph = network_of(claim).graph
    k = next((k for k, node in enumerate(graph.nodes, start=1) if isinstance(node.op, PIECEWISE)), None)
    if k is None or not isinstance(graph.nodes[k - 1].op, Relu) or graph.nodes[k - 1].inputs != (k - 1,):
        return
    first = Graph(graph.input_shape, graph.nodes[: k - 1], "first layer")
    origin = (Fraction(0),) * graph.features
    for sample in (_sparse(claim), samples[0]):
        for unit in range(min(first.outputs, MAX_UNITS)):
            w, c = gradient_exact(first, origin, unit), evaluate_exact(first, origin)[unit]
            k = max(range(len(w)), key=lambda i: abs(w[i]))
            i = next((i for i in claim.domain.features or range(len(w)) if i != k and w[i]), None)
            if i is None:
                continue  # the unit reads none of the features that the claim is about
            x = tuple(v + (j == i) for j, v in enumerate(sample.x))  # so that feature i is not 0, and moves
            moved = Sample(_onto(x, w, c, k), tuple(_onto(b, w, c, k) for b in sample.baselines))
            yield values_of(claim, moved), (i,)


def _sparse(claim: Claim) -> Sample:
    """The origin, as input and as baselines."""
    origin = (Fraction(0),) * claim.family.n
    return Sample(origin, (origin,) * (claim.method.background or 1))


def _onto(x: Point, w: Sequence[Fraction], c: Fraction, k: int) -> Point:
    """The point with coordinate k changed so that w . x + c = 0."""
    if not w[k]:
        return x
    rest = sum((a * b for i, (a, b) in enumerate(zip(w, x, strict=True)) if i != k), c)
    return tuple(-rest / w[k] if i == k else v for i, v in enumerate(x))


def shrink(claim: Claim, witness: Witness, tries: int) -> Witness:
    """Set blocks of coordinates to 0 while the same relation fails."""
    if claim.property.name == "implementation_invariance":
        return witness  # off the hyperplane it no longer fails
    features = (witness.model or {})["features"]
    best, size, n = witness, max(1, claim.family.n // 2), claim.family.n
    while size and tries > 0:
        for start in range(0, n, size):
            block = {f"{letter}{k + 1}" for k in range(start, min(start + size, n)) for letter in "xb"}
            smaller = {name: Fraction(0) if name.split("_")[0] in block else q for name, q in best.values.items()}
            if smaller == best.values or tries <= 0:
                continue
            tries -= 1
            try:
                found = failure(claim, smaller, features)  # type: ignore[arg-type]
            except AttrTheoryError:
                continue
            if found is not None and found.relation == best.relation:
                best = found
        size //= 2
    return best
