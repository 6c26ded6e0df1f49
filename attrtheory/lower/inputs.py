"""What users pass in, as float64 rows: exact conversions or a refusal, never a changed number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from attrtheory.errors import BadInput
from attrtheory.models.graph import Graph
from attrtheory.models.ops import Shape

Data = Any  # torch tensor, numpy array or nested sequence of numbers


class Takes(Protocol):
    """Whatever takes inputs of one shape: a network, a forest."""

    @property
    def input_shape(self) -> Shape: ...


def rows(graph: Takes, data: Data, what: str) -> np.ndarray:
    """Finite float64 rows (n, *input_shape); one input without the batch axis is a batch of one."""
    array, shape = _array(data, what), graph.input_shape
    if array.shape == shape:
        array = array[None]
    if array.ndim != len(shape) + 1 or array.shape[1:] != shape:
        raise BadInput(f"{what}: got shape {array.shape}; the network takes inputs of shape {shape}, or a batch of them")
    if not len(array):
        raise BadInput(f"{what}: got an empty batch; give at least one row of shape {shape}")
    exact = _float64(array, what)
    if not np.isfinite(exact).all():
        row = int(np.argwhere(~np.isfinite(exact))[0][0])
        raise BadInput(f"{what}: row {row} holds NaN or infinity; attributions need finite numbers")
    return exact


def _array(data: Data, what: str) -> np.ndarray:
    if isinstance(data, Tensor):
        if data.is_complex() or data.is_quantized or data.layout != torch.strided or data.is_meta:
            given = f"{data.dtype}, {data.layout}, on {data.device}"
            raise BadInput(f"{what}: got {given}; give a dense tensor of real numbers, with values")
        data = data.detach().cpu()
        return (data.to(torch.float64) if data.is_floating_point() else data).numpy()
    if np.ma.isMaskedArray(data):
        raise BadInput(f"{what}: got a masked array; fill the masked entries yourself first")
    try:
        return np.asarray(data)
    except ValueError as error:  # nested lists of unequal lengths
        raise BadInput(f"{what}: not an array of numbers ({error})") from error


def _float64(array: np.ndarray, what: str) -> np.ndarray:
    if array.dtype.kind not in "fiub":
        raise BadInput(f"{what}: got entries of type {array.dtype}; give real numbers (float or int)")
    exact = np.ascontiguousarray(array, dtype=np.float64)
    if array.dtype.kind in "iu":
        same = array.ravel().tolist() == [int(v) for v in exact.ravel().tolist()]
    else:
        same = bool(((array == exact) | np.isnan(array)).all())
    if not same:
        raise BadInput(f"{what}: some numbers are {array.dtype} but not float64 numbers; round them yourself first")
    return exact


def paired(graph: Graph, inputs: np.ndarray, baselines: Data | None) -> np.ndarray:
    """One baseline row per input: zeros, one row for all, or one each."""
    if baselines is None:
        return np.zeros_like(inputs)
    base = rows(graph, baselines, "baselines")
    if len(base) not in (1, len(inputs)):
        raise BadInput(f"baselines: got {len(base)} rows for {len(inputs)} inputs; give one, or one per input")
    return np.broadcast_to(base, inputs.shape)


def targets(graph: Graph, target: int | Sequence[int], n: int) -> list[int]:
    """One output number per row."""
    listed = target.tolist() if isinstance(target, Tensor | np.ndarray) else target
    each = list(listed) if isinstance(listed, Sequence) and not isinstance(listed, str) else [listed] * n
    if len(each) != n:
        raise BadInput(f"target: got {len(each)} targets for {n} inputs; give one number, or one per input")
    for one in each:
        if isinstance(one, bool) or not isinstance(one, int | np.integer):
            raise BadInput(f"target: got {one!r} ({type(one).__name__}); give the number of an output")
        if not 0 <= one < graph.outputs:
            raise BadInput(f"target: got {one}; the network has outputs 0 to {graph.outputs - 1}")
    return [int(one) for one in each]
