"""Numbers and names as text: short, honest about what was cut, and never NaN."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import isfinite
from typing import Any

import numpy as np

from attrtheory.errors import BadInput

SHORT = 40  # characters of an exact number that fit into a line
_RATIONAL = re.compile(r"(-?\d+)(?:/(\d+))?", re.ASCII)
# Controls, text-direction marks and lone surrogates: in a name they break a page, a terminal or its encoding.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


@dataclass(frozen=True)
class Shortened:
    """An exact number: what fits into a line, all of it, and whether something was cut."""

    short: str
    full: str

    @property
    def cut(self) -> bool:
        return self.short != self.full


def number(value: float) -> str:
    """Five digits.

    >>> number(-0.0), number(1 / 3), number(6.1e-16)
    ('0', '0.33333', '6.1e-16')
    """
    if not isfinite(value):
        raise BadInput(f"a report shows finite numbers; got {value}")
    return f"{float(value) + 0.0:.5g}"


def exact(value: Fraction | str) -> Shortened:
    """An exact number in full and shortened; a text that is no rational number (an interval, a formula) is kept as it is.

    >>> exact(Fraction(1, 3)).short
    '1/3'
    >>> exact("1" * 50 + "/3").short
    '≈ 3.7037e+48'
    """
    full = value if isinstance(value, str) else _digits(value)
    if len(full) <= SHORT:
        return Shortened(full, full)
    if (parts := _RATIONAL.fullmatch(full)) is None:
        return Shortened(f"{full[: SHORT - 12]} ... {full[-8:]}", full)
    try:  # Decimal, because int(text) refuses more than 4300 digits, and float(q) overflows
        quotient = Decimal(parts[1]) / Decimal(parts[2] or 1)
    except (InvalidOperation, ArithmeticError):
        return Shortened(f"{full[: SHORT - 12]} ... {full[-8:]}", full)
    near = float(quotient)
    return Shortened(f"≈ {near:.6g}" if isfinite(near) and near else f"≈ {quotient:.6g}", full)


def _digits(q: Fraction) -> str:
    """`str(q)` without Python's limit on digits."""
    over = "" if q.denominator == 1 else f"/{Decimal(q.denominator):f}"
    return f"{Decimal(q.numerator):f}{over}"


def visible(text: str) -> str:
    r"""A name with characters replaced that a reader would not see.

    >>> visible("a\x1b[31mb")
    'a�[31mb'
    """
    return _INVISIBLE.sub("\ufffd", text)


def feature(index: int, shape: tuple[int, ...]) -> str:
    """A feature's place in the input, counted from 0.

    >>> feature(5, (2, 3)), feature(5, (7,))
    ('x[1,2]', 'x[5]')
    """
    if not 0 <= index < max(1, int(np.prod(shape))):
        raise BadInput(f"feature {index} does not exist: an input of shape {shape} has {int(np.prod(shape))} features")
    return f"x[{','.join(str(int(k)) for k in np.unravel_index(index, shape))}]"


def require_finite(thing: Any, where: str) -> None:
    """Go through data and refuse NaN and infinities, saying where they are.

    Raises:
        BadInput: a number is not finite.
    """
    if isinstance(thing, np.ndarray | float):
        bad = ~np.isfinite(np.asarray(thing, dtype=float))
        if bad.any():
            raise BadInput(
                f"{where} holds {int(bad.sum())} value(s) that are NaN or infinite; a report shows finite numbers only. "
                "Look at the inputs of the audit and at the network's weights."
            )
    elif is_dataclass(thing):
        for f in fields(thing):
            require_finite(getattr(thing, f.name), f"{where}.{f.name}" if where else f.name)
    elif isinstance(thing, Mapping):
        for key, value in thing.items():
            require_finite(value, f"{where}[{key!r}]")
    elif isinstance(thing, list | tuple):
        for k, value in enumerate(thing):
            require_finite(value, f"{where}[{k}]")
