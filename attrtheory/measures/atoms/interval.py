r"""One random variable against several faces: the integral of a power over an interval, its ends symbolic.

Each face $p + u s > 0$ bounds $u$ from below where $s > 0$, from above where $s < 0$, and not at all where $s = 0$.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from attrtheory.errors import TooLarge
from attrtheory.expr.forms import least, most
from attrtheory.expr.special import ROOT, normal_cdf, normal_density
from attrtheory.expr.term import ONE, ZERO, Term, ite, lift
from attrtheory.measures.atoms.sets import holds
from attrtheory.measures.law import normal_moment

Signs = Mapping[Term, int]  # of slopes up to rational factors: 1, 0 or -1
MAX_SIGNS = 4  # each slope of unknown sign makes three cases


@dataclass(frozen=True, eq=False)
class Line:
    r"""The face $p + u s > 0$, or $\ge 0$ where it is not strict, as one variable sees it. `side`: as of a face."""

    p: Term
    s: Term
    strict: bool
    side: int | None = None

    @property
    def root(self) -> Term:
        return -self.p / self.s if monic(self.s)[1] > 0 else self.p / -self.s


def power(t: Term, k: int) -> Term:
    return reduce(lambda out, _: out * t, range(k), ONE)


def uniform_interval(lines: Sequence[Line], signs: Signs) -> tuple[Term, Term, Term]:
    """(low, high, whether the faces that don't move hold) for a variable in [0, 1]."""
    low, high, still = ZERO, ONE, ONE
    for line in lines:
        sign, s = sign_of(line.s, signs), line.s
        if sign is None:
            low, high = most(low, ite(s, line.root, 0)), least(high, ite(-s, line.root, 1))
            still = still * ite(s, 1, ite(-s, 1, holds(line.p, strict=line.strict)))
        elif sign:
            low, high = (most(low, line.root), high) if sign > 0 else (low, least(high, line.root))
        else:
            still = still * holds(line.p, strict=line.strict)
    return low, high, still


def uniform_integral(lines: Sequence[Line], k: int, signs: Signs) -> Term:
    r"""$\int u^k\,du$ over the part of [0, 1] where all faces hold."""
    low, high, still = uniform_interval(lines, signs)
    return still * ite(high - low, (power(high, k + 1) - power(low, k + 1)) / (k + 1), 0)


def normal_integral(lines: Sequence[Line], k: int, signs: Signs) -> Term:
    r"""$\int g^k \varphi(g)\,dg$ over the part of the line where all faces hold.

    Raises:
        TooLarge: more than four slopes whose signs are not known.
    """
    unknown = {monic(line.s)[0] for line in lines if sign_of(line.s, signs) is None}
    if len(unknown) > MAX_SIGNS:
        raise TooLarge(f"{len(unknown)} slopes of unknown sign make 3^{len(unknown)} cases; up to {MAX_SIGNS} are written out")
    if not unknown:
        return _between(lines, k, [sign_of(line.s, signs) or 0 for line in lines])
    s = min(unknown, key=lambda t: t.digest)
    up, down, flat = (normal_integral(lines, k, {**signs, s: sign}) for sign in (1, -1, 0))
    return ite(s, up, flat if s.op == "call" and s.payload[0] == ROOT else ite(-s, down, flat))


def _between(lines: Sequence[Line], k: int, signs: Sequence[int]) -> Term:
    lower = [line for line, sign in zip(lines, signs, strict=True) if sign > 0]
    upper = [line for line, sign in zip(lines, signs, strict=True) if sign < 0]
    low = reduce(most, (line.root for line in lower)) if lower else None
    high = reduce(least, (line.root for line in upper)) if upper else None
    mass = lift(normal_moment(k)) if high is None else normal_part(high, k)
    mass = mass if low is None else mass - normal_part(low, k)
    opposite = [line.side for line in lower] == [line.side for line in upper] and len(lower) == 1 and lower[0].side is not None
    if low is not None and high is not None and not opposite:
        mass = ite(high - low, mass, 0)
    for line in (line for line, sign in zip(lines, signs, strict=True) if sign == 0):
        mass = holds(line.p, strict=line.strict) * mass
    return mass


def normal_part(t: Term, k: int) -> Term:
    r"""$\int_{-\infty}^t g^k \varphi(g)\,dg$, by parts: $-t^{k-1}\varphi(t) + (k-1)\int_{-\infty}^t g^{k-2}\varphi$."""
    if k == 0:
        return normal_cdf(t)
    return (k - 1) * (normal_part(t, k - 2) if k > 1 else ZERO) - power(t, k - 1) * normal_density(t)


def monic(s: Term) -> tuple[Term, int]:
    """A slope as (term, sign): slopes that are rational multiples of each other have one term, where it shows."""
    if s.op != "affine":
        return s, 1
    lead = s.payload[1][0]
    return s / lead, 1 if lead > 0 else -1


def sign_of(s: Term, known: Signs) -> int | None:
    """The sign of a slope, if it is known."""
    if s.op == "const":
        return (s.payload > 0) - (s.payload < 0)
    term, sign = monic(s)
    return sign * known[term] if term in known else None
