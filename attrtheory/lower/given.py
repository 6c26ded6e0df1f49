"""What users pass in as a network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from attrtheory.errors import BadInput
from attrtheory.models.graph import Graph


def to_graph(model: Any, like: Any = None) -> Graph:
    """A network from a Graph, an ONNX file's path, or a torch module (traced on inputs shaped as `like`)."""
    if isinstance(model, Graph):
        return model
    if isinstance(model, str | Path):
        from attrtheory.models.onnx_import import from_onnx

        return from_onnx(model)
    from attrtheory.models.torch_import import from_torch

    if like is None:
        raise BadInput(
            "a torch module is traced on an input; give inputs, or import it with from_torch(module, input_shape=...)"
        )
    try:
        shape = tuple(np.shape(like))
    except ValueError as error:
        raise BadInput(f"inputs: not an array of numbers ({error})") from error
    return from_torch(model, input_shape=shape[1:] if len(shape) > 1 else shape)


def one_target(graph: Graph, target: int | Sequence[int] | None) -> int | Sequence[int]:
    """The output that is asked for; none need be named where there is only one."""
    if target is None and graph.outputs != 1:
        raise BadInput(f"target: the network has outputs 0 to {graph.outputs - 1}; name the one to explain")
    return 0 if target is None else target
