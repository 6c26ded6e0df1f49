"""Joining cells of a complex, and dropping the faces and points that no cell needs any more."""

from __future__ import annotations

import numpy as np

from attrtheory.lower.regions.complex import Complex
from attrtheory.lower.regions.sets import odd, packed, sets


def joined(c: Complex, groups: np.ndarray) -> tuple[Complex, np.ndarray]:
    """The complex with the cells of each group made one, and the numbers of the points that remain.

    The cells of a group make up a convex set. Faces that two cells, or a cell and a wall, have in common become one too.
    """
    faces, walls = list(c.faces), c.walls
    faces[-1] = sums(faces[-1], groups)
    for k in range(c.dimension - 1, 0, -1):
        used, groups = cofaces(faces[k], faces[k - 1].shape[1], walls if k == c.dimension - 1 else None)
        if k == c.dimension - 1:
            walls = walls[used][np.unique(groups, return_index=True)[1]]
        faces[k] = renumbered(faces[k], used, groups)
        faces[k - 1] = sums(faces[k - 1][:, used], groups)
    used = np.isin(np.arange(c.points), faces[0])
    faces[0] = renumbered(faces[0], used, np.arange(used.sum()))
    kept = np.flatnonzero(used)
    return Complex(len(kept), tuple(faces), walls if c.dimension > 1 else walls[kept]), kept


def sums(columns: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """For every group the members that occur in an odd number of its sets: the boundary of their union."""
    of, member = odd(np.tile(groups, len(columns)), columns.ravel())
    return sets(of, member, int(groups.max()) + 1)


def cofaces(columns: np.ndarray, number: int, walls: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Which faces belong to some of the sets; of those, groups that belong to the same ones and lie in the same wall."""
    place, of = (columns >= 0).nonzero()
    face = columns[place, of]
    order = np.lexsort((of, face))
    table = sets(face[order], of[order], number)
    if walls is not None:
        table = np.concatenate([table, walls[None]])
    used = np.isin(np.arange(number), face)
    return used, np.unique(table[:, used], axis=1, return_inverse=True)[1].ravel()


def renumbered(columns: np.ndarray, used: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Sets of faces as sets of the groups of these faces, each once."""
    number = np.full(len(used) + 1, -1, dtype=np.int32)
    number[:-1][used] = groups
    columns = -np.sort(-number[columns], axis=0)
    columns[1:][columns[1:] == columns[:-1]] = -1
    return packed(columns)
