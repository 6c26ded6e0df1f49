"""A graph survives JSON, and its digest names its content."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields, replace
from fractions import Fraction as Q
from pathlib import Path

import numpy as np
from graphs import graphs, specimen
from hypothesis import given

from attrtheory.models.exact_graph import evaluate_exact
from attrtheory.models.graph import Graph, Node
from attrtheory.models.ops import (
    Combine,
    LeakyRelu,
    Relu,
)
from attrtheory.models.serial import OPS, graph_digest, graph_from_json, graph_to_json

ROOT = Path(__file__).parents[2]


def same(a: Graph, b: Graph) -> bool:
    """Equal in every field, names included."""
    if (a.name, a.input_shape, a.shapes, len(a.nodes)) != (b.name, b.input_shape, b.shapes, len(b.nodes)):
        return False
    for m, n in zip(a.nodes, b.nodes, strict=True):
        if (m.name, m.inputs, type(m.op)) != (n.name, n.inputs, type(n.op)):
            return False
        if not all(np.array_equal(getattr(m.op, f.name), getattr(n.op, f.name)) for f in fields(m.op)):
            return False
    return True


def test_the_specimen_has_every_kind_of_layer():
    assert {type(n.op).__name__ for n in specimen().nodes} == set(OPS)


def test_a_graph_comes_back_from_json_text():
    graph = specimen()
    back = graph_from_json(json.loads(json.dumps(graph_to_json(graph), allow_nan=False)))
    assert same(graph, back)
    assert graph_digest(graph) == graph_digest(back)
    assert all(not v.flags.writeable for n in back.nodes for v in vars(n.op).values() if isinstance(v, np.ndarray))
    x = [Q(k, 7) for k in range(32)]
    assert evaluate_exact(graph, x) == evaluate_exact(back, x)


@given(graphs())
def test_every_graph_comes_back(graph: Graph):
    back = graph_from_json(json.loads(json.dumps(graph_to_json(graph))))
    assert same(graph, back)
    assert graph_digest(graph) == graph_digest(back)


def changed(k: int, **values) -> Graph:
    graph = specimen()
    nodes = list(graph.nodes)
    nodes[k] = replace(nodes[k], op=replace(nodes[k].op, **values))
    return Graph(graph.input_shape, tuple(nodes), graph.name)


def nudged(a: np.ndarray) -> np.ndarray:
    b = a.copy()
    b.flat[-1] = np.nextafter(b.flat[-1], np.inf)
    return b


OTHERS = {
    "one weight by one bit": changed(8, weight=nudged(specimen().nodes[8].op.weight)),
    "one bias by one bit": changed(0, bias=nudged(specimen().nodes[0].op.bias)),
    "slope": changed(1, slope=np.nextafter(0.1, 1)),
    "coefficient": changed(4, coefficients=(0.5, 1 / 3)),
    "one position": changed(9, index=np.array([14, -1, 0, 13])),
    "one constant by one bit": changed(9, fill=np.array([0.0, np.nextafter(0.1, 1), 0.0, 0.0])),
    "counting of the padding": changed(3, count_include_pad=True),
    "padding": changed(2, padding=(1, 0, 0, 1)),
    "the order of additions": Graph(
        (2, 4, 4), (*specimen().nodes[:4], Node(Combine((-1 / 3, 0.5)), (4, 4), "sum"), *specimen().nodes[5:])
    ),
    "input": Graph((2, 4, 4), (*specimen().nodes[:4], Node(Combine((0.5, -1 / 3)), (4, 4), "sum"))),
    "kind": Graph((2, 4, 4), (*specimen().nodes[:6], Node(LeakyRelu(0.0), (6,), "relu"), *specimen().nodes[7:])),
    "the input's shape": Graph((8,), (Node(Relu(), (0,), "r"),)),
    "the input's other shape": Graph((2, 4), (Node(Relu(), (0,), "r"),)),
}


def test_the_digest_changes_with_everything_that_counts():
    digests = [graph_digest(specimen()), *map(graph_digest, OTHERS.values())]
    assert len(set(digests)) == 1 + len(OTHERS)


def test_the_digest_does_not_change_with_names_or_with_the_sign_of_zero():
    graph = specimen()
    renamed = Graph(graph.input_shape, tuple(replace(n, name=f"other {n.name}") for n in graph.nodes), "other")
    bias = graph.nodes[0].op.bias
    assert np.signbit(bias[1])
    assert graph_digest(renamed) == graph_digest(graph) == graph_digest(changed(0, bias=bias + 0.0))


def test_the_digest_is_the_same_in_another_process():
    code = (
        "import json, sys; from attrtheory.models.serial import graph_digest, graph_from_json; "
        "print(graph_digest(graph_from_json(json.load(sys.stdin))))"
    )
    text = json.dumps(graph_to_json(specimen()))
    for seed in ("1", "2"):
        env = {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", code]
        run = subprocess.run(command, input=text, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
        assert run.stdout.strip() == graph_digest(specimen())


def test_integers_where_floats_are_meant_are_written_as_floats():
    graph = Graph((1,), (Node(LeakyRelu(0), (0,), "a"), Node(Combine((1,)), (1,), "b")))
    back = graph_from_json(graph_to_json(graph))
    assert (back.nodes[0].op.slope, back.nodes[1].op.coefficients) == (0.0, (1.0,))
