"""Values of coalitional games the long way, in Fractions: by orders of arrival and by masks, one evaluation at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction as Q
from functools import cache
from itertools import pairwise, permutations, product

import numpy as np
from lower.replica import values

from attrtheory.models.graph import Graph

Game = Callable[[frozenset[int]], Q]


def network_game(graph: Graph, x: np.ndarray, baselines: Sequence[np.ndarray], target: int, labels=None) -> Game:
    """The mean over baselines of f(x on the players of S, baseline elsewhere)."""
    who = list(range(graph.features)) if labels is None else np.ravel(labels).tolist()
    rows = [[Q(float(v)) for v in np.ravel(p)] for p in (x, *baselines)]

    @cache
    def v(s: frozenset[int]) -> Q:
        mixed = [tuple(p if g in s else b for p, b, g in zip(rows[0], base, who, strict=True)) for base in rows[1:]]
        return sum((values(graph, p)[-1].ravel()[target] for p in mixed), Q(0)) / len(mixed)

    return v


def by_orders(v: Game, players: int, unions: Sequence[int] | None = None) -> list[Q]:
    """Mean change on arrival, over all orders in which each union comes in one block (Shapley: no unions)."""
    total, count = [Q(0)] * players, 0
    for order in permutations(range(players)):
        names = [unions[i] for i in order] if unions is not None else []
        blocks = 1 + sum(a != b for a, b in pairwise(names))
        if names and blocks > len(set(names)):
            continue
        count += 1
        for k, i in enumerate(order):
            total[i] += v(frozenset(order[: k + 1])) - v(frozenset(order[:k]))
    return [q / count for q in total]


def by_masks(v: Game, players: int) -> list[Q]:
    """Mean over all masks of the value with a player minus without (Banzhaf)."""
    masks = [frozenset(k for k in range(players) if mask[k]) for mask in product((0, 1), repeat=players)]
    return [sum((v(m | {i}) - v(m - {i}) for m in masks), Q(0)) / len(masks) for i in range(players)]


def one_by_one(v: Game, players: int) -> list[Q]:
    """What is lost without one player (occlusion)."""
    everyone = frozenset(range(players))
    return [v(everyone) - v(everyone - {i}) for i in range(players)]


def contains(values: np.ndarray, bound: np.ndarray, exact: Sequence[Q]) -> bool:
    """Whether every exact number lies within its bound of the float."""
    triples = zip(np.ravel(values).tolist(), np.ravel(bound).tolist(), exact, strict=True)
    return all(abs(Q(v) - q) <= Q(b) for v, b, q in triples)
