"""What an evaluated functional comes with: its trust, bounds, the algorithms that were used, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import inf, nextafter
from typing import Literal

import numpy as np

from attrtheory.errors import TooLarge

Trust = Literal["sampled", "float", "enclosed", "exact"]
LADDER: tuple[Trust, ...] = ("sampled", "float", "enclosed", "exact")


@dataclass(frozen=True)
class Share:
    """What one algorithm found for some summands of every functional; `lower = upper` where it is exact or float."""

    lower: tuple[Fraction, ...]
    upper: tuple[Fraction, ...]
    values: tuple[Fraction, ...]
    trust: Trust
    algorithm: str
    kinks: tuple[str, ...] = ()
    evaluations: int = 0
    regions: int = 0


def plain(values: Sequence[Fraction | float], trust: Trust, algorithm: str, **more: object) -> Share:
    """A share without bounds of its own."""
    try:
        v = tuple(Fraction(value) for value in values)
    except (OverflowError, ValueError) as error:
        raise TooLarge("float64 overflows on this network and functional; ask for exact=True") from error
    return Share(v, v, v, trust, algorithm, **more)  # pyright: ignore[reportArgumentType]


@dataclass(frozen=True, eq=False)
class FunctionalValues:
    """One value for each functional, float64.

    `trust`: of the weakest part. `exact`: `exact_values` are the values. `enclosed`: they lie in [`lower`, `upper`].
    `float`: rounded, by an exact algorithm. `sampled`: with probability `confidence` over the draws all lie in
    [`lower`, `upper`], up to the rounding of parts that were computed in float64. `algorithms`: what was used for which
    parts; `kinks`: where a slope follows the convention at a kink. `evaluations`: of the network; `regions`: decomposed.
    """

    values: np.ndarray
    trust: Trust
    lower: np.ndarray | None
    upper: np.ndarray | None
    exact_values: tuple[Fraction, ...] | None
    algorithms: tuple[str, ...]
    kinks: tuple[str, ...]
    evaluations: int
    regions: int
    confidence: float | None


def together(shares: Sequence[Share], count: int, confidence: float | None) -> FunctionalValues:
    """The sum of shares, as trusted as the weakest."""
    zero = plain([Fraction(0)] * count, "exact", "")
    total = reduce(_plus, shares, zero)
    bounds = total.trust in ("sampled", "enclosed")
    try:
        values = np.array([float(v) for v in total.values])
    except OverflowError as error:
        raise TooLarge("a value is larger than any float64 number: rescale the output") from error
    return FunctionalValues(
        values,
        total.trust,
        np.array([nextafter(float(v), -inf) for v in total.lower]) if bounds else None,
        np.array([nextafter(float(v), inf) for v in total.upper]) if bounds else None,
        total.values if total.trust == "exact" else None,
        tuple(s.algorithm for s in shares),
        tuple(dict.fromkeys(k for s in shares for k in s.kinks)),
        sum(s.evaluations for s in shares),
        sum(s.regions for s in shares),
        confidence if total.trust == "sampled" else None,
    )


def _plus(a: Share, b: Share) -> Share:
    add = lambda u, v: tuple(x + y for x, y in zip(u, v, strict=True))
    trust = LADDER[min(LADDER.index(a.trust), LADDER.index(b.trust))]
    return Share(add(a.lower, b.lower), add(a.upper, b.upper), add(a.values, b.values), trust, "")
