"""Running a method directly in an algebra: values with operators, and a model seen through them.

Folding a method's term in an algebra, and running the method on these values, must give the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from typing import Any, Generic, TypeVar

from attrtheory.expr.algebra import Algebra, fold
from attrtheory.expr.term import Term, lift, var

T = TypeVar("T")
_ONE = Fraction(1)


@dataclass(frozen=True, eq=False)
class Value(Generic[T]):
    """A value of an algebra, with operators."""

    algebra: Algebra[T]
    value: T

    def of(self, other: Any) -> T:
        return other.value if isinstance(other, Value) else self.algebra.const(lift(other).payload)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]

    def _with(self, value: T) -> Value[T]:
        return Value(self.algebra, value)

    def __add__(self, other: Any) -> Value[T]:
        return self._with(self.algebra.affine(Fraction(0), (_ONE, _ONE), (self.value, self.of(other))))

    __radd__ = __add__

    def __neg__(self) -> Value[T]:
        return self._with(self.algebra.affine(Fraction(0), (-_ONE,), (self.value,)))

    def __sub__(self, other: Any) -> Value[T]:
        return self._with(self.algebra.affine(Fraction(0), (_ONE, -_ONE), (self.value, self.of(other))))

    def __rsub__(self, other: Any) -> Value[T]:
        return -self + other

    def __mul__(self, other: Any) -> Value[T]:
        return self._with(self.algebra.mul(self.value, self.of(other)))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Value[T]:
        return self._with(self.algebra.div(self.value, self.of(other)))

    def __rtruediv__(self, other: Any) -> Value[T]:
        return self._with(self.algebra.div(self.of(other), self.value))


@dataclass(frozen=True)
class DirectView(Generic[T]):
    """A model given by the terms of its value and of its partial derivatives, evaluated in an algebra."""

    algebra: Algebra[T]
    names: tuple[str, ...]
    body: Term
    slopes: tuple[Term, ...]
    _levels: count[int] = count(10**6)  # noqa: RUF009  (open levels need only differ)

    @property
    def n(self) -> int:
        return len(self.names)

    def _fold(self, term: Term, point: tuple[Any, ...]) -> Value[T]:
        probe = Value(self.algebra, self.algebra.const(Fraction(0)))
        env = {name: probe.of(p) for name, p in zip(self.names, point, strict=True)}
        known = {var(name): value for name, value in env.items()}
        return Value(self.algebra, fold(term, self.algebra, stop=known.get))

    def __call__(self, *point: Any) -> Value[T]:
        return self._fold(self.body, point)

    def partial(self, i: int, *point: Any) -> Value[T]:
        return self._fold(self.slopes[i], point)

    def mean01(self, body: Callable[[Value[T]], Any]) -> Value[T]:
        level = next(self._levels)
        a = Value(self.algebra, self.algebra.bound(level))
        return Value(self.algebra, self.algebra.mean01(level, a.of(body(a))))
