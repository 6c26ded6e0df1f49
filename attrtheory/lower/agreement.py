"""Whether a network still computes what the function it was traced from returns."""

from __future__ import annotations

import torch
from torch import Tensor

from attrtheory.lower.layers import values
from attrtheory.models.graph import Graph

STALE = (
    "the function returns something else than the network traced from it: it depends on more than its arguments, or on the "
    "other examples of the batch"
)
COARSE = 0.05  # of half precision, and of TensorFloat-32
TOLERANCES = {torch.float32: 1e-3, torch.float64: 1e-9}
ROUNDINGS = 64  # units in the last place of the largest number on the way, which may cancel


def reproduces(graph: Graph, points: Tensor, expected: Tensor, dtype: torch.dtype) -> bool:
    """Whether the network returns `expected` (n, ...) at float64 rows, up to the roundings of a function of `dtype`."""
    found = values(graph, points.view(-1, *graph.input_shape))
    got, want = (v.detach().to("cpu", torch.float64).reshape(len(points), -1) for v in (found[-1], expected))
    largest = max(float(v.abs().max()) for v in found)
    allowed = tolerance(dtype, expected.device) * float(want.abs().max()) + ROUNDINGS * torch.finfo(dtype).eps * largest
    return bool(((got - want).abs() <= allowed).all())


def tolerance(dtype: torch.dtype, device: torch.device) -> float:
    """How far outputs may differ, relative to the largest."""
    rounded = dtype == torch.float32 and (
        torch.get_float32_matmul_precision() != "highest"
        or (device.type == "cuda" and (torch.backends.cudnn.allow_tf32 or torch.backends.cuda.matmul.allow_tf32))
    )
    return COARSE if rounded else TOLERANCES.get(dtype, COARSE)
