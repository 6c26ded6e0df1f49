"""What each torch operation means as a layer: one small function each, with the operation's own signature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from attrtheory.models import torch_windows as windows
from attrtheory.models.build import Value
from attrtheory.models.ops import Array, LeakyRelu, Relu
from attrtheory.models.pieces import absolute, at_least, at_most, clamp, prelu
from attrtheory.models.torch_layer import SUPPORTED, Layer
from attrtheory.models.torch_moves import pad


def _linear(at: Layer, x: Any, weight: Any, bias: Any = None) -> Value:
    b = None if bias is None else at.constant(bias)
    return at.build.linear(at.name, at.features(x), at.constant(weight), b)


def _matmul(at: Layer, x: Any, weight: Any) -> Value:
    if isinstance(weight, Value) and not isinstance(x, Value):
        return _matrix_first(at, at.constant(x), weight)
    w = at.constant(weight)
    if w.ndim not in (1, 2):
        raise at.refuse(f"multiplies with a tensor of shape {w.shape}; accepted are vectors and matrices")
    y = at.build.linear(at.name, at.features(x), w.T if w.ndim == 2 else w[None])
    return at.build.reshape(at.name, y, tuple(at.result.shape[1:]))


def _matrix_first(at: Layer, w: Array, x: Value) -> Value:
    """`w x` is the transpose of `x^T w^T`."""
    if w.ndim != 2 or len(at.build.shape(x)) < 2:
        raise at.refuse("needs a constant weight behind the input, or a matrix before values (batch, rows, columns)")
    turned = lambda v: at.build.moved(at.name, lambda a: a.swapaxes(-1, -2), v)
    return turned(at.build.linear(at.name, turned(x), w))


def _addmm(at: Layer, bias: Any, x: Any, weight: Any) -> Value:
    return at.build.total(at.name, _matmul(at, x, weight), at.operand(bias))


def _batch_norm(
    at: Layer, x: Any, gamma: Any, beta: Any, mean: Any, var: Any, momentum: float, eps: float
) -> Value:
    m, v = at.constant(mean), at.constant(var)
    g = np.ones_like(m) if gamma is None else at.constant(gamma)
    b = np.zeros_like(m) if beta is None else at.constant(beta)
    return at.build.batch_norm(at.name, at.value(x), g, b, m, v, eps)


def _relu(at: Layer, x: Any) -> Value:
    return at.build.add(at.name, Relu(), at.value(x))


def _leaky_relu(at: Layer, x: Any, slope: float = 0.01) -> Value:
    return at.build.add(at.name, LeakyRelu(at.number(slope)), at.value(x))


def _prelu(at: Layer, x: Any, weight: Any) -> Value:
    slope = at.constant(weight)
    axes = len(at.build.shape(at.value(x)))
    return prelu(at.build, at.name, x, slope.reshape(-1, *[1] * (axes - 1)) if slope.size > 1 else slope)


def _abs(at: Layer, x: Any) -> Value:
    return absolute(at.build, at.name, at.value(x))


def _clamp(at: Layer, x: Any, low: Any = None, high: Any = None) -> Value:
    bounds = at.bound(low, below=True), at.bound(high, below=False)
    return clamp(at.build, at.name, at.value(x), *bounds, slope=1)


def _clamp_max(at: Layer, x: Any, high: Any) -> Value:
    return _clamp(at, x, None, high)


def _hardtanh(at: Layer, x: Any, low: Any = -1.0, high: Any = 1.0) -> Value:
    bounds = at.bound(low, below=True), at.bound(high, below=False)
    return clamp(at.build, at.name, at.value(x), *bounds, slope=0)


def _relu6(at: Layer, x: Any) -> Value:
    return _hardtanh(at, x, 0.0, 6.0)


def _threshold(at: Layer, x: Any, threshold: float, value: float) -> Value:
    if at.number(threshold) != at.number(value):
        raise at.refuse(f"jumps from {value} to {threshold}; accepted is a threshold equal to the value")
    return at_least(at.build, at.name, at.value(x), np.asarray(at.number(value)), slope=0)


def _larger(at: Layer, a: Any, b: Any) -> Value:
    x, other = (at.operand(v) for v in ((a, b) if isinstance(a, Value) else (b, a)))
    return at_least(at.build, at.name, at.value(x), other, slope=0.5)


def _smaller(at: Layer, a: Any, b: Any) -> Value:
    x, other = (at.operand(v) for v in ((a, b) if isinstance(a, Value) else (b, a)))
    return at_most(at.build, at.name, at.value(x), other, slope=0.5)


def _max(at: Layer, x: Any, other: Any, keepdim: bool = False) -> Value:
    """`torch.max` of two tensors, or along an axis."""
    return windows.maximum(at, x, other, keepdim) if isinstance(other, int) else _larger(at, x, other)


def _add(at: Layer, a: Any, b: Any, alpha: float = 1) -> Value:
    return at.build.total(at.name, at.operand(a), at.operand(b), at.number(alpha))


def _sub(at: Layer, a: Any, b: Any, alpha: float = 1) -> Value:
    return _add(at, a, b, -alpha)


def _rsub(at: Layer, a: Any, b: Any, alpha: float = 1) -> Value:
    return _sub(at, b, a, alpha)


def _neg(at: Layer, x: Any) -> Value:
    return at.build.scale(at.name, at.value(x), -1.0, 0.0)


def _mul(at: Layer, a: Any, b: Any) -> Value:
    return at.build.product(at.name, at.operand(a), at.operand(b))


def _div(at: Layer, a: Any, b: Any) -> Value:
    return at.build.quotient(at.name, at.operand(a), at.operand(b))


def _same_entries(at: Layer, x: Any, *_: Any) -> Value:
    """The same entries in row-major order; what shape they get, torch has worked out."""
    return at.build.reshape(at.name, at.value(x), tuple(at.result.shape[1:]))


def _to_copy(at: Layer, x: Any, *, dtype: torch.dtype | None = None, **_: Any) -> Value:
    if dtype not in (None, torch.float64):
        raise at.refuse(f"converts to {dtype}, which rounds; use one precision, or float64")
    return at.value(x)


def _clone(at: Layer, x: Any, **_: Any) -> Value:
    return at.value(x)


LAYERS: dict[str, Callable[..., Value]] = {
    "aten.linear": _linear, "aten.matmul": _matmul, "aten.mm": _matmul, "aten.addmm": _addmm,
    "aten.conv2d": windows.conv2d, "aten.conv1d": windows.conv1d,
    "aten.avg_pool2d": windows.avg_pool2d, "aten.avg_pool1d": windows.avg_pool1d,
    "aten.max_pool2d": windows.max_pool2d, "aten.max_pool2d_with_indices": windows.max_pool2d,
    "aten.max_pool1d": windows.max_pool1d,
    "aten.adaptive_avg_pool2d": windows.adaptive_avg_pool2d, "aten.adaptive_avg_pool1d": windows.adaptive_avg_pool1d,
    "aten.adaptive_max_pool2d": windows.adaptive_max_pool2d, "aten.adaptive_max_pool1d": windows.adaptive_max_pool1d,
    "aten.mean": windows.mean, "aten.sum": windows.total,
    "aten._native_batch_norm_legit_no_training": _batch_norm,
    "aten.relu": _relu, "aten.leaky_relu": _leaky_relu, "aten.prelu": _prelu, "aten._prelu_kernel": _prelu,
    "aten.abs": _abs, "aten.clamp": _clamp, "aten.clip": _clamp, "aten.clamp_min": _clamp, "aten.clamp_max": _clamp_max,
    "aten.hardtanh": _hardtanh, "aten.relu6": _relu6, "aten.threshold": _threshold,
    "aten.maximum": _larger, "aten.max": _max,
    "aten.minimum": _smaller, "aten.min": _smaller,
    "aten.add": _add, "aten.sub": _sub, "aten.rsub": _rsub, "aten.neg": _neg, "aten.mul": _mul, "aten.div": _div,
    "aten.view": _same_entries, "aten._unsafe_view": _same_entries, "aten.reshape": _same_entries,
    "aten.flatten": _same_entries, "aten.squeeze": _same_entries, "aten.unsqueeze": _same_entries,
    "aten.pad": pad, "aten.clone": _clone, "aten.alias": _clone, "aten.contiguous": _clone, "aten._to_copy": _to_copy,
}  # fmt: skip

_JUMPS = ("where", "threshold", "sign", "gt", "ge", "lt", "le", "amax", "amin", "hardshrink")
_LAST = ("softmax", "_softmax", "log_softmax", "_log_softmax", "sigmoid")
_RANDOM = ("native_dropout", "dropout", "bernoulli", "feature_dropout", "alpha_dropout")


def why_not(operation: str) -> str:
    name = operation.removeprefix("aten.")
    if name in _JUMPS:
        return "it may jump, or its derivative at ties is no relu's; write it with torch.relu, maximum or clamp"
    if name in _LAST:
        return f"explain the logits: leave the last layer out; {SUPPORTED}"
    if name == "detach":
        return "the derivative would stop here, but a graph is differentiated as a function; leave detach out"
    return SUPPORTED


def per_batch(target: str) -> str | None:
    """Why an operation is not a function of one input, if it isn't."""
    if target.removeprefix("aten.").startswith(_RANDOM):
        return "is dropout in training mode, which is random; call module.eval() first"
    if "batch_norm" in target and "no_training" not in target:
        return (
            "is a BatchNorm that uses the statistics of the batch; call module.eval() first, "
            "and keep running statistics (track_running_stats=True)"
        )
    return None
