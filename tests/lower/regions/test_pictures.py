"""Pictures of slices: colours mean what the legend says, and the decision boundary is where it should be."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from lower.nets import chain, linear, random_linear
from PIL import Image

from attrtheory.errors import BadInput
from attrtheory.lower.regions import box, slice_regions
from attrtheory.lower.regions.decision import decision_boundary
from attrtheory.models.ops import Relu
from attrtheory.report.slices import figure

SQUARE = box([-1.0, -1.0], [1.0, 1.0])


def decoded(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(data)).convert("RGB")).astype(int)


def two_classes():
    rng = np.random.default_rng(0)
    return chain((2,), random_linear(rng, 2, 12), Relu(), random_linear(rng, 12, 3))


def outputs_at(s: np.ndarray) -> np.ndarray:
    """The outputs of `two_classes` at slice coordinates, with numpy."""
    first, _, last = (node.op for node in two_classes().nodes)
    return np.maximum((2 * s - 1) @ first.weight.T + first.bias, 0) @ last.weight.T + last.bias


@pytest.mark.parametrize("exact", [False, True])
def test_two_outputs_are_largest_on_the_decision_boundary(exact):
    regions = slice_regions(two_classes(), SQUARE, exact=exact)
    segments = decision_boundary(regions)
    assert len(segments) > 1
    for end in segments.reshape(-1, 2):
        outputs = np.sort(outputs_at(end[None])[0])
        assert outputs[-1] - outputs[-2] < 1e-12
    inside = np.linspace(0, 1, 400, endpoint=False)[1:]
    s = np.stack([inside, np.full_like(inside, 0.37)], axis=1)
    classes = outputs_at(s).argmax(1)
    crossings = sum((a[1] - 0.37) * (b[1] - 0.37) < 0 for a, b in segments)
    assert crossings == (classes[1:] != classes[:-1]).sum() > 0


def test_one_output_changes_its_sign_on_the_boundary():
    graph = chain((2,), linear([[1, 1], [1, -1]]), Relu(), linear([[1, -1]], [-0.25]))
    segments = decision_boundary(slice_regions(graph, SQUARE))
    x, y = SQUARE.inputs(segments.reshape(-1, 2)).T
    assert np.abs(np.maximum(x + y, 0) - np.maximum(x - y, 0) - 0.25).max() < 1e-12
    assert len(segments) > 1


def test_red_is_positive_and_blue_negative():
    regions = slice_regions(chain((2,), linear([[1, 0]])), SQUARE)
    picture, gradient = decoded(figure(regions)), decoded(figure(regions, feature=0))
    height, width, _ = picture.shape
    left, right = picture[height // 3, width // 5], picture[height // 3, width * 3 // 5]
    assert left[2] > left[0] + 30
    assert right[0] > right[2] + 30
    assert (gradient[height // 3, width // 5] == gradient[height // 3, width * 3 // 5]).all()


def test_a_figure_is_the_same_bytes_again_and_takes_names_as_they_are():
    regions = slice_regions(two_classes(), SQUARE)
    options = {"target": 1, "feature": 1, "marks": {"a $b$ 漢": (0.25, 0.5)}, "title": "$"}
    assert figure(regions, **options) == figure(regions, **options)


@pytest.mark.parametrize("options, words", [
    ({"feature": 2}, "features 0 to 1"), ({"target": 3}, "outputs 0 to 2"), ({"feature": 0, "target": -1}, "outputs 0 to 2"),
])  # fmt: skip
def test_what_is_not_there_is_not_drawn(options, words):
    with pytest.raises(BadInput, match=words):
        figure(slice_regions(two_classes(), SQUARE), **options)
    with pytest.raises(BadInput, match="dimension 2"):
        figure(slice_regions(two_classes(), box([0.0, 0.0], [1.0, 0.0])))


def test_the_command_draws_the_plane_through_three_rows(tmp_path):
    pytest.importorskip("onnx")
    from onnx_files import node, quarters, save
    from typer.testing import CliRunner

    from attrtheory.cli import app

    layers = [node("Gemm", "x", "w", "b", out="z"), node("Relu", "z", out="a"), node("Gemm", "a", "v", "c")]
    weights = {"w": quarters(4, 8), "b": quarters(8), "v": quarters(8, 2), "c": quarters(2)}
    model, data, picture = tmp_path / "net.onnx", tmp_path / "x.npz", tmp_path / "new" / "slice.png"
    save(model, layers, (4,), weights)
    np.savez(data, x=np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32))
    run = CliRunner().invoke(app, ["regions", str(model), "--data", str(data), "--rows", "0,3,4", "-o", str(picture)])
    assert run.exit_code == 0, run.output
    assert "regions, trust float" in run.output
    assert decoded(picture.read_bytes()).std() > 1
    for rows in ("0,1", "0,1,5", "0,1,-1", "a,b,c", "0,1,2,x", "1,1,1"):
        refused = CliRunner().invoke(app, ["regions", str(model), "--data", str(data), "--rows", rows, "-o", str(picture)])
        assert refused.exit_code == 2
