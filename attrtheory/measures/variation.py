"""The total variation of a measure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

from attrtheory.expr.forms import absolute, total
from attrtheory.expr.syntax import postorder
from attrtheory.expr.term import Term
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


def variation(measure: Measure, positive: Collection[str] = ()) -> Variation:
    """The total variation: exact for point masses beside at most one law with a density that keeps its sign or is linear.

    `positive`: names of variables that are > 0, such as a standard deviation.
    """
    forms = Forms()
    groups = _by_law(collected(measure, forms), forms)
    value: list[Term] = []
    exact = sum(bool(law.columns) for law, _ in groups) <= 1
    for law, parts in groups:
        signed = len(parts) > 1 or any(parts[0].powers)
        exact = exact and _is_polynomial(law) and not (signed and not _apart(law, forms))
        linear = _linear(parts, forms)
        if len(parts) == 1:
            value.append(_absolute(parts[0].weight, positive) * parts[0].size())
        elif linear is not None:
            value.append(_absolute(linear[0], positive) * linear[1])
        else:
            value.extend(absolute(p.weight) * p.size() for p in parts)
            exact = False
    return Variation(total(value), exact)


def _is_polynomial(law: Law) -> bool:
    """Whether the normal form tells all laws of this kind apart: it decides equality of polynomials."""
    terms = (*law.origin, *(t for c in law.columns for t in c))
    return all(u.op in ("const", "var", "affine", "mul") for t in terms for u in postorder(t))


def _apart(law: Law, forms: Forms) -> bool:
    """Whether each variable moves a coordinate of its own; else signs may cancel between points that coincide."""
    moved = [[k for k, t in enumerate(c) if not forms.zero(t)] for c in law.columns]
    return all(len(axes) == 1 for axes in moved) and len({axes[0] for axes in moved}) == len(moved)


def _absolute(weight: Term, positive: Collection[str]) -> Term:
    sign = _sign(weight, positive)
    return absolute(weight) if sign is None else weight * sign


def _sign(weight: Term, positive: Collection[str]) -> int | None:
    """1 or -1 where the weight is a product or a quotient of numbers and positive variables."""
    match weight.op:
        case "const":
            return -1 if weight.payload < 0 else 1
        case "var":
            return 1 if weight.payload in positive else None
        case "mul" | "div":
            signs = [_sign(a, positive) for a in weight.args]
            return None if signs[0] is None or signs[1] is None else signs[0] * signs[1]
        case "affine" if len(weight.args) == 1 and not weight.payload[0]:
            sign = _sign(weight.args[0], positive)
            return None if sign is None else sign * (-1 if weight.payload[1][0] < 0 else 1)
        case _:
            return None


def _by_law(measure: Measure, forms: Forms) -> list[tuple[Law, list[Part]]]:
    groups: dict[Key, tuple[Law, list[Part]]] = {}
    for p in measure.parts:
        key = (forms.key(p.law.origin), len(p.law.uniform), *map(forms.key, p.law.columns))
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
