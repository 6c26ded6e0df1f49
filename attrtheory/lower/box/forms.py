r"""Affine forms in whole numbers: enclosures of vectors that depend on a box, rounded outwards.

A form encloses each entry of a vector as

    2^-p (centre + error [-1, 1] + sum_j coefficient_j symbol_j),      symbol_j in [-1, 1],

with symbols shared between entries. Numbers keep about 40 bits, and half of them at a time meets a weight, so that every
sum of products is exact in 64 bits; what a shift to the right cuts off is added to the error. The same formulas on
float64 arrays, where nothing is rounded on purpose, propose; on int64 arrays they prove.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from attrtheory.models.affine import Row

BITS, FINEST = 40, 39  # of a number; of its digits behind the point
HALF = 20  # bits of a number that meet a weight together
UNIT = 2**8  # slopes of relaxations are whole multiples of 1 / UNIT
POWERS = 2 ** np.arange(63, dtype=np.int64)
Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Matrix:
    """`2^-exponent (values + inexact [-1/2, 1/2])` is a matrix of rationals; on floats `inexact` is None."""

    values: Array
    inexact: Array | None
    exponent: int

    @cached_property
    def magnitudes(self) -> Array:
        return np.abs(self.values)

    def transposed(self) -> Matrix:
        """The transpose of the linear part: the last row and column hold the constant."""
        inexact = None if self.inexact is None else self.inexact[:-1, :-1].T.copy()
        return Matrix(self.values[:-1, :-1].T.copy(), inexact, self.exponent)


def matrix(rows: tuple[Row, ...], columns: int, dtype: type) -> Matrix:
    """Rows of an affine step, the bias as the weight of a last entry 1, which is kept."""
    entries = [(i, j, w) for i, row in enumerate(rows) for j, w in [*row.terms, (columns, row.bias)] if w]
    entries.append((len(rows), columns, Fraction(1)))
    values = np.zeros((len(rows) + 1, columns + 1), dtype=dtype)
    if dtype is np.float64:
        for i, j, w in entries:
            values[i, j] = w
        return Matrix(values, None, 0)
    inexact, room = np.zeros_like(values), 61 - HALF - max(values.shape).bit_length()
    power = min(FINEST, room - int(max(abs(w) for *_, w in entries)).bit_length())
    for i, j, w in entries:
        scaled = w * 2**power if power >= 0 else w / 2**-power
        values[i, j] = round(scaled)
        inexact[i, j] = scaled.denominator > 1
    return Matrix(values, inexact, power)


@dataclass(frozen=True, eq=False)
class Forms:
    """`rows` (boxes, 2 + symbols, entries): centres, errors, then coefficients; `exponent` p for each box."""

    rows: Array
    exponent: Array

    @property
    def centre(self) -> Array:
        return self.rows[:, 0]

    @cached_property
    def radius(self) -> Array:
        return self.rows[:, 1] + np.abs(self.rows[:, 2:]).sum(1)

    def ends(self) -> tuple[Array, Array]:
        """Lower and upper ends of every entry, to be multiplied by 2^-p."""
        return self.centre - self.radius, self.centre + self.radius

    def through(self, m: Matrix) -> Forms:
        """`M x`. What was rounded off M's weights changes it by at most half the magnitudes that meet such a weight."""
        if m.inexact is None:
            y = self.rows @ m.values.T
            y[:, 1] = self.rows[:, 1] @ m.magnitudes.T
            return settled(y, self.exponent + m.exponent)
        high, low = (a @ m.values.T for a in halves(self.rows))
        high[:, 1], low[:, 1] = (a @ m.magnitudes.T for a in halves(self.rows[:, 1]))
        y, cut = high + (low >> HALF), (low & (2**HALF - 1)) > 0
        magnitude = -(-(np.abs(self.centre) + self.radius) >> HALF)
        y[:, 1] += cut.sum(1) + ((magnitude @ m.inexact.T + 1) >> 1)
        return settled(y, self.exponent + m.exponent - HALF)

    def scaled(self, slope: Array, shift: Array, noise: Array, symbols: int) -> Forms:
        """`slope x + (shift + noise symbol) / 2` for every entry, all three over UNIT; the new symbols come last."""
        old, new = self.rows.shape[1], spread(noise)
        y = np.zeros((len(new), 2 + symbols + new.shape[1], new.shape[2]), dtype=new.dtype)
        np.multiply(self.rows, 2 * slope[:, None], out=y[:, :old])
        y[:, 0] += shift
        y[:, 2 + symbols :] = new
        return settled(y, self.exponent + UNIT.bit_length())

    def coarser(self, exponent: Array) -> Forms:
        return Forms(rounded(self.rows, self.exponent - exponent), exponent)


