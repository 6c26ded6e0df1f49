"""Gradients: slopes taken at points that don't move along them. Of an indicator they are distributions, no numbers."""

from __future__ import annotations

from collections.abc import Iterable

from attrtheory.errors import BadInput
from attrtheory.expr.syntax import infix
from attrtheory.expr.term import ZERO, Scalar, lift, var
from attrtheory.measures.atoms.components import components
from attrtheory.measures.atoms.sets import Region
from attrtheory.measures.functional import Functional
from attrtheory.measures.law import Law, Part, unit
from attrtheory.measures.measure import Measure
from attrtheory.models.fn import variables


def impulses(functional: Functional, region: Region) -> list[str]:
    """The distributions that stand in the place of numbers, as text: slopes in a direction in which nothing moves."""
    found: list[str] = []
    for k, nu in enumerate(functional.slopes):
        for part in nu.parts:
            if all(c[k] is ZERO for c in part.law.columns):
                still = [m for c in components(region, part.law) if not c.variables for m in c.faces]
                seen = [m for m in still if m.face.normal[k] is not ZERO]
                found += [f"({infix(part.weight * m.face.normal[k])}) delta({infix(m.start)})" for m in seen]
    return found


def difference_quotient(functional: Functional, h: Scalar | None = None) -> Measure:
    r"""The measure with slopes replaced by central differences, $\partial_k f(y) \approx (f(y + h e_k) - f(y - h e_k))/2h$.

    A kernel of variation v becomes a measure of variation v/h: without bound as h goes to 0. `h` is the variable h if
    none is given.

    >>> from attrtheory.measures.measure import point
    >>> gradient = Functional(Measure(1), (point([0]),))
    >>> [(p.weight, p.law.origin) for p in difference_quotient(gradient, 1).parts]
    [(1/2, (1,)), (-1/2, (-1,))]
    """
    step = var("h") if h is None else lift(h)
    parts = [p for nu in functional.slopes for p in nu.parts]
    if h is None and any("h" in variables(t) for p in parts for v in ((p.weight,), p.law.origin, *p.law.columns) for t in v):
        raise BadInput("the functional has a variable h of its own; give the width of the differences another name")
    moved = (p for k, nu in enumerate(functional.slopes) for part in nu.parts for p in _ends(part, k, step))
    return functional.values + Measure(functional.n, tuple(moved))


def _ends(part: Part, k: int, h: Scalar) -> Iterable[Part]:
    for sign in (1, -1):
        shift = unit(part.law.n, k, sign * h)
        origin = tuple(o + c for o, c in zip(part.law.origin, shift, strict=True))
        yield Part(part.weight * sign / (2 * lift(h)), Law(origin, part.law.uniform, part.law.normal), part.powers)
