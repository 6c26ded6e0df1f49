"""What each torch operation means as a layer: one small function each, with the operation's own signature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attrtheory.errors import Unsupported
from attrtheory.models.build import Builder, Value, bias_or_zeros
from attrtheory.models.checks import exact_array
from attrtheory.models.ops import Array, AvgPool2d, Conv2d, LeakyRelu, MaxPool2d, Pair, Relu

Ints = int | Sequence[int]


@dataclass(frozen=True)
class Layer:
    """Where an operation stands: the graph under construction, the layer's name, torch's results."""

    build: Builder
    name: str
    results: Sequence[Tensor]

    @property
    def result(self) -> Tensor:
        return self.results[0]

    def refuse(self, why: str) -> Unsupported:
        return Unsupported(f"layer {self.name!r} {why}")

    def value(self, x: Any) -> Value:
        if not isinstance(x, Value):
            raise self.refuse(f"has a constant where a value of the network is expected; {SUPPORTED}")
        return x

    def constant(self, x: Any) -> Array:
        """A weight, exactly."""
        if not isinstance(x, Tensor):
            raise self.refuse("needs a constant weight that does not depend on the input")
        if x.dtype in (torch.float16, torch.bfloat16):
            x = x.to(torch.float32)  # exact; numpy has no bfloat16
        return exact_array(x.detach().cpu().numpy(), f"a tensor of {self.name!r}")

    def operand(self, x: Any) -> Value | Array:
        """An operand of `+ - * /`: torch rounds integers and scalars to the result's precision."""
        if isinstance(x, Value):
            return x
        precision = torch.float64 if self.result.dtype is torch.float64 else torch.float32
        tensor = torch.tensor(x, dtype=torch.float64) if isinstance(x, float) else torch.as_tensor(x)
        scalar = not tensor.ndim or not tensor.is_floating_point()
        return self.constant(tensor.to(precision) if scalar and not tensor.is_complex() else tensor)

    def number(self, x: float) -> float:
        return float(self.operand(x))  # type: ignore[arg-type]  # a 0-d array

    def features(self, x: Any) -> Value:
        """The layer is defined on vectors: the batch axis must not be taken for features."""
        if not self.build.shape(self.value(x)):
            raise self.refuse("takes the batch axis for features; write it for inputs (batch, features)")
        return x


def pair(value: Ints) -> Pair:
    values = (value,) if isinstance(value, int) else tuple(value)
    return (values[0], values[-1])


def sides(value: Ints) -> tuple[int, int, int, int]:
    return (*pair(value), *pair(value))


