"""What from_onnx does not support, and what is no network at all, is refused with the reason."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnx_files import node, quarters, save

from attrtheory.errors import BadInput, TooLarge, Unsupported
from attrtheory.models import build, onnx_import
from attrtheory.models.graph import Graph
from attrtheory.models.onnx_import import from_onnx

W, B = quarters(3, 2), quarters(2)
EMPTY = helper.make_graph([], "empty", [], [])
REFUSED = {
    "softmax": ([node("Softmax", "x")], (3,), {}, "'the_Softmax' is a Softmax; explain the logits"),
    "unknown operator": ([node("Sin", "x")], (3,), {}, "'the_Sin' is a Sin; supported are Constant, Gemm"),
    "other domain": (
        [helper.make_node("FusedMatMul", ["x", "w"], ["y"], domain="com.microsoft")],
        (3,),
        {"w": W},
        "com.microsoft.FusedMatMul",
    ),
    "two constants": ([node("Add", "b", "b")], (3,), {"b": B}, "does not depend on the input"),
    "product of values": ([node("Mul", "x", "x")], (3,), {}, "multiplies two values"),
    "quotient": ([node("Div", "b", "x")], (2,), {"b": B}, "divides by a value"),
    "matmul of values": ([node("MatMul", "x", "x")], (3, 3), {}, "must be a constant"),
    "matmul with a vector first": ([node("MatMul", "v", "x")], (2, 3), {"v": quarters(2)}, "needs a weight behind"),
    "matmul of the batch": ([node("MatMul", "w", "x")], (3,), {"w": quarters(2, 1)}, "needs a weight behind"),
    "matmul with several matrices": (
        [node("MatMul", "x", "w")], (2, 3), {"w": quarters(2, 3, 1)}, "accepted are vectors and matrices",
    ),
    "gemm of a transpose": ([node("Gemm", "x", "w", transA=1)], (3,), {"w": W}, "transA=1"),
    "gemm adds a matrix": (
        [node("Gemm", "x", "w", "c")],
        (3,),
        {"w": W, "c": quarters(2, 1)},
        "adds a tensor of shape",
    ),
    "gemm on images": ([node("Gemm", "x", "w")], (2, 3), {"w": W}, "flatten them first"),
    "max pool ceil": ([node("MaxPool", "x", kernel_shape=[2, 2], ceil_mode=1)], (1, 4, 4), {}, "ceil_mode=1"),
    "max pool order": (
        [node("MaxPool", "x", kernel_shape=[2, 2], storage_order=1)],
        (1, 4, 4),
        {},
        "storage_order=1",
    ),
    "max pool 3-D": ([node("MaxPool", "x", kernel_shape=[2, 2, 2])], (1, 4, 4, 4), {}, "1-D and 2-D windows"),
    "max pool in other dimensions": ([node("MaxPool", "x", kernel_shape=[2])], (1, 4, 4), {}, "1-D and 2-D windows"),
    "average pool ceil": (
        [node("AveragePool", "x", kernel_shape=[2, 2], ceil_mode=1)],
        (1, 4, 4),
        {},
        "ceil_mode=1",
    ),
    "max pool that onnxruntime pads otherwise": (
        [node("MaxPool", "x", kernel_shape=[2, 3], dilations=[2, 1], auto_pad="SAME_UPPER")], (2, 6, 3), {}, "write the pads",
    ),
    "average pool dilated": (
        [node("AveragePool", "x", kernel_shape=[2, 2], dilations=[2, 2])],
        (1, 4, 4),
        {},
        "adjacent",
    ),
    "global average of vectors": ([node("GlobalAveragePool", "x")], (3,), {}, r"\(channels, height, width\)"),
    "conv 3-D": ([node("Conv", "x", "w")], (1, 4, 4, 4), {"w": quarters(1, 1, 2, 2, 2)}, "1-D and 2-D windows"),
    "clip by a value": ([node("Clip", "x", "x")], (1,), {}, "must be a constant"),
    "prelu by a value": ([node("PRelu", "x", "x")], (3,), {}, "must be a constant"),
    "padding by too much": (
        [node("Pad", "x", "p", mode="reflect")], (3,), {"p": np.array([0, 3, 0, 0])}, "beyond the other side",
    ),
    "padding the batch": ([node("Pad", "x", "p")], (3,), {"p": np.array([1, 0, 0, 0])}, "must stay the batch"),
    "padding to nothing": ([node("Pad", "x", "p")], (3,), {"p": np.array([0, -2, 0, -1])}, "leaves nothing"),
    "slice to nothing": (
        [node("Slice", "x", "a", "a", "c")], (3,), {"a": np.array([1]), "c": np.array([1])}, "makes shape",
    ),
    "slice of the batch": (
        [node("Slice", "x", "a", "e")], (3,), {"a": np.array([1]), "e": np.array([2])}, "makes shape",
    ),
    "slice at values": ([node("Slice", "x", "x", "x")], (3,), {}, "must be a constant"),
    "concat of batches": ([node("Concat", "x", "x", axis=0)], (3,), {}, "must stay the batch"),
    "split unevenly": (
        [helper.make_node("Split", ["x", "s"], ["y", "z"], axis=1)], (3,), {"s": np.array([1, 1])}, "that add up",
    ),
    "mean of all": ([node("ReduceMean", "x")], (3,), {}, "mixes the examples"),
    "cast to single": ([node("Cast", "x", to=TensorProto.FLOAT)], (3,), {}, "may round"),
    "control flow": (
        [helper.make_node("If", ["c"], ["y"], then_branch=EMPTY, else_branch=EMPTY)],
        (3,),
        {"c": np.array(True)},
        "If that holds",
    ),
    "conv with another kernel": (
        [node("Conv", "x", "w", kernel_shape=[3, 3])],
        (1, 4, 4),
        {"w": quarters(1, 1, 2, 2)},
        "kernel_shape",
    ),
    "conv of a value": ([node("Conv", "x", "x")], (1, 4, 4), {}, "must be a constant"),
    "pool of padding": (
        [node("MaxPool", "x", kernel_shape=[1, 1], pads=[1, 1, 1, 1])],
        (1, 4, 4),
        {},
        "in the padding entirely",
    ),
    "training": (
        [node("BatchNormalization", "x", "b", "b", "b", "v", training_mode=1)],
        (2, 2, 2),
        {"b": B, "v": B**2},
        "training_mode=1",
    ),
    "dropout in training": (
        [node("Dropout", "x", "r", "t")],
        (3,),
        {"r": np.float32(0.5), "t": np.array(True)},
        "training mode",
    ),
    "flatten everything": ([node("Flatten", "x", axis=0)], (3,), {}, "mixes the examples"),
    "flatten later": ([node("Flatten", "x", axis=2)], (3, 2), {}, "mixes the examples"),
    "reshape without batch": (
        [node("Reshape", "x", "s")],
        (4,),
        {"s": np.array([2, 2])},
        "keeps a first axis",
    ),
    "reshape to another size": (
        [node("Reshape", "x", "s")],
        (4,),
        {"s": np.array([1, 5])},
        "keeps a first axis",
    ),
    "reshape by a value": ([node("Reshape", "x", "x")], (4,), {}, "must be a constant"),
    "transpose with the batch": ([node("Transpose", "x")], (2, 3), {}, "must stay the batch"),
    "a constant with a batch": ([node("Add", "x", "b")], (2,), {"b": quarters(3, 2)}, "must stay the batch"),
    "constant output": ([node("Identity", "b")], (2,), {"b": B}, "does not depend on the input"),
    "text": (
        [helper.make_node("Constant", [], ["c"], value_string="a"), node("Identity", "x")],
        (2,),
        {},
        "accepted are numbers",
    ),
    "indices": (
        [helper.make_node("MaxPool", ["x"], ["m", "i"], kernel_shape=[2, 2]), node("Identity", "i")],
        (1, 4, 4),
        {},
        "second result",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_supported_is_named(name: str, tmp_path: Path):
    nodes, shape, constants, message = REFUSED[name]
    path = save(tmp_path / "net.onnx", nodes, shape, constants, opset=19)
    with pytest.raises(Unsupported, match=message) as caught:
        from_onnx(path)
    assert str(path) in str(caught.value)


BAD = {
    "NaN weight": ([node("MatMul", "x", "w")], {"w": np.float32([[np.nan], [1]])}, "infinite or NaN"),
    "integer weight": ([node("MatMul", "x", "w")], {"w": np.array([[1], [1]])}, "int64 numbers"),
    "division by zero": ([node("Div", "x", "c")], {"c": np.float32([1, 0])}, "divides by the constant 0"),
    "reciprocal out of range": ([node("Div", "x", "c")], {"c": np.array([5e-324])}, "infinite or NaN"),
    "negative variance": (
        [node("BatchNormalization", "x", "c", "c", "c", "v")],
        {"c": B, "v": np.float32([1, -1])},
        "not positive",
    ),
    "another number of features": ([node("MatMul", "x", "w")], {"w": quarters(3, 1)}, "expects 3 features"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_numbers_are_refused(name: str, tmp_path: Path):
    nodes, constants, message = BAD[name]
    with pytest.raises((BadInput, Unsupported), match=message):
        from_onnx(save(tmp_path / "net.onnx", nodes, (2,), constants))


@pytest.mark.parametrize("shape, batch", [((3,), 2), ((), 1), (("h",), 1)])
def test_the_first_axis_is_the_batch_and_the_others_have_sizes(shape, batch, tmp_path: Path):
    with pytest.raises(Unsupported, match="first axis for the batch"):
        from_onnx(save(tmp_path / "net.onnx", [node("Relu", "x")], shape, batch=batch))


def test_integer_inputs_and_old_operator_sets_are_refused(tmp_path: Path):
    with pytest.raises(Unsupported, match="not a tensor of floats"):
        from_onnx(save(tmp_path / "a.onnx", [node("Relu", "x")], (3,), dtype=TensorProto.INT64))
    with pytest.raises(Unsupported, match="operator set 6"):
        from_onnx(save(tmp_path / "b.onnx", [node("Relu", "x")], (3,), opset=6))


def test_two_inputs_are_refused(tmp_path: Path):
    x, z, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 2]) for n in "xzy")
    model = helper.make_model(helper.make_graph([node("Add", "x", "z")], "net", [x, z], [y]), ir_version=8)
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(Unsupported, match=r"inputs \['x', 'z'\]"):
        from_onnx(tmp_path / "net.onnx")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = save(tmp_path / "net.onnx", [node("Relu", "x")], (3,))
    monkeypatch.setattr(onnx_import, "LARGEST_FILE", 10)
    with pytest.raises(TooLarge, match="MiB"):
        from_onnx(path)


def test_values_that_are_too_large_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    huge = {
        "input": ([node("Relu", "x")], (1, 40000, 40000), {}),
        "padding": ([node("Pad", "x", "p")], (3,), {"p": np.array([0, 2**62, 0, 0])}),
        "repetition": ([node("Expand", "x", "s")], (1,), {"s": np.array([1, 2**40])}),
        "repetition of a constant": ([node("Expand", "s", "s")], (1,), {"s": np.array([2**40, 2])}),
        "layers": ([node("Relu", "x" + "r" * i, out="x" + "r" * (i + 1)) for i in range(5)], (8191, 8191), {}),
        "doubling": (
            [node("Concat", k, k, axis=1, out=f"{k}c") for k in ("x" + "c" * i for i in range(40))], (3,), {},
        ),
        "doubling a constant": (
            [node("Concat", k, k, axis=0, out=f"{k}c") for k in ("s" + "c" * i for i in range(40))], (3,),
            {"s": np.float32([1])},
        ),
    }  # fmt: skip
    for name, (nodes, shape, constants) in huge.items():
        monkeypatch.setattr(build, "MOST_ENTRIES", 2**18 if name.startswith("doubling") else 2**28)
        nodes[-1].output[0] = "y"
        with pytest.raises(TooLarge, match="at most"):
            from_onnx(save(tmp_path / "net.onnx", nodes, shape, constants, inferred=False))


def test_what_is_not_an_onnx_file_is_refused(tmp_path: Path):
    path = tmp_path / "net.onnx"
    with pytest.raises(BadInput, match="there is no file"):
        from_onnx(path)
    with pytest.raises(BadInput, match="there is no file"):
        from_onnx(tmp_path)
    path.write_bytes(b"")
    with pytest.raises(BadInput):
        from_onnx(path)


def test_a_damaged_file_is_refused_or_read_never_crashes(tmp_path: Path):
    """Bytes are cut off and changed; whatever still parses gives a graph or an error with a reason."""
    conv = node("Conv", "x", "w", "b", pads=[1, 0, 2, 1], strides=[2, 1])
    constants = {"w": quarters(3, 2, 3, 2), "b": quarters(3)}
    whole = save(tmp_path / "whole.onnx", [conv], (2, 5, 4), constants).read_bytes()
    path, refused, read = tmp_path / "net.onnx", 0, 0
    for k in range(0, len(whole), 3):
        for data in (whole[:k], whole[:k] + bytes([whole[k] ^ 0x15]) + whole[k + 1 :]):
            path.write_bytes(data)
            try:
                assert isinstance(from_onnx(path), Graph)
            except (BadInput, Unsupported, TooLarge) as error:
                refused += str(path) in str(error)
            else:
                read += 1
    assert refused + read == 2 * len(range(0, len(whole), 3))
    assert refused > read


HUGE = 2**30
LARGE = {
    "kernel": ([node("MaxPool", "x", kernel_shape=[2 * HUGE, 1], pads=[HUGE, 0, HUGE, 0])], (1, 2, 2), {}),
    "average": ([node("AveragePool", "x", kernel_shape=[2 * HUGE, 1], pads=[HUGE, 0, HUGE, 0])], (1, 2, 2), {}),
    "padding": ([node("Conv", "x", "w", pads=[HUGE] * 4, strides=[HUGE] * 2)], (1, 2, 2), {"w": quarters(1, 1, 1, 1)}),
    "dilation": (
        [node("Conv", "x", "w", dilations=[2**40, 1], pads=[2**40, 0, 2**40, 0])], (1, 2, 2), {"w": quarters(1, 1, 3, 1)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LARGE)
def test_what_windows_read_is_bounded(name: str, tmp_path: Path):
    nodes, shape, constants = LARGE[name]
    with pytest.raises(TooLarge, match="with padding; at most"):
        from_onnx(save(tmp_path / "net.onnx", nodes, shape, constants, inferred=False))


def test_what_is_moved_is_bounded(tmp_path: Path):
    names = ["x", *(f"v{k}" for k in range(1, 40)), "y"]
    nodes = [helper.make_node("Concat", [a, a], [b], axis=1) for a, b in pairwise(names)]
    with pytest.raises(TooLarge, match="are moved at once"):
        from_onnx(save(tmp_path / "net.onnx", nodes, (4,), inferred=False))
