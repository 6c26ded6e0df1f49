"""Weights that an ONNX file keeps in files beside it. A path is data from a stranger: it cannot lead out of the folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from math import prod
from pathlib import Path, PurePosixPath, PureWindowsPath
from stat import S_ISREG

import onnx

from attrtheory.errors import BadInput, TooLarge


def read_weights(model: onnx.ModelProto, folder: Path, room: int) -> None:
    """Put the weights of other files into the model, at most `room` bytes of them."""
    for tensor in _tensors(model):
        if any(n < 0 for n in tensor.dims):
            raise BadInput(f"the tensor {tensor.name!r} has a negative size: {list(tensor.dims)}")
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            size = _bytes(tensor)
            room -= size
            if room < 0:
                raise TooLarge(f"the tensor {tensor.name!r} has {size:,} bytes, {-room:,} more than may be read")
            tensor.raw_data = _read(tensor, folder, size)
            tensor.ClearField("external_data")
            tensor.data_location = onnx.TensorProto.DEFAULT


def _tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    yield from model.graph.initializer
    for node in model.graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)


def _bytes(tensor: onnx.TensorProto) -> int:
    try:
        return prod(tensor.dims) * onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    except KeyError:
        raise BadInput(f"the tensor {tensor.name!r} is of an unknown type, number {tensor.data_type}") from None


def _read(tensor: onnx.TensorProto, folder: Path, size: int) -> bytes:
    entries = {e.key: e.value for e in tensor.external_data}
    offset, length = (_whole(tensor, entries.get(key), default) for key, default in (("offset", 0), ("length", size)))
    if length != size:
        raise BadInput(f"the tensor {tensor.name!r} needs {size:,} bytes; the file says {length:,}")
    path = _inside(folder, entries.get("location", ""))
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
            if not S_ISREG(os.fstat(file.fileno()).st_mode):
                raise BadInput(f"the weights in {path} are not in a plain file")
            file.seek(offset)
            data = file.read(size)
    except OSError as error:
        raise BadInput(f"the weights of {tensor.name!r} cannot be read from {path}: {error}") from None
    if len(data) != size:
        raise BadInput(f"{path} ends within the weights of {tensor.name!r}")
    return data


def _whole(tensor: onnx.TensorProto, text: str | None, default: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadInput(f"the tensor {tensor.name!r} is kept at {text!r:.40}; a place in a file is a whole number")
    return int(text)


def _inside(folder: Path, location: str) -> Path:
    """The file, which must lie in the folder or below it, on a path without links."""
    windows, posix = PureWindowsPath(location), PurePosixPath(location)
    plain = location and "\0" not in location and not windows.anchor and not posix.is_absolute()
    if not plain or ".." in (*windows.parts, *posix.parts):
        raise BadInput(f"the file keeps weights at {location!r:.80}; accepted are paths below its own folder")
    root = folder.resolve()
    path = root.joinpath(*posix.parts)
    if path.resolve() != path:
        raise BadInput(f"the file keeps weights at {location!r:.80}, which is a link; accepted are plain files")
    return path
