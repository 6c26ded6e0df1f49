"""Mean marginal contributions of a game's players, from its values on all coalitions.

Bit i of a coalition's number says whether player i is in it. Without that bit, the others' coalitions are numbered as in
a game of one player less, so that one table of weights serves every player.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import comb

import torch
from torch import Tensor

from attrtheory.lower.affine_rows import gamma
from attrtheory.lower.slopes import OUTWARD, TINY


def sizes(players: int, device: torch.device | str = "cpu") -> Tensor:
    """How many players each coalition has, (2^players)."""
    counts = torch.zeros(1, dtype=torch.long, device=device)
    for _ in range(players):
        counts = torch.cat([counts, counts + 1])
    return counts


def shapley_weights(players: int, device: torch.device | str = "cpu") -> Tensor:
    r"""$1/\bigl(n\binom{n-1}{|S|}\bigr)$ for the others' coalitions S, each rounded once; they add up to 1."""
    by_size = [float(Fraction(1, players * comb(players - 1, s))) for s in range(players)]
    return torch.tensor(by_size, dtype=torch.float64, device=device)[sizes(players - 1, device)]


def banzhaf_weights(players: int, device: torch.device | str = "cpu") -> Tensor:
    r"""$2^{1-n}$ for each of the others' coalitions."""
    return torch.full((2 ** (players - 1),), 2.0 ** (1 - players), dtype=torch.float64, device=device)


def owen_weights(members: int, unions: int, device: torch.device | str = "cpu") -> Tensor:
    """Orders of whole unions, then orders within the player's own: its members' bits first, the other unions after."""
    return torch.kron(shapley_weights(unions, device), shapley_weights(members, device))


def mean_marginals(v: Tensor, weights: Tensor, players: Iterable[int]) -> tuple[Tensor, Tensor]:
    """For each player the weighted sum of `v(S + i) - v(S)` over the last axis, and a bound on its rounding.

    `v` is (..., 2^n), `weights` (2^(n-1)); the results are (..., players).
    """
    others = len(weights).bit_length() - 1
    found, rounding = [], []
    for i in players:
        pairs = v.reshape(*v.shape[:-1], -1, 2, 2**i)
        terms = (pairs[..., 1, :] - pairs[..., 0, :]).flatten(-2) * weights
        # a difference, a weight (three roundings), a product, and one addition for each halving
        rounding.append(OUTWARD * gamma(others + 6) * terms.abs().sum(-1) + TINY)
        found.append(halved(terms))
    return torch.stack(found, -1), torch.stack(rounding, -1)


def halved(terms: Tensor) -> Tensor:
    """The sum over the last axis, 2^k long, by adding halves: each number takes part in k additions."""
    while terms.shape[-1] > 1:
        half = terms.shape[-1] // 2
        terms = terms[..., :half] + terms[..., half:]
    return terms[..., 0]
