"""Which coalitions a value needs: one table for Shapley and Banzhaf values, one for each union for Owen values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from attrtheory.errors import BadInput
from attrtheory.lower.grouped import group_numbers
from attrtheory.lower.inputs import Data
from attrtheory.lower.points.hypercube import banzhaf_weights, owen_weights

INDICES = ("shapley", "banzhaf", "owen")


@dataclass(frozen=True, eq=False)
class Table:
    """A game whose first players are the original players `members`, and whose others are the other unions.

    `labels`: which of its players each original player belongs to.
    """

    index: str
    labels: np.ndarray
    members: list[int]
    unions: int

    @property
    def players(self) -> int:
        return len(self.members) + self.unions - 1

    @property
    def coalitions(self) -> int:
        return 2**self.players

    def weights(self, device: torch.device | str = "cpu") -> Tensor:
        """Of the marginal contributions of any member."""
        if self.index == "banzhaf":
            return banzhaf_weights(self.players, device)
        return owen_weights(len(self.members), self.unions, device)


def tables(index: str, players: int, unions: Data | None = None) -> list[Table]:
    """The tables of an index; `unions`: for Owen values the number of its union for every player."""
    if index not in INDICES:
        raise BadInput(f"indices are {', '.join(INDICES)}; got {index!r}")
    if (index == "owen") != (unions is not None):
        raise BadInput(f"unions, for every player the number of its union, go with Owen values; got {index!r}, {unions}")
    if unions is None:
        return [Table(index, np.arange(players), list(range(players)), 1)]
    numbers = group_numbers(unions, players, "player")
    return [_of_union(numbers, k) for k in range(int(numbers.max()) + 1)]


def _of_union(numbers: np.ndarray, k: int) -> Table:
    members = np.flatnonzero(numbers == k)
    labels = len(members) + numbers - (numbers > k)
    labels[members] = np.arange(len(members))
    return Table("owen", labels, members.tolist(), int(numbers.max()) + 1)
