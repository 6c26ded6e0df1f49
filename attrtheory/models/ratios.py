"""Vectors of exact rationals as integers over one common denominator: what flint multiplies fast."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm
from typing import Any, NamedTuple

import numpy as np

from attrtheory.models.ops import Array


class Ratios(NamedTuple):
    """`integers[i] / denominator`; the integers are Python's or flint's."""

    integers: Sequence[Any]
    denominator: int

    def over(self, denominator: int) -> Sequence[Any]:
        """The integers over a multiple of the denominator."""
        k = denominator // self.denominator
        return self.integers if k == 1 else [k * n for n in self.integers]

    def fractions(self) -> list[Fraction]:
        return [Fraction(int(n), self.denominator) for n in self.integers]

    def plus(self, other: Ratios) -> Ratios:
        d = lcm(self.denominator, other.denominator)
        return Ratios([m + n for m, n in zip(self.over(d), other.over(d), strict=True)], d)

    def times(self, other: Ratios) -> Ratios:
        """Entry by entry."""
        product = [m * n for m, n in zip(self.integers, other.integers, strict=True)]
        return Ratios(product, self.denominator * other.denominator)


def ratios(values: Sequence[Fraction]) -> Ratios:
    d = lcm(*(v.denominator for v in set(values)))
    return Ratios([v.numerator * (d // v.denominator) for v in values], d)


def dyadic(values: Array) -> Ratios:
    """The exact values of floats, over the least power of two that makes them whole."""
    mantissa, exponent = np.frexp(values.ravel())
    whole = (mantissa * 2.0**53).astype(np.int64)
    trailing = np.frexp((whole & -whole).astype(np.float64))[1] - 1
    power = max(0, int((53 - exponent - trailing)[whole != 0].max(initial=0)))
    shifts = (exponent - 53 + power).tolist()
    integers = [n << s if s >= 0 else n >> -s for n, s in zip(whole.tolist(), shifts, strict=True)]
    return Ratios(integers, 2**power)


def concatenate(parts: Sequence[Ratios]) -> Ratios:
    if len(parts) == 1:
        return parts[0]
    d = lcm(*(p.denominator for p in parts))
    return Ratios([n for p in parts for n in p.over(d)], d)
