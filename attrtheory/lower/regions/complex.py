"""A cell complex: convex cells, their faces down to points, and what is known from the incidences alone.

Faces of dimension k are sets of faces of dimension k - 1, down to edges as pairs of points. Neighbours share their
common face, so that every decision about it is taken once: cells cannot overlap or gape, however numbers are rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product

import numpy as np

INNER = -1  # the wall of a face that lies inside the domain


@dataclass(frozen=True, eq=False)
class Complex:
    """`faces[k - 1]`: (width, number), one column for each k-face: its (k-1)-faces in any order, then -1 as padding.

    `walls`: for every face of one dimension less than the cells, the wall of the domain that it lies in, or INNER.
    """

    points: int
    faces: tuple[np.ndarray, ...]
    walls: np.ndarray

    @property
    def dimension(self) -> int:
        return len(self.faces)

    @property
    def cells(self) -> int:
        return self.faces[-1].shape[1]

    def number(self, k: int) -> int:
        """How many faces of dimension k there are."""
        return self.faces[k - 1].shape[1] if k else self.points

    def everywhere(self, mask: np.ndarray) -> np.ndarray:
        """For every cell: does `mask` (points,) hold at all of its points?"""
        for sets in self.faces:
            mask = np.logical_and.reduce(np.append(mask, np.True_)[sets])
        return mask

    @cached_property
    def neighbours(self) -> np.ndarray:
        """(inner faces, 3): a face of one dimension less than the cells, and the two cells on its sides."""
        place, cell = (self.faces[-1] >= 0).nonzero()
        face = self.faces[-1][place, cell]
        order = np.lexsort((cell, face))
        face, cell = face[order], cell[order]
        twice = np.flatnonzero(face[1:] == face[:-1])
        return np.stack([face[twice], cell[twice], cell[twice + 1]], axis=1)

    @cached_property
    def incidences(self) -> tuple[np.ndarray, np.ndarray]:
        """All pairs of a cell and one of its points, each once."""
        cell = face = np.arange(self.cells)
        for sets in reversed(self.faces):
            below = sets[:, face]
            place, pair = (below >= 0).nonzero()
            keys = np.unique(cell[pair].astype(np.int64) * (self.points + sets.max() + 1) + below[place, pair])
            cell, face = np.divmod(keys, self.points + sets.max() + 1)
        return cell, face

    def corners(self, cell: int) -> list[int]:
        """The points of a cell; of a polygon in order around it."""
        edges = self.faces[-1][:, cell] if self.dimension > 1 else np.array([cell])
        if self.dimension > 2:
            edges = np.unique(self.faces[1][:, edges[edges >= 0]])
        pairs = self.faces[0][:, edges[edges >= 0]].T.tolist()
        if self.dimension != 2:
            return sorted({p for pair in pairs for p in pair})
        follows: dict[int, list[int]] = {}
        for a, b in pairs:
            follows.setdefault(a, []).append(b)
            follows.setdefault(b, []).append(a)
        loop = pairs[0]
        while len(loop) < len(pairs):
            loop.append(next(p for p in follows[loop[-1]] if p != loop[-2]))
        return loop


def cube(dimension: int) -> tuple[Complex, np.ndarray]:
    """The unit cube and its corners: a face is a word over 0, 1 and *, its dimension the number of stars."""
    words = list(product("01*", repeat=dimension))
    levels = [[w for w in words if w.count("*") == k] for k in range(dimension + 1)]
    faces = []
    for below, level in pairwise(levels):
        index = {w: i for i, w in enumerate(below)}
        faces.append([
            [index[(*w[:j], digit, *w[j + 1 :])] for j, star in enumerate(w) if star == "*" for digit in "01"]
            for w in level
        ])  # fmt: skip
    corners = np.array([[int(digit) for digit in w] for w in levels[0]])
    walls = np.arange(len(levels[-2]))
    return Complex(len(corners), tuple(np.array(f, dtype=np.int32).T.copy() for f in faces), walls), corners


def polygon(sides: int) -> Complex:
    """One polygon, its points in order."""
    point = np.arange(sides, dtype=np.int32)
    return Complex(sides, (np.stack([point, np.roll(point, -1)]), point[:, None]), np.arange(sides))
