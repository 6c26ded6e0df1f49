"""Random coalitions whose marginal contributions have a value as their mean; each draw comes with its mirror image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from attrtheory.lower.points.tables import tables


@dataclass(frozen=True, eq=False)
class Orders:
    """Orders of arrival in which unions come together, and the same orders backwards (Shapley and Owen values).

    `unions`: the number of its union for each player; all 0 for Shapley values.
    """

    unions: np.ndarray

    def coalitions(self, draws: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Who is there after 0, 1, ... arrivals, (draws, 2, players + 1, players), and everyone's place in the order."""
        players, count = len(self.unions), int(self.unions.max()) + 1
        union = rng.permuted(np.tile(np.arange(count), (draws, 1)), axis=1)[:, self.unions]
        member = rng.permuted(np.tile(np.arange(players), (draws, 1)), axis=1)
        place = np.argsort(np.lexsort((member, union)), axis=1)
        place = np.stack([place, players - 1 - place], 1)
        return place[:, :, None] < np.arange(players + 1)[:, None], place

    def marginals(self, v: np.ndarray, place: np.ndarray) -> np.ndarray:
        """The change that each player made on arrival, (draws, players), mean of both orders."""
        change = np.take_along_axis(np.diff(v, axis=2), place, 2)
        return change.mean(1)


@dataclass(frozen=True, eq=False)
class Coalitions:
    """Coalitions that each player joins or not with equal probability, and their complements (Banzhaf values)."""

    players: int

    def coalitions(self, draws: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """A coalition, then with each player moved in or out; and who was in, (draws, 2, players)."""
        inside = rng.integers(0, 2, (draws, self.players)).astype(bool)
        inside = np.stack([inside, ~inside], 1)
        moved = np.concatenate([np.zeros((1, self.players), bool), np.eye(self.players, dtype=bool)])
        return inside[:, :, None] ^ moved, inside

    def marginals(self, v: np.ndarray, inside: np.ndarray) -> np.ndarray:
        """The coalition with each player minus without, (draws, players), mean of both coalitions."""
        change = v[:, :, 1:] - v[:, :, :1]
        return np.where(inside, -change, change).mean(1)


def sampler(index: str, players: int, unions: np.ndarray | None) -> Orders | Coalitions:
    """What to draw for an index."""
    tables(index, players, unions)  # refuses unknown indices and unions that do not fit
    if index == "banzhaf":
        return Coalitions(players)
    return Orders(np.zeros(players, int) if unions is None else np.asarray(unions).ravel())
