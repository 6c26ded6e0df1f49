"""What a method may ask of a model.

`FnView`: it can be evaluated, differentiated and averaged along a parameter, and nothing else. Below it, models made of
models; each is again seen from outside only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

from attrtheory.expr.forms import total
from attrtheory.expr.term import Term

Value = Any  # whatever the algebra at hand computes with; it has + - * /
Point = Sequence[Value]


def summed(values: Iterable[Value]) -> Value:
    """The sum of values of any algebra; of terms, built as one node."""
    summands = list(values)
    return total(summands) if any(isinstance(v, Term) for v in summands) else sum(summands)


class FnView(Protocol):
    """A model `f: R^n -> R` seen from outside."""

    @property
    def n(self) -> int: ...
    def __call__(self, *point: Value) -> Value: ...
    def partial(self, i: int, *point: Value) -> Value:
        """The branch derivative in coordinate `i`."""
        ...

    def mean01(self, body: Callable[[Value], Value]) -> Value:
        """The mean of `body` over [0, 1]."""
        ...


@dataclass(frozen=True)
class Combination:
    r"""$\sum_k c_k f_k$."""

    summands: tuple[tuple[Value, FnView], ...]

    @property
    def n(self) -> int:
        return self.summands[0][1].n

    def __call__(self, *point: Value) -> Value:
        return summed(c * f(*point) for c, f in self.summands)

    def partial(self, i: int, *point: Value) -> Value:
        return summed(c * f.partial(i, *point) for c, f in self.summands)

    def mean01(self, body: Callable[[Value], Value]) -> Value:
        return self.summands[0][1].mean01(body)


@dataclass(frozen=True)
class Ignoring:
    r"""$f$ with coordinate `i` held at 0. Every model that ignores `i` is of this form (take it for $f$)."""

    f: FnView
    i: int

    @property
    def n(self) -> int:
        return self.f.n

    def _at(self, point: Point) -> Point:
        return [0 if k == self.i else p for k, p in enumerate(point)]

    def __call__(self, *point: Value) -> Value:
        return self.f(*self._at(point))

    def partial(self, i: int, *point: Value) -> Value:
        return 0 if i == self.i else self.f.partial(i, *self._at(point))

    def mean01(self, body: Callable[[Value], Value]) -> Value:
        return self.f.mean01(body)


@dataclass(frozen=True)
class Permuted:
    r"""$f$ with the coordinates `i` and `j` exchanged."""

    f: FnView
    i: int
    j: int

    @property
    def n(self) -> int:
        return self.f.n

    def _swap(self, k: int) -> int:
        return {self.i: self.j, self.j: self.i}.get(k, k)

    def __call__(self, *point: Value) -> Value:
        return self.f(*(point[self._swap(k)] for k in range(self.n)))

    def partial(self, i: int, *point: Value) -> Value:
        return self.f.partial(self._swap(i), *(point[self._swap(k)] for k in range(self.n)))

    def mean01(self, body: Callable[[Value], Value]) -> Value:
        return self.f.mean01(body)


def symmetrised(f: FnView, i: int, j: int) -> Combination:
    r"""$(f + f\circ\text{swap}_{ij})/2$. Every model symmetric in `i` and `j` is of this form (take it for $f$)."""
    half = Fraction(1, 2)
    return Combination(((half, f), (half, Permuted(f, i, j))))


@dataclass(frozen=True)
class Rescaled:
    r"""$y \mapsto f(\dots, c\,y_i + d, \dots)$: the same model in another unit of feature `i`."""

    f: FnView
    i: int
    scale: Value
    shift: Value

    @property
    def n(self) -> int:
        return self.f.n

    def at(self, point: Point) -> Point:
        return [self.scale * p + self.shift if k == self.i else p for k, p in enumerate(point)]

    def __call__(self, *point: Value) -> Value:
        return self.f(*self.at(point))

    def partial(self, i: int, *point: Value) -> Value:
        slope = self.f.partial(i, *self.at(point))
        return self.scale * slope if i == self.i else slope

    def mean01(self, body: Callable[[Value], Value]) -> Value:
        return self.f.mean01(body)


@dataclass(frozen=True)
class Affine:
    r"""$w \cdot y + c$, in the algebra of `like`."""

    weights: tuple[Value, ...]
    constant: Value
    like: FnView

    @property
    def n(self) -> int:
        return len(self.weights)

    def __call__(self, *point: Value) -> Value:
        return summed([self.constant, *(w * p for w, p in zip(self.weights, point, strict=True))])

    def partial(self, i: int, *point: Value) -> Value:
        return self.weights[i]

    def mean01(self, body: Callable[[Value], Value]) -> Value:
        return self.like.mean01(body)
