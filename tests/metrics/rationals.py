"""Gauss-Jordan elimination in Fractions, written for the tests alone."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

Q = Fraction


def eliminated(rows: Sequence[Sequence[Fraction]]) -> tuple[list[list[Fraction]], list[int]]:
    """The reduced row echelon form without zero rows, and its pivots."""
    m, pivots = [list(map(Q, row)) for row in rows], list[int]()
    for j in range(len(m[0]) if m else 0):
        k = len(pivots)
        found = next((r for r in range(k, len(m)) if m[r][j]), None)
        if found is None:
            continue
        m[k], m[found] = m[found], m[k]
        m[k] = [e / m[k][j] for e in m[k]]
        for r in range(len(m)):
            if r != k and m[r][j]:
                factor = m[r][j]
                m[r] = [a - factor * b for a, b in zip(m[r], m[k], strict=True)]
        pivots.append(j)
    return m[: len(pivots)], pivots


def solved(rows: Sequence[Sequence[Fraction]], right: Sequence[Fraction]) -> list[Fraction] | None:
    """The only solution; None where there is none, or more than one."""
    width = len(rows[0])
    reduced, pivots = eliminated([[*row, b] for row, b in zip(rows, right, strict=True)])
    return [row[-1] for row in reduced] if pivots == list(range(width)) else None


def rank(rows: Sequence[Sequence[Fraction]]) -> int:
    return len(eliminated(rows)[1]) if rows else 0
