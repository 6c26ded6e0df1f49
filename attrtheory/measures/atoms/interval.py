r"""One random variable against several faces: the integral of a power over an interval, its ends symbolic.

Each face $p + u s > 0$ bounds $u$ from below where $s > 0$, from above where $s < 0$, and not at all where $s = 0$.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

from attrtheory.errors import TooLarge
from attrtheory.expr.forms import least, most
from attrtheory.expr.special import normal_cdf, normal_density
from attrtheory.expr.term import ONE, ZERO, Term, div, ite, lift
from attrtheory.measures.atoms.sets import holds
from attrtheory.measures.law import normal_moment

Line = tuple[Term, Term, bool]  # (p, s, strict): the face p + u s > 0, or >= 0
MAX_SIGNS = 4  # each slope of unknown sign makes three cases


def power(t: Term, k: int) -> Term:
    return reduce(lambda out, _: out * t, range(k), ONE)


def uniform_interval(lines: Sequence[Line]) -> tuple[Term, Term, Term]:
    """(low, high, whether the faces that don't move hold) for a variable in [0, 1]."""
    low, high, still = ZERO, ONE, ONE
    for p, s, strict in lines:
        root = -p / s
        low, high = most(low, ite(s, root, 0)), least(high, ite(-s, root, 1))
        still = still * ite(s, 1, ite(-s, 1, holds(p, strict=strict)))
    return low, high, still


def uniform_integral(lines: Sequence[Line], k: int) -> Term:
    r"""$\int u^k\,du$ over the part of [0, 1] where all faces hold."""
    low, high, still = uniform_interval(lines)
    return still * ite(high - low, (power(high, k + 1) - power(low, k + 1)) / (k + 1), 0)


def normal_integral(lines: Sequence[Line], k: int) -> Term:
    r"""$\int g^k \varphi(g)\,dg$ over the part of the line where all faces hold.

    Raises:
        TooLarge: more than four slopes whose signs are not known.
    """
    unknown = {unit(s)[0] for _, s, _ in lines if s.op != "const"}
    if len(unknown) > MAX_SIGNS:
        raise TooLarge(f"{len(unknown)} slopes of unknown sign make 3^{len(unknown)} cases; up to {MAX_SIGNS} are written out")
    return _by_signs(lines, k, sorted(unknown, key=lambda t: t.digest), {})


def _by_signs(lines: Sequence[Line], k: int, unknown: Sequence[Term], known: Mapping[Term, int]) -> Term:
    if not unknown:
        return _between(lines, k, [_sign(s, known) for _, s, _ in lines])
    first, *rest = unknown
    up, down, flat = (_by_signs(lines, k, rest, {**known, first: sign}) for sign in (1, -1, 0))
    return ite(first, up, ite(-first, down, flat))


def _between(lines: Sequence[Line], k: int, signs: Sequence[int]) -> Term:
    still = ONE
    lower: list[Term] = []
    upper: list[Term] = []
    for (p, s, strict), sign in zip(lines, signs, strict=True):
        if sign == 0:
            still = still * holds(p, strict=strict)
        else:
            (lower if sign > 0 else upper).append(div(-p, s))
    low, high = (reduce(most, lower) if lower else None), (reduce(least, upper) if upper else None)
    below = ZERO if low is None else normal_part(low, k)
    mass = (lift(normal_moment(k)) if high is None else normal_part(high, k)) - below
    return still * (mass if low is None or high is None else ite(high - low, mass, 0))


def normal_part(t: Term, k: int) -> Term:
    r"""$\int_{-\infty}^t g^k \varphi(g)\,dg$, by parts: $-t^{k-1}\varphi(t) + (k-1)\int_{-\infty}^t g^{k-2}\varphi$."""
    if k == 0:
        return normal_cdf(t)
    return (k - 1) * (normal_part(t, k - 2) if k > 1 else ZERO) - power(t, k - 1) * normal_density(t)


def unit(s: Term) -> tuple[Term, int]:
    """A slope as (term, sign): slopes that are rational multiples of each other have one term, where it shows."""
    lead = s.payload[1][0] if s.op == "affine" else lift(1).payload
    return s / lead, 1 if lead > 0 else -1


def _sign(s: Term, known: Mapping[Term, int]) -> int:
    if s.op == "const":
        return (s.payload > 0) - (s.payload < 0)
    term, sign = unit(s)
    return sign * known[term]
