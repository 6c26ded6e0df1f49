"""What each ONNX operator means as a layer: one small function each, inputs in the operator's order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from attrtheory.errors import Unsupported
from attrtheory.models.build import Builder, Value, bias_or_zeros
from attrtheory.models.checks import exact_array
from attrtheory.models.ops import Array, AvgPool2d, Conv2d, LeakyRelu, MaxPool2d, Pair, Relu, Shape

Input = Value | Array | None
Sides = tuple[int, int, int, int]


@dataclass(frozen=True)
class Layer:
    """Where an operator stands: the graph under construction and the layer's name."""

    build: Builder
    name: str

    def refuse(self, why: str) -> Unsupported:
        return Unsupported(f"layer {self.name!r} {why}")

    def value(self, x: Input) -> Value:
        if not isinstance(x, Value):
            raise self.refuse("has a constant where a value that depends on the network's input is expected")
        return x

    def constant(self, x: Input) -> Array:
        if x is None or isinstance(x, Value):
            raise self.refuse("has an input that must be a constant, but is missing or depends on the input")
        return x

    def weight(self, x: Input) -> Array:
        return exact_array(self.constant(x), f"a tensor of {self.name!r}")

    def operand(self, x: Input) -> Value | Array:
        return x if isinstance(x, Value) else self.weight(x)


class Attributes:
    """An operator's attributes; those that nothing asked for are refused at the end, never ignored."""

    def __init__(self, layer: str, values: dict[str, Any]) -> None:
        self.layer, self.values = layer, values

    def take(self, name: str, default: Any) -> Any:
        return self.values.pop(name, default)

    def only(self, **accepted: Any) -> None:
        """These attributes may be present with this one value."""
        for name, value in accepted.items():
            if (given := self.take(name, value)) != value:
                raise Unsupported(f"layer {self.layer!r} has {name}={given!r}; accepted is {value!r}")

    def constant(self) -> Array:
        for name in ("value", "value_float", "value_floats", "value_int", "value_ints"):
            if name in self.values:
                given = self.take(name, None)
                kind = np.float32 if "float" in name else np.int64 if "int" in name else None
                return np.asarray(given, dtype=kind)
        raise Unsupported(f"{self.layer!r} is a constant of {sorted(self.values)}; accepted are numbers")

    def finish(self) -> None:
        if self.values:
            raise Unsupported(f"layer {self.layer!r} has the unsupported attributes {sorted(self.values)}")


def _gemm(at: Layer, a: Attributes, x: Input, weight: Input, bias: Input = None) -> Value:
    a.only(transA=0)
    if len(at.build.shape(at.value(x))) != 1:
        raise at.refuse(f"is a Gemm on values of shape {at.build.shape(at.value(x))}; flatten them first")
    alpha, beta, w = a.take("alpha", 1.0), a.take("beta", 1.0), at.weight(weight)
    w = alpha * (w if a.take("transB", 0) else w.T)
    b = None if bias is None else beta * at.weight(bias)
    if b is not None:
        if b.size not in (1, w.shape[0]) or b.size != (b.shape or (1,))[-1]:
            raise at.refuse(f"adds a tensor of shape {b.shape}; accepted is one number for each output")
        b = np.broadcast_to(b.reshape(-1), w.shape[:1])
    return at.build.linear(at.name, at.value(x), w, b)


def _matmul(at: Layer, a: Attributes, x: Input, weight: Input) -> Value:
    w = at.weight(weight)
    if w.ndim != 2:
        raise at.refuse(f"multiplies with a tensor of shape {w.shape}; accepted are matrices")
    return at.build.linear(at.name, at.value(x), w.T)


def _add(at: Layer, a: Attributes, x: Input, y: Input) -> Value:
    return at.build.total(at.name, at.operand(x), at.operand(y))


def _sub(at: Layer, a: Attributes, x: Input, y: Input) -> Value:
    return at.build.total(at.name, at.operand(x), at.operand(y), -1.0)


def _mul(at: Layer, a: Attributes, x: Input, y: Input) -> Value:
    return at.build.product(at.name, at.operand(x), at.operand(y))


def _div(at: Layer, a: Attributes, x: Input, y: Input) -> Value:
    return at.build.quotient(at.name, at.operand(x), at.operand(y))


