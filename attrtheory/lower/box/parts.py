r"""The inputs `b + t (x - b)`, x in a box and t in a span, as forms.

With x - b = d + r e and t = m + h s (e in [-1, 1]^n, s in [-1, 1]):  b + t (x - b) = b + m d + h d s + t r e,  and
t r e lies in (m + h) r [-1, 1]: one symbol for each feature, and one for t. Nothing is lost but roundings.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from attrtheory.lower.box.forms import Forms, settled
from attrtheory.lower.box.question import Box, Interval, Point

PLACES, TIMES = 36, 20  # bits of coordinates and of t


def forms(places: Sequence[tuple[Box, Interval]], baseline: Point, dtype: type) -> Forms:
    """Forms of the inputs with a last entry 1: symbols 0 to n - 1 are the features', symbol n is t's."""
    n = len(baseline)
    exponent = np.array([_exponent(box, baseline) for box, _ in places])
    low, high, base, off = np.zeros((4, len(places), n), dtype=np.int64)
    start, end = np.zeros((2, len(places), 1), dtype=np.int64)
    for k, (box, (a, b)) in enumerate(places):
        p = int(exponent[k])
        low[k] = [floor_scaled(v, p) for v in box.lower]
        high[k] = [-floor_scaled(-v, p) for v in box.upper]
        base[k] = [floor_scaled(v, p) for v in baseline]
        off[k] = [floor_scaled(v, p) != -floor_scaled(-v, p) for v in baseline]
        start[k], end[k] = floor_scaled(a, TIMES), -floor_scaled(-b, TIMES)
    rows = np.zeros((len(places), n + 3, n + 1), dtype=np.int64)
    away = low + high - 2 * base
    scale = 2 ** (TIMES + 2)
    rows[:, 0, :n] = base * scale + (start + end) * away
    rows[:, 1, :n] = off * scale
    rows[:, 2 + np.arange(n), np.arange(n)] = 2 * end * (high - low)
    rows[:, 2 + n, :n] = (end - start) * away
    rows[:, 0, n] = [floor_scaled(1, p + TIMES + 2) for p in exponent.tolist()]
    rows[:, 1, n] = exponent + TIMES + 2 < 0
    return settled(rows.astype(dtype), exponent + TIMES + 2)


def _exponent(box: Box, baseline: Point) -> int:
    largest = max(map(abs, (*box.lower, *box.upper, *baseline)))
    return PLACES - int(largest).bit_length()


def floor_scaled(value: object, power: int) -> int:
    """The largest whole number that is at most `value 2^power`."""
    numerator, denominator = value.as_integer_ratio()  # type: ignore[attr-defined]
    return (numerator << power) // denominator if power >= 0 else numerator // (denominator << -power)
