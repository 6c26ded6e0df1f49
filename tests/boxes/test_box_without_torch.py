"""Boxes are asked about, and their certificates checked, where torch, z3 and sympy cannot be imported."""

from __future__ import annotations

from prove.test_no_solver import without_engines

CODE = """
import numpy as np
import attrtheory as at
from attrtheory.models.graph import Graph, Node
from attrtheory.models.ops import Linear, Relu

ops = (Linear(np.array([[1.0, -1.0], [0.0, 1.0]]), np.zeros(2)), Relu(), Linear(np.array([[1.0, 3.0]]), np.zeros(1)))
graph = Graph((2,), tuple(Node(op, (k,), f"layer{k}") for k, op in enumerate(ops)))
for method, feature, bound in (("gradient", 0, 0), ("integrated_gradients", 1, -1), ("gradient_x_input", 1, 9)):
    answer = at.box_query(graph, [0, 0], [1, 1], feature, ">=", bound, method=method)
    print(answer.verdict.name, at.check(answer.certificate, answer.claim, lambda _: graph).verdict.name)
print(float(at.box_bounds(graph, [0, 0], [1, 1]).upper[1]))
"""


def test_no_engine_is_needed():
    lines = without_engines(CODE).splitlines()
    assert lines[:3] == ["Proved Proved", "Proved Proved", "Refuted Refuted"]
    assert float(lines[3]) == 3
