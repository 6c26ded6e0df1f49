"""Weights in files beside the model are read; no path leads out of its folder, and no size is taken on trust."""

from __future__ import annotations

import os
from fractions import Fraction as Q
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper
from onnx_files import node, quarters, save

from attrtheory.errors import BadInput, TooLarge, Unsupported
from attrtheory.models import onnx_import
from attrtheory.models.exact_graph import evaluate_exact
from attrtheory.models.onnx_import import from_onnx

W = quarters(3, 2)
BYTES = W.tobytes()


def beside(folder: Path, dims=(3, 2), **entries: str) -> Path:
    """A model whose weights are in another file, as these entries say."""
    folder.mkdir(exist_ok=True)
    path = save(folder / "net.onnx", [node("MatMul", "x", "w")], (3,), {"w": W})
    model = onnx.load(path)
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.ClearField("dims")
    tensor.dims.extend(dims)
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("place", ["weights.bin", "deep/er/weights.bin"])
def test_weights_beside_the_model_are_read(place: str, tmp_path: Path):
    path = beside(tmp_path / "here", location=place, offset="5", length=str(len(BYTES)))
    (path.parent / place).parent.mkdir(parents=True, exist_ok=True)
    (path.parent / place).write_bytes(b"12345" + BYTES + b"6")
    assert evaluate_exact(from_onnx(path), [Q(1), Q(0), Q(0)]) == [Q(float(v)) for v in W[0]]


def test_a_file_written_by_onnx_itself_is_read(tmp_path: Path):
    path = save(tmp_path / "one.onnx", [node("MatMul", "x", "w")], (3,), {"w": W})
    onnx.save(onnx.load(path), tmp_path / "two.onnx", save_as_external_data=True, size_threshold=0)
    assert len((tmp_path / "two.onnx").read_bytes()) < len(path.read_bytes()) + 100
    x = [Q(1), Q(-2), Q(3)]
    assert evaluate_exact(from_onnx(tmp_path / "two.onnx"), x) == evaluate_exact(from_onnx(path), x)


@pytest.mark.parametrize(
    "location",
    ["../secret", "deep/../../secret", "..\\secret", "{outside}/secret", "C:\\secret", "\\\\host\\secret", "", "a\0b"],
)
def test_no_path_leads_out_of_the_folder(location: str, tmp_path: Path):
    (tmp_path / "secret").write_bytes(BYTES)
    path = beside(tmp_path / "here", location=location.format(outside=tmp_path))
    with pytest.raises(BadInput, match="below its own folder"):
        from_onnx(path)


def test_no_link_is_followed(tmp_path: Path):
    (tmp_path / "secret").write_bytes(BYTES)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret").write_bytes(BYTES)
    for location in ("link", "folder/secret"):
        path = beside(tmp_path / "here", location=location)
        for link, target in (("link", "secret"), ("folder", "elsewhere")):
            if not (path.parent / link).exists():
                (path.parent / link).symlink_to(tmp_path / target)
        with pytest.raises(BadInput, match="which is a link"):
            from_onnx(path)


def test_the_model_itself_may_be_reached_by_a_link(tmp_path: Path):
    beside(tmp_path / "here", location="weights.bin")
    (tmp_path / "here" / "weights.bin").write_bytes(BYTES)
    (tmp_path / "link").symlink_to(tmp_path / "here")
    assert from_onnx(tmp_path / "link" / "net.onnx").features == 3


DAMAGED = {
    "no file": ({"location": "nothing"}, (3, 2), "cannot be read"),
    "a folder": ({"location": "folder"}, (3, 2), "not in a plain file|cannot be read"),
    "a file that is too short": ({"location": "weights", "offset": "4"}, (3, 2), "ends within"),
    "a length that is not the tensor's": ({"location": "weights", "length": "20"}, (3, 2), "needs 24 bytes"),
    "a negative offset": ({"location": "weights", "offset": "-4"}, (3, 2), "a whole number"),
    "a huge offset": ({"location": "weights", "offset": "9" * 30}, (3, 2), "a whole number"),
    "a negative size": ({"location": "weights"}, (-3, -2), "negative size"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_entries_are_refused(name: str, tmp_path: Path):
    entries, dims, message = DAMAGED[name]
    path = beside(tmp_path / "here", dims, **entries)
    (path.parent / "weights").write_bytes(BYTES)
    (path.parent / "folder").mkdir()
    with pytest.raises(BadInput, match=message):
        from_onnx(path)


def test_sizes_are_bounded_before_anything_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = beside(tmp_path / "here", (2**40, 2**20), location="weights")
    with pytest.raises(TooLarge, match="more than may be read"):
        from_onnx(path)
    path = beside(tmp_path / "here", location="weights")
    (path.parent / "weights").write_bytes(BYTES)
    monkeypatch.setattr(onnx_import, "LARGEST_FILE", len(path.read_bytes()) + len(BYTES) - 1)
    with pytest.raises(TooLarge, match="1 more than may be read"):
        from_onnx(path)


def test_a_pipe_is_not_waited_for(tmp_path: Path):
    path = beside(tmp_path / "here", location="pipe")
    os.mkfifo(path.parent / "pipe")
    with pytest.raises(BadInput, match="not in a plain file"):
        from_onnx(path)


def model(nodes, **fields) -> onnx.ModelProto:
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 3]) for n in "xy")
    graph = helper.make_graph(nodes, "net", [x], [y])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, **fields)


def test_values_that_wait_for_each_other_are_refused(tmp_path: Path):
    nodes = [node("Add", "x", "b", out="a"), node("Relu", "a", out="b"), node("Relu", "b")]
    (tmp_path / "net.onnx").write_bytes(model(nodes).SerializeToString())
    with pytest.raises(BadInput, match="damaged"):
        from_onnx(tmp_path / "net.onnx")


def test_a_name_given_twice_is_refused(tmp_path: Path):
    nodes = [node("Relu", "x", out="a"), node("Neg", "x", out="a"), node("Relu", "a")]
    (tmp_path / "net.onnx").write_bytes(model(nodes).SerializeToString())
    with pytest.raises(BadInput, match="damaged"):
        from_onnx(tmp_path / "net.onnx")


def test_an_operator_that_the_file_defines_is_not_taken_for_onnxs(tmp_path: Path):
    own = helper.make_function(
        "ai.onnx", "Relu", ["x"], ["y"], [helper.make_node("Neg", ["x"], ["y"])], [helper.make_opsetid("", 17)]
    )
    (tmp_path / "net.onnx").write_bytes(model([node("Relu", "x")], functions=[own]).SerializeToString())
    with pytest.raises(Unsupported, match="operators of its own"):
        from_onnx(tmp_path / "net.onnx")
