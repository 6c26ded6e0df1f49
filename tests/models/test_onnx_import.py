"""ONNX files become graphs that compute what onnxruntime computes."""

from __future__ import annotations

from fractions import Fraction as Q
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_files import agrees, node, quarters, save

from attrtheory.models.exact_graph import evaluate_exact
from attrtheory.models.onnx_import import from_onnx
from attrtheory.models.ops import Combine, Linear, Reshape, Scale

NETWORKS = Path(__file__).parents[3] / "shared" / "networks"


LAYERS = {
    "gemm": ([node("Gemm", "x", "w", "b", transB=1)], (3,), {"w": quarters(2, 3), "b": quarters(2)}),
    "gemm alpha beta": (
        [node("Gemm", "x", "w", "b", alpha=0.5, beta=2.0)],
        (3,),
        {"w": quarters(3, 2), "b": quarters(1, 2)},
    ),
    "gemm scalar bias": ([node("Gemm", "x", "w", "b")], (3,), {"w": quarters(3, 2), "b": np.float32(0.5)}),
    "gemm without bias": ([node("Gemm", "x", "w")], (3,), {"w": quarters(3, 2)}),
    "matmul": ([node("MatMul", "x", "w")], (4, 3), {"w": quarters(3, 2)}),
    "add": ([node("Add", "x", "b")], (2, 3), {"b": quarters(1, 2, 3)}),
    "add first": ([node("Add", "b", "x")], (2, 3), {"b": quarters(3)}),
    "add values": ([node("Add", "x", "x")], (2,), {}),
    "sub": ([node("Sub", "x", "b")], (2, 3), {"b": quarters(2, 1)}),
    "sub from constant": ([node("Sub", "b", "x")], (2, 3), {"b": quarters(1)}),
    "sub values": ([node("Relu", "x", out="r"), node("Sub", "r", "x")], (3,), {}),
    "mul": ([node("Mul", "x", "b")], (3,), {"b": quarters(3)}),
    "mul first": ([node("Mul", "b", "x")], (3,), {"b": quarters(1, 3)}),
    "div": ([node("Div", "x", "b")], (3,), {"b": np.float32([0.5, -4, 2])}),
    "relu": ([node("Relu", "x")], (3,), {}),
    "leaky": ([node("LeakyRelu", "x", alpha=0.25)], (3,), {}),
    "flatten": ([node("Flatten", "x")], (2, 3), {}),
    "flatten from behind": ([node("Flatten", "x", axis=-2)], (2, 3), {}),
    "reshape": ([node("Reshape", "x", "s")], (2, 3), {"s": np.array([1, 3, 2])}),
    "reshape copies and infers": ([node("Reshape", "x", "s")], (2, 6), {"s": np.array([0, -1, 3])}),
    "reshape infers the batch": ([node("Reshape", "x", "s")], (2, 3), {"s": np.array([-1, 6])}),
    "transpose of ones": ([node("Transpose", "x", perm=[0, 2, 1, 3])], (1, 3, 1), {}),
    "transpose of a constant": (
        [node("Transpose", "w", out="t"), node("MatMul", "x", "t")],
        (3,),
        {"w": quarters(2, 3)},
    ),
    "identity": ([node("Identity", "x", out="i"), node("Relu", "i")], (3,), {}),
    "identity of a constant": (
        [node("Identity", "w", out="t"), node("MatMul", "x", "t")],
        (3,),
        {"w": quarters(3, 2)},
    ),
    "dropout": (
        [node("Dropout", "x", "r", "t", out="d"), node("Relu", "d")],
        (3,),
        {"r": np.float32(0.5), "t": np.array(False)},
    ),
    "conv": (
        [node("Conv", "x", "w", "b", pads=[1, 0, 2, 1], strides=[2, 1])],
        (2, 5, 4),
        {"w": quarters(3, 2, 3, 2), "b": quarters(3)},
    ),
    "conv groups": (
        [node("Conv", "x", "w", group=2, dilations=[2, 1])],
        (4, 5, 4),
        {"w": quarters(2, 2, 2, 2)},
    ),
    "conv valid": ([node("Conv", "x", "w", auto_pad="VALID")], (1, 4, 4), {"w": quarters(1, 1, 3, 3)}),
    "conv same upper": (
        [node("Conv", "x", "w", auto_pad="SAME_UPPER", strides=[2, 2])],
        (1, 6, 5),
        {"w": quarters(1, 1, 3, 4)},
    ),
    "conv same lower": (
        [node("Conv", "x", "w", auto_pad="SAME_LOWER", strides=[2, 1])],
        (1, 6, 5),
        {"w": quarters(1, 1, 3, 4)},
    ),
    "max pool": (
        [node("MaxPool", "x", kernel_shape=[2, 3], strides=[1, 2], pads=[1, 1, 0, 2])],
        (2, 4, 5),
        {},
    ),
    "max pool dilated": ([node("MaxPool", "x", kernel_shape=[2, 2], dilations=[2, 2])], (1, 4, 5), {}),
    "max pool same": (
        [node("MaxPool", "x", kernel_shape=[2, 2], strides=[2, 2], auto_pad="SAME_UPPER")],
        (1, 5, 5),
        {},
    ),
    "average pool": ([node("AveragePool", "x", kernel_shape=[2, 2], strides=[2, 1])], (2, 4, 4), {}),
    "average pool, padding not counted": (
        [node("AveragePool", "x", kernel_shape=[2, 1], pads=[1, 0, 1, 0])],
        (1, 4, 4),
        {},
    ),
    "average pool, padding counted": (
        [node("AveragePool", "x", kernel_shape=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1)],
        (1, 4, 4),
        {},
    ),
    "global average pool": ([node("GlobalAveragePool", "x")], (3, 2, 4), {}),
    "batch norm": (
        [node("BatchNormalization", "x", "g", "b", "m", "v", epsilon=0.0)],
        (2, 3, 3),
        {"g": quarters(2), "b": quarters(2), "m": quarters(2), "v": np.float32([4, 0.25])},
    ),
    "batch norm on features": (
        [node("BatchNormalization", "x", "g", "b", "m", "v", epsilon=0.75, momentum=0.5)],
        (2,),
        {"g": quarters(2), "b": quarters(2), "m": quarters(2), "v": np.float32([0.25, 15.25])},
    ),
    "constant": (
        [
            helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(quarters(3))),
            node("Add", "x", "c"),
        ],
        (3,),
        {},
    ),
    "constant number": (
        [helper.make_node("Constant", [], ["c"], value_float=0.5), node("Mul", "x", "c")],
        (3,),
        {},
    ),
    "constant numbers": (
        [helper.make_node("Constant", [], ["c"], value_floats=[0.5, 2.0]), node("Mul", "x", "c")],
        (2,),
        {},
    ),
    "constant shape": (
        [helper.make_node("Constant", [], ["s"], value_ints=[1, 6]), node("Reshape", "x", "s")],
        (2, 3),
        {},
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_each_layer_computes_what_onnxruntime_computes(name: str, tmp_path: Path):
    nodes, shape, constants = LAYERS[name]
    agrees(save(tmp_path / "net.onnx", nodes, shape, constants), shape)


def test_a_network_with_a_skip_a_symbolic_batch_and_a_bias_added_apart(tmp_path: Path):
    nodes = [
        node("MatMul", "x", "w", out="a"), node("Add", "b", "a", out="z"), node("Relu", "z", out="r"),
        node("Add", "r", "z", out="s"), node("MatMul", "s", "w", out="t"), node("Sub", "t", "x"),
    ]  # fmt: skip
    path = save(tmp_path / "net.onnx", nodes, (3,), {"w": quarters(3, 3), "b": quarters(3)}, batch="N")
    graph = agrees(path, (3,))
    assert [type(n.op).__name__ for n in graph.nodes] == ["Linear", "Relu", "Combine", "Linear", "Combine"]
    assert graph.nodes[0].op.bias.any()
    assert graph.name == "net"
    assert from_onnx(path, name="mine").name == "mine"


def test_a_bias_is_not_pulled_into_a_layer_that_something_else_reads(tmp_path: Path):
    nodes = [node("MatMul", "x", "w", out="a"), node("Add", "a", "b", out="c"), node("Sub", "c", "a")]
    graph = agrees(save(tmp_path / "net.onnx", nodes, (3,), {"w": quarters(3, 2), "b": quarters(2)}), (3,))
    assert [type(n.op) for n in graph.nodes] == [Linear, Scale, Combine]
    assert not graph.nodes[0].op.bias.any()


def test_layers_that_the_output_does_not_read_are_left_out(tmp_path: Path):
    nodes = [node("Relu", "x", out="unused"), node("LeakyRelu", "x", alpha=0.5)]
    assert len(agrees(save(tmp_path / "net.onnx", nodes, (2,)), (2,)).nodes) == 1


def test_the_default_slope_and_epsilon_are_the_floats_of_the_runtime(tmp_path: Path):
    graph = from_onnx(save(tmp_path / "net.onnx", [node("LeakyRelu", "x")], (1,)))
    assert graph.nodes[0].op.slope == float(np.float32(0.01)) != 0.01


def test_weights_in_half_precision_are_exact(tmp_path: Path):
    w = np.float16([[0.1], [-3]])
    path = save(tmp_path / "net.onnx", [node("MatMul", "x", "w")], (2,), {"w": w}, dtype=TensorProto.FLOAT16)
    assert evaluate_exact(from_onnx(path), [Q(1), Q(1)]) == [Q(float(w[0, 0])) - 3]


def test_bfloat16_weights_are_exact(tmp_path: Path):
    tensor = helper.make_tensor("w", TensorProto.BFLOAT16, [1, 1], [0.15625])
    graph = helper.make_graph(
        [node("MatMul", "x", "w")], "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1])], [tensor],
    )  # fmt: skip
    path = tmp_path / "net.onnx"
    path.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    )
    assert evaluate_exact(from_onnx(path), [Q(1)]) == [Q("0.15625")]


