"""An ONNX file as a graph. The file is data: it is parsed and checked, nothing in it is run."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import onnx
from onnx import numpy_helper

from attrtheory.errors import AttrTheoryError, BadInput, TooLarge, Unsupported
from attrtheory.models.build import Builder, Value
from attrtheory.models.checks import LARGEST_VALUE
from attrtheory.models.graph import Graph
from attrtheory.models.onnx_layer import Attributes, Layer
from attrtheory.models.onnx_layers import LAYERS
from attrtheory.models.onnx_weights import read_weights
from attrtheory.models.ops import Array, Shape

LARGEST_FILE = 512 * 2**20


def from_onnx(path: str | Path, name: str | None = None) -> Graph:
    """The graph of the network in an ONNX file: one input, one output; their first axis is the batch."""
    file = Path(path)
    model = _parse(_read(file), file)
    try:
        return _Import(model, name or file.stem).graph()
    except AttrTheoryError as error:
        raise type(error)(f"{file}: {error}") from error
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:  # what onnx's checker let pass
        raise BadInput(f"{file} is a damaged ONNX file: {error}") from error


def _read(file: Path) -> bytes:
    if not file.is_file():
        raise BadInput(f"there is no file {file}; give the path of an ONNX file")
    size = file.stat().st_size
    if size > LARGEST_FILE:
        raise TooLarge(f"{file} has {size / 2**20:,.0f} MiB; at most {LARGEST_FILE // 2**20} MiB are read")
    return file.read_bytes()


def _parse(data: bytes, file: Path) -> onnx.ModelProto:
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:  # protobuf's DecodeError is not part of onnx's interface
        raise BadInput(f"{file} is not an ONNX file, or damaged: {error}") from error
    try:
        _plain_numbers(model)
        read_weights(model, file.parent, LARGEST_FILE - len(data))
    except AttrTheoryError as error:
        raise type(error)(f"{file}: {error}") from error
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise BadInput(f"{file} is a damaged ONNX file: {str(error).splitlines()[0]}") from error
    return model


def _plain_numbers(model: onnx.ModelProto) -> None:
    """A file may hold graphs within operators and definitions of operators; nothing of this kind is looked into."""
    kinds = onnx.AttributeProto
    nested = (kinds.GRAPH, kinds.GRAPHS, kinds.SPARSE_TENSOR, kinds.SPARSE_TENSORS, kinds.TYPE_PROTO)
    for node in model.graph.node:
        if held := [a.name for a in node.attribute if a.type in nested]:
            what = "control flow, sequences and sparse constants are not supported"
            raise Unsupported(f"layer {node.name or node.op_type!r} is a {node.op_type} that holds {held}; {what}")
    if any(f.domain in ("", "ai.onnx") for f in model.functions):
        raise Unsupported("the file defines operators of its own in ONNX's name; export it without functions")


class _Import:
    def __init__(self, model: onnx.ModelProto, name: str) -> None:
        self.proto = model.graph
        opset = {o.domain or "ai.onnx": o.version for o in model.opset_import}.get("ai.onnx", 0)
        if opset < 7:
            hint = "accepted are 7 and later: convert it with onnx.version_converter"
            raise Unsupported(f"the file uses operator set {opset}; {hint}")
        self.stored = {t.name: t for t in self.proto.initializer}
        inputs = [i for i in self.proto.input if i.name not in self.stored]
        if len(inputs) != 1 or len(self.proto.output) != 1 or self.proto.sparse_initializer:
            given = f"inputs {[i.name for i in inputs]} and outputs {[o.name for o in self.proto.output]}"
            raise Unsupported(f"the network has {given}; accepted are one of each and dense weights")
        self.build = Builder(_input_shape(inputs[0]), name)
        self.env: dict[str, Value | Array] = {inputs[0].name: Value(0)}

    def graph(self) -> Graph:
        for node in self.proto.node:
            self._node(node)
        output = self.proto.output[0].name
        y = self._lookup(output)
        if not isinstance(y, Value):
            raise Unsupported(f"the output {output!r} does not depend on the input")
        return self.build.graph(y)

    def _node(self, node: onnx.NodeProto) -> None:
        layer = Layer(self.build, node.name or node.output[0], len(node.output))
        attributes = Attributes(layer.name, {a.name: _plain(a) for a in node.attribute})
        operation = node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"
        if operation == "Constant":
            self.env[node.output[0]] = attributes.constant()
        elif operation not in LAYERS:
            last = operation in ("Softmax", "LogSoftmax", "Sigmoid")
            hint = "explain the logits: cut the last layer off; " if last else ""
            raise layer.refuse(f"is a {operation}; {hint}supported are Constant, {', '.join(LAYERS)}")
        else:
            inputs = [self._lookup(key) if key else None for key in node.input]
            try:
                found = LAYERS[operation](layer, attributes, *inputs)
            except (ValueError, TypeError, LookupError, ArithmeticError) as error:  # what onnx's checker let pass
                if isinstance(error, AttrTheoryError):
                    raise
                raise BadInput(f"layer {layer.name!r} is a damaged {operation}: {error}") from error
            results = found if isinstance(found, tuple) else (found,)
            self.env.update(zip(node.output, results, strict=False))
        attributes.finish()

    def _lookup(self, key: str) -> Value | Array:
        if key not in self.env:
            if key not in self.stored:
                raise Unsupported(f"{key!r} is a second result (indices, a mask), which is not supported")
            self.env[key] = numpy_helper.to_array(self.stored[key])
        return self.env[key]


def _input_shape(value: onnx.ValueInfoProto) -> Shape:
    tensor = value.type.tensor_type
    if tensor.elem_type not in (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16):
        raise Unsupported(f"the input {value.name!r} is not a tensor of floats")
    sizes = [d.dim_value for d in tensor.shape.dim]  # 0 where symbolic
    if len(sizes) < 2 or sizes[0] not in (0, 1) or min(sizes[1:]) < 1 or prod(sizes[1:]) > LARGEST_VALUE:
        shown = [d.dim_value or d.dim_param or "?" for d in tensor.shape.dim]
        accepted = f"a first axis for the batch (1 or symbolic), fixed sizes after it, at most {LARGEST_VALUE:,} entries"
        raise Unsupported(f"the input {value.name!r} has shape {shown}; accepted are {accepted}")
    return tuple(sizes[1:])


def _plain(attribute: onnx.AttributeProto) -> Any:
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    if isinstance(value, bytes):
        return value.decode()
    return list(value) if attribute.type >= onnx.AttributeProto.FLOATS else value
