"""The metrics as differentiable torch functions, in the dtype and on the device of what is trained."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from attrtheory.errors import BadInput


def like(values: np.ndarray, given: Tensor) -> Tensor:
    return torch.as_tensor(values, dtype=given.dtype, device=given.device)


def attributions(given: object, features: int) -> Tensor:
    if not isinstance(given, Tensor) or not given.is_floating_point() or given.ndim < 1 or given.shape[-1] != features:
        shape = tuple(given.shape) if isinstance(given, Tensor) else type(given).__name__
        raise BadInput(f"attributions: a tensor of floats (..., {features}); got {shape}")
    return given


def squared_errors(given: object, rows: np.ndarray, targets: np.ndarray, weights: np.ndarray, ridge: float) -> Tensor:
    r"""$\sum_k w_k (r_k \cdot a - t_k)^2 + \rho\,|a|^2$ for attributions (..., d)."""
    a = attributions(given, rows.shape[1])
    residual = a @ like(rows, a).T - like(targets, a)
    return (like(weights, a) * residual**2).sum(-1) + ridge * (a**2).sum(-1)


def one_minus_correlation(given: object, rows: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> Tensor:
    """1 less the weighted correlation of `rows . a` with the targets; rows and targets are centred."""
    a = attributions(given, rows.shape[1])
    w, t = like(weights, a), like(targets, a)
    summed = a @ like(rows, a).T
    return 1 - (w * summed * t).sum(-1) / ((w * summed**2).sum(-1) * (w * t**2).sum(-1)).sqrt()


def mean_area(given: object, costs: np.ndarray, features: int, temperature: float) -> Tensor:
    """The mean, over Plackett-Luce orders, of the sum of costs of the sets that an order passes through.

    What is still to come from a set S is c(S) plus the mean over the next feature; sets are taken from large to small, all
    of one size at a time.
    """
    a = attributions(given, features)
    if not temperature > 0:
        raise BadInput(f"temperature: a positive number; got {temperature}")
    numbers = torch.arange(2**features, device=a.device)
    inside = numbers[:, None] >> torch.arange(features, device=a.device) & 1
    size, cost = inside.sum(1), like(costs, a)
    to_come = [cost[-1:].expand(*a.shape[:-1], 1)]  # of all sets of one size, by number
    place = torch.zeros_like(numbers)
    for k in range(features - 1, -1, -1):
        sets = numbers[size == k]
        after = sets[:, None] | (1 << torch.arange(features, device=a.device))
        logits = (a / temperature)[..., None, :].masked_fill(inside[sets].bool(), -torch.inf)
        following = to_come[-1][..., place[after]]
        to_come.append(cost[sets] + (logits.softmax(-1) * following).sum(-1))
        place[sets] = torch.arange(len(sets), device=a.device)
    return to_come[-1][..., 0]


def largest_change(given: object, rows: int, features: int, norm: str) -> Tensor:
    """The largest norm of a row less the first row, for tables (..., rows, d)."""
    table = attributions(given, features)
    if table.ndim < 2 or table.shape[-2] != rows:
        raise BadInput(f"attributions: a table (..., {rows}, {features}), the row for x first; got {tuple(table.shape)}")
    change = table[..., 1:, :] - table[..., :1, :]
    lengths = {"max": lambda v: v.abs().amax(-1), "sum": lambda v: v.abs().sum(-1), "squares": lambda v: (v**2).sum(-1)}
    return lengths[norm](change).amax(-1)