def _pads(at: Layer, a: Attributes, x: Shape, kernel: Pair, stride: Pair, dilation: Pair) -> Sides:
    """(top, left, bottom, right). SAME keeps ceil(n / stride) windows; UPPER puts an odd pixel at the end."""
    mode = a.take("auto_pad", "NOTSET")
    pads = a.take("pads", [0, 0, 0, 0])
    if mode in ("NOTSET", "VALID"):
        return tuple(pads) if mode == "NOTSET" else (0, 0, 0, 0)
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        raise at.refuse(f"has auto_pad={mode!r}; accepted are NOTSET, VALID, SAME_UPPER and SAME_LOWER")
    sums = [
        max(0, (-(-n // s) - 1) * s + d * (k - 1) + 1 - n)
        for n, k, s, d in zip(x[1:], kernel, stride, dilation, strict=True)
    ]
    begin = [t // 2 if mode == "SAME_UPPER" else t - t // 2 for t in sums]
    return (begin[0], begin[1], sums[0] - begin[0], sums[1] - begin[1])


def _window(at: Layer, a: Attributes, x: Value, kernel: list[int]) -> tuple[Pair, Pair, Sides, Pair]:
    shape = at.build.shape(x)
    if len(shape) != 3 or len(kernel) != 2:
        accepted = "accepted are 2-D windows on (channels, height, width)"
        raise at.refuse(f"has a window {kernel} on values of shape {shape}; {accepted}")
    k, stride, dilation = _pair(kernel), _pair(a.take("strides", [1, 1])), _pair(a.take("dilations", [1, 1]))
    return k, stride, _pads(at, a, shape, k, stride, dilation), dilation


def _pair(values: list[int]) -> Pair:
    first, second = values
    return int(first), int(second)


def _conv(at: Layer, a: Attributes, x: Input, weight: Input, bias: Input = None) -> Value:
    w = at.weight(weight)
    kernel = list(w.shape[2:])
    a.only(kernel_shape=kernel)
    _, stride, pads, dilation = _window(at, a, at.value(x), kernel)
    b = bias_or_zeros(at.name, w, None if bias is None else at.weight(bias))
    return at.build.add(at.name, Conv2d(w, b, stride, pads, dilation, a.take("group", 1)), at.value(x))


def _max_pool(at: Layer, a: Attributes, x: Input) -> Value:
    a.only(ceil_mode=0, storage_order=0)
    window = _window(at, a, at.value(x), a.take("kernel_shape", []))
    return at.build.add(at.name, MaxPool2d(*window), at.value(x))


def _average_pool(at: Layer, a: Attributes, x: Input) -> Value:
    a.only(ceil_mode=0)
    include = bool(a.take("count_include_pad", 0))
    kernel, stride, pads, dilation = _window(at, a, at.value(x), a.take("kernel_shape", []))
    if dilation != (1, 1):
        raise at.refuse(f"has dilations={dilation}; accepted is an average over adjacent entries")
    return at.build.add(at.name, AvgPool2d(kernel, stride, pads, include), at.value(x))


def _global_average_pool(at: Layer, a: Attributes, x: Input) -> Value:
    shape = at.build.shape(at.value(x))
    if len(shape) != 3:
        raise at.refuse(f"averages over values of shape {shape}; accepted is (channels, height, width)")
    kernel = (shape[1], shape[2])
    return at.build.add(at.name, AvgPool2d(kernel, kernel, (0, 0, 0, 0), count_include_pad=True), at.value(x))


def _batch_norm(
    at: Layer, a: Attributes, x: Input, gamma: Input, beta: Input, mean: Input, var: Input
) -> Value:
    a.only(training_mode=0, spatial=1)
    a.take("momentum", 0.9)  # is for training
    statistics = (at.weight(v) for v in (gamma, beta, mean, var))
    eps = a.take("epsilon", float(np.float32(1e-5)))
    return at.build.batch_norm(at.name, at.value(x), *statistics, eps=eps)


def _relu(at: Layer, a: Attributes, x: Input) -> Value:
    return at.build.add(at.name, Relu(), at.value(x))


def _leaky_relu(at: Layer, a: Attributes, x: Input) -> Value:
    return at.build.add(at.name, LeakyRelu(a.take("alpha", float(np.float32(0.01)))), at.value(x))


def _identity(at: Layer, a: Attributes, x: Input) -> Value | Array:
    return at.constant(x) if not isinstance(x, Value) else x


def _dropout(at: Layer, a: Attributes, x: Input, ratio: Input = None, training: Input = None) -> Value:
    a.take("ratio", 0.5)
    a.take("seed", 0)
    if training is not None and np.any(at.constant(training)):
        raise at.refuse("is dropout in training mode, which is random; export the network in evaluation mode")
    return at.value(x)


def _flatten(at: Layer, a: Attributes, x: Input) -> Value:
    shape = (1, *at.build.shape(at.value(x)))
    axis = a.take("axis", 1)
    axis = axis + len(shape) if axis < 0 else axis
    if axis < 1 or prod(shape[:axis]) != 1:
        raise at.refuse(f"flattens at axis {axis}, which mixes the examples of a batch; accepted is axis=1")
    return at.build.reshape(at.name, at.value(x), (prod(shape[axis:]),))


def _reshape(at: Layer, a: Attributes, x: Input, target: Input) -> Value:
    a.only(allowzero=0)
    before = (1, *at.build.shape(at.value(x)))
    sizes = [int(n) for n in at.constant(target)]
    copied = [before[i] if n == 0 else n for i, n in enumerate(sizes)]  # 0 copies, one -1 is worked out
    if -1 in copied:
        copied[copied.index(-1)] = prod(before) // max(1, -prod(copied))
    if copied[0] != 1 or prod(copied) != prod(before):
        raise at.refuse(f"reshapes {list(before)} to {sizes}; accepted is what keeps a first axis of 1")
    return at.build.reshape(at.name, at.value(x), tuple(copied[1:]))


def _transpose(at: Layer, a: Attributes, x: Input) -> Value | Array:
    if not isinstance(x, Value):
        return np.transpose(at.constant(x), a.take("perm", None))
    shape = (1, *at.build.shape(x))
    perm = a.take("perm", list(range(len(shape)))[::-1])
    long = [i for i in perm if shape[i] > 1]
    if perm[0] != 0 or long != sorted(long):
        raise at.refuse(f"permutes the axes of {list(shape)} by {perm}; accepted is what moves no entry")
    return at.build.reshape(at.name, x, tuple(shape[i] for i in perm[1:]))


LAYERS: dict[str, Callable[..., Value | Array]] = {
    "Gemm": _gemm, "MatMul": _matmul, "Add": _add, "Sub": _sub, "Mul": _mul, "Div": _div, "Conv": _conv,
    "MaxPool": _max_pool, "AveragePool": _average_pool, "GlobalAveragePool": _global_average_pool,
    "BatchNormalization": _batch_norm, "Relu": _relu, "LeakyRelu": _leaky_relu, "Identity": _identity,
    "Dropout": _dropout, "Flatten": _flatten, "Reshape": _reshape, "Transpose": _transpose,
}  # fmt: skip
