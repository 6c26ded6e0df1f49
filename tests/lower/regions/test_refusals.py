"""What cannot be decomposed is refused with what to write instead; never a number."""

from __future__ import annotations

from fractions import Fraction as Q

import numpy as np
import pytest
import torch
from lower.nets import chain, linear, random_linear

from attrtheory.errors import BadInput, TooLarge
from attrtheory.lower.regions import (
    Slice,
    box,
    kernel_attributions,
    measure_attributions,
    plane_through,
    segment,
    slice_regions,
)
from attrtheory.lower.regions.measures import partial_dependence, point, straight_path, uniform, uniform_lime
from attrtheory.models.ops import Relu

GRAPH = chain((2,), linear([[1, 1]]), Relu())
SQUARE = box([0.0, 0.0], [1.0, 1.0])


@pytest.mark.parametrize("make, words", [
    (lambda: Slice(np.zeros(2), np.array([[1.0, 2.0], [-0.5, -1.0]])), "linearly dependent"),
    (lambda: Slice(np.zeros(2), np.zeros((1, 2))), "linearly dependent"),
    (lambda: segment([1.0, 2.0], [1.0, 2.0]), "linearly dependent"),
    (lambda: plane_through([0.0, 0.0], [1.0, 1.0], [2.0, 2.0]), "linearly dependent"),
    (lambda: Slice(np.zeros(2), np.zeros((0, 2))), "directions"),
    (lambda: Slice(np.zeros(3), np.eye(2)), "got shapes"),
    (lambda: Slice(np.array([0.0, np.nan]), np.eye(2)), "NaN"),
    (lambda: Slice(np.zeros(2), np.array([[np.inf, 0.0], [0.0, 1.0]])), "infinity"),
    (lambda: Slice(np.array(["a", "b"]), np.eye(2)), "real numbers"),
    (lambda: Slice(np.array([0.5, "b"], dtype=object), np.eye(2)), "fractions only"),
    (lambda: box([0.0, 0.0], [1.0, -1.0]), "low <= high"),
    (lambda: box([0.0, 0.0], [0.0, 0.0]), "one point"),
    (lambda: Slice(np.zeros(2), np.eye(2), np.array([[0.0, 0], [1, 0], [1, 1], [0.9, 0.1]])), "convex"),
    (lambda: Slice(np.zeros(2), np.eye(2), np.array([[0.0, 0], [1, 1], [1, 0], [0, 1]])), "convex"),
    (lambda: Slice(np.zeros(2), np.eye(2), np.array([[0.0, 0], [1, 0], [2, 0]])), "convex"),
    (lambda: Slice(np.zeros(2), np.eye(2), np.tile([[0.0, 0], [1, 0], [0, 1]], (2, 1))), "once around"),
    (lambda: Slice(np.zeros(2), np.eye(2), np.zeros((3, 3))), "corners"),
    (lambda: slice_regions(GRAPH, box([0.0, 0.0, 0.0], [1.0, 1.0, 1.0])), "3 features"),
    (lambda: slice_regions(GRAPH, SQUARE).pieces(1), "outputs 0 to 0"),
    (lambda: slice_regions(GRAPH, SQUARE).pieces(True), "outputs 0 to 0"),
    (lambda: kernel_attributions(GRAPH, [[point([0.0, 0.0])]]), "one kernel for each"),
    (lambda: measure_attributions(GRAPH, [[point([0.0])]]), "1 features"),
    (lambda: uniform([0.0, 1.0], [0.0]), "low <= high"),
    (lambda: uniform_lime([0.0, 1.0], 0), "positive"),
    (lambda: partial_dependence([0.0, 1.0], [0.0], [1.0, 1.0]), "one shape"),
    (lambda: straight_path([0.0, 1.0], [0.0]), "one shape"),
])  # fmt: skip
def test_bad_input_is_refused(make, words):
    with pytest.raises(BadInput, match=words):
        make()


@pytest.mark.parametrize("make, words", [
    (lambda: box(np.zeros(4), np.ones(4)), "at most 3"),
    (lambda: Slice(np.zeros(4), np.eye(4)), "at most 3"),
])  # fmt: skip
def test_more_than_three_dimensions_are_too_many(make, words):
    with pytest.raises(TooLarge, match=words):
        make()


@pytest.mark.parametrize("exact", [False, True])
def test_budgets(exact):
    rng = np.random.default_rng(0)
    graph = chain((2,), random_linear(rng, 2, 40), Relu(), random_linear(rng, 40, 40), Relu(), random_linear(rng, 40, 1))
    with pytest.raises(TooLarge, match="more than 50 regions"):
        slice_regions(graph, SQUARE, exact=exact, max_regions=50)
    with pytest.raises(TooLarge, match="MiB"):
        slice_regions(graph, SQUARE, exact=exact, memory=2**16)


def test_what_is_taken_as_input():
    """Tensors of any precision, non-contiguous arrays, fractions and integers give the same regions."""
    wide = np.arange(8.0).reshape(2, 4)[:, ::2] / 8
    a = slice_regions(GRAPH, Slice(np.array([-0.5, 0.125]), wide))
    for other in (torch.tensor(wide, dtype=torch.float32, requires_grad=True), wide.copy(order="F"),
                  np.array([[Q(v) for v in row] for row in wide.tolist()], dtype=object)):  # fmt: skip
        b = slice_regions(GRAPH, Slice(np.array([-0.5, 0.125]), other))
        assert (a.points == b.points).all()
    assert len(slice_regions(GRAPH, Slice([-1, 0], [[2, 0], [0, 1]]))) == 2
