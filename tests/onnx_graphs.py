"""Random ONNX files in which every operator that is read occurs sooner or later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from onnx import helper
from onnx_files import save

Rng = np.random.Generator
Made = tuple[list[tuple[str, list[str], dict]], dict[str, np.ndarray]]


def quarter(rng: Rng, *shape: int) -> np.ndarray:
    return (rng.integers(-4, 5, shape) / 4).astype(np.float32)


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def constant_for(rng: Rng, shape: tuple[int, ...]) -> np.ndarray:
    """Of a shape that broadcasts to `shape`, with or without batch axis."""
    sizes = [n if rng.integers(2) else 1 for n in shape]
    return quarter(rng, *([1, *sizes] if rng.integers(2) else sizes[int(rng.integers(len(sizes))) :]))


def one(kind: str, **attributes) -> Callable[[Rng, tuple[int, ...]], Made]:
    """An operator on the last value alone."""
    return lambda rng, shape: ([(kind, ["x"], attributes)], {})


def with_constant(kind: str, first: bool = False) -> Callable[[Rng, tuple[int, ...]], Made]:
    names = ["c", "x"] if first else ["x", "c"]
    return lambda rng, shape: ([(kind, names, {})], {"c": constant_for(rng, shape)})


def divided(rng: Rng, shape: tuple[int, ...]) -> Made:
    return [("Div", ["x", "c"], {})], {"c": np.float32(2.0 ** rng.integers(-2, 3))}


def clipped(rng: Rng, shape: tuple[int, ...]) -> Made:
    low, high = (np.float32(v) for v in sorted(rng.integers(-4, 5, 2) / 4))
    names = [["x", "low", "high"], ["x", "low"], ["x", "", "high"]][rng.integers(3)]
    return [("Clip", names, {})], {"low": low, "high": high}


def padded(rng: Rng, shape: tuple[int, ...]) -> Made:
    mode = ["constant", "reflect", "edge"][rng.integers(3)]
    least = -1 if mode == "constant" and min(shape) > 2 else 0
    widths = [0, 0, *rng.integers(least, 2, 2), 0, 0, *rng.integers(least, 2, 2)]
    filled = ["x", "p", "v"] if mode == "constant" else ["x", "p"]
    return [("Pad", filled, {"mode": mode})], {"p": ints(*widths), "v": np.float32(0.5)}


def sliced(rng: Rng, shape: tuple[int, ...]) -> Made:
    axis = int(rng.integers(1, 4))
    start, end, step = [(0, 2**31, 2), (-1, -(2**31), -1), (1, -1, 1), (-2, 2**31, 1)][rng.integers(4)]
    start = start if shape[axis - 1] > 2 else 0
    end = end if shape[axis - 1] > 2 or abs(end) > 9 else 2**31
    step = 1 if start == 0 and step < 0 else step
    return [("Slice", ["x", "a", "e", "d", "s"], {})], {"a": ints(start), "e": ints(max(end, -9)) if step < 0 else ints(end),
                                                        "d": ints(axis), "s": ints(step)}  # fmt: skip


def split(rng: Rng, shape: tuple[int, ...]) -> Made:
    if shape[0] < 2:
        return [("Identity", ["x"], {})], {}
    return [("Split", ["x", "s"], {"axis": 1, "parts": 2}), ("Add", ["y", "y"], {})], {"s": ints(1, shape[0] - 1)}


def convolved(rng: Rng, shape: tuple[int, ...]) -> Made:
    attributes = {"pads": rng.integers(0, 2, 4).tolist(), "strides": rng.integers(1, 3, 2).tolist()}
    return [("Conv", ["x", "w", "b"], attributes)], {"w": quarter(rng, 2, shape[0], 2, 2), "b": quarter(rng, 2)}


def normalised(rng: Rng, shape: tuple[int, ...]) -> Made:
    c = shape[0]
    named = {k: quarter(rng, c) for k in ("g", "b", "m")} | {"v": (4.0 ** rng.integers(-1, 2, c)).astype(np.float32)}
    return [("BatchNormalization", ["x", "g", "b", "m", "v"], {"epsilon": 0.0})], named


def along_rows(rng: Rng, shape: tuple[int, ...]) -> Made:
    """One-dimensional windows, on images made flat."""
    c, n = shape[0], shape[1] * shape[2]
    flat = ("Reshape", ["x", "r"], {})
    kinds = [
        ("Conv", ["y", "w"], {"pads": [1, 1]}),
        ("MaxPool", ["y"], {"kernel_shape": [2], "pads": [1, 1]}),
        ("AveragePool", ["y"], {"kernel_shape": [2], "pads": [1, 1]}),
    ]
    back = ("Unsqueeze", ["y", "u"], {})
    return [flat, kinds[rng.integers(3)], back], {"r": ints(0, c, n), "w": quarter(rng, c, c, 3), "u": ints(2)}


def shaped(rng: Rng, shape: tuple[int, ...]) -> Made:
    """The shape is asked for, cut and put together again, as exporters write a flattening."""
    made = [
        ("Shape", ["x"], {}), ("Gather", ["y", "zero"], {"axis": 0}), ("Unsqueeze", ["y", "front"], {}),
        ("Cast", ["y"], {"to": 7}), ("Concat", ["y", "rest"], {"axis": 0}), ("Reshape", ["x", "y"], {}),
    ]  # fmt: skip
    return made, {"zero": np.array(0), "front": ints(0), "rest": ints(shape[1], shape[0], shape[2])}


MAKERS: list[Callable[[Rng, tuple[int, ...]], Made]] = [
    one("Relu"), one("LeakyRelu", alpha=0.25), one("Abs"), one("Neg"), one("Identity"), one("Dropout"),
    one("MaxPool", kernel_shape=[2, 2], pads=[1, 0, 0, 1]), one("Transpose", perm=[0, 1, 3, 2]),
    one("AveragePool", kernel_shape=[2, 1], pads=[0, 0, 1, 0], count_include_pad=1), one("Transpose", perm=[0, 3, 1, 2]),
    with_constant("Add"), with_constant("Sub"), with_constant("Sub", first=True), with_constant("Mul"),
    with_constant("Max"), with_constant("Min", first=True), divided, clipped, padded, sliced, split, convolved,
    normalised, along_rows, shaped,
    lambda rng, s: ([("PRelu", ["x", "c"], {})], {"c": quarter(rng, *[[1], [s[0], 1, 1], list(s)][rng.integers(3)])}),
    lambda rng, s: ([("Abs", ["x"], {}), ("Max", ["y", "x", "c"], {})], {"c": quarter(rng, 1)}),
    lambda rng, s: ([("Neg", ["x"], {}), ("Min", ["x", "y"], {}), ("Sum", ["y", "x", "x"], {})], {}),
    lambda rng, s: ([("Concat", ["x", "c", "x"], {"axis": 1})], {"c": quarter(rng, 1, 1, *s[1:])}),
    lambda rng, s: ([("MatMul", ["x", "w"], {})], {"w": quarter(rng, s[2], 2)}),
    lambda rng, s: ([("MatMul", ["w", "x"], {})], {"w": quarter(rng, 2, s[1])}),
    lambda rng, s: ([("GlobalAveragePool", ["x"], {}), ("Expand", ["y", "e"], {})], {"e": ints(1, 1, 2, 2)}),
    lambda rng, s: ([("GlobalMaxPool", ["x"], {}), ("Sub", ["x", "y"], {})], {}),
    lambda rng, s: ([("ReduceMean", ["x"], {"axes": [1, 2]}), ("Add", ["x", "y"], {})], {}),
    lambda rng, s: ([("ReduceSum", ["x", "a"], {"keepdims": 0}), ("Unsqueeze", ["y", "a"], {})], {"a": ints(-1)}),
    lambda rng, s: ([("Unsqueeze", ["x", "a"], {}), ("Squeeze", ["y", "a"], {})], {"a": ints(2)}),
    lambda rng, s: ([("Gather", ["x", "i"], {"axis": 1})], {"i": rng.integers(-s[0], s[0], 2)}),
]  # fmt: skip


def random_file(path: Path, seed: int, layers: int = 5) -> tuple[tuple[int, ...], set[str]]:
    """Writes a file; returns the input's shape and the operators in it."""
    import onnx

    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(1, 3)), int(rng.integers(2, 5)), int(rng.integers(2, 5)))
    nodes, constants, last, current = [], {}, "x", shape
    for k in range(layers):
        made, given = MAKERS[(seed * layers + k) % len(MAKERS)](rng, current)
        constants |= {f"{name}{k}": value for name, value in given.items()}
        before, here = last, last
        for i, (kind, names, attributes) in enumerate(made):
            put = {"x": before, "y": here, "": ""}
            inputs = [put.get(name, f"{name}{k}") for name in names]
            here = f"v{k}_{i}"
            outputs = [f"{here}_{n}" for n in range(attributes.get("parts", 1) - 1)]
            rest = {a: v for a, v in attributes.items() if a != "parts"}
            nodes.append(helper.make_node(kind, inputs, [*outputs, here], name=here, **rest))
        last = here
        current = shape_of(save(path, [*nodes, tail(last)], shape, constants))
    width = int(np.prod(current))
    constants |= {"head": quarter(rng, width, 3), "bias": quarter(rng, 3)}
    head = [
        helper.make_node("Flatten", [last], ["flat"], name="flat"),
        helper.make_node("Gemm", ["flat", "head", "bias"], ["y"], name="gemm"),
    ]
    save(path, [*nodes, *head], shape, constants)
    onnx.checker.check_model(onnx.load(path), full_check=True)
    return shape, {n.op_type for n in [*nodes, *head]}


def tail(last: str):
    return helper.make_node("Identity", [last], ["y"], name="tail")


def shape_of(path: Path) -> tuple[int, ...]:
    import onnxruntime

    run = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    sizes = run.get_inputs()[0].shape
    (y,) = run.run(None, {"x": np.zeros(sizes, np.float32)})
    return y.shape[1:]
