r"""Whether a model jumps where a measure has mass: then step functions need not tend to an integral.

On a part of the measure (a point, a segment, a box in some coordinates) stands a point $y(s)$ with variables s from 0 to 1.
Near it, at $y(s) + e v$ with a small $e > 0$ and a direction v into the cube, every guard is a polynomial in s, v and e.
What it is at e = 0 gives its sign, and if that is 0 and the guard is affine in the displacement, its slope along v. A
guard that is curved there may take any sign, for a curve may approach the point between its level sets: all its signs are
cases. A model has no jump at $y(s)$ if it tends to one value in every case of these signs. A guard that is not 0 as a
polynomial in s alone vanishes on a null set of the part only, and does not count there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product

from flint import fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from attrtheory.errors import SideCondition, TooLarge
from attrtheory.expr.algebra import fold
from attrtheory.measures.extension.cells import OnCell, Undecided, Value
from attrtheory.measures.extension.polynomial import coefficients, sign, to_flint, variables
from attrtheory.measures.law import Law
from attrtheory.models.fn import Fn

MAX_CASES = 2000
SHARES = tuple(map(Fraction, ("1/2", "3/7", "5/11")))
HALF = Fraction(1, 2)
Signs = Mapping[str, int]  # by the texts of monic polynomials


class Near(OnCell):
    """The algebra of polynomials near a part: variables s, then v, then e. `assumed`: signs in the case at hand.

    `straight`: the point is approached along the ray v alone.
    """

    def __init__(
        self, ring: fmpq_mpoly_ctx, env: Mapping[str, fmpq_mpoly], assumed: Signs, free: int, *, straight: bool = False
    ) -> None:
        super().__init__(ring, env)
        self.assumed, self.free, self.straight = assumed, free, straight

    def ite(self, g: Value, a: Value, b: Value) -> Value:
        if isinstance(g, Undecided):
            return g
        for c in [g] if _curved(g) and not self.straight else _orders(g):
            positive = self._sign(c)
            if positive is None:
                return Undecided(c)
            if positive:
                return a if positive > 0 else b
        return b

    def _sign(self, c: fmpq_mpoly) -> int | None:
        text, lead = _monic(c)
        if text in self.assumed:
            return lead * self.assumed[text]
        return None if moves(c, self.free) else sign(c)


def _curved(g: fmpq_mpoly) -> bool:
    """Whether g vanishes on the part and is not affine in the displacement from it."""
    orders = [int(powers[-1]) for powers in g.to_dict()]
    return bool(orders) and min(orders) > 0 and max(orders) > 1


def _orders(g: fmpq_mpoly) -> Iterator[fmpq_mpoly]:
    """The coefficients of the powers of the last variable, lowest power first, as polynomials in the others."""
    ring, terms = g.context(), dict[int, dict[tuple[int, ...], fmpq]]()
    for powers, c in g.to_dict().items():
        terms.setdefault(int(powers[-1]), {})[(*powers[:-1], 0)] = c
    return (ring.from_dict(terms[order]) for order in sorted(terms))


def _monic(c: fmpq_mpoly) -> tuple[str, int]:
    """The text of c divided by its leading coefficient, and the sign of that."""
    lead = c.leading_coefficient()
    return str(c / lead), 1 if lead > 0 else -1


def moves(c: fmpq_mpoly, free: int) -> bool:
    """Whether c depends on the direction, and not on the point of the part alone."""
    return any(d > 0 for d in c.degrees()[free:])


def require_continuous(f: Fn, law: Law) -> None:
    """Refuse a model that jumps where the law, of points, segments and boxes with rational ends, has mass.

    Raises:
        SideCondition: the model is discontinuous on a set to which the law gives mass; the jump is named. Or that could not be
            excluded.
        TooLarge: too many cases of signs.
    """
    free = len(law.uniform)
    ring, gens = variables(free + law.n + 1)
    part = [
        sum((to_flint(c[k].payload) * s for c, s in zip(law.uniform, gens, strict=False)), ring.constant(to_flint(o.payload)))
        for k, o in enumerate(law.origin)
    ]
    inward = [1 if p == 0 else -1 if p == 1 else 0 for p in part]  # 0: both ways, by a variable of either sign
    steps = [v * (way or 1) for v, way in zip(gens[free:-1], inward, strict=True)]
    env = {name: p + gens[-1] * v for name, p, v in zip(f.names, part, steps, strict=True)}
    either = [free + k for k, way in enumerate(inward) if not way]
    if any(len(values) > 1 for values in _cases(f, ring, env, free, either)):
        raise SideCondition(_jump(f, part) or "the model is not known to be continuous where the measure has mass")


Env = Mapping[str, fmpq_mpoly]


def _cases(f: Fn, ring: fmpq_mpoly_ctx, env: Env, free: int, either: Sequence[int]) -> Iterator[set[str]]:
    """The values that the model tends to, by their texts, in each case of the signs on the part."""
    todo: list[Signs] = [{}]
    for _ in range(MAX_CASES):
        if not todo:
            return
        here = todo.pop()
        found = _values(f, ring, env, free, either, here)
        if isinstance(found, Undecided):
            text, _sign = _monic(found.guard)
            todo += [{**here, text: positive} for positive in (1, -1)]
        else:
            yield found
    raise TooLarge(f"a model with more than {MAX_CASES} cases of signs where the measure has mass")


def _values(f: Fn, ring: fmpq_mpoly_ctx, env: Env, free: int, either: Sequence[int], here: Signs) -> set[str] | Undecided:
    """The limits over all signs near the part, or a guard whose sign on the part itself is not decided."""
    out, todo = set[str](), [here]
    for _ in range(MAX_CASES):
        if not todo:
            return out
        assumed = todo.pop()
        found = fold(f.body, Near(ring, env, assumed, free))
        if not isinstance(found, Undecided):
            out.add(str(_tends_to(found)))
        elif not moves(found.guard, free):
            return found
        else:
            text, lead = _monic(found.guard)
            one = None if any(found.guard.degrees()[k] > 0 for k in either) else sign(found.guard)
            todo += [{**assumed, text: s} for s in (1, 0, -1) if one is None or s in (0, lead * one)]
    raise TooLarge(f"a model with more than {MAX_CASES} cases of signs at one point of the measure")


def _tends_to(p: fmpq_mpoly) -> fmpq_mpoly:
    """p at e = 0."""
    return p.context().from_dict({powers: c for powers, c in p.to_dict().items() if not powers[-1]})


def _jump(f: Fn, part: Sequence[fmpq_mpoly]) -> str | None:
    """A point of the part at which the model's value is not what it tends to along some direction."""
    ring, (e,) = variables(1)
    for share in SHARES:
        point = [_at(p, share) for p in part]
        inward = product(*([d for d in (0, 1, -1) if 0 <= q + d * HALF <= 1 or 0 < q < 1] for q in point))
        limits = {v: _limit(f, ring, [to_flint(q) + e * d for q, d in zip(point, v, strict=True)]) for v in inward}
        here = limits[(0,) * f.n]
        for v, there in limits.items():
            if there != here:
                where, towards = (f"({', '.join(map(str, p))})" for p in (point, v))
                return (
                    f"the model is discontinuous where the measure has mass: at {where} it is {here}, towards {towards} it "
                    f"tends to {there}. The limit of step functions then depends on the side of the cells; move the point, "
                    "or use a continuous model"
                )
    return None


def _at(p: fmpq_mpoly, share: Fraction) -> Fraction:
    """p where all variables are `share`."""
    return sum((c * share ** sum(powers) for powers, c in coefficients(p).items()), Fraction(0))


def _limit(f: Fn, ring: fmpq_mpoly_ctx, env: Sequence[fmpq_mpoly]) -> Fraction:
    value = fold(f.body, Near(ring, dict(zip(f.names, env, strict=True)), {}, 0, straight=True))
    return Fraction(0) if isinstance(value, Undecided) else coefficients(value).get((0,), Fraction(0))
