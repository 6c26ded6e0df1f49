"""The methods, each written a second time from its formula, on any model that answers three questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise, permutations, product
from math import factorial
from typing import Protocol

from independent import Dual, Reader, integral, slope, value

from attrtheory.expr import Term
from attrtheory.models.fn import Fn

Q = Fraction
Vector = Sequence[Fraction]


class Model(Protocol):
    n: int

    def at(self, p: Vector) -> Fraction: ...
    def partial(self, i: int, p: Vector) -> Fraction: ...
    def mean_partial(self, i: int, start: Vector, end: Vector) -> Fraction:
        """The mean of the slope in feature `i` on the segment."""
        ...


class OfTerm:
    """A model given by a term, read by the tests' own evaluator."""

    def __init__(self, body: Term, names: Sequence[str]) -> None:
        self.fn, self.n = Fn(tuple(names), body), len(names)

    def at(self, p: Vector) -> Fraction:
        return value(self.fn.body, dict(zip(self.fn.names, p, strict=True)))

    def partial(self, i: int, p: Vector) -> Fraction:
        return slope(self.fn.body, dict(zip(self.fn.names, p, strict=True)), self.fn.names[i])

    def mean_partial(self, i: int, start: Vector, end: Vector) -> Fraction:
        """The integrand's own dual numbers run in the input; a second pair runs along the path and finds the kinks."""

        def along(a: Dual, right: bool) -> tuple[Fraction, list[Dual]]:
            env = {k: Dual(p + a.v * (q - p), a.s * (q - p)) for k, p, q in zip(self.fn.names, start, end, strict=True)}
            reader = Reader(env, {}, right=right)
            reader(self.fn.body)
            here = {k: d.v for k, d in env.items()}
            return Q(0) if right else slope(self.fn.body, here, self.fn.names[i]), reader.guards

        return integral(along)


class OfWeights:
    """A ReLU network given by its weights: forward, backward, and the gates along a segment."""

    def __init__(self, layers: Sequence[tuple[Sequence[Vector], Vector]]) -> None:
        self.layers, self.n = layers, len(layers[0][0][0])

    def at(self, p: Vector) -> Fraction:
        return self._forward(p, [Q(0)] * self.n)[-1][0][0]

    def partial(self, i: int, p: Vector) -> Fraction:
        return self._backward(self._forward(p, [Q(0)] * self.n))[i]

    def mean_partial(self, i: int, start: Vector, end: Vector) -> Fraction:
        rate = [q - p for p, q in zip(start, end, strict=True)]
        a, total = Q(0), Q(0)
        while a < 1:
            layers = self._forward([p + a * r for p, r in zip(start, rate, strict=True)], rate)
            roots = [a - z / r for layer in layers[:-1] for z, r in layer if r and a - z / r > a]
            right = min([*roots, Q(1)])
            total += (right - a) * self._backward(layers)[i]
            a = right
        return total

    def _forward(self, p: Vector, rate: Vector) -> list[list[tuple[Fraction, Fraction]]]:
        """Per layer the pre-activations with their rates, just to the right of the point along the path."""
        values, seen = list(zip(p, rate, strict=True)), []
        for rows, biases in self.layers:
            z = [
                (_dot(row, [v for v, _ in values]) + b, _dot(row, [r for _, r in values]))
                for row, b in zip(rows, biases, strict=True)
            ]
            seen.append(z)
            values = [(v, r) if _open(v, r) else (Q(0), Q(0)) for v, r in z]
        return seen

    def _backward(self, seen: list[list[tuple[Fraction, Fraction]]]) -> list[Fraction]:
        signal = [Q(1)]
        for k in reversed(range(len(self.layers))):
            if k + 1 < len(self.layers):
                signal = [s if _open(v, r) else Q(0) for s, (v, r) in zip(signal, seen[k], strict=True)]
            rows = self.layers[k][0]
            signal = [sum((row[i] * s for row, s in zip(rows, signal, strict=True)), Q(0)) for i in range(len(rows[0]))]
        return signal