def same(kernel: Pair, dilation: Pair) -> tuple[int, int, int, int]:
    """torch's padding='same': an odd pixel goes to the bottom and the right."""
    spans = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    return (spans[0] // 2, spans[1] // 2, spans[0] - spans[0] // 2, spans[1] - spans[1] // 2)


def _linear(at: Layer, x: Any, weight: Any, bias: Any = None) -> Value:
    b = None if bias is None else at.constant(bias)
    return at.build.linear(at.name, at.features(x), at.constant(weight), b)


def _matmul(at: Layer, x: Any, weight: Any) -> Value:
    w = at.constant(weight)
    if w.ndim != 2:
        raise at.refuse(f"multiplies with a tensor of shape {w.shape}; accepted are matrices")
    return at.build.linear(at.name, at.features(x), w.T)


def _addmm(at: Layer, bias: Any, x: Any, weight: Any) -> Value:
    return at.build.total(at.name, _matmul(at, x, weight), at.operand(bias))


def _conv2d(
    at: Layer, x: Any, weight: Any, bias: Any = None,
    stride: Ints = 1, padding: Ints | str = 0, dilation: Ints = 1, groups: int = 1,
) -> Value:  # fmt: skip
    w = at.constant(weight)
    kernel, d = (w.shape[2], w.shape[3]), pair(dilation)
    pad = sides(0) if padding == "valid" else same(kernel, d) if isinstance(padding, str) else sides(padding)
    b = bias_or_zeros(at.name, w, None if bias is None else at.constant(bias))
    return at.build.add(at.name, Conv2d(w, b, pair(stride), pad, d, groups), at.value(x))


def _avg_pool(
    at: Layer, x: Any, kernel: Ints, stride: Ints = (), padding: Ints = 0,
    ceil_mode: bool = False, count_include_pad: bool = True, divisor_override: int | None = None,
) -> Value:  # fmt: skip
    if ceil_mode or divisor_override is not None:
        raise at.refuse("uses ceil_mode or divisor_override; accepted is AvgPool2d without them")
    op = AvgPool2d(pair(kernel), pair(stride or kernel), sides(padding), count_include_pad)
    return at.build.add(at.name, op, at.value(x))


def _max_pool(
    at: Layer, x: Any, kernel: Ints,
    stride: Ints = (), padding: Ints = 0, dilation: Ints = 1, ceil_mode: bool = False,
) -> Value:  # fmt: skip
    if ceil_mode:
        raise at.refuse("uses ceil_mode=True; accepted is MaxPool2d with ceil_mode=False")
    op = MaxPool2d(pair(kernel), pair(stride or kernel), sides(padding), pair(dilation))
    return at.build.add(at.name, op, at.value(x))


def _adaptive_avg_pool(at: Layer, x: Any, size: Ints) -> Value:
    shape, out = at.build.shape(at.value(x)), pair(size)
    if len(shape) != 3 or shape[1] % out[0] or shape[2] % out[1]:
        raise at.refuse(f"pools {shape} to {out}; accepted are sizes that divide the input's")
    kernel = (shape[1] // out[0], shape[2] // out[1])
    return at.build.add(at.name, AvgPool2d(kernel, kernel, sides(0), count_include_pad=True), x)


def _mean(at: Layer, x: Any, axes: Sequence[int], keepdim: bool = False) -> Value:
    shape = at.build.shape(at.value(x))
    if len(shape) != 3 or sorted(a % 4 for a in axes) != [2, 3]:
        raise at.refuse(f"averages over axes {axes} of {shape}; accepted is height and width")
    pooled = _adaptive_avg_pool(at, x, 1)
    return pooled if keepdim else at.build.reshape(at.name, pooled, shape[:1])


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
    "aten.conv2d": _conv2d, "aten.relu": _relu, "aten.leaky_relu": _leaky_relu,
    "aten.avg_pool2d": _avg_pool, "aten.max_pool2d": _max_pool, "aten.max_pool2d_with_indices": _max_pool,
    "aten.adaptive_avg_pool2d": _adaptive_avg_pool, "aten.mean": _mean,
    "aten._native_batch_norm_legit_no_training": _batch_norm,
    "aten.add": _add, "aten.sub": _sub, "aten.rsub": _rsub, "aten.neg": _neg,
    "aten.mul": _mul, "aten.div": _div,
    "aten.view": _same_entries, "aten._unsafe_view": _same_entries, "aten.reshape": _same_entries,
    "aten.flatten": _same_entries, "aten.squeeze": _same_entries, "aten.unsqueeze": _same_entries,
    "aten.clone": _clone, "aten.alias": _clone, "aten.contiguous": _clone, "aten._to_copy": _to_copy,
}  # fmt: skip

SUPPORTED = (
    "supported are Linear, Conv2d, BatchNorm (eval), ReLU, LeakyReLU, AvgPool2d, MaxPool2d, Flatten and "
    "reshape, Dropout (eval), addition and subtraction of values, and + - * / with constants"
)
_KINKS = (
    "clamp", "clamp_min", "clamp_max", "maximum", "minimum", "max", "hardtanh", "where", "abs", "threshold",
)  # fmt: skip
_LAST = ("softmax", "_softmax", "log_softmax", "_log_softmax", "sigmoid")
_RANDOM = ("native_dropout", "dropout", "bernoulli", "feature_dropout", "alpha_dropout")


def why_not(operation: str) -> str:
    name = operation.removeprefix("aten.")
    if name in _KINKS:
        return "its derivative at the kink is not relu's; write it with torch.relu"
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
