"""Class M: the measure of a set, part by part; independent components multiply."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import mul

from attrtheory.errors import Unsupported
from attrtheory.expr.forms import total
from attrtheory.expr.special import square_root
from attrtheory.expr.term import ONE, ZERO, Scalar, Term, lift
from attrtheory.measures.atoms.components import Component, Moving, components
from attrtheory.measures.atoms.interval import Line, Signs, normal_integral, uniform_integral
from attrtheory.measures.atoms.sets import Region, holds
from attrtheory.measures.functional import of_measure
from attrtheory.measures.law import Part
from attrtheory.measures.measure import Measure
from attrtheory.measures.ridge import ClosedForm, ridge
from attrtheory.measures.same import Forms


def measure_of(measure: Measure, region: Region, signs: Signs | None = None) -> Term:
    r"""$\mu(R)$ as a term: what a functional of class M gives the indicator of $R$.

    `signs`: signs of terms that are known, such as 1 of a standard deviation.

    >>> from attrtheory.measures import point
    >>> from attrtheory.measures.atoms.sets import box
    >>> measure_of(point([1]) - point([0]), box([0], [1]))
    1

    Raises:
        Unsupported: several random variables move faces together (an oblique polytope, a Gaussian whose coordinates
            depend on each other).
    """
    return measured(measure, region, signs or {}).value


def measured(measure: Measure, region: Region, signs: Signs, *, generic: bool = False) -> ClosedForm:
    """The same; if `generic`, by the short formula of a half-space, with what must not be 0 for it."""
    found = [[integral(p, c, signs, generic=generic) for c in components(region, p.law)] for p in measure.parts]
    products = (reduce(mul, (form.value for form in forms), p.weight) for p, forms in zip(measure.parts, found, strict=True))
    return ClosedForm(total(products), tuple(dict.fromkeys(t for forms in found for form in forms for t in form.nonzero)))


def integral(part: Part, component: Component, signs: Signs, *, generic: bool = False) -> ClosedForm:
    """The mean of the component's powers of variables where all its faces hold."""
    faces = component.faces
    if not component.variables:
        return ClosedForm(holds(faces[0].start, strict=faces[0].face.strict))
    j, *more = component.variables
    if not faces:
        return ClosedForm(lift(part.expectation(tuple(p * (i == j) for i, p in enumerate(part.powers)))))
    if len(faces) == 1 and (more or faces[0].face.side is None):
        return _half_space(part, component, generic=generic)
    if more:
        return ClosedForm(_one_normal(part, component, signs))
    lines = [Line(m.start, m.slopes[j], m.face.strict, m.face.side) for m in faces]
    closed_form = normal_integral if part.law.is_normal(j) else uniform_integral
    return ClosedForm(closed_form(lines, part.powers[j], signs))


def only(part: Part, variables: Sequence[int], weight: Scalar = 1) -> Part:
    """The part with the powers of some of its variables, and another weight."""
    return Part(lift(weight), part.law, tuple(p * (j in variables) for j, p in enumerate(part.powers)))


def _half_space(part: Part, component: Component, *, generic: bool) -> ClosedForm:
    """One face alone, moved by any variables."""
    own, (moved,) = only(part, component.variables), component.faces
    mu = of_measure(Measure(part.law.n, (own,)))
    if moved.face.strict:
        return ridge(mu, moved.face.normal, -moved.face.offset, 0, generic=generic)
    outside = ridge(mu, [-w for w in moved.face.normal], moved.face.offset, 0, generic=generic)
    return ClosedForm(mu.values.mass() - outside.value, outside.nonzero)


def _one_normal(part: Part, component: Component, signs: Signs) -> Term:
    r"""Normal variables that move all faces in one proportion $s_1 : s_2 : \dots$ are one, $G = \sum s_j g_j / |s|$.

    The mean of $g_j h(G)$ is $s_j/|s|$ times that of $G h(G)$.
    """
    variables, first = component.variables, component.faces[0]
    powers = [part.powers[j] for j in variables]
    ratios = [_proportion(m, first, variables) for m in component.faces]
    if not all(map(part.law.is_normal, variables)) or sum(powers) > 1 or any(q is None for q in ratios):
        raise Unsupported(together(component))
    slopes = [first.slopes.get(j, ZERO) for j in variables]
    length = square_root(total(s * s for s in slopes))
    faces = zip(component.faces, ratios, strict=True)
    lines = [Line(m.start, q * length, m.face.strict, m.face.side) for m, q in faces if q is not None]
    share = slopes[powers.index(1)] / length if 1 in powers else ONE
    return share * normal_integral(lines, sum(powers), signs)


def _proportion(face: Moving, first: Moving, variables: Sequence[int]) -> Term | None:
    """The rational q with which the slopes of a face are q times those of the first, if there is one."""
    forms = Forms()
    a, b = ([m.slopes.get(j, ZERO) for j in variables] for m in (face, first))
    lead = next(k for k, s in enumerate(b) if s is not ZERO)
    q = forms.ratio(a[lead], b[lead])
    return lift(q) if q is not None and all(forms.zero(s - q * t) for s, t in zip(a, b, strict=True)) else None


def together(component: Component) -> str:
    names = ", ".join(m.face.words for m in component.faces)
    return (
        f"{len(component.variables)} random variables move {names} together: such a probability has no closed form in the "
        "language. Atoms are written where every random variable moves faces of its own, as for boxes along the axes of a law"
    )