def _dot(p: Vector, q: Vector) -> Fraction:
    return sum((a * b for a, b in zip(p, q, strict=True)), Q(0))


def _open(v: Fraction, r: Fraction) -> bool:
    return v > 0 or (v == 0 and r > 0)


# the methods ------------------------------------------------------------------------------------------------------------
Background = Sequence[Vector]


def gradient(f: Model, x: Vector, b: Background, i: int) -> Fraction:
    return f.partial(i, x)


def gradient_x_input(f: Model, x: Vector, b: Background, i: int) -> Fraction:
    return f.partial(i, x) * x[i]


def gradient_x_displacement(f: Model, x: Vector, b: Background, i: int) -> Fraction:
    return f.partial(i, x) * x[i] - f.partial(i, x) * b[0][i]


def occlusion(f: Model, x: Vector, b: Background, i: int) -> Fraction:
    without = list(x)
    without[i] = b[0][i]
    return f.at(x) - f.at(without)


def integrated_gradients(f: Model, x: Vector, b: Background, i: int) -> Fraction:
    return (x[i] - b[0][i]) * f.mean_partial(i, b[0], x)


def path_gradients(f: Model, x: Vector, b: Background, i: int, turns: Sequence[Vector] | None = None) -> Fraction:
    if turns is None:  # one feature after the other
        turns = [[Q(k < done) for k in range(f.n)] for done in range(1, f.n)]
    inner = [[p + t * (q - p) for p, t, q in zip(b[0], ts, x, strict=True)] for ts in turns]
    knots = [b[0], *inner, x]
    return sum(((q[i] - p[i]) * f.mean_partial(i, p, q) for p, q in pairwise(knots)), Q(0))


def expected_gradients(f: Model, x: Vector, b: Background, i: int) -> Fraction:
    return sum((integrated_gradients(f, x, [p], i) for p in b), Q(0)) / len(b)


def shapley(f: Model, x: Vector, b: Background, i: int) -> Fraction:
    """By orders of arrival, not by coalitions."""
    total = Q(0)
    for order in permutations(range(f.n)):
        before = set(order[: order.index(i)])
        total += f.at(mixed(x, b[0], before | {i})) - f.at(mixed(x, b[0], before))
    return total / factorial(f.n)


def banzhaf(f: Model, x: Vector, b: Background, i: int) -> Fraction:
    """By masks of all features; that of feature i is overwritten, so each coalition counts twice."""
    masks = [{k for k, on in enumerate(mask) if on} for mask in product((0, 1), repeat=f.n)]
    return sum((f.at(mixed(x, b[0], m | {i})) - f.at(mixed(x, b[0], m - {i})) for m in masks), Q(0)) / len(masks)


def owen(f: Model, x: Vector, b: Background, i: int) -> Fraction:
    """By the orders of arrival in which features 0 and 1, 2 and 3, ... come one right after the other."""
    together = lambda order: all(abs(order.index(k) - order.index(k - 1)) == 1 for k in range(1, f.n, 2))
    orders = [order for order in permutations(range(f.n)) if together(order)]
    before = [set(order[: order.index(i)]) for order in orders]
    return sum((f.at(mixed(x, b[0], s | {i})) - f.at(mixed(x, b[0], s)) for s in before), Q(0)) / len(orders)


def equal_split(f: Model, x: Vector, b: Background, i: int) -> Fraction:
    return (f.at(x) - f.at(b[0])) / f.n


def mixed(x: Vector, b: Vector, members: set[int]) -> list[Fraction]:
    return [p if k in members else q for k, (p, q) in enumerate(zip(x, b, strict=True))]


REPLICAS: dict[str, Callable[[Model, Vector, Background, int], Fraction]] = {
    f.__name__: f
    for f in (
        gradient, gradient_x_input, gradient_x_displacement, occlusion, integrated_gradients, path_gradients,
        expected_gradients, shapley, banzhaf, owen, equal_split,
    )
}  # fmt: skip
