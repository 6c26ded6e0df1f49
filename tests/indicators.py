"""Attributions of indicators from their definitions, in rationals, without terms: what atoms are compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import combinations, permutations
from random import Random

Point = Sequence[Fraction]
Set = Callable[[Point], bool]


def in_box(lower: Point, upper: Point) -> Set:
    return lambda y: all(a < p <= b for a, p, b in zip(lower, y, upper, strict=True))


def mixed(x: Point, z: Point, members: Sequence[int]) -> list[Fraction]:
    return [x[k] if k in members else z[k] for k in range(len(x))]


def subsets(items: Sequence[int]) -> list[tuple[int, ...]]:
    return [s for size in range(len(items) + 1) for s in combinations(items, size)]


def shapley(inside: Set, x: Point, z: Point) -> list[Fraction]:
    """By orders of arrival."""
    n, out = len(x), [Fraction(0)] * len(x)
    orders = list(permutations(range(n)))
    for order in orders:
        for k in range(n):
            gain = inside(mixed(x, z, order[: k + 1])) - inside(mixed(x, z, order[:k]))
            out[order[k]] += Fraction(gain, len(orders))
    return out


def banzhaf(inside: Set, x: Point, z: Point) -> list[Fraction]:
    n = len(x)
    marginal = lambda i, s: inside(mixed(x, z, (*s, i))) - inside(mixed(x, z, s))
    return [
        Fraction(sum(marginal(i, s) for s in subsets([k for k in range(n) if k != i])), 2 ** (n - 1)) for i in range(n)
    ]


def occlusion(inside: Set, x: Point, z: Point) -> list[Fraction]:
    return [Fraction(inside(x) - inside([*x[:i], z[i], *x[i + 1 :]])) for i in range(len(x))]


def axes(inside: Set, x: Point, z: Point) -> list[Fraction]:
    """The staircase that changes the features one after the other."""
    steps = [mixed(x, z, range(k)) for k in range(len(x) + 1)]
    return [Fraction(inside(steps[k + 1]) - inside(steps[k])) for k in range(len(x))]


def straight(lower: Point, upper: Point, x: Point, z: Point) -> list[Fraction] | None:
    """Integrated Gradients: the last entry minus the first exit; None where these tie, or where a crossing is at an end of
    the path or on another face.
    """
    out, far = [Fraction(0)] * len(x), Fraction(10**6)
    spans: list[tuple[Fraction, Fraction]] = []
    grazes = False
    for a, b, p, q in zip(lower, upper, z, x, strict=True):
        if p == q:
            spans.append((-far, far) if a <= p <= b else (far, -far))
            grazes = grazes or p in (a, b)
        else:
            spans.append((min((a - p) / (q - p), (b - p) / (q - p)), max((a - p) / (q - p), (b - p) / (q - p))))
    entries, exits = [s for s, _ in spans], [t for _, t in spans]
    first, last = max(entries), min(exits)
    if first > last:
        return out
    for moment, times, sign in ((first, entries, 1), (last, exits, -1)):
        if 0 <= moment <= 1:
            if grazes or first == last or moment in (0, 1) or times.count(moment) > 1:
                return None
            out[times.index(moment)] += sign
    return out


def random_box(rng: Random, n: int, size: int = 6) -> tuple[dict[str, Fraction], list[list[Fraction]]]:
    """An environment for terms, and [lower, upper, x, z]; small whole numbers, so that many coincide."""
    lower = [Fraction(rng.randint(-size, size - 1)) for _ in range(n)]
    upper = [a + rng.randint(1, 2 * size) for a in lower]
    x, z = ([Fraction(rng.randint(-size, size)) for _ in range(n)] for _ in range(2))
    rows = {"lower": lower, "upper": upper, "x": x, "b": z}
    return {f"{name}{k + 1}": v for name, row in rows.items() for k, v in enumerate(row)}, [lower, upper, x, z]
