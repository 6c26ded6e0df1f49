"""How a law moves against the faces of a set: faces that share no random variable are independent of each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attrtheory.expr.forms import total
from attrtheory.expr.term import ZERO, Term
from attrtheory.measures.atoms.sets import Face, Region
from attrtheory.measures.law import Law
from attrtheory.measures.same import Forms


@dataclass(frozen=True, eq=False)
class Moving:
    r"""The guard of a face under a law: $g = p + \sum_j u_j s_j$, `start` $p$ and the `slopes` $s_j$ that are not 0."""

    face: Face
    start: Term
    slopes: dict[int, Term]


@dataclass(frozen=True, eq=False)
class Component:
    """Random variables and the faces that they move, none of which another variable moves."""

    variables: tuple[int, ...]
    faces: tuple[Moving, ...]


def moving(face: Face, law: Law) -> Moving:
    along = [total(w * c for w, c in zip(face.normal, v, strict=True)) for v in law.columns]
    zero = Forms().zero
    return Moving(face, face.guard(law.origin), {j: s for j, s in enumerate(along) if s is not ZERO and not zero(s)})


def components(region: Region, law: Law) -> list[Component]:
    """The independent components: each face that stands still is one, and each variable that moves no face."""
    found = [Component((j,), ()) for j in range(len(law.columns))]
    for m in (moving(face, law) for face in region.faces):
        touched = [c for c in found if any(j in m.slopes for j in c.variables)]
        merged = Component(tuple(j for c in touched for j in c.variables), (*_faces(touched), m))
        found = [*(c for c in found if c not in touched), merged]
    return found


def _faces(parts: Sequence[Component]) -> tuple[Moving, ...]:
    return tuple(m for c in parts for m in c.faces)
