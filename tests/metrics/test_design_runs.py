"""Designs as methods: properties confirmed by the prover, models of every kind, points of every kind."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from metrics.designs import Q, violations

from attrtheory.expr import var
from attrtheory.methods import get_method
from attrtheory.metrics.design import (
    design,
    energy,
    exact_on,
    grid,
    hybrid_points,
    hybrids,
    near,
    points_at,
)
from attrtheory.models.dsl import parse_model
from attrtheory.models.families import Every
from attrtheory.models.fn import Fn
from attrtheory.models.graph import Graph, Node
from attrtheory.models.ops import Linear, Relu
from attrtheory.properties import get_property
from attrtheory.prove.claim import Claim
from attrtheory.prove.discharge import prove
from attrtheory.prove.verdict import Proved


def test_a_design_is_a_method_whose_properties_the_prover_confirms():
    method = design(grid(2, 2), ["completeness", "dummy", "symmetry"], energy(2)).method("smoothest")
    for name in ("completeness", "dummy", "symmetry", "affine_exactness", "linearity"):
        assert isinstance(prove(Claim(get_property(name), method, Every(2))), Proved), name
    shapley = design(hybrids(3), ["completeness", "dummy", "symmetry"]).method("found")
    model = parse_model("x1*x2*x3 + max(x1, x3)")
    assert shapley.all(model, [1, 2, 3], [[0, 5, -1]]) == get_method("shapley").all(model, [1, 2, 3], [[0, 5, -1]])


def test_its_measures_are_those_that_the_package_reads_off_the_method():
    from attrtheory.measures import functional_of, same

    found = design(grid(2, 2), ["completeness", "dummy"])
    assert all(same(mu, f.values) for mu, f in zip(found.measures, functional_of(found.method("m"), 2), strict=True))
    fixed = design(hybrid_points([1, 2], [0, 0]), ["completeness", "dummy"])
    assert all(mu.mass().payload == 0 for mu in fixed.measures)


def test_models_of_every_kind_give_the_same_numbers():
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    for p, v in zip(net.parameters(), ([[1, 1], [1, -1], [0, 2]], [0, 1, -1], [[1, 1, 1], [2, -1, 0]], [0, 1]), strict=True):
        p.data = torch.tensor(v, dtype=torch.float32)
    (w1, b1, w2, b2) = (p.detach().double().numpy() for p in net.parameters())
    graph = Graph((2,), (Node(Linear(w1, b1), (0,), "in"), Node(Relu(), (1,), "relu"), Node(Linear(w2, b2), (2,), "out")))
    found = design(hybrids(2), ["completeness", "dummy", "symmetry"])
    exact = found.attribute(graph, [2, 1], [0, -1], target=1)
    fn = parse_model("2*relu(x1 + x2) - relu(x1 - x2 + 1) + 1")
    assert exact == found.attribute(fn, [2, 1], [0, -1])
    assert all(isinstance(v, Fraction) for v in exact)
    assert found.attribute(net, [2, 1], [0, -1], target=1) == pytest.approx([float(v) for v in exact])

    def rows(y: np.ndarray) -> np.ndarray:
        return 2 * (y[:, 0] + y[:, 1]).clip(0) - (y[:, 0] - y[:, 1] + 1).clip(0) + 1

    assert found.attribute(rows, [2, 1], [0, -1]) == pytest.approx([float(v) for v in exact])
    scaled = Fn(("x1", "x2"), var("c") * var("x1") * var("x2"))  # a parameter stays a letter
    assert found.method("found").all(scaled, [2, 1], [[0, 0]])[0] is var("c")


def test_a_design_for_one_input_agrees_with_the_one_for_all_inputs():
    x, z = [3, Q(1, 3), -2], [0, 1, 5]
    fixed, any_input = (design(s, ["completeness", "dummy", "symmetry"]) for s in (hybrid_points(x, z), hybrids(3)))
    model = parse_model("x1*x2 + relu(x2 - x3)*x1")
    assert fixed.freedom == 0
    assert fixed.attribute(model) == any_input.attribute(model, x, z)


def test_features_that_do_not_move_get_nothing_and_equal_points_are_one():
    support = hybrid_points([1, 2, 2], [0, 2, 2])
    assert len(support.points) == 2
    found = design(support, ["completeness", "dummy", "symmetry"])
    assert (found.freedom, found.masses[1:]) == (0, ({}, {}))
    nothing = design(hybrid_points([1, 1], [1, 1]), ["completeness", "dummy"])
    assert nothing.attribute(parse_model("x1*x2")) == [0, 0]
    assert len(points_at([1], [0], [[1], [0], [1.0], ["0"]]).points) == 2


def test_near_data_takes_all_weight_from_far_points():
    support = grid(2, 2)
    found = design(support, ["completeness", "dummy", near([[0, 0], [1, 1], [0, 1], [0, Q(1, 2)], [Q(1, 2), 1]], 0)])
    used = {p for table in found.masses for p in table}
    assert used <= {(0, 0), (1, 1), (0, 1), (0, Q(1, 2)), (Q(1, 2), 1)}
    assert not violations(found.masses, (Q(1),) * 2, (Q(0),) * 2)


def test_exactness_on_a_model_is_kept():
    product_model = parse_model("x1*x2")
    support = hybrid_points([1, 1], [0, 0])
    found = design(support, ["completeness", "dummy", exact_on(product_model, [Q(1, 3), Q(2, 3)])])
    assert (found.freedom, found.attribute(product_model)) == (0, [Q(1, 3), Q(2, 3)])
