"""Small trees as nested tuples, evaluated by hand; games by all coalitions in Fractions. No leaf is a box here.

A tree is a leaf ("leaf", value, cover) or a split ("split", feature, threshold, left, right, cover).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction as Q
from itertools import combinations, pairwise
from math import factorial
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat

from attrtheory.models.trees import Forest, Tree, tree_of

Spec = tuple[Any, ...]
Game = Callable[[frozenset[int]], Q]


def random_spec(rng: np.random.Generator, features: int, depth: int) -> Spec:
    """Thresholds 0 to 3 in halves, so that features repeat, thresholds repeat, and points of the same grid hit them."""
    if depth == 0 or rng.random() < 0.15:
        return ("leaf", Q(int(rng.integers(-8, 9)), 4), int(rng.integers(1, 6)))
    left, right = random_spec(rng, features, depth - 1), random_spec(rng, features, depth - 1)
    at = Q(int(rng.integers(0, 7)), 2)
    return ("split", int(rng.integers(features)), at, left, right, left[-1] + right[-1] + int(rng.integers(0, 2)))


def random_point(rng: np.random.Generator, features: int) -> list[Q]:
    return [Q(int(v), 2) for v in rng.integers(0, 8, features)]


def value(spec: Spec, y: Sequence[Q], *, strict: bool) -> Q:
    while spec[0] == "split":
        _, i, at, left, right, _ = spec
        spec = left if (y[i] < at if strict else y[i] <= at) else right
    return spec[1]


def forest_of(specs: Sequence[Spec], features: int, *, strict: bool = False, offset: Q = Q(0), weight: Q = Q(1)) -> Forest:
    trees = tuple(tree_from(spec, features, weight) for spec in specs)
    return Forest(trees, features, offset, strict, "float64", (), "random", "value")


def tree_from(spec: Spec, features: int, weight: Q = Q(1)) -> Tree:
    """In depth-first order, which `tree_of` changes."""
    rows: list[list[float]] = []

    def add(s: Spec) -> int:
        here = len(rows)
        rows.append([-1, 0, 0, 0, float(s[1]), s[-1]] if s[0] == "leaf" else [s[1], float(s[2]), 0, 0, 0, s[-1]])
        if s[0] == "split":
            rows[here][2:4] = [add(s[3]), add(s[4])]
        return here

    add(spec)
    feature, at, left, right, leaf, cover = np.array(rows, float).T
    return tree_of(feature.astype(int), at, left.astype(int), right.astype(int), leaf, cover, features=features, weight=weight)


def mixing_game(specs: Sequence[Spec], x: Sequence[Q], z: Sequence[Q], *, strict: bool) -> Game:
    mixed = lambda s: [x[k] if k in s else z[k] for k in range(len(x))]
    return lambda s: sum((value(t, mixed(s), strict=strict) for t in specs), Q(0))


def cover_game(specs: Sequence[Spec], x: Sequence[Q], *, strict: bool) -> Game:
    """Lundberg 2018, algorithm 1: outside the coalition both branches, by cover."""

    def expected(spec: Spec, s: frozenset[int]) -> Q:
        if spec[0] == "leaf":
            return spec[1]
        _, i, at, left, right, cover = spec
        if i in s:
            return expected(left if (x[i] < at if strict else x[i] <= at) else right, s)
        return sum((Q(child[-1], cover) * expected(child, s) for child in (left, right)), Q(0))

    return lambda s: sum((expected(t, s) for t in specs), Q(0))


def coalitions(players: Sequence[int]) -> list[frozenset[int]]:
    return [frozenset(c) for size in range(len(players) + 1) for c in combinations(players, size)]


def marginals(v: Game, n: int, weight: Callable[[int], Q]) -> list[Q]:
    others = lambda i: coalitions([k for k in range(n) if k != i])
    return [sum((weight(len(s)) * (v(s | {i}) - v(s)) for s in others(i)), Q(0)) for i in range(n)]


def shapley(v: Game, n: int) -> list[Q]:
    return marginals(v, n, lambda s: Q(factorial(s) * factorial(n - s - 1), factorial(n)))


def banzhaf(v: Game, n: int) -> list[Q]:
    return marginals(v, n, lambda s: Q(1, 2 ** (n - 1)))


def occlusion(v: Game, n: int) -> list[Q]:
    return marginals(v, n, lambda s: Q(s == n - 1))


def least_squares(v: Game, n: int, weights: Sequence[Q]) -> list[Q]:
    """The normal equations of the weighted fit with intercept."""
    q = lambda r: fmpq(r.numerator, r.denominator)
    rows = [([Q(1), *(Q(k in s) for k in range(n))], weights[len(s)], v(s)) for s in coalitions(range(n))]
    left = [[q(sum((w * r[a] * r[b] for r, w, _ in rows), Q(0))) for b in range(n + 1)] for a in range(n + 1)]
    right = [[q(sum((w * r[a] * y for r, w, y in rows), Q(0)))] for a in range(n + 1)]
    found = fmpq_mat(left).solve(fmpq_mat(right))
    return [Q(int(found[k, 0].p), int(found[k, 0].q)) for k in range(1, n + 1)]


def thresholds(spec: Spec) -> set[tuple[int, Q]]:
    return {(spec[1], spec[2])} | thresholds(spec[3]) | thresholds(spec[4]) if spec[0] == "split" else set()


def path_jumps(spec: Spec, x: Sequence[Q], z: Sequence[Q], *, strict: bool) -> list[Q] | None:
    """The jumps between the middles of the times at which anything is crossed; None where two features cross at once."""
    times = {}
    for i, at in thresholds(spec):
        if x[i] != z[i] and 0 <= (s := (at - z[i]) / (x[i] - z[i])) <= 1:
            times.setdefault(s, set()).add(i)
    if any(len(who) > 1 for who in times.values()):
        return None
    at = lambda s: value(spec, [b + s * (a - b) for a, b in zip(x, z, strict=True)], strict=strict)
    order = sorted(times)
    ends = sorted({Q(0), *order, Q(1)})
    middles = [(a + b) / 2 for a, b in pairwise(ends)]
    samples = [at(Q(0)), *map(at, middles), at(Q(1))]
    phi = [Q(0)] * len(x)
    for end, (before, after) in zip(ends, pairwise(samples), strict=True):
        if before != after:
            (i,) = times[end]
            phi[i] += after - before
    return phi
