"""The values of a model at points: exact where the model is, float64 where it is a function of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from attrtheory.errors import BadInput
from attrtheory.expr.term import Term, lift
from attrtheory.lower.network_fn import NetworkFn
from attrtheory.metrics.given import Vector
from attrtheory.models.fn import Fn, variables
from attrtheory.models.graph import Graph
from attrtheory.semantics.exact import evaluate


def values_at(model: Any, points: Sequence[Vector], target: int = 0) -> list[Any]:
    """Fractions for an Fn (terms, where it has parameters) and for a Graph; floats for anything else that can be called.

    A torch module, or a function of a float64 array, is called once with all points as rows.
    """
    if isinstance(model, Fn):
        return [_closed(model(*p)) for p in points]
    if isinstance(model, Graph):
        network = NetworkFn(model, target)
        return [_closed(lift(network(*p))) for p in points]
    if not callable(model):
        raise BadInput(f"a model is an Fn, a Graph, a torch module or a function of an array; got {type(model).__name__}")
    rows = np.array([[float(q) for q in p] for p in points])
    found = np.asarray(_module(model, rows) if hasattr(model, "parameters") else model(rows), dtype=np.float64)
    column = found[:, target] if found.ndim == 2 and 0 <= target < found.shape[1] else found
    if column.shape != (len(points),) or not np.isfinite(column).all():
        raise BadInput(
            f"the model gave values of shape {found.shape} for {len(points)} points; finite numbers (points,) or "
            f"(points, outputs) are asked for, and a target among the outputs; got target {target}"
        )
    return column.tolist()


def _module(model: Any, rows: np.ndarray) -> np.ndarray:
    import torch

    dtype = next((p.dtype for p in model.parameters()), torch.float64)
    with torch.no_grad():
        return model(torch.from_numpy(rows).to(dtype)).double().cpu().numpy()


def _closed(value: Term) -> Fraction | Term:
    """The number, if no parameter is left."""
    return value if variables(value) else evaluate(value, {})
