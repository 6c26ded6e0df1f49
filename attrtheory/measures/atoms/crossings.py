r"""Class D: where a path crosses a face of the set, and who gets the credit.

The slope $\partial_k$ of the indicator of $\{n \cdot y > s\}$ is $n_k\,\delta(n \cdot y - s)$; never 0, as the branch
derivative of an indicator would have it. Let a law move by one variable $u$, so that the guard of face j is $p_j + u s_j$,
and let its kernel have the weight $c$. Then face f is crossed at $u = -p_f/s_f$, inside of face j where
$s_f\,(p_j s_f - p_f s_j) > 0$, and the credit is

    c n_k / s_f  ( 1[the path enters by f] - 1[it leaves by f] ).

For a path $c = \gamma_k'$ and $s_f = n \cdot \gamma'$: full credit to the feature whose face is crossed, where the normal has
one coordinate, and shares in proportion to $n_k \gamma_k'$ on a half-space. Where a path meets an edge of the face, starts
or ends on it, or runs inside it, there is no credit: nearby models get different ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from attrtheory.errors import Unsupported
from attrtheory.expr.forms import step
from attrtheory.expr.special import normal_density
from attrtheory.expr.term import ONE, ZERO, Term, lift
from attrtheory.measures.atoms.components import Component, Moving, components
from attrtheory.measures.atoms.interval import Line, Signs, power, uniform_interval
from attrtheory.measures.atoms.masses import integral, only, together
from attrtheory.measures.atoms.sets import Region
from attrtheory.measures.functional import Functional
from attrtheory.measures.law import Part
from attrtheory.measures.measure import Measure
from attrtheory.measures.ridge import ridge
from attrtheory.measures.same import Forms


@dataclass(frozen=True, eq=False)
class Requirement:
    """`term` must not be 0: where it is, `words` are not true, and an attribution is not defined."""

    words: str
    term: Term


@dataclass(frozen=True, eq=False)
class Credit:
    """What the crossing of one face gives, and where."""

    term: Term
    defined_where: tuple[Requirement, ...]


def nowhere(term: Term) -> Term:
    """`1[t = 0]`."""
    return 1 - step(term) - step(-term)


def moves(part: Part, k: int) -> bool:
    """Whether the law moves coordinate k at all."""
    return any(c[k] is not ZERO for c in part.law.columns)


def standing(part: Part, region: Region, k: int) -> list[Requirement]:
    """What must hold of the faces that see feature k and that the law does not cross: it must not lie on them."""
    faces = [m for c in components(region, part.law) if not c.variables for m in c.faces]
    return [
        Requirement(f"no path or point lies on {m.face.words}", 1 - nowhere(m.start) * _weighs(part) * _closed(faces, m))
        for m in faces
        if m.face.normal[k] is not ZERO
    ]


def credits_of(part: Part, region: Region, k: int, signs: Signs) -> list[Credit]:
    """The credits that the kernel `part` of slope k gives for the faces of a set, each crossed by one variable."""
    parts = components(region, part.law)
    seen = [(own, m) for own in parts if own.variables for m in own.faces if m.face.normal[k] is not ZERO]
    return [_crossing(part, parts, own, face, k, signs) for own, face in seen]


def _crossing(part: Part, parts: Sequence[Component], own: Component, face: Moving, k: int, signs: Signs) -> Credit:
    j, *more = own.variables
    if more:
        return _half_space(part, parts, own, k, signs)
    normal = part.law.is_normal(j)
    elsewhere = [c for c in parts if c.variables and c is not own]
    beside = [*own.faces, *(m for c in parts if not c.variables for m in c.faces)]
    others = [m for m in beside if m is not face and (m.face.side is None or m.face.side != face.face.side)]
    p, s, end = face.start, face.slopes[j], face.face.guard(part.law.without(j, at=1).origin)
    ahead = [s] if normal else [-p, end]  # > 0 where the path enters by this face, < 0 where it leaves by it ...
    ahead += [m.start * s - p * m.slopes.get(j, ZERO) for m in others]  # ... and is inside of the other faces there
    enters, leaves = _all(step(g) for g in ahead), _all(step(-g) for g in ahead)
    changed = enters - leaves if others or normal else step(end) - step(p)
    met = step(s) * _all(1 - step(-g) for g in ahead) + step(-s) * _all(1 - step(g) for g in ahead)
    where = [Requirement(f"no path meets {face.face.words} at an end or at another face", 1 - met + enters + leaves)]
    share = _share(part.weight * face.face.normal[k], s)
    if s.op != "const" and share.op != "const":
        inside = nowhere(p) * nowhere(s) * _weighs(part) * (ONE if normal else _meets(others, j))
        where.append(Requirement(f"no path runs inside {face.face.words}", 1 - inside))
    for m, i in ((m, i) for c in elsewhere for m in c.faces for i in c.variables if m.slopes[i].op != "const"):
        where.append(Requirement(f"no path runs inside {m.face.words}", 1 - nowhere(m.start) * nowhere(m.slopes[i])))
    u = Line(p, s, strict=True).root
    height = power(u, part.powers[j]) * (normal_density(u) if normal else ONE)
    return Credit(_all([share, changed, height, *(integral(part, c, signs).value for c in elsewhere)]), tuple(where))


def _half_space(part: Part, parts: Sequence[Component], own: Component, k: int, signs: Signs) -> Credit:
    """One face alone, crossed by several variables at once: the density of the law across it."""
    moved, *others = own.faces
    if others or not all(c.variables for c in parts):
        raise Unsupported(together(own))
    n = part.law.n
    kernel = Measure(n, (only(part, own.variables, part.weight),))
    slopes = tuple(kernel if i == k else Measure(n) for i in range(n))
    found = ridge(Functional(Measure(n), slopes), moved.face.normal, -moved.face.offset, 0)
    where = [Requirement(f"no path runs inside {moved.face.words}", 1 - nowhere(t)) for t in found.nonzero]
    return Credit(_all([found.value, *(integral(part, c, signs).value for c in parts if c is not own)]), tuple(where))


def _share(gain: Term, slope: Term) -> Term:
    """`gain / slope`; a number where it is one by normal form, which may be cancelled: nothing is crossed at slope 0."""
    q = Forms().ratio(gain, slope)
    return gain / slope if q is None else lift(q)


def _weighs(part: Part) -> Term:
    return 1 - nowhere(part.weight)


def _closed(faces: Sequence[Moving], one: Moving) -> Term:
    return _all(1 - step(-m.start) for m in faces if m is not one)


def _meets(faces: Sequence[Moving], j: int) -> Term:
    """Whether the segment meets the closed half-spaces."""
    low, high, still = uniform_interval([Line(m.start, m.slopes.get(j, ZERO), strict=False) for m in faces], {})
    return still * (1 - step(low - high))


def _all(factors: Iterable[Term]) -> Term:
    out = ONE
    for factor in factors:
        out = out * factor
    return out