def halves(rows: Array) -> tuple[Array, Array]:
    """`rows` as `high 2^HALF + low`, 0 <= low < 2^HALF."""
    return rows >> HALF, rows & (2**HALF - 1)


def settled(y: Array, exponent: Array) -> Forms:
    """The same enclosures with numbers of at most BITS bits and at most FINEST digits behind the point."""
    if y.dtype.kind == "f":
        return Forms(y, exponent)
    bits = np.searchsorted(POWERS, np.abs(y).max((1, 2)), side="right")
    shift = np.maximum(np.maximum(bits - BITS, exponent - FINEST), 0)
    return Forms(rounded(y, shift), exponent - shift)


def rounded(y: Array, shift: Array) -> Array:
    """`y / 2^shift`, centres and coefficients to the nearest; what that changes is added to the errors."""
    s = np.minimum(shift, 62)[:, None, None]
    if y.dtype.kind == "f":
        return y * 2.0**-s
    z = (y + (1 << s >> 1)) >> s
    lost = np.abs(y - (z << s))
    lost[:, 1] = y[:, 1]
    z[:, 1] = -(-lost.sum(1) >> s[:, 0])
    return z


def spread(noise: Array) -> Array:
    """One new symbol for each entry with noise: (boxes, most symbols of a box, entries)."""
    live = noise > 0
    rows = np.zeros((len(noise), int(live.sum(1).max(initial=0)), noise.shape[1]), dtype=noise.dtype)
    box, entry = live.nonzero()
    rows[box, live.cumsum(1)[box, entry] - 1, entry] = noise[box, entry]
    return rows


def padded(rows: Array, symbols: int) -> Array:
    missing = symbols + 2 - rows.shape[1]
    return rows if missing == 0 else np.pad(rows, ((0, 0), (0, missing), (0, 0)))


def aligned(parts: list[Forms], symbols: int) -> tuple[list[Array], Array]:
    """Rows over one exponent and with the same symbols."""
    exponent = np.min([p.exponent for p in parts], axis=0)
    return [padded(p.coarser(exponent).rows, symbols) for p in parts], exponent


def ramp(z: Forms, symbols: int) -> tuple[Forms, Array, Array]:
    """ReLU of every entry but the last, the constant: the forms, where z > 0 for certain, and where it is open.

    With low <= z <= high around 0 and any slope s in [0, 1], relu(z) - s z lies in [0, max(-s low, (1 - s) high)].
    """
    low, high = z.ends()
    on, free = low > 0, (low <= 0) & (high >= 0)
    on[:, -1], free[:, -1] = True, False
    span = np.where(free, np.maximum(high - low, 1), 1)
    slope = np.where(free, np.minimum(high * UNIT // span, UNIT), np.where(on, UNIT, 0)).astype(z.rows.dtype)
    reach = np.where(free, np.maximum(-slope * low, (UNIT - slope) * high), 0)
    return z.scaled(slope, reach, reach, symbols), on, free


def ramp_back(g: Forms, on: Array, free: Array, symbols: int) -> Forms:
    """`D g` with D = 1 where `on`, anything in [0, 1] where `free`, else 0.

    With -down <= g <= up and any slope s in [0, 1], (D - s) g lies between -max(s up, (1 - s) down) and
    max((1 - s) up, s down); s is such that s and 1 - s are in the ratio of the smaller to the larger of up and down.
    """
    low, high = g.ends()
    up, down = np.maximum(high, 0), np.maximum(-low, 0)
    total = np.maximum(up + down, 1)
    slope = np.where(free, np.minimum(up, down) * UNIT // total, np.where(on, UNIT, 0)).astype(g.rows.dtype)
    top = np.where(free, np.maximum((UNIT - slope) * up, slope * down), 0)
    bottom = np.where(free, np.maximum(slope * up, (UNIT - slope) * down), 0)
    return g.scaled(slope, top - bottom, top + bottom, symbols)
