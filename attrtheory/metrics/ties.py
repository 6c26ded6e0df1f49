"""Areas where several features have one rank: over all orders within each group of equals."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from math import comb

from attrtheory.errors import TooLarge
from attrtheory.metrics.curves import MOST_FEATURES, Curve
from attrtheory.metrics.numbers import ZERO


def within_groups(curve: Curve, groups: Sequence[Sequence[int]], ties: str) -> Fraction:
    """The mean, best or worst area; groups don't interact, for a group's first set is what came before it."""
    area, passed = curve.share(0) * curve.along([0])[0], 0
    for group in groups:
        if len(group) > MOST_FEATURES:
            raise TooLarge(f"{len(group)} equal attributions, at most {MOST_FEATURES} unless ties='index'")
        area += _mean(curve, passed, group) if ties == "mean" else _extreme(curve, passed, group, best=ties == "best")
        passed |= sum(1 << i for i in group)
    return area


def _mean(curve: Curve, passed: int, group: Sequence[int]) -> Fraction:
    """After k of m equals each k of them are equally likely to be passed."""
    area = ZERO
    for k in range(1, len(group) + 1):
        values = curve.along([passed | sum(1 << i for i in some) for some in combinations(group, k)])
        area += curve.share(passed.bit_count() + k) * sum(values, ZERO) / comb(len(group), k)
    return area


def _extreme(curve: Curve, passed: int, group: Sequence[int], *, best: bool) -> Fraction:
    """Over all orders of the group, set by set."""
    low = best == (curve.sign > 0)
    choose = min if low else max
    reached = {passed: ZERO}
    for k in range(1, len(group) + 1):
        sets = [passed | sum(1 << i for i in some) for some in combinations(group, k)]
        share = curve.share(passed.bit_count() + k)
        reached = {
            s: share * v + choose(reached[s & ~(1 << i)] for i in group if s >> i & 1)
            for s, v in zip(sets, curve.along(sets), strict=True)
        }
    (area,) = reached.values()
    return area
