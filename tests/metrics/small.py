"""Small random models, as text and as plain functions of numbers, and searches that share nothing with the package."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise, permutations

import numpy as np

from attrtheory.models.dsl import parse_model
from attrtheory.models.fn import Fn

Q = Fraction
Model = Callable[[list[Fraction]], Fraction]


@dataclass(frozen=True)
class Small:
    """A sum of ReLUs and of products of two features."""

    n: int
    units: tuple[tuple[int, tuple[int, ...], int], ...]
    pairs: tuple[tuple[int, int, int], ...]

    def __call__(self, y: Sequence[Fraction]) -> Fraction:
        ramps = sum(c * max(sum(w * v for w, v in zip(ws, y, strict=True)) + b, 0) for c, ws, b in self.units)
        return Q(ramps + sum(c * y[i] * y[j] for c, i, j in self.pairs))

    @property
    def fn(self) -> Fn:
        ramps = [f"{c}*relu({' + '.join(f'({w})*x{k + 1}' for k, w in enumerate(ws))} + ({b}))" for c, ws, b in self.units]
        pairs = [f"({c})*x{i + 1}*x{j + 1}" for c, i, j in self.pairs]
        return parse_model(" + ".join([*ramps, *pairs]), [f"x{k + 1}" for k in range(self.n)])


def small(n: int, seed: int, units: int = 3, pairs: int = 2) -> Small:
    r = random.Random(1000 * n + seed)
    weights = lambda: tuple(r.randint(-3, 3) for _ in range(n))
    ramps = tuple((r.choice([-2, -1, 1, 2]), weights(), r.randint(-3, 3)) for _ in range(units))
    return Small(n, ramps, tuple((r.randint(-3, 3), r.randrange(n), r.randrange(n)) for _ in range(pairs)))


def point(n: int, seed: int) -> list[Fraction]:
    r = random.Random(7000 * n + seed)
    return [Q(r.randint(-6, 6), r.choice([1, 2, 3])) for _ in range(n)]


def determinant(rows: Sequence[Sequence[Fraction]]) -> Fraction:
    """By expansion along the first row."""
    if not rows:
        return Q(1)
    minor = lambda k: determinant([[*row[:k], *row[k + 1 :]] for row in rows[1:]])
    return sum(((-1) ** k * v * minor(k) for k, v in enumerate(rows[0]) if v), Q(0))


def by_all_exact_fits(rows: Sequence[Sequence[Fraction]], targets: Sequence[Fraction], weights: Sequence[Fraction]):
    """Least squares as the mean of the exact fits to all sets of d rows, weighted by squared determinants (Jacobi 1841)."""
    n = len(rows[0])
    whole, mean = Q(0), [Q(0)] * n
    for some in combinations(range(len(rows)), n):
        square = [rows[k] for k in some]
        det = determinant(square)
        if not det:
            continue
        share = det * det
        for k in some:
            share *= weights[k]
        whole += share
        for i in range(n):  # Cramer's rule
            replaced = [[*row[:i], targets[k], *row[i + 1 :]] for k, row in zip(some, square, strict=True)]
            mean[i] += share * determinant(replaced) / det
    return [m / whole for m in mean] if whole else None


def area(values: Sequence[Fraction]) -> Fraction:
    """The trapezoid rule on [0, 1]."""
    return sum((a + b) / 2 for a, b in pairwise(values)) / (len(values) - 1)


def curve(f: Model, start: Sequence[Fraction], stop: Sequence[Fraction], order: Sequence[int]):
    """The model while features move from start to stop, in this order."""
    y = list(start)
    values = [f(y)]
    for i in order:
        y[i] = stop[i]
        values.append(f(y))
    return values


def best_of_all_orders(f: Model, start: Sequence[Fraction], stop: Sequence[Fraction], choose: Callable):
    """By trying every order; the model is asked once for each set."""
    n = len(start)
    table = [f([stop[i] if s >> i & 1 else start[i] for i in range(n)]) for s in range(2**n)]

    def passed(order: Sequence[int]) -> Fraction:
        s, values = 0, [table[0]]
        for i in order:
            s |= 1 << i
            values.append(table[s])
        return area(values)

    return choose(map(passed, permutations(range(n))))


def cheapest_path(model: Small, start: Sequence[int], stop: Sequence[int]) -> Fraction:
    """The least area, by Dijkstra's algorithm from the empty set: all costs are raised alike until none is negative."""
    n = model.n
    moved = np.arange(2**n)[:, None] >> np.arange(n) & 1
    y = np.where(moved, np.array(stop), np.array(start))  # whole numbers throughout
    value = sum(c * np.maximum(y @ np.array(ws) + b, 0) for c, ws, b in model.units)
    value = (value + sum(c * y[:, i] * y[:, j] for c, i, j in model.pairs)).tolist()
    lowest = min(value)
    raised = [v - lowest for v in value]
    least, heap, full = [0] + [sum(map(abs, raised)) + 1] * (2**n - 1), [(0, 0)], 2**n - 1
    while True:
        cost, s = heapq.heappop(heap)
        if s == full:  # every path has n - 1 inner sets, and half of both ends
            return (cost + (n - 1) * lowest + Q(value[0] + value[-1], 2)) / n
        if cost > least[s]:
            continue
        for i in range(n):
            after = s | 1 << i
            reached = cost + (raised[after] if after != full else 0)
            if after != s and reached < least[after]:
                least[after] = reached
                heapq.heappush(heap, (reached, after))
