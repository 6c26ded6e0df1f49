"""Volumes, centres and moments of the cells of a complex, in floats or exact quotients.

A cell is the union of the simplices between its first point and those of its faces that do not contain this point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import permutations
from math import factorial, prod

import numpy as np

from attrtheory.lower.regions.complex import Complex


@dataclass(frozen=True, eq=False)
class Simplices:
    """`corners[j]`: the j-th corner of every simplex, (simplices, k); `of`: the cell that it is a part of."""

    of: np.ndarray
    corners: tuple[np.ndarray, ...]
    volume: np.ndarray


def centres(c: Complex, at: np.ndarray) -> np.ndarray:
    """An inner point of every cell: the mean over its faces of theirs."""
    for sets in c.faces:
        at = mean(sets, at)
    return at


def mean(sets: np.ndarray, at: np.ndarray) -> np.ndarray:
    place, of = (sets >= 0).nonzero()
    return total(of, at[sets[place, of]], sets.shape[1]) / (sets >= 0).sum(0).astype(at.dtype)[:, None]


def total(of: np.ndarray, rows: np.ndarray, number: int) -> np.ndarray:
    """The sums of the rows of each cell."""
    out = np.zeros((number, *rows.shape[1:]), dtype=rows.dtype)
    np.add.at(out, of, rows)
    return out


def simplices(c: Complex, at: np.ndarray) -> Simplices:
    of, corners, apex = np.arange(c.number(1)), list(c.faces[0]), c.faces[0].min(0)
    for sets in c.faces[1:]:
        place, cell = (sets >= 0).nonzero()
        face, first = sets[place, cell], np.full(sets.shape[1], c.points)
        np.minimum.at(first, cell, apex[face])
        far = apex[face] != first[cell]
        cell, face, apex = cell[far], face[far], first
        order, count = np.argsort(of, kind="stable"), np.bincount(of)  # the simplices of one face stand together
        pair = np.repeat(np.arange(len(face)), count[face])
        within = np.arange(len(pair)) - np.repeat(np.cumsum(count[face]) - count[face], count[face])
        chosen = order[(np.cumsum(count) - count)[face][pair] + within]
        of = cell[pair]
        corners = [p[chosen] for p in corners] + [apex[of]]
    placed = [at[p] for p in corners]
    volume = abs(determinant([p - placed[0] for p in placed[1:]])) / factorial(c.dimension)
    return Simplices(of, tuple(placed), volume)


def determinant(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Of many small matrices, given row by row, (matrices, k) each."""
    terms = []
    for p in permutations(range(len(rows))):
        inversions = sum(a > b for i, a in enumerate(p) for b in p[i + 1 :])
        terms.append((-1) ** inversions * prod(row[:, j] for row, j in zip(rows, p, strict=True)))
    return sum(terms[1:], terms[0])


@dataclass(frozen=True, eq=False)
class Moments:
    """Of every cell: `mass` (cells,), the integral of the density, and `first` (cells, k), that of s times it."""

    mass: np.ndarray
    first: np.ndarray


def moments(c: Complex, at: np.ndarray, constant, linear: np.ndarray | None = None) -> Moments:
    """Moments for the density `constant + linear . s` on slice coordinates.

    With affine g: the mean of g over a simplex is the mean over its n corners, that of s g is
    (sum s_j g_j + (sum s_j)(sum g_j)) / (n (n + 1)).
    """
    parts = simplices(c, at)
    n = len(parts.corners)
    g = [constant + (0 * p[:, 0] if linear is None else (p * linear).sum(1)) for p in parts.corners]
    once, mixed = reduce(np.add, g), reduce(np.add, (p * v[:, None] for p, v in zip(parts.corners, g, strict=True)))
    mixed = mixed + reduce(np.add, parts.corners) * once[:, None]
    mass = total(parts.of, parts.volume * once / n, c.cells)
    return Moments(mass, total(parts.of, parts.volume[:, None] * mixed / (n * (n + 1)), c.cells))
