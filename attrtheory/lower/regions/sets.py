"""Sets of numbers from 0 on as the columns of an array, with -1 as padding below: the same few steps for many of them."""

from __future__ import annotations

import numpy as np


def odd(of: np.ndarray, member: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of a set and a member that occur an odd number of times, sorted; padding is left out."""
    of, member = of[member >= 0], member[member >= 0]
    width = int(member.max(initial=0)) + 1
    keys, counts = np.unique(of.astype(np.int64) * width + member, return_counts=True)
    return np.divmod(keys[counts % 2 == 1], width)


def sets(of: np.ndarray, member: np.ndarray, number: int) -> np.ndarray:
    """The columns with these members; `of` is sorted."""
    count = np.bincount(of, minlength=number)
    place = np.arange(len(of)) - (np.cumsum(count) - count)[of]
    out = np.full((count.max(initial=1), number), -1, dtype=np.int32)
    out[place, of] = member
    return out


def packed(columns: np.ndarray) -> np.ndarray:
    """The padding below, and no more of it than needed."""
    columns = -np.sort(-columns, axis=0)
    return columns[: max(1, int((columns >= 0).sum(0).max(initial=0)))]


def widened(columns: np.ndarray, width: int) -> np.ndarray:
    """Room for so many members, at least."""
    missing = width - len(columns)
    return columns if missing <= 0 else np.pad(columns, ((0, missing), (0, 0)), constant_values=-1)


def beside(*parts: np.ndarray) -> np.ndarray:
    """All columns, of one width."""
    width = max(len(p) for p in parts)
    return np.concatenate([widened(p, width) for p in parts], axis=1)


def with_member(columns: np.ndarray, member: np.ndarray) -> np.ndarray:
    """One more member in every set; each has room."""
    columns[(columns < 0).argmax(0), np.arange(columns.shape[1])] = member
    return -np.sort(-columns, axis=0)
