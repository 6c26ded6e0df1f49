r"""The sets whose indicators are attributed: finite intersections of half-spaces, each stated by its faces."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from attrtheory.errors import BadInput
from attrtheory.expr.forms import step, total
from attrtheory.expr.syntax import infix
from attrtheory.expr.term import ONE, ZERO, Scalar, Term, ite, lift, var
from attrtheory.measures.law import Vector, unit, vector

End = Scalar | None  # None: no end, the set goes on to infinity


@dataclass(frozen=True, eq=False)
class Face:
    r"""The half-space $\{y : n \cdot y > s\}$, or $\ge$ where it is not strict; `words` name its boundary.

    `side`: the coordinate that it bounds, if it is a side of a box: the box lies inside of its opposite side there.
    """

    normal: Vector
    offset: Term
    strict: bool
    words: str
    side: int | None = None

    def guard(self, y: Vector) -> Term:
        r"""$n \cdot y - s$."""
        return total(w * p for w, p in zip(self.normal, y, strict=True)) - self.offset


def holds(guard: Term, *, strict: bool) -> Term:
    """`1[g > 0]`, or `1[g >= 0]`."""
    return step(guard) if strict else ite(-guard, 0, 1)


@dataclass(frozen=True, eq=False)
class Region:
    r"""The intersection of its faces' half-spaces in $\mathbb R^n$. `positive`: terms that are > 0 unless it is empty."""

    kind: str
    n: int
    faces: tuple[Face, ...]
    positive: tuple[tuple[str, Term], ...] = ()

    def indicator(self, y: Sequence[Scalar]) -> Term:
        """The indicator as a term in the point."""
        out = ONE
        for face in self.faces:
            out = out * holds(face.guard(vector(y)), strict=face.strict)
        return out


def box(lower: Sequence[End], upper: Sequence[End]) -> Region:
    r"""The half-open box $\prod_k (a_k, b_k]$; an end that is None is infinite.

    >>> [face.words for face in box([0, None], [1, 2]).faces]
    ['y1 = 0', 'y1 = 1', 'y2 = 2']

    Raises:
        BadInput: lengths differ, or a box of numbers is empty.
    """
    n = len(lower)
    if not n or len(upper) != n:
        raise BadInput(f"a box has a lower and an upper end for each feature; got {n} and {len(upper)}")
    faces: list[Face] = []
    positive: list[tuple[str, Term]] = []
    for k, (a, b) in enumerate(zip(lower, upper, strict=True)):
        if a is not None:
            faces.append(Face(unit(n, k), lift(a), strict=True, words=f"y{k + 1} = {infix(lift(a))}", side=k))
        if b is not None:
            faces.append(Face(unit(n, k, -1), -lift(b), strict=False, words=f"y{k + 1} = {infix(lift(b))}", side=k))
        if a is not None and b is not None:
            positive += _wide(k, lift(a), lift(b))
    return Region("box", n, tuple(faces), tuple(positive))


def _wide(k: int, a: Term, b: Term) -> list[tuple[str, Term]]:
    width = b - a
    if width.op != "const":
        return [(f"the box is not empty: {infix(a)} < {infix(b)}", width)]
    if width.payload <= 0:
        raise BadInput(f"the side ({infix(a)}, {infix(b)}] of feature {k + 1} is empty; a box needs lower < upper")
    return []


def orthant(n: int, thresholds: Mapping[int, Scalar]) -> Region:
    r"""$\{y : y_k > t_k \text{ for all } k \in u\}$: "all features of $u$ exceed their thresholds"; features count from 0."""
    if not thresholds or any(type(k) is not int or not 0 <= k < n for k in thresholds):
        raise BadInput(f"an orthant needs thresholds of some of the features 0 to {n - 1}; got those of {[*thresholds]}")
    whole: list[End] = [thresholds.get(k) for k in range(n)]
    return Region("orthant", n, box(whole, [None] * n).faces)


def half_space(weights: Sequence[Scalar], threshold: Scalar) -> Region:
    r"""$\{y : w \cdot y > s\}$."""
    w, s = vector(weights), lift(threshold)
    return Region("half_space", len(w), (_face(w, s, strict=True),))


def _face(normal: Vector, offset: Term, *, strict: bool, sign: int = 1) -> Face:
    """`sign` turns the boundary's words round."""
    if all(w is ZERO for w in normal):
        raise BadInput("a half-space needs a normal that is not 0; one whose weights are all 0 has no boundary")
    left = total(sign * w * var(f"y{k + 1}") for k, w in enumerate(normal))
    return Face(normal, offset, strict, f"{infix(left)} = {infix(sign * offset)}")


def polytope(matrix: Sequence[Sequence[Scalar]], bounds: Sequence[Scalar], strict: Collection[int] = ()) -> Region:
    r"""$\{y : A y \le c\}$; rows numbered in `strict` are $<$.

    Raises:
        BadInput: no rows, rows of different lengths, a row of zeros, or the same row twice.
    """
    rows = [vector(row) for row in matrix]
    if not rows or not rows[0] or len({len(r) for r in rows}) > 1 or len(bounds) != len(rows):
        raise BadInput(
            f"a polytope has rows of one length and a bound for each; got rows of {[len(r) for r in rows]} numbers "
            f"and {len(bounds)} bounds"
        )
    if any(k not in range(len(rows)) for k in strict):
        raise BadInput(f"strict names rows 0 to {len(rows) - 1}; got {sorted(strict)}")
    for (k, a), (m, b) in combinations(enumerate([(*row, lift(c)) for row, c in zip(rows, bounds, strict=True)]), 2):
        if all(p is q for p, q in zip(a, b, strict=True)):
            raise BadInput(f"rows {k} and {m} of the polytope are the same; leave one of them out")
    faces = [
        _face(tuple(-a for a in row), -lift(c), strict=k in strict, sign=-1)
        for k, (row, c) in enumerate(zip(rows, bounds, strict=True))
    ]
    return Region("polytope", len(rows[0]), tuple(faces))


def symbolic(kind: str, n: int) -> Region:
    """The set of this kind in variables: lower1.., upper1.. of a box; w1.., s of a half-space; t1.. of an orthant."""
    names = lambda letter: [var(f"{letter}{k + 1}") for k in range(n)]
    match kind:
        case "box":
            return box(names("lower"), names("upper"))
        case "half_space":
            return half_space(names("w"), var("s"))
        case "orthant":
            return orthant(n, dict(enumerate(names("t"))))
        case "polytope":
            raise BadInput("a polytope has no standard variables; write polytope(A, c) in place of its name")
        case _:
            raise BadInput(f"atoms are of 'box', 'half_space', 'orthant', or of a Region; got {kind!r}")
