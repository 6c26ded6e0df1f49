"""Shapley, Banzhaf and Owen values of any game, given as a function of coalitions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from attrtheory.errors import BadInput, TooLarge
from attrtheory.lower.inputs import Data
from attrtheory.lower.points.hypercube import mean_marginals
from attrtheory.lower.points.problem import PointValues
from attrtheory.lower.points.tables import tables
from attrtheory.lower.points.work import MAX_PLAYERS, Progress, counted

Game = Callable[[np.ndarray], Data]  # coalitions (k, players) of booleans -> k numbers
ROWS = 2**16  # coalitions asked for at a time


def game_values(
    game: Game,
    players: int,
    index: str = "shapley",
    *,
    unions: Data | None = None,
    rows: int = ROWS,
    progress: Progress | None = None,
) -> PointValues:
    """The exact values of a game of up to 24 players: each coalition is evaluated once, and all are.

    Args:
        game: takes a boolean matrix (k, players), row by row a coalition; returns k finite numbers.
        players: how many there are.
        index: "shapley", "banzhaf" or "owen".
        unions: for Owen values, the number of its union for every player.
        rows: the largest k.
        progress: called with (coalitions done, all).

    The game's numbers are taken as exact: `bound` is the rounding of what is done with them.

    >>> glove = lambda coalitions: coalitions[:, 0] & coalitions[:, 1:].any(1)
    >>> game_values(glove, 3).values.round(6).tolist()  # a left glove against two right ones: 2/3, 1/6, 1/6
    [0.666667, 0.166667, 0.166667]
    """
    if isinstance(players, bool) or not isinstance(players, int) or players < 1:
        raise BadInput(f"players: how many there are, 1 or more; got {players!r}")
    if rows < 1:
        raise BadInput(f"rows: how many coalitions to ask for at a time, 1 or more; got {rows}")
    parts = tables(index, players, unions)
    if (most := max(t.players for t in parts)) > MAX_PLAYERS:
        raise TooLarge(f"{most} players have 2^{most} coalitions; all are evaluated for up to {MAX_PLAYERS} players")
    values, bound, difference = np.empty(players), np.empty(players), np.empty(())
    total = sum(t.coalitions for t in parts)
    done = counted(progress, total)
    for table in parts:
        v = np.empty(table.coalitions)
        for start in range(0, table.coalitions, rows):
            numbers = np.arange(start, min(start + rows, table.coalitions))
            v[numbers] = _asked(game, (numbers[:, None] >> table.labels & 1).astype(bool))
            done(len(numbers))
        found, rounding = mean_marginals(torch.from_numpy(v), table.weights(), range(len(table.members)))
        values[table.members], bound[table.members], difference = found.numpy(), rounding.numpy(), v[-1] - v[0]
    return PointValues(values, bound, np.asarray(difference), total)


def _asked(game: Game, coalitions: np.ndarray) -> np.ndarray:
    answer = game(coalitions)
    if isinstance(answer, torch.Tensor):
        answer = answer.detach().cpu().numpy()
    found = np.asarray(answer)
    if found.shape != (len(coalitions),) or found.dtype.kind not in "fiub" or not np.isfinite(found).all():
        raise BadInput(
            f"a game returns one finite number for each of {len(coalitions)} coalitions; got {found.dtype} of shape "
            f"{found.shape}"
        )
    exact = found.astype(np.float64)
    whole = found.dtype.kind in "iu" and max(int(found.max()), -int(found.min())) > 2**53
    if whole or (found.dtype.kind == "f" and (found != exact).any()):
        raise BadInput(f"some of the game's numbers are {found.dtype} but not float64 numbers; round them yourself first")
    return exact