def test_division_by_three_is_a_product_with_the_nearest_float(tmp_path: Path):
    graph = from_onnx(save(tmp_path / "net.onnx", [node("Div", "x", "c")], (1,), {"c": np.float32([3])}))
    assert graph.nodes[0].op.scale.tolist() == [1 / 3]


REAL = {
    "acasxu_1_1": "acasxu_boxes",
    "acasxu_3_4": "acasxu_boxes",
    "cifar10_resnet_2b": "cifar10_resnet",
    "cifar_base_kw": "cifar_oval",
    "mnist_convnet_maxpool": "mnist",
    "mnistfc_256x4": "mnist",
}


@pytest.mark.skipif(not NETWORKS.is_dir(), reason="the trained networks are not part of the project")
@pytest.mark.parametrize("name", REAL)
def test_trained_networks_compute_what_onnxruntime_computes(name: str):
    path = NETWORKS / f"{name}.onnx"
    with np.load(NETWORKS / "inputs.npz") as data:
        points = data[REAL[name]]
    points = points.mean(axis=1) if name.startswith("acasxu") else points[:4]
    graph = from_onnx(path)
    run = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    source = run.get_inputs()[0]
    for x in points.astype(np.float32):
        (y,) = run.run(None, {source.name: x.reshape(1, *graph.input_shape)})
        exact = evaluate_exact(graph, [Q(v) for v in x.ravel().tolist()])
        error = max(abs(float(e) - v) for e, v in zip(exact, y.ravel().tolist(), strict=True))
        assert error <= 2e-6 * max(1, np.abs(y).max())


@pytest.mark.skipif(not NETWORKS.is_dir(), reason="the trained networks are not part of the project")
def test_the_acasxu_networks_have_their_published_shape():
    graph = from_onnx(NETWORKS / "acasxu_1_1.onnx")
    assert [n.op.weight.shape for n in graph.nodes if isinstance(n.op, Linear)] == [
        (50, 5),
        *[(50, 50)] * 5,
        (5, 50),
    ]
    assert (graph.units, graph.features, graph.outputs) == (300, 5, 5)
    assert isinstance(graph.nodes[1].op, Reshape)
