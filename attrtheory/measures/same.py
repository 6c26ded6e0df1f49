"""Equality of measures: like laws are collected, by normal form; what is left is compared. True is a proof."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import comb

from attrtheory.expr.algebra import fold
from attrtheory.expr.forms import total
from attrtheory.expr.term import Term
from attrtheory.measures.law import Law, Part, Powers, Vector
from attrtheory.measures.measure import Measure
from attrtheory.semantics.ring import Poly, Ring

Key = Hashable


class Forms:
    """Normal forms of terms within one ring."""

    def __init__(self) -> None:
        self.ring = Ring()
        self.memo: dict[Term, Poly] = {}

    def __call__(self, term: Term) -> Poly:
        return fold(term, self.ring, self.memo)

    def zero(self, term: Term) -> bool:
        """Whether the term is 0 by normal form."""
        return not self(term)

    def key(self, v: Vector) -> Key:
        return tuple(frozenset(self(t).items()) for t in v)

    def ratio(self, a: Term, b: Term) -> Fraction | None:
        """The rational q with a = q b by normal form, b not 0."""
        p, r = self(a), self(b)
        lead = min(r)
        q = p.get(lead, Fraction(0)) / r[lead]
        return q if self.zero(a - q * b) else None


@dataclass
class _Collected:
    """One law with the summed weights of each monomial of its variables."""

    law: Law
    weights: dict[Powers, list[Term]]


def collected(measure: Measure, forms: Forms | None = None) -> Measure:
    """The same measure with like laws collected, variables that move nothing integrated out, and zeros left out."""
    forms = forms or Forms()
    found: dict[Key, _Collected] = {}
    for part in measure.parts:
        for p in _standard(part, forms):
            key = (forms.key(p.law.origin), len(p.law.uniform), *map(forms.key, p.law.columns))
            entry = found.setdefault(key, _Collected(p.law, {}))
            entry.weights.setdefault(p.powers, []).append(p.weight)
    sums = ((c.law, powers, total(ws)) for c in found.values() for powers, ws in c.weights.items())
    return Measure(measure.n, tuple(Part(w, law, powers) for law, powers, w in sums if not forms.zero(w)))


def same(measure: Measure, other: Measure) -> bool:
    """Whether the measures are equal by normal form; if so, they are equal for all values of their variables."""
    return not collected(measure - other).parts


def _standard(part: Part, forms: Forms) -> Iterable[Part]:
    """The part with its variables in one order and direction."""
    law, powers = part.law, part.powers
    for j in reversed(range(len(law.columns))):
        if all(forms.zero(t) for t in law.columns[j]):
            mean = part.expectation(tuple(p * (k == j) for k, p in enumerate(powers)))
            part = Part(part.weight * mean, law.without(j), (*powers[:j], *powers[j + 1 :]))
            law, powers = part.law, part.powers
    parts = [part]
    for j in range(len(law.columns)):
        if _points_back(law.columns[j], forms):
            parts = [turned for p in parts for turned in _turned(p, j)]
    return (_ordered(p, forms) for p in parts)


def _points_back(column: Vector, forms: Forms) -> bool:
    """Whether the first non-zero coordinate has a negative coefficient at its least monomial."""
    first = next(poly for t in column if (poly := forms(t)))
    return first[min(first)] < 0


def _turned(part: Part, j: int) -> list[Part]:
    """The same part with variable j running the other way: u as 1 - u, g as -g."""
    law, p = part.law, part.powers[j]
    back = lambda vectors, k: tuple(tuple(-t for t in v) if i == k else v for i, v in enumerate(vectors))
    m = len(law.uniform)
    if j >= m:
        turned = Law(law.origin, law.uniform, back(law.normal, j - m))
        return [Part((-1) ** p * part.weight, turned, part.powers)]
    end = tuple(o + c for o, c in zip(law.origin, law.uniform[j], strict=True))
    turned = Law(end, back(law.uniform, j), law.normal)
    power = lambda k: (*part.powers[:j], k, *part.powers[j + 1 :])
    return [Part((-1) ** k * comb(p, k) * part.weight, turned, power(k)) for k in range(p + 1)]


def _ordered(part: Part, forms: Forms) -> Part:
    law, m = part.law, len(part.law.uniform)
    rank = lambda j: (j >= m, repr([sorted(forms(t).items()) for t in law.columns[j]]), part.powers[j])
    order = sorted(range(len(law.columns)), key=rank)
    columns = [law.columns[j] for j in order]
    return Part(part.weight, Law(law.origin, tuple(columns[:m]), tuple(columns[m:])), tuple(part.powers[j] for j in order))
