"""The networks that are timed, with inputs: trained by others, trained on digits, and random ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from pathlib import Path

import numpy as np
import torch

from attrtheory.jobs import _train, small_networks
from attrtheory.models.graph import Graph, Node
from attrtheory.models.onnx_import import from_onnx
from attrtheory.models.ops import Linear, Relu, Reshape
from attrtheory.models.torch_import import from_torch

FOLDER = Path(__file__).parents[3] / "shared" / "networks"
PUBLISHED = {  # the file's stem: the array of its inputs
    "acasxu_1_1": "acasxu_boxes", "acasxu_3_4": "acasxu_boxes", "mnistfc_256x4": "mnist", "mnist_convnet_maxpool": "mnist",
    "cifar_base_kw": "cifar_oval", "cifar10_resnet_2b": "cifar10_resnet",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A network by name; `load` gives its graph and a batch of inputs in float32."""

    name: str
    load: Callable[[], tuple[Graph, np.ndarray]]


def cases(folder: Path) -> list[Case]:
    """The networks at hand, the cheapest first; published ones only where their files are."""
    found = [Case(f"digits_{kind}", lambda kind=kind: digits(kind)) for kind in ("mlp", "cnn")]
    found.append(Case("one_hidden_784_256_10", lambda: (he((1, 28, 28), 256, 1, 10), images(folder, 15))))
    present = [stem for stem in PUBLISHED if (folder / f"{stem}.onnx").is_file() and (folder / "inputs.npz").is_file()]
    return found + [Case(stem, lambda stem=stem: published(folder, stem)) for stem in present]


def published(folder: Path, stem: str) -> tuple[Graph, np.ndarray]:
    graph, data = from_onnx(folder / f"{stem}.onnx"), np.load(folder / "inputs.npz")[PUBLISHED[stem]]
    if PUBLISHED[stem] == "acasxu_boxes":  # points of the four boxes, in turn
        share = np.random.default_rng(0).random((15, 1, 5))
        lower, upper = data[np.arange(15) % len(data), 0], data[np.arange(15) % len(data), 1]
        data = (lower + share[:, 0] * (upper - lower))[:, None]
    return graph, data.reshape(len(data), *graph.input_shape).astype(np.float32)


def digits(kind: str) -> tuple[Graph, np.ndarray]:
    """The networks of `attrtheory demo`, trained here, and fifteen digits."""
    from sklearn.datasets import load_digits

    data = load_digits()
    x, y = torch.tensor(data.images / 16, dtype=torch.float32)[:, None], torch.tensor(data.target)
    network = small_networks()[kind]
    _train(network, x, y, lambda done, total: None)
    return from_torch(network, input_shape=(1, 8, 8), name=f"digits_{kind}"), x[:15].numpy()


def images(folder: Path, n: int) -> np.ndarray:
    """MNIST images where they are at hand, else noise of the same shape."""
    path = folder / "inputs.npz"
    if path.is_file():
        return np.load(path)["mnist"][:n].astype(np.float32)
    return np.random.default_rng(0).random((n, 1, 28, 28), dtype=np.float32)


def he(shape: tuple[int, ...], width: int, depth: int, outputs: int) -> Graph:
    """A random fully connected ReLU network: He-normal weights in float32, biases of a tenth of their size."""
    rng, sizes = np.random.default_rng(0), [prod(shape), *[width] * depth, outputs]
    ops: list = [Reshape((sizes[0],))] if len(shape) > 1 else []
    for fan_in, fan_out in pairwise(sizes):
        weight = (rng.normal(size=(fan_out, fan_in)) * np.sqrt(2 / fan_in)).astype(np.float32).astype(np.float64)
        bias = (rng.normal(size=fan_out) / 10).astype(np.float32).astype(np.float64)
        ops += [Linear(weight, bias), Relu()]
    nodes = tuple(Node(op, (k,), f"layer{k}") for k, op in enumerate(ops[:-1]))
    return Graph(shape, nodes, f"he_{'_'.join(map(str, sizes))}")


def mixtures(x: np.ndarray, n: int) -> np.ndarray:
    """So many inputs, made of those at hand: first themselves, then means of two, weighted 3 to 1."""
    i, own = np.arange(n), x.astype(np.float64)
    return ((3 * own[i % len(x)] + own[(i + i // len(x)) % len(x)]) / 4).astype(np.float32)
