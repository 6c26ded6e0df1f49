"""Networks trained by others, where the public benchmark files are at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from attrtheory.lower.regions import box, check, plane_through, slice_regions

FOLDER = Path(__file__).parents[4] / "shared" / "networks"
pytestmark = pytest.mark.skipif(not (FOLDER / "inputs.npz").exists(), reason="benchmark networks are not here")


def load(name):
    pytest.importorskip("onnx")
    from attrtheory.models.onnx_import import from_onnx

    with np.load(FOLDER / "inputs.npz") as data:
        return from_onnx(FOLDER / f"{name}.onnx"), {name: data[name] for name in data.files}


def test_acas_xu_in_floats_and_rationals():
    graph, data = load("acasxu_1_1")
    low, high = data["acasxu_boxes"][0].reshape(2, -1).astype(np.float64)
    middle = (low + high) / 2
    free = np.isin(np.arange(5), [1, 2])
    domain = box(np.where(free, low + 0.495 * (high - low), middle), np.where(free, high - 0.495 * (high - low), middle))
    plain, exact = slice_regions(graph, domain), slice_regions(graph, domain, exact=True)
    assert len(plain) == len(exact) > 2
    assert check(plain, 0).output < 1e-10
    assert abs(plain.pieces().gradient - exact.pieces().gradient.astype(float)).max() < 1e-9


@pytest.mark.parametrize("name, images, at_least", [
    ("mnistfc_256x4", "mnist", 10),
    ("mnist_convnet_maxpool", "mnist", 10), ("cifar10_resnet_2b", "cifar10_resnet", 3),
])  # fmt: skip
def test_a_small_triangle_between_images(name, images, at_least):
    graph, data = load(name)
    a, b, c = data[images][:3].reshape(3, -1).astype(np.float64)
    step = 0.05 if name == "mnistfc_256x4" else 0.001
    regions = slice_regions(graph, plane_through(a, a + step * (b - a), a + step * (c - a), margin=None))
    assert check(regions, 1).regions >= at_least
    assert regions.undecided == 0
