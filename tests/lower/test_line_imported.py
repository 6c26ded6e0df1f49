"""Integrated Gradients through everything that importers write: rationals are the definition, floats are close to it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction as Q

import numpy as np
import pytest
from lower.replica import integrated_gradients_replica

from attrtheory.lower.integrated_gradients import integrated_gradients_line
from attrtheory.models import pieces
from attrtheory.models.build import Builder, Value
from attrtheory.models.graph import Graph

BOUND = np.array([0.5, -0.25, 0.0, 1.0])

LAYERS: dict[str, Callable[[Builder, Value], Value]] = {
    "absolute": lambda b, x: pieces.absolute(b, "y", x),
    "prelu": lambda b, x: pieces.prelu(b, "y", x, np.array([-0.5, 0.1, 0.3, 2.0])),
    "clamp": lambda b, x: pieces.clamp(b, "y", x, np.array(-0.3), np.array(0.4)),
    "hardtanh": lambda b, x: pieces.clamp(b, "y", x, np.array(-0.3), np.array(0.4), slope=0),
    "maximum with constants": lambda b, x: pieces.at_least(b, "y", x, BOUND, slope=0.5),
    "minimum with constants": lambda b, x: pieces.at_most(b, "y", x, BOUND, slope=0.5),
    "maximum": lambda b, x: pieces.at_least(b, "y", x, b.moved("m", np.flip, x), slope=0.5),
    "minimum": lambda b, x: pieces.at_most(b, "y", x, b.scale("m", x, -0.7, 0.2), slope=0.5),
    "concatenation": lambda b, x: b.moved("y", lambda u, v: np.concatenate([u, v, u[:, :1]], 1), x, BOUND[None]),
    "padding": lambda b, x: b.moved("y", lambda u: np.pad(u, ((0, 0), (2, 1)), "reflect"), x, size=7),
    "constants": lambda b, x: b.moved("y", lambda u: np.pad(u, ((0, 0), (1, 2)), constant_values=0.3), x, size=7),
    "slice": lambda b, x: b.moved("y", lambda u: u[:, ::-2], x),
    "transposition": lambda b, x: b.moved("y", lambda u: u.reshape(1, 2, 2).swapaxes(1, 2), x),
    "broadcast": lambda b, x: b.total("y", b.reshape("r", x, (2, 2)), b.moved("m", lambda u: u[:, None, :2], x)),
}  # fmt: skip


def network(name: str, seed: int) -> Graph:
    """The layer between two dense layers, a skip, and a kink behind it."""
    rng = np.random.default_rng(seed)
    build = Builder((3,), name)
    z = build.linear("first", Value(0), rng.normal(size=(4, 3)), rng.normal(size=4) / 4)
    y = LAYERS[name](build, z)
    flat = build.reshape("flat", y, (int(np.prod(build.shape(y))),))
    h = pieces.relu(build, "relu", build.linear("second", flat, rng.normal(size=(4, build.shape(flat)[0]))))
    return build.graph(build.linear("last", build.total("skip", h, z), rng.normal(size=(2, 4))))


@pytest.mark.parametrize("name", LAYERS)
def test_integrated_gradients(name: str):
    for seed in range(2):
        rng, graph = np.random.default_rng(seed + 10), network(name, seed)
        x0, x = np.round(rng.normal(size=(2, 3)), 3)
        truth = integrated_gradients_replica(graph, [Q(v) for v in x0], [Q(v) for v in x], 1)
        (exact,) = integrated_gradients_line(graph, x, x0, 1, exact=True)
        assert list(exact.exact_values) == truth
        (sure,) = integrated_gradients_line(graph, x, x0, 1, settle=False)
        (plain,) = integrated_gradients_line(graph, x, x0, 1, certify=False, settle=False)
        largest = max(map(abs, truth))
        for a, q, b, v in zip(sure.lower, truth, sure.upper, plain.values, strict=True):
            assert Q(a) <= q <= Q(b)
            assert abs(Q(v) - q) <= 1e-12 * largest
        assert (sure.upper - sure.lower).max() <= 1e-6 * largest


@pytest.mark.parametrize("name, slope", [("maximum with constants", Q(1, 2)), ("hardtanh", Q(0)), ("clamp", Q(1))])
def test_a_path_inside_a_kink_follows_the_convention(name: str, slope: Q):
    """One unit stays at its bound on the whole path: the value is the convention's, and the kink is reported."""
    build = Builder((2,), name)
    unit, bound = build.linear("difference", Value(0), [[1.0, -1.0]]), np.array([0.5])
    y = {
        "maximum with constants": lambda: pieces.at_least(build, "y", unit, bound, slope=0.5),
        "hardtanh": lambda: pieces.clamp(build, "y", unit, None, bound, slope=0),
        "clamp": lambda: pieces.clamp(build, "y", unit, None, bound, slope=1),
    }[name]()
    graph, x0, x = build.graph(y), np.array([0.5, 0.0]), np.array([1.5, 1.0])
    (found,) = integrated_gradients_line(graph, x, x0, 0, exact=True)
    assert list(found.exact_values) == [slope, -slope]
    assert found.kinks
    assert found.lower[0] <= 0
    assert found.upper[0] >= 1
