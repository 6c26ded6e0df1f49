r"""Polynomials on the unit cube in exact rationals: signs, means, and the mean of the absolute value.

The coefficients of a polynomial in Bernstein's basis lie on both sides of its values on the cube, and their mean is its
mean. So one sign of all coefficients is the polynomial's sign, and the mean of their absolute values bounds the mean of
its absolute value from above.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import comb, prod

from flint import fmpq, fmpq_mpoly, fmpq_mpoly_ctx

MAX_PIECES = 400


def variables(count: int) -> tuple[fmpq_mpoly_ctx, Sequence[fmpq_mpoly]]:
    """The polynomials in `count` variables, and the variables."""
    ring = fmpq_mpoly_ctx.get([f"s{k + 1}" for k in range(count)], "lex")
    return ring, ring.gens()


def to_flint(q: Fraction) -> fmpq:
    return fmpq(q.numerator, q.denominator)


def to_fraction(q: fmpq) -> Fraction:
    return Fraction(int(q.p), int(q.q))


def coefficients(p: fmpq_mpoly) -> dict[tuple[int, ...], Fraction]:
    """Coefficient by powers."""
    return {tuple(map(int, powers)): to_fraction(c) for powers, c in p.to_dict().items()}


def mean(p: fmpq_mpoly) -> Fraction:
    """The integral over the unit cube."""
    return sum((c / prod(k + 1 for k in powers) for powers, c in coefficients(p).items()), Fraction(0))


def bernstein(p: fmpq_mpoly) -> list[Fraction]:
    """The coefficients in Bernstein's basis of the degrees of p."""
    degrees = [max(0, int(d)) for d in p.degrees()]
    terms = coefficients(p)

    def share(powers: tuple[int, ...], index: tuple[int, ...]) -> Fraction:
        return Fraction(*map(prod, zip(*((comb(j, a), comb(d, a)) for a, j, d in zip(powers, index, degrees, strict=True)))))  # noqa: B905

    grid = product(*(range(d + 1) for d in degrees))
    return [sum((c * share(powers, index) for powers, c in terms.items()), Fraction(0)) for index in grid]


def sign(p: fmpq_mpoly) -> int | None:
    """The sign of p on the whole open cube, or None where it is not visible."""
    values = bernstein(p)
    if not any(values):
        return 0
    return 1 if min(values) >= 0 else -1 if max(values) <= 0 else None


def roots(p: fmpq_mpoly) -> Iterator[tuple[int, Fraction]]:
    """The (variable, value) of the hyperplanes through the open cube on which p vanishes, for its linear factors."""
    for factor, _ in p.factor()[1]:
        used = [k for k, d in enumerate(factor.degrees()) if d > 0]
        if len(used) == 1 and factor.degrees()[used[0]] == 1:
            terms = {powers[used[0]]: c for powers, c in coefficients(factor).items()}
            root = -terms.get(0, Fraction(0)) / terms[1]
            if 0 < root < 1:
                yield used[0], root


@dataclass(frozen=True)
class Between:
    """A number known to lie from `lower` to `upper`; `exact` where they agree."""

    lower: Fraction
    upper: Fraction

    @property
    def exact(self) -> bool:
        return self.lower == self.upper

    def __add__(self, other: Between) -> Between:
        return Between(self.lower + other.lower, self.upper + other.upper)


def absolute_mean(p: fmpq_mpoly) -> Between:
    """The integral of |p| over the unit cube: exact where p changes sign on coordinate hyperplanes only."""
    todo, lower, upper = [(p, Fraction(1), 0)], Fraction(0), Fraction(0)
    done = 0
    while todo:
        q, volume, depth = todo.pop(0)
        values = bernstein(q)
        if min(values) >= 0 or max(values) <= 0 or done + len(todo) >= MAX_PIECES:
            lower += volume * abs(mean(q))
            upper += volume * sum(map(abs, values), Fraction(0)) / len(values)
        else:
            used = [k for k, d in enumerate(q.degrees()) if d > 0]
            k, at = next(roots(q), (used[depth % len(used)], Fraction(1, 2)))
            below, above = halves(q, k, at)
            todo += [(below, volume * at, depth + 1), (above, volume * (1 - at), depth + 1)]
        done += 1
    return Between(lower, upper)


def halves(p: fmpq_mpoly, k: int, at: Fraction) -> tuple[fmpq_mpoly, fmpq_mpoly]:
    """p on the parts of the cube below and above a value of variable k, each as a polynomial on the unit cube."""
    gens = list(p.context().gens())
    cut, rest = to_flint(at), to_flint(1 - at)
    below, above = [*gens], [*gens]
    below[k], above[k] = gens[k] * cut, gens[k] * rest + cut
    return p.compose(*below), p.compose(*above)
