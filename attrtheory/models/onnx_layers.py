"""What each ONNX operator means as a layer: one small function each, inputs in the operator's order.

Slopes at kinks are torch's: those of torch.clamp for Clip, of torch.maximum and torch.minimum, two at a time from the
left, for Max and Min.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import numpy as np
import onnx

from attrtheory.models import onnx_moves as moves
from attrtheory.models import onnx_windows as windows
from attrtheory.models.build import Value
from attrtheory.models.onnx_layer import Attributes, Input, Layer, Result
from attrtheory.models.ops import Array, LeakyRelu, Relu
from attrtheory.models.pieces import absolute, at_least, at_most, clamp, prelu


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
    if isinstance(weight, Value) and not isinstance(x, Value):
        return _matrix_first(at, at.weight(x), weight)
    w, shape = at.weight(weight), at.build.shape(at.value(x))
    w = w[0] if w.ndim == 3 and len(w) == 1 and len(shape) >= 2 else w
    if w.ndim not in (1, 2):
        raise at.refuse(f"multiplies with a tensor of shape {w.shape}; accepted are vectors and matrices")
    y = at.build.linear(at.name, at.value(x), w.T if w.ndim == 2 else w[None])
    return y if w.ndim == 2 else at.build.reshape(at.name, y, shape[:-1])


def _matrix_first(at: Layer, w: Array, x: Value) -> Value:
    """`w x` is the transpose of `x^T w^T`."""
    if w.ndim != 2 or len(at.build.shape(x)) < 2:
        raise at.refuse("needs a weight behind the value, or a matrix before values (1, rows, columns)")
    turned = lambda v: at.build.moved(at.name, lambda u: u.swapaxes(-1, -2), v)
    return turned(at.build.linear(at.name, turned(x), w))


def _folding(
    of_constants: Callable[[Array, Array], Array], of_values: Callable[..., Value]
) -> Callable[..., Value | Array]:
    """An operator on two operands: worked out at once where both are constants, as the runtime does."""

    def layer(at: Layer, a: Attributes, x: Input, y: Input) -> Value | Array:
        if isinstance(x, Value) or isinstance(y, Value):
            return of_values(at, at.operand(x), at.operand(y))
        size = int(np.prod(np.broadcast_shapes(at.full(x), at.full(y)), dtype=object))
        return at.folded(of_constants, at.constant(x), at.constant(y), size=size)

    return layer


def _quotient(x: Array, y: Array) -> Array:
    if not np.all(y):
        raise ZeroDivisionError("a constant is divided by 0")
    return np.trunc(x / y).astype(x.dtype) if x.dtype.kind in "iu" else x / y


def _larger(at: Layer, x: Value | Array, y: Value | Array) -> Value:
    value, other = (x, y) if isinstance(x, Value) else (y, x)
    return at_least(at.build, at.name, at.value(value), other, slope=0.5)


def _smaller(at: Layer, x: Value | Array, y: Value | Array) -> Value:
    value, other = (x, y) if isinstance(x, Value) else (y, x)
    return at_most(at.build, at.name, at.value(value), other, slope=0.5)


_add = _folding(np.add, lambda at, x, y: at.build.total(at.name, x, y))
_sub = _folding(np.subtract, lambda at, x, y: at.build.total(at.name, x, y, -1.0))
_mul = _folding(np.multiply, lambda at, x, y: at.build.product(at.name, x, y))
_div = _folding(_quotient, lambda at, x, y: at.build.quotient(at.name, x, y))
_max_of_two, _min_of_two = _folding(np.maximum, _larger), _folding(np.minimum, _smaller)


def _each(two: Callable[..., Value | Array]) -> Callable[..., Value | Array]:
    """An operator on any number of operands, from the left."""
    return lambda at, a, first, *others: reduce(lambda x, y: two(at, a, x, y), others, _identity(at, a, first))


def _neg(at: Layer, a: Attributes, x: Input) -> Value | Array:
    if not isinstance(x, Value):
        return at.folded(np.negative, at.constant(x), size=at.constant(x).size)
    return at.build.scale(at.name, x, -1.0, 0.0)


def _abs(at: Layer, a: Attributes, x: Input) -> Value:
    return absolute(at.build, at.name, at.value(x))


def _clip(at: Layer, a: Attributes, x: Input, low: Input = None, high: Input = None) -> Value:
    least, most = (a.take(key, None) if v is None else at.constant(v) for key, v in (("min", low), ("max", high)))
    bounds = (None if b is None or b == none else at.weight(np.asarray(b, dtype=np.float64))
              for b, none in ((least, -np.inf), (most, np.inf)))  # fmt: skip
    return clamp(at.build, at.name, at.value(x), *bounds, slope=1)


def _prelu(at: Layer, a: Attributes, x: Input, slope: Input) -> Value:
    return prelu(at.build, at.name, at.value(x), at.weight(slope))


def _cast(at: Layer, a: Attributes, x: Input) -> Value | Array:
    kind = onnx.helper.tensor_dtype_to_np_dtype(a.take("to", onnx.TensorProto.UNDEFINED))
    a.take("saturate", 1)
    if not isinstance(x, Value):
        return at.folded(lambda v: v.astype(kind), at.constant(x), size=at.constant(x).size)
    if kind != np.float64:
        raise at.refuse(f"converts to {kind}, which may round; accepted is a conversion to double")
    return x


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


LAYERS: dict[str, Callable[..., Result]] = {
    "Gemm": _gemm, "MatMul": _matmul, "Add": _add, "Sub": _sub, "Mul": _mul, "Div": _div, "Sum": _each(_add),
    "Neg": _neg, "Conv": windows.conv, "MaxPool": windows.max_pool, "AveragePool": windows.average_pool,
    "GlobalAveragePool": windows.global_average_pool, "GlobalMaxPool": windows.global_max_pool,
    "ReduceMean": windows.reduce_mean, "ReduceSum": windows.reduce_sum, "BatchNormalization": _batch_norm,
    "Relu": _relu, "LeakyRelu": _leaky_relu, "PRelu": _prelu, "Clip": _clip, "Abs": _abs,
    "Max": _each(_max_of_two), "Min": _each(_min_of_two), "Identity": _identity, "Dropout": _dropout,
    "Flatten": moves.flatten, "Reshape": moves.reshape, "Transpose": moves.transpose, "Pad": moves.pad,
    "Concat": moves.concat, "Slice": moves.slice_, "Split": moves.split, "Squeeze": moves.squeeze,
    "Unsqueeze": moves.unsqueeze, "Gather": moves.gather, "Expand": moves.expand, "Shape": moves.shape_of,
    "Cast": _cast,
}  # fmt: skip
