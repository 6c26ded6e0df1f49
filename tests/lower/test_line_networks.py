"""Networks trained by others, where the public benchmark files are at hand."""

from __future__ import annotations

from fractions import Fraction as Q
from pathlib import Path

import numpy as np
import pytest
import torch

from attrtheory.lower.integrated_gradients import integrated_gradients_line
from attrtheory.lower.layers import forward

FOLDER = Path(__file__).parents[3] / "shared" / "networks"
pytestmark = pytest.mark.skipif(not (FOLDER / "inputs.npz").exists(), reason="benchmark networks are not here")
ONNX = {"acasxu_1_1", "acasxu_3_4"}


def load(name):
    pytest.importorskip("onnx")
    from attrtheory.models.onnx_import import from_onnx

    return from_onnx(FOLDER / f"{name}.onnx")


def points():
    with np.load(FOLDER / "inputs.npz") as data:
        return {name: data[name] for name in data.files}


@pytest.mark.parametrize("name", sorted(ONNX))
@pytest.mark.parametrize("box", range(4))
def test_acas_xu_from_corner_to_corner_and_to_the_middle(name, box):
    graph = load(name)
    low, high = (v.reshape(graph.input_shape) for v in points()["acasxu_boxes"][box])
    for x0, x in ((low, high), (low, (low + high) / 2)):
        (truth,) = integrated_gradients_line(graph, x, x0, box, exact=True)
        (plain,) = integrated_gradients_line(graph, x, x0, box, certify=False, settle=False)
        (sure,) = integrated_gradients_line(graph, x, x0, box, settle=False)
        largest = max(map(abs, truth.exact_values))
        errors = [abs(Q(v) - q) for v, q in zip(plain.values.ravel().tolist(), truth.exact_values, strict=True)]
        # deep and narrow: partial sums a thousand times the result, so float64 keeps about ten digits
        assert max(errors) <= 1e-10 * largest
        for a, q, b in zip(sure.lower.ravel().tolist(), truth.exact_values, sure.upper.ravel().tolist(), strict=True):
            assert Q(a) <= q <= Q(b)
        assert sum(truth.exact_values) == Q(*_difference(graph, x0, x, box))


def _difference(graph, x0, x, target):
    from attrtheory.models.exact_graph import evaluate_exact

    ends = (evaluate_exact(graph, [Q(v) for v in p.ravel().tolist()])[target] for p in (x0, x))
    first, last = ends
    return (last - first).as_integer_ratio()


@pytest.mark.parametrize("name, images", [
    ("mnistfc_256x4", "mnist"), ("cifar_base_kw", "cifar_oval"), ("mnist_convnet_maxpool", "mnist"),
])  # fmt: skip
def test_images_are_enclosed(name, images):
    graph = load(name)
    x = points()[images][0].reshape(graph.input_shape)
    target = int(forward(graph, torch.tensor(x, dtype=torch.float64)[None]).argmax())
    (found,) = integrated_gradients_line(graph, x, None, target, settle=False)
    width = (found.upper - found.lower).max() / np.abs(found.values).max()
    assert found.trust == "enclosed"
    if name == "mnist_convnet_maxpool":  # tied windows on a constant background
        assert found.kinks
        assert width > 1e-3
    else:
        assert found.kinks == ()
        assert width < 1e-6
    assert abs(found.residual) <= 1e-12 * np.abs(found.values).max()
