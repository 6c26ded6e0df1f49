r"""What an additive rule with a piecewise polynomial integrator is made of: point masses with a side, and densities.

Additivity alone lets a rule put mass *just below* or *just above* a value c of a coordinate: on $(c-\epsilon, c]$, or on
$(c, c+\epsilon]$, for every $\epsilon > 0$. Let $G(t) = a(\prod_k [0, t_k])$. In one coordinate

    just below c:  G(c) - G(c-)        just above c:  G(c+) - G(c)        between breaks:  the density G'

and in several coordinates these operations follow one another. On grids of mesh going to 0 through the breaks, the sum
of $|a(R)|$ tends to the sum of the sizes of these pieces; refining only increases it, so this is the variation $V(a)$. Both
sides of c act as $f(c)$ on a continuous f. What is just above c shrinks to nothing, so a is a measure (σ-additive) only
without it, and then it is the measure that its integrals define.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from flint import fmpq_mpoly

from attrtheory.expr.term import const
from attrtheory.measures.extension.cells import Breaks, Stratified
from attrtheory.measures.extension.polynomial import Between, absolute_mean, coefficients, mean, to_flint
from attrtheory.measures.law import Law, Part, unit
from attrtheory.measures.measure import Measure

Site = tuple[int, int]  # (stratum, side): side -1 or 1 of a point, 0 for an interval or a point with both sides together


@dataclass(frozen=True, eq=False)
class Charge:
    """Densities, in variables from 0 to 1, by the site in each coordinate; an additive rule of finite variation."""

    breaks: Breaks
    pieces: Mapping[tuple[Site, ...], fmpq_mpoly]

    @property
    def n(self) -> int:
        return len(self.breaks)

    def mass(self) -> Fraction:
        """The atom of the cube."""
        return sum(map(mean, self.pieces.values()), Fraction(0))

    def variation(self) -> Between:
        r"""$V(a)$: exact where densities change their signs on coordinate hyperplanes, else an enclosure."""
        return sum(map(absolute_mean, self.pieces.values()), Between(Fraction(0), Fraction(0)))

    def collapsed(self) -> Charge:
        """Both sides of a point together: what continuous models see."""
        merged: dict[tuple[Site, ...], fmpq_mpoly] = {}
        for sites, p in self.pieces.items():
            key = tuple((j, 0) for j, _ in sites)
            merged[key] = merged[key] + p if key in merged else p
        return Charge(self.breaks, {sites: p for sites, p in merged.items() if p})

    @property
    def countably_additive(self) -> bool:
        """Whether the rule is a measure: nothing lies just above a value other than 0, where the first cell is closed."""
        return all(side <= 0 or j == 0 for sites in self.pieces for j, side in sites)

    def measure(self) -> Measure:
        r"""The measure with $\int f\,d\mu = \lim \sum f(y_R)\,a(R)$ for continuous f."""
        return Measure(self.n, tuple(part for sites, p in self.collapsed().pieces.items() for part in self._parts(sites, p)))

    def laws(self) -> list[Law]:
        """The points, segments and boxes that carry it, also those on which both sides of a point cancel."""
        return list(map(self._law, self.pieces))

    def _law(self, sites: tuple[Site, ...]) -> Law:
        origin = tuple(const(b[j // 2]) for b, (j, _) in zip(self.breaks, sites, strict=True))
        sides = [unit(self.n, k, b[j // 2 + 1] - b[j // 2]) for k, (b, j) in self._intervals(sites)]
        return Law(origin, tuple(sides))

    def _intervals(self, sites: tuple[Site, ...]) -> list[tuple[int, tuple[tuple[Fraction, ...], int]]]:
        return [(k, (self.breaks[k], j)) for k, (j, _) in enumerate(sites) if j % 2]

    def _parts(self, sites: tuple[Site, ...], density: fmpq_mpoly) -> list[Part]:
        law, free = self._law(sites), [k for k, _ in self._intervals(sites)]
        return [Part(const(c), law, tuple(powers[k] for k in free)) for powers, c in sorted(coefficients(density).items())]


def charge_of(integrator: Stratified) -> Charge:
    """The charge of an integrator that is 0 below 0."""
    pieces: dict[tuple[Site, ...], fmpq_mpoly] = {tuple((j, 0) for j in index): p for index, p in integrator.values.items()}
    for k, breaks in enumerate(integrator.breaks):
        pieces = _in_coordinate(k, len(breaks) - 1, pieces)
    return Charge(integrator.breaks, pieces)


def _in_coordinate(k: int, last: int, values: Mapping[tuple[Site, ...], fmpq_mpoly]) -> dict[tuple[Site, ...], fmpq_mpoly]:
    """Jumps and slopes in coordinate k, the others as they are; the breaks there are numbered to `last`."""
    out: dict[tuple[Site, ...], fmpq_mpoly] = {}

    def put(sites: tuple[Site, ...], site: Site, p: fmpq_mpoly) -> None:
        key = (*sites[:k], site, *sites[k + 1 :])
        out[key] = out[key] + p if key in out else p

    for sites, p in values.items():
        j = sites[k][0]
        if j % 2:
            put(sites, (j, 0), p.derivative(k))
            put(sites, (j + 1, -1), -_held(p, k, 1))
            put(sites, (j - 1, 1), _held(p, k, 0))
        else:
            put(sites, (j, -1), p)
            if j < 2 * last:
                put(sites, (j, 1), -p)
    return {sites: p for sites, p in out.items() if p}


def _held(p: fmpq_mpoly, k: int, value: int) -> fmpq_mpoly:
    """p with variable k at 0 or 1."""
    gens = list(p.context().gens())
    gens[k] = gens[k] * 0 + to_flint(Fraction(value))
    return p.compose(*gens)
