"""Class M: the measure of a set, part by part; independent components multiply."""

from __future__ import annotations

from attrtheory.errors import Unsupported
from attrtheory.expr.forms import total
from attrtheory.expr.term import ONE, Term, lift
from attrtheory.measures.atoms.components import Component, components
from attrtheory.measures.atoms.interval import normal_integral, uniform_integral
from attrtheory.measures.atoms.sets import Region, holds
from attrtheory.measures.law import Part
from attrtheory.measures.measure import Measure


def measure_of(measure: Measure, region: Region) -> Term:
    r"""$\mu(R)$ as a term: what a functional of class M gives the indicator of $R$.

    >>> from attrtheory.measures import point
    >>> from attrtheory.measures.atoms.sets import box
    >>> measure_of(point([1]) - point([0]), box([0], [1]))
    1

    Raises:
        Unsupported: several random variables move one face, or faces together (an oblique polytope, a Gaussian whose
            coordinates depend on each other).
    """
    return total(part.weight * _probability(part, region) for part in measure.parts)


def _probability(part: Part, region: Region) -> Term:
    out = ONE
    for component in components(region, part.law):
        out = out * integral(part, component)
    return out


def integral(part: Part, component: Component) -> Term:
    """The mean of the component's powers of variables where all its faces hold."""
    faces = component.faces
    if not component.variables:
        return holds(faces[0].start, strict=faces[0].face.strict)
    j, *more = component.variables
    if not faces:
        return lift(part.expectation(tuple(p * (i == j) for i, p in enumerate(part.powers))))
    if more:
        raise Unsupported(together(component))
    lines = [(m.start, m.slopes[j], m.face.strict) for m in faces]
    closed_form = normal_integral if part.law.is_normal(j) else uniform_integral
    return closed_form(lines, part.powers[j])


def together(component: Component) -> str:
    names = ", ".join(m.face.words for m in component.faces)
    return (
        f"{len(component.variables)} random variables move {names} together: such a probability has no closed form in the "
        "language. Atoms are written where every random variable moves faces of its own, as for boxes along the axes of a law"
    )
