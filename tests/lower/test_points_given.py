"""Measures of modules and files, targets that must be named, and the standard error."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import attrtheory as at
from attrtheory.errors import BadInput
from attrtheory.lower.points.measures import banzhaf_values, owen_values, shapley_values
from attrtheory.lower.points.replacing import occlusion_values
from attrtheory.lower.points.sampling import sampled_values


def network(outputs: int) -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, outputs)).double()


X = [[1.0, -2.0, 0.5]]


def test_a_module_is_taken_as_it_is():
    module = network(2)
    graph = at.from_torch(module, input_shape=(3,))
    for measure in (shapley_values, banzhaf_values, occlusion_values):
        np.testing.assert_array_equal(measure(module, X, target=1).values, measure(graph, X, target=1).values)
    of_module = owen_values(module, X, unions=[0, 0, 1])
    np.testing.assert_array_equal(of_module.values, owen_values(graph, X, unions=[0, 0, 1]).values)
    first, second = (sampled_values("shapley", m, X, target=1, samples=20).values for m in (module, graph))
    np.testing.assert_array_equal(first, second)


def test_the_target_is_named_where_there_are_several():
    with pytest.raises(BadInput, match="outputs 0 to 1; name"):
        sampled_values("shapley", network(2), X)
    assert sampled_values("shapley", network(1), X, samples=10).values.shape == (1, 3)


def test_the_standard_error_is_that_of_repeated_estimates():
    module = network(1)
    runs = [sampled_values("shapley", module, X, samples=40, seed=s) for s in range(60)]
    observed = np.std([r.values[0] for r in runs], 0, ddof=1)
    told = np.sqrt(np.mean([r.standard_error[0] ** 2 for r in runs], 0))
    assert (observed < 1.4 * told + 1e-12).all()
    assert (told < 1.4 * observed + 1e-12).all()
