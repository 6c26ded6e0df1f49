r"""Theorem 4: an attribution that is a measure and satisfies dummy is a weighted mean of slopes in its own feature.

If the image of $\mu_i$ without coordinate $i$ is 0, then $\int f\,d\mu_i = \int \partial_i f\,d\nu_i$. Two cases suffice
here: point masses that differ in coordinate $i$ only, and a variable of the law that moves coordinate $i$ only.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from attrtheory.errors import SideCondition
from attrtheory.expr.term import Term
from attrtheory.measures.law import Law, Part, unit
from attrtheory.measures.measure import Measure
from attrtheory.measures.parts import boundary
from attrtheory.measures.same import Forms, Key, collected, same


def kernel(mu: Measure, i: int) -> Measure:
    r"""The measure $\nu_i$ with $\int f\,d\mu = \int \partial_i f\,d\nu_i$ for continuously differentiable f.

    >>> from attrtheory.expr import var
    >>> from attrtheory.measures import point
    >>> x1, x2, b1 = var("x1"), var("x2"), var("b1")
    >>> [(p.weight, p.law.origin, p.law.uniform) for p in kernel(point([x1, x2]) - point([b1, x2]), 0).parts]
    [(-b1 + x1, (b1, x2), ((-b1 + x1, 0),))]

    Raises:
        SideCondition: the measure does not vanish on models that ignore feature i, or has a form that is not covered.
    """
    forms = Forms()
    clean = collected(mu, forms)
    points = [p for p in clean.parts if not p.law.columns]
    spread = [q for p in clean.parts if p.law.columns for q in _along(p, i, forms)]
    found = [*_between(points, i, forms), *spread]
    # each slope is averaged along its own variable j, so by parts it is a boundary: their sum is to be the measure
    values = [boundary(p.law, p.powers, j) * w for p, j, w in found]
    if not same(Measure(mu.n, tuple(q for v in values for q in v.parts)), mu):
        raise SideCondition(
            f"the measure is no mean of slopes in feature {i + 1}: it does not vanish on models that ignore it, or has a form "
            "that is not covered"
        )
    return collected(Measure(mu.n, tuple(p for p, _, _ in found)), forms)


Slope = tuple[Part, int, Term]  # weight w c on the law, the variable j that moves it by c, and w


def _between(points: list[Part], i: int, forms: Forms) -> Iterator[Slope]:
    """Point masses on one line in direction i, as segments from the first of them."""
    lines: dict[Key, list[Part]] = {}
    for p in points:
        origin = p.law.origin
        lines.setdefault(forms.key((*origin[:i], *origin[i + 1 :])), []).append(p)
    for first, *others in lines.values():
        for p in others:
            step = p.law.origin[i] - first.law.origin[i]
            yield Part(p.weight * step, Law(first.law.origin, (unit(p.law.n, i, step),))), 0, p.weight


def _along(part: Part, i: int, forms: Forms) -> Iterator[Slope]:
    r"""A density that varies with a variable that moves coordinate i only: its antiderivative, times the step."""
    for j, column in enumerate(part.law.columns):
        if part.powers[j] and all(forms.zero(c) for k, c in enumerate(column) if k != i):
            for power, weight in _antiderivative(part.powers[j], normal=part.law.is_normal(j)):
                powers = (*part.powers[:j], power, *part.powers[j + 1 :])
                yield Part(part.weight * column[i] * weight, part.law, powers), j, part.weight * weight
            return


def _antiderivative(power: int, *, normal: bool) -> list[tuple[int, Fraction]]:
    r"""r with $\mathbb E[(t^p - \mathbb E t^p) h] = \mathbb E[r h']$: $(t - t^{p+1})/(p+1)$, or $t^{p-1} + (p-1) r_{p-2}$."""
    if not normal:
        share = Fraction(1, power + 1)
        return [(1, share), (power + 1, -share)]
    return [(k, _falling(power - 1, k)) for k in range(power - 1, -1, -2)]


def _falling(top: int, bottom: int) -> Fraction:
    """top (top - 2) ... (bottom + 2)."""
    out = Fraction(1)
    for m in range(top, bottom, -2):
        out *= m
    return out
