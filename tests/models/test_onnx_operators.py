"""Graphs of all operators compute what onnxruntime computes, in rationals and in float64."""

from __future__ import annotations

from fractions import Fraction as Q
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from onnx_files import agrees, node, quarters, save
from onnx_graphs import MAKERS, random_file

from attrtheory.lower.layers import forward
from attrtheory.models.exact_graph import evaluate_exact, gradient_exact
from attrtheory.models.onnx_import import from_onnx
from attrtheory.models.onnx_layers import LAYERS

LAST = np.float32(3.4028234663852886e38)  # what exporters write for "no bound"


@pytest.mark.parametrize("seed", range(24))
def test_random_graphs_agree_with_onnxruntime(seed: int, tmp_path: Path):
    path = tmp_path / "net.onnx"
    shape, _ = random_file(path, seed)
    graph, run = from_onnx(path), onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for k in range(2):
        x = quarters(1, *shape, seed=k)
        (theirs,) = run.run(None, {"x": x})
        exact = [float(v) for v in evaluate_exact(graph, [Q(v) for v in x.ravel().tolist()])]
        ours = forward(graph, torch.tensor(x, dtype=torch.float64)).ravel().tolist()
        size = max(1.0, *map(abs, exact))
        assert np.abs(np.subtract(ours, exact)).max() <= 1e-12 * size
        assert np.abs(theirs.ravel() - exact).max() <= 3e-6 * size


def test_every_operator_occurs(tmp_path: Path):
    kinds = set.union(*(random_file(tmp_path / "net.onnx", seed)[1] for seed in range(-(-len(MAKERS) // 5))))
    assert set(LAYERS) == kinds


SINGLE = {
    "pad as attributes": ([node("Pad", "x", pads=[0, 1, 0, 0, 0, 2], value=0.5)], (2, 3), {}, 10),
    "clip as attributes": ([node("Clip", "x", min=-0.5, max=1.0)], (9,), {}, 10),
    "clip without bounds": ([node("Clip", "x", min=-float(LAST), max=float(LAST))], (9,), {}, 10),
    "clip between infinities": (
        [node("Clip", "x", "a", "b")], (9,), {"a": np.float32(-np.inf), "b": np.float32(np.inf)}, 17,
    ),
    "clip with ends exchanged": ([node("Clip", "x", "a", "b")], (9,), {"a": np.float32(1), "b": np.float32(-1)}, 17),
    "slice as attributes": ([node("Slice", "x", starts=[1, -2], ends=[3, 9], axes=[1, 2])], (4, 4), {}, 9),
    "squeeze as attributes": ([node("Squeeze", "x", axes=[1])], (1, 4), {}, 11),
    "split into equal parts": ([node("Split", "x", axis=1)], (4,), {}, 11),
    "pad some axes": (
        [node("Pad", "x", "p", "", "a", mode="edge")], (2, 3), {"p": np.array([2, 1]), "a": np.array([-1])}, 18,
    ),
    "wrap": ([node("Pad", "x", "p", mode="wrap")], (2, 3), {"p": np.array([0, 1, 2, 0, 0, 3])}, 19),
    "max of one": ([node("Max", "x")], (3,), {}, 13),
    "prelu with one slope": ([node("PRelu", "x", "s")], (3,), {"s": np.float32([-0.5])}, 13),
    "constants worked out": (
        [node("Div", "a", "b", out="c"), node("Neg", "c", out="d"), node("Max", "d", "b", out="e"), node("Mul", "x", "e")],
        (2,), {"a": np.float32([1, -3]), "b": np.float32([2, 0.5])}, 17,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SINGLE)
def test_other_spellings(name: str, tmp_path: Path):
    nodes, shape, constants, opset = SINGLE[name]
    if name == "split into equal parts":
        nodes[0].output.insert(0, "first")
    agrees(save(tmp_path / "net.onnx", nodes, shape, constants, opset), shape)


CONSTANT = np.float32([0, 1, -1, 0.5, 2])
KINKS = {
    "Clip": (["x", "low", "high"], lambda x: x.clamp(-1, 1)),
    "Abs": (["x"], torch.abs),
    "Max": (["x", "c"], lambda x: torch.maximum(x, torch.tensor(CONSTANT, dtype=x.dtype))),
    "Min": (["c", "x"], lambda x: torch.minimum(x, torch.tensor(CONSTANT, dtype=x.dtype))),
    "PRelu": (["x", "c"], lambda x: torch.where(x > 0, x, torch.tensor(CONSTANT, dtype=x.dtype) * x)),
    "Relu": (["x"], torch.relu),
}


@pytest.mark.parametrize("kind", KINKS)
def test_slopes_at_kinks_are_torchs(kind: str, tmp_path: Path):
    names, function = KINKS[kind]
    constants = {"low": np.float32(-1), "high": np.float32(1), "c": CONSTANT}
    graph = from_onnx(save(tmp_path / "net.onnx", [node(kind, *names)], (5,), constants))
    for row in ([0, 1, -1, 0.5, 2], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0], [-1, -1, -1, -1, -1]):
        x = torch.tensor(row, dtype=torch.float64, requires_grad=True)
        (slopes,) = torch.autograd.grad(function(x).sum(), x)
        found = [gradient_exact(graph, [Q(v) for v in row], k)[k] for k in range(5)]
        assert [float(s) for s in found] == slopes.tolist()


def test_a_relu6_in_a_file_is_a_clip(tmp_path: Path):
    """The file doesn't say which it was: slope 1 at both ends, where torch's relu6 has 0."""
    bounds = {"low": np.float32(0), "high": np.float32(6)}
    graph = from_onnx(save(tmp_path / "net.onnx", [node("Clip", "x", "low", "high")], (1,), bounds))
    assert [gradient_exact(graph, [Q(v)], 0)[0] for v in (-1, 0, 3, 6, 7)] == [0, 1, 1, 1, 0]
