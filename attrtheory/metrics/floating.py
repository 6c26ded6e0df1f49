"""A model known by its float values only: a torch module, or a function of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import torch

from attrtheory.errors import BadInput
from attrtheory.metrics.numbers import Vector


def float_values(model: Any, points: Sequence[Vector], target: int) -> list[Fraction]:
    """What the model returns on float64 rows, each number taken at its exact value."""
    rows = np.array([[float(v) for v in p] for p in points], dtype=np.float64)
    if isinstance(model, torch.nn.Module):
        first = next(model.parameters(), torch.zeros((), dtype=torch.float64))
        with torch.no_grad():
            answer = model(torch.as_tensor(rows, dtype=first.dtype, device=first.device))
    else:
        answer = model(rows)
    found = np.asarray(answer.detach().cpu() if isinstance(answer, torch.Tensor) else answer)
    if found.ndim == 2 and found.shape[0] == len(rows) and target < found.shape[1]:
        found = found[:, target]
    if found.shape != (len(rows),) or found.dtype.kind not in "fiu" or not np.isfinite(found).all():
        raise BadInput(
            f"the model should return one finite number for each of {len(rows)} rows, or one row of outputs with output "
            f"{target}; got {found.dtype} of shape {found.shape}"
        )
    return [Fraction(v) for v in found.tolist()]
