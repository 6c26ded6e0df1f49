"""Where the winner of a max-pooling window changes between two neighbouring rows."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from attrtheory.lower.grid import Array
from attrtheory.lower.layers import Pool


def winner_changes(pool: Pool, z: Tensor) -> tuple[Array, Array]:
    """Piece and relative position of every kink of every window's upper envelope.

    A maximum of affine functions is convex, so a window with one winner at both ends has it throughout. For the
    others the envelope is walked from left to right: the next winner is the steeper entry that overtakes first.
    """
    windows = pool.windows(z)
    best = windows.argmax(-1)
    where = (best[:-1] != best[1:]).nonzero(as_tuple=True)
    left, right = windows[:-1][where], windows[1:][where]
    slope, winner = right - left, best[:-1][where][:, None]
    pieces, ratios = [], []
    for _ in range(windows.shape[-1] - 1):
        gain = slope - slope.gather(1, winner)
        behind = left.gather(1, winner) - left
        overtakes = torch.where(gain > 0, behind / gain, torch.inf)
        ratio, following = overtakes.min(1)
        on = ratio < 1
        if not on.any():
            break
        pieces.append(where[0][on])
        ratios.append(ratio[on])
        winner = torch.where(on[:, None], following[:, None], winner)
    if not pieces:
        return np.empty(0, dtype=int), np.empty(0)
    return torch.cat(pieces).cpu().numpy(), torch.cat(ratios).cpu().numpy()
