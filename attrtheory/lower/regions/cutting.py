"""Cutting a complex where a function changes sign.

The function is affine on every cell and known by its sign at the points, so that cutting is the same for floats and
rationals. A face with points on both sides becomes two. The new face between them, one dimension lower, is bounded by
the boundary modulo 2 of the positive part, which closes also where points and edges of it were there before.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from attrtheory.lower.regions.complex import INNER, Complex
from attrtheory.lower.regions.sets import beside, odd, packed, sets, widened, with_member


class Cut(NamedTuple):
    """`born`: (2, new points), the ends of the edges that they cut; `halves`: the old cells of which new ones are parts.

    `open`: faces left whole although points lie on both sides, since rounded signs there fit no straight cut.
    """

    complex: Complex
    born: np.ndarray
    halves: np.ndarray
    open: int


def cut(c: Complex, sign: np.ndarray, where: np.ndarray | None = None) -> Cut:
    """The complex cut where the function with this sign (1, 0 or -1 at every point) is 0; `where`: in these cells only.

    New points come behind the old ones, and the negative half of a cell behind the old cells.
    """
    allowed = None if where is None else closure(c, where)
    faces, walls, side = list(c.faces), c.walls, sign.astype(np.int8)
    born, halves, left_open = np.zeros((2, 0), dtype=np.int32), np.zeros(0, dtype=np.int64), 0
    for k in range(1, c.dimension + 1):
        below = np.append(side, np.int8(0))[faces[k - 1]]
        plus, minus = (below > 0).any(0), (below < 0).any(0)
        side = np.asarray(plus, dtype=np.int8) - minus
        halves = np.flatnonzero(plus & minus if allowed is None else plus & minus & allowed[k])
        if not len(halves):
            continue
        old, part = faces[k - 1][:, halves], below[:, halves]
        if k == 1:
            born, new = old, np.arange(len(halves)) + c.points
        else:
            between, closed = boundary(faces[k - 2], np.where(part >= 0, old, -1), 2 if k == 2 else None)
            left_open += int((~closed).sum())
            halves, old, part = halves[closed], old[:, closed], part[:, closed]
            new = np.arange(len(halves)) + faces[k - 2].shape[1]
            faces[k - 2] = beside(faces[k - 2], between)
        if k == c.dimension:
            walls = np.append(walls, np.full(len(new), INNER))
        first = faces[k - 1].shape[1]
        faces[k - 1] = beside(faces[k - 1], with_member(np.where(part < 0, old, -1), new))
        faces[k - 1][:, halves] = with_member(np.where(part >= 0, old, -1), new)
        side[halves] = 1
        side = np.append(side, np.full(len(halves), -1, dtype=np.int8))
        if k < c.dimension:
            faces[k] = with_halves(faces[k], halves, first)
        if k == c.dimension - 1:
            walls = np.append(walls, walls[halves])
    return Cut(Complex(c.points + born.shape[1], tuple(faces), walls), born, halves, left_open)


def closure(c: Complex, cells: np.ndarray) -> list[np.ndarray]:
    """For every dimension: which faces belong to some of these cells?"""
    masks = [cells]
    for k in range(c.dimension, 0, -1):
        below = np.zeros(c.number(k - 1) + 1, dtype=bool)
        below[c.faces[k - 1][:, masks[0]]] = True
        masks.insert(0, below[:-1])
    return masks


def boundary(faces: np.ndarray, parts: np.ndarray, size: int | None) -> tuple[np.ndarray, np.ndarray]:
    """The boundary modulo 2 of each part (a set of faces), and which parts have one, of this size if it is given."""
    place, of = (parts >= 0).nonzero()
    members = faces[:, parts[place, of]]
    of, member = odd(np.tile(of, len(members)), members.ravel())
    count = np.bincount(of, minlength=parts.shape[1])
    closed = count > 0 if size is None else count == size
    return sets(of, member, parts.shape[1])[:, closed], closed


def with_halves(columns: np.ndarray, cut: np.ndarray, first: int) -> np.ndarray:
    """Every set with a face that was cut also gets its other half; these are numbered from `first` on."""
    half = np.full(first + 1, -1, dtype=np.int32)
    half[cut] = first + np.arange(len(cut))
    extra = half[columns]
    hit = np.flatnonzero((extra >= 0).any(0))
    fuller = packed(np.concatenate([columns[:, hit], extra[:, hit]]))
    columns = widened(columns, len(fuller)).copy()
    columns[:, hit] = widened(fuller, len(columns))
    return columns
