"""Does float64 round? A value is a multiple of 2^e of size at most m 2^e; nothing rounds while m <= 2^53.

The bound adds absolute values, so it holds for every order of summation, every fusion, and every device.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from attrtheory.errors import Unsupported
from attrtheory.expr.algebra import fold
from attrtheory.expr.term import Term

Size = tuple[int, int]  # (m, e)


class Dyadic:
    """The algebra of sizes. `env` gives each variable's (m, e); `worst` is the largest number of bits met."""

    def __init__(self, env: Mapping[str, Size]) -> None:
        self.env, self.worst = env, 0

    def _seen(self, m: int, e: int) -> Size:
        self.worst = max(self.worst, m.bit_length())
        return m, e

    def const(self, q: Fraction) -> Size:
        if q.denominator & (q.denominator - 1):
            raise Unsupported(f"{q} is not dyadic, so float64 rounds it")
        return self._seen(abs(q.numerator), 1 - q.denominator.bit_length())

    def var(self, name: str) -> Size:
        return self._seen(*self.env[name])

    def bound(self, level: int) -> Size:
        raise Unsupported("a mean rounds in general")

    def affine(self, constant: Fraction, coefficients: Sequence[Fraction], values: Sequence[Size]) -> Size:
        out = self.const(constant)
        for q, v in zip(coefficients, values, strict=True):
            m, e = self.mul(self.const(q), v)
            low = min(e, out[1])
            out = self._seen((m << e - low) + (out[0] << out[1] - low), low)
        return out

    def mul(self, a: Size, b: Size) -> Size:
        return self._seen(a[0] * b[0], a[1] + b[1])

    def div(self, a: Size, b: Size) -> Size:
        raise Unsupported("division rounds in general")

    def ite(self, g: Size, a: Size, b: Size) -> Size:
        low = min(a[1], b[1])
        return self._seen(max(a[0] << a[1] - low, b[0] << b[1] - low), low)

    def mean01(self, level: int, body: Size) -> Size:
        raise Unsupported("a mean rounds in general")

    def call(self, name: str, orders: tuple[int, ...], args: Sequence[Size]) -> Size:
        raise Unsupported(f"nothing is known of the size of {name!r}")


def bits(term: Term, env: Mapping[str, Size]) -> int:
    """Bits that float64 needs for the term; at most 53 means that no operation rounds.

    Raises:
        Unsupported: the term has a division, a mean or a constant that is not dyadic.
    """
    sizes = Dyadic(env)
    fold(term, sizes)
    return sizes.worst


def exponents_fit(term: Term, env: Mapping[str, Size]) -> bool:
    """Whether `bits` alone decides: no intermediate exponent leaves the normal range of float64."""
    memo: dict[Term, Size] = {}
    fold(term, Dyadic(env), memo)
    return all(e >= -1022 and e + m.bit_length() <= 1023 for m, e in memo.values())
