"""A second meaning of terms, written for tests: dual numbers, and integrals by walking from kink to kink.

It shares no code with `attrtheory.semantics`. Guards must be affine in the path parameter between kinks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from attrtheory.expr import Term

Q = Fraction
DEGREE = 8  # integrands are polynomials of at most this degree between kinks


@dataclass(frozen=True)
class Dual:
    """A number and its rate of change."""

    v: Fraction
    s: Fraction = Fraction()

    def __add__(self, other: Dual) -> Dual:
        return Dual(self.v + other.v, self.s + other.s)

    def __mul__(self, other: Dual) -> Dual:
        return Dual(self.v * other.v, self.v * other.s + self.s * other.v)

    def __truediv__(self, other: Dual) -> Dual:
        """Total: 0, with rate 0, where the denominator is 0."""
        if other.v == 0:
            return Dual(Q(0))
        return Dual(self.v / other.v, (self.s * other.v - self.v * other.s) / other.v**2)


class Reader:
    """Reads a term at one point. `right`: just to the right of it, for the path parameter; `guards`: all guards met."""

    def __init__(self, env: Mapping[str, Dual], bounds: Mapping[int, Dual], *, right: bool) -> None:
        self.env, self.bounds, self.right = env, bounds, right
        self.guards: list[Dual] = []
        self.known: dict[int, Dual] = {}

    def positive(self, g: Dual) -> bool:
        self.guards.append(g)
        return g.v > 0 or (self.right and g.v == 0 and g.s > 0)

    def __call__(self, t: Term) -> Dual:
        if id(t) not in self.known:
            self.known[id(t)] = self._read(t)
        return self.known[id(t)]

    def _read(self, t: Term) -> Dual:
        match t.op:
            case "const":
                return Dual(t.payload)
            case "var":
                return self.env[t.payload]
            case "bound":
                return self.bounds[t.payload]
            case "affine":
                total = Dual(t.payload[0])
                for q, a in zip(t.payload[1], t.args, strict=True):
                    total += Dual(q) * self(a)
                return total
            case "mul":
                return self(t.args[0]) * self(t.args[1])
            case "div":
                return self(t.args[0]) / self(t.args[1])
            case "ite":
                guard, above, below = (self(a) for a in t.args)
                return above if self.positive(guard) else below
            case "mean01":
                return Dual(self._mean(t))
            case op:
                raise NotImplementedError(op)

    def _mean(self, t: Term) -> Fraction:
        def at(a: Dual, right: bool) -> tuple[Fraction, list[Dual]]:
            reader = Reader(self.env, {**self.bounds, t.payload: a}, right=right)
            return reader(t.args[0]).v, reader.guards

        return integral(at)


def integral(at: Callable[[Dual, bool], tuple[Fraction, list[Dual]]]) -> Fraction:
    """The integral over [0, 1] of a function that is polynomial between the roots of its affine guards."""
    left, total = Q(0), Q(0)
    while left < 1:
        _, guards = at(Dual(left, Q(1)), True)
        roots = [left - g.v / g.s for g in guards if g.s]
        right = min([r for r in roots if r > left] + [Q(1)])
        signs = [sign(g.v) or sign(g.s) for g in guards]
        inside = [at(Dual(left + (right - left) * u), False) for u in _nodes()]
        assert all([sign(g.v) for g in met] == signs for _, met in inside), "a guard that is not affine between kinks"
        total += (right - left) * sum((w * f for w, (f, _) in zip(_weights(), inside, strict=True)), Q(0))
        left = right
    return total


def sign(q: Fraction) -> int:
    return (q > 0) - (q < 0)


@cache
def _nodes() -> tuple[Fraction, ...]:
    return tuple(Q(k + 1, DEGREE + 2) for k in range(DEGREE + 1))


@cache
def _weights() -> tuple[Fraction, ...]:
    """Weights at the nodes that integrate polynomials up to DEGREE exactly, by elimination."""
    size = DEGREE + 1
    rows = [[u**k for u in _nodes()] + [Q(1, k + 1)] for k in range(size)]
    for k in range(size):
        pivot = next(r for r in range(k, size) if rows[r][k])
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [q / rows[k][k] for q in rows[k]]
        for r in range(size):
            if r != k and rows[r][k]:
                rows[r] = [q - rows[r][k] * p for q, p in zip(rows[r], rows[k], strict=True)]
    return tuple(row[-1] for row in rows)


def value(t: Term, env: Mapping[str, Fraction]) -> Fraction:
    """The value of a closed term at a point."""
    return Reader({k: Dual(q) for k, q in env.items()}, {}, right=False)(t).v


def slope(t: Term, env: Mapping[str, Fraction], name: str) -> Fraction:
    """The rate of change in one variable, inside the branch taken at the point."""
    return Reader({k: Dual(q, Q(k == name)) for k, q in env.items()}, {}, right=False)(t).s
