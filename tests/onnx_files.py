"""Small ONNX files."""

from __future__ import annotations

from fractions import Fraction as Q
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from attrtheory.models.exact_graph import evaluate_exact
from attrtheory.models.graph import Graph
from attrtheory.models.onnx_import import from_onnx


def quarters(*shape: int, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).integers(-8, 9, shape) / 4).astype(np.float32)


def save(
    path: Path,
    nodes,
    shape,
    constants=None,
    opset: int = 17,
    batch: int | str = 1,
    dtype=TensorProto.FLOAT,
    inferred: bool = True,
) -> Path:
    weights = [numpy_helper.from_array(v, k) for k, v in (constants or {}).items()]
    x = helper.make_tensor_value_info("x", dtype, [batch, *shape])
    y = helper.make_tensor_value_info("y", dtype, None)
    graph = helper.make_graph(nodes, "net", [x], [y], weights)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    model = onnx.shape_inference.infer_shapes(model) if inferred else model
    if not model.graph.output[0].type.tensor_type.HasField("shape"):
        model.graph.output[0].type.tensor_type.shape.dim.add(dim_param="unknown")
    path.write_bytes(model.SerializeToString())
    return path


def node(kind: str, *inputs: str, out: str = "y", **attributes):
    name = f"the_{kind}" if out == "y" else f"{kind}_{out}"
    return helper.make_node(kind, list(inputs), [out], name=name, **attributes)


def agrees(path: Path, shape, points: int = 3) -> Graph:
    """Exact evaluation equals onnxruntime to the last bit: on quarters float32 doesn't round."""
    graph, run = from_onnx(path), onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert graph.input_shape == tuple(shape)
    for k in range(points):
        x = quarters(1, *shape, seed=k + 1)
        (y,) = run.run(None, {"x": x})
        assert y.shape == (1, *graph.shapes[-1])
        assert evaluate_exact(graph, [Q(v) for v in x.ravel().tolist()]) == [Q(v) for v in y.ravel().tolist()]
    return graph
