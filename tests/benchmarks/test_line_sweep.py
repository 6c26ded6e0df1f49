"""Exact Integrated Gradients beside captum's quadrature, in one run: `make bench` prints the ratios."""

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients

from attrtheory.lower.integrated_gradients import integrated_gradients_line
from attrtheory.models.torch_import import from_torch


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    layers = [torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10)]
    return torch.nn.Sequential(*layers).double().eval()


@pytest.fixture(scope="module")
def x():
    return torch.rand(1, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.mark.benchmark(group="integrated gradients, 64-128-128-10")
@pytest.mark.parametrize("certify", [False, True], ids=["exact sweep", "exact sweep, enclosed"])
def test_exact(benchmark, network, x, certify):
    graph = from_torch(network, input_shape=(64,))
    (line,) = benchmark(lambda: integrated_gradients_line(graph, x, target=0, certify=certify))
    assert line.values.shape == (64,)


@pytest.mark.benchmark(group="integrated gradients, 64-128-128-10")
@pytest.mark.parametrize("steps", [20, 50, 200, 1000])
def test_captum(benchmark, network, x, steps):
    exact = integrated_gradients_line(from_torch(network, input_shape=(64,)), x, target=0)[0].values
    found = benchmark(lambda: IntegratedGradients(network).attribute(x, target=0, n_steps=steps))[0].numpy()
    benchmark.extra_info["error"] = float(np.abs(found - exact).max() / np.abs(exact).max())
    assert benchmark.extra_info["error"] < 0.1
