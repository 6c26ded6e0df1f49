"""Visible signs of normal forms: sums of products of what is known to be non-negative."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from attrtheory.semantics.ring import Poly, Ring


def visibly_non_negative(ring: Ring, p: Poly, positive: set[str], *, slopes: bool) -> bool:
    """Whether a form is a sum of positive multiples of non-negative atoms and of increments of a non-decreasing f.

    `positive`: variables known to be non-negative; `slopes`: whether first derivatives of f count as non-negative.
    """
    keys = {i: key for key, i in ring.ids.items()}

    def atom_ok(i: int, power: int) -> bool:
        key: Any = keys[i]
        match key[0]:
            case "var":
                return key[1] in positive or power % 2 == 0
            case "bound" | "step" | "zero":
                return True
            case "call":
                return slopes and len(key[2]) == 1
            case "mean":
                return all(atom_ok(j, k) for j, k in key[2])
            case _:
                return False

    values: dict[Any, Fraction] = {}  # coefficients of f at points
    for m, c in p.items():
        if len(m) == 1 and m[0][1] == 1 and keys[m[0][0]][0] == "call" and not keys[m[0][0]][2]:  # type: ignore[index]
            values[keys[m[0][0]][3]] = c  # type: ignore[index]
        elif c < 0 or not all(atom_ok(i, k) for i, k in m):
            return False
    return _increments(ring, values, positive)


def _increments(ring: Ring, values: dict[Any, Fraction], positive: set[str]) -> bool:
    """Whether the weighted values of f pair off into increments upwards, nearest pairs first."""
    left = dict(values)

    def gap(u: Any, v: Any) -> int | None:
        """How many coordinates of u lie above v, or None if one may lie below."""
        moved = 0
        for p, q in zip(u, v, strict=True):
            d = ring.affine(Fraction(0), (Fraction(1), Fraction(-1)), (dict(p), dict(q)))
            moved += bool(d)
            if d and not visibly_non_negative(ring, d, positive, slopes=False):
                return None
        return moved

    pairs = [(g, u, v) for u in left for v in left if left[u] > 0 > left[v] and (g := gap(u, v)) is not None]
    for _, u, v in sorted(pairs, key=lambda t: t[0]):
        amount = min(left[u], -left[v])
        left[u], left[v] = left[u] - amount, left[v] + amount
    return not any(left.values())
