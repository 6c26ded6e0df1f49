"""The total variation of a measure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from attrtheory.expr.forms import absolute, total
from attrtheory.expr.term import Term, lift
from attrtheory.measures.law import Law, Part
from attrtheory.measures.measure import Measure
from attrtheory.measures.same import Forms, Key, collected


@dataclass(frozen=True)
class Variation:
    r"""$|\mu|$: a term, and whether it is the total variation itself or a bound on it from above.

    It is the variation itself where points of different terms differ.
    """

    value: Term
    exact: bool


def variation(measure: Measure) -> Variation:
    """The total variation: exact for point masses beside at most one law with a density that keeps its sign or is linear."""
    forms = Forms()
    clean = collected(measure, forms)
    value: list[Term] = []
    exact = True
    spread = 0
    for law, parts in _by_law(clean, forms):
        spread += bool(law.columns)
        linear = _linear(parts, forms)
        if len(parts) == 1:
            value.append(_absolute(parts[0].weight) * parts[0].size())
        elif linear is not None:
            value.append(_absolute(linear[0]) * linear[1])
        else:
            value.extend(absolute(p.weight) * p.size() for p in parts)
            exact = False
    return Variation(total(value), exact and spread <= 1)


def _absolute(weight: Term) -> Term:
    return lift(abs(weight.payload)) if weight.op == "const" else absolute(weight)


def _by_law(measure: Measure, forms: Forms) -> list[tuple[Law, list[Part]]]:
    groups: dict[Key, tuple[Law, list[Part]]] = {}
    for p in measure.parts:
        key = (forms.key(p.law.origin), *map(forms.key, p.law.columns))
        groups.setdefault(key, (p.law, []))[1].append(p)
    return list(groups.values())


def _linear(parts: list[Part], forms: Forms) -> tuple[Term, Fraction] | None:
    r"""(w, $\mathbb E|u - q|$) if the density is w (u - q) in one uniform variable u, with rational q."""
    by_degree = {sum(p.powers): p for p in parts}
    if len(parts) != 2 or set(by_degree) != {0, 1}:
        return None
    slope, constant = by_degree[1], by_degree[0].weight
    if slope.law.is_normal(slope.powers.index(1)):
        return None
    ratio = forms.ratio(constant, slope.weight)
    if ratio is None:
        return None
    q = min(max(-ratio, Fraction(0)), Fraction(1))
    return slope.weight, (q * q + (1 - q) * (1 - q)) / 2 + abs(-ratio - q)
