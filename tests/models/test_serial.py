"""A graph survives JSON, its digest names its content, and no damaged file gets in."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from base64 import b64decode, b64encode
from dataclasses import fields, replace
from fractions import Fraction as Q
from pathlib import Path

import numpy as np
import pytest
from graphs import graphs
from hypothesis import given
from hypothesis import strategies as st

from attrtheory.errors import BadInput
from attrtheory.models.exact_graph import evaluate_exact
from attrtheory.models.graph import Graph, Node
from attrtheory.models.ops import (
    AvgPool2d,
    Combine,
    Conv2d,
    LeakyRelu,
    Linear,
    MaxPool2d,
    Relu,
    Reshape,
    Scale,
)
from attrtheory.models.serial import MOST_NODES, OPS, graph_digest, graph_from_json, graph_to_json

ROOT = Path(__file__).parents[2]


def specimen() -> Graph:
    """One layer of each kind."""
    w = np.arange(16.0).reshape(2, 2, 2, 2) / 8
    pads = (0, 1, 1, 0)
    nodes = (
        Node(Conv2d(w, np.array([0.1, -0.0]), (1, 2), pads, (1, 1), 1), (0,), "conv"),
        Node(LeakyRelu(0.1), (1,), "leaky"),
        Node(MaxPool2d((2, 2), (1, 1), pads, (1, 1)), (2,), "max"),
        Node(AvgPool2d((2, 1), (1, 1), (0, 0, 0, 0), False), (3,), "avg"),
        Node(Combine((0.5, -1 / 3)), (4, 4), "sum"),
        Node(Scale(np.array(1.5), np.full((2, 1, 1), 0.3)), (5,), "scale"),
        Node(Relu(), (6,), "relu"),
        Node(Reshape((12,)), (7,), "flat"),
        Node(Linear(np.linspace(-1, 1, 36).reshape(3, 12), np.array([1.0, 2.0, 3.0])), (8,), "linear"),
    )
    return Graph((2, 4, 4), nodes, "specimen")


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
    assert all(
        not v.flags.writeable for n in back.nodes for v in vars(n.op).values() if isinstance(v, np.ndarray)
    )
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
    "counting of the padding": changed(3, count_include_pad=True),
    "padding": changed(2, padding=(1, 0, 0, 1)),
    "the order of additions": Graph(
        (2, 4, 4), (*specimen().nodes[:4], Node(Combine((-1 / 3, 0.5)), (4, 4), "sum"), *specimen().nodes[5:])
    ),
    "input": Graph((2, 4, 4), (*specimen().nodes[:4], Node(Combine((0.5, -1 / 3)), (4, 4), "sum"))),
    "kind": Graph(
        (2, 4, 4), (*specimen().nodes[:6], Node(LeakyRelu(0.0), (6,), "relu"), *specimen().nodes[7:])
    ),
    "the input's shape": Graph((8,), (Node(Relu(), (0,), "r"),)),
    "the input's other shape": Graph((2, 4), (Node(Relu(), (0,), "r"),)),
}


def test_the_digest_changes_with_everything_that_counts():
    digests = [graph_digest(specimen()), *map(graph_digest, OTHERS.values())]
    assert len(set(digests)) == 1 + len(OTHERS)


def test_the_digest_does_not_change_with_names_or_with_the_sign_of_zero():
    graph = specimen()
    renamed = Graph(
        graph.input_shape, tuple(replace(n, name=f"other {n.name}") for n in graph.nodes), "other"
    )
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
        run = subprocess.run(
            command, input=text, cwd=ROOT, env=env, capture_output=True, text=True, check=True
        )
        assert run.stdout.strip() == graph_digest(specimen())


def test_integers_where_floats_are_meant_are_written_as_floats():
    graph = Graph((1,), (Node(LeakyRelu(0), (0,), "a"), Node(Combine((1,)), (1,), "b")))
    back = graph_from_json(graph_to_json(graph))
    assert (back.nodes[0].op.slope, back.nodes[1].op.coefficients) == (0.0, (1.0,))


def put(data, path, value):
    for key in path[:-1]:
        data = data[key]
    data[path[-1]] = value


B64 = b64encode(np.array([np.nan, 1.0]).astype("<f8").tobytes()).decode()
BAD = [
    (["format"], "other"),
    (["version"], 2),
    (["version"], "1"),
    (["extra"], 1),
    (["name"], 3),
    (["name"], "x" * 2000),
    (["input_shape"], []),
    (["input_shape"], [0]),
    (["input_shape"], [2.0, 4, 4]),
    (["input_shape"], [True, 4, 4]),
    (["input_shape"], "244"),
    (["input_shape"], [2**20, 2**20]),
    (["input_shape"], [1] * 40),
    (["nodes"], {}),
    (["nodes"], [None]),
    (["nodes"], [{}]),
    (["nodes"], [{"op": "Relu"}] * (MOST_NODES + 1)),
    (["nodes", 6, "op"], "Gelu"),
    (["nodes", 6, "op"], ["Relu"]),
    (["nodes", 6, "slope"], "0x1p0"),
    (["nodes", 6, "inputs"], [7]),
    (["nodes", 6, "inputs"], [-1]),
    (["nodes", 6, "inputs"], []),
    (["nodes", 6, "inputs"], 6),
    (["nodes", 6, "inputs"], [6, 6]),
    (["nodes", 6, "name"], None),
    (["nodes", 1, "slope"], 0.1),
    (["nodes", 1, "slope"], "nan"),
    (["nodes", 1, "slope"], "inf"),
    (["nodes", 1, "slope"], "0x1p99999"),
    (["nodes", 1, "slope"], "ten"),
    (["nodes", 4, "coefficients"], ["0x1p0"]),
    (["nodes", 4, "coefficients"], "0x1p0"),
    (["nodes", 4, "coefficients"], [1]),
    (["nodes", 0, "stride"], [1]),
    (["nodes", 0, "stride"], [0, 1]),
    (["nodes", 0, "padding"], [0, 1, 1]),
    (["nodes", 0, "padding"], [0, -1, 1, 0]),
    (["nodes", 0, "padding"], [2**30] * 4),
    (["nodes", 0, "groups"], 0),
    (["nodes", 0, "groups"], 2),
    (["nodes", 0, "groups"], "1"),
    (["nodes", 0, "groups"], True),
    (["nodes", 0, "dilation"], [1, 2**40]),
    (["nodes", 2, "kernel"], [9, 9]),
    (["nodes", 2, "padding"], [3, 3, 3, 3]),
    (["nodes", 3, "count_include_pad"], 1),
    (["nodes", 7, "target"], [13]),
    (["nodes", 7, "target"], [-3, -4]),
    (["nodes", 7, "target"], [12, 1, 1.0]),
    (["nodes", 8, "weight"], [[1.0]]),
    (["nodes", 8, "weight", "shape"], [12, 3]),
    (["nodes", 8, "weight", "shape"], [3, 11]),
    (["nodes", 8, "weight", "shape"], [36]),
    (["nodes", 8, "weight", "shape"], [2**30, 2**30]),
    (["nodes", 8, "weight", "shape"], [-3, -12]),
    (["nodes", 8, "weight", "data"], "!!"),
    (["nodes", 8, "weight", "data"], 5),
    (["nodes", 8, "weight", "data"], "é"),
    (["nodes", 8, "weight", "dtype"], "f4"),
    (["nodes", 8, "bias"], {"shape": [2], "data": B64}),
    (["nodes", 8, "bias", "shape"], [3, 1]),
    (["nodes", 5, "scale"], {"shape": [7], "data": b64encode(bytes(56)).decode()}),
    (["nodes", 5, "scale"], {"shape": [5, 2, 3, 2], "data": b64encode(bytes(480)).decode()}),
]


@pytest.mark.parametrize("path, value", BAD, ids=lambda v: repr(v)[:40])
def test_a_damaged_file_is_refused(path, value):
    data = graph_to_json(specimen())
    put(data, path, value)
    with pytest.raises(BadInput):
        graph_from_json(data)


@pytest.mark.parametrize("key", ["format", "nodes", "name"])
def test_a_missing_key_is_refused(key: str):
    data = graph_to_json(specimen())
    del data[key]
    with pytest.raises(BadInput, match="exactly the keys"):
        graph_from_json(data)


@pytest.mark.parametrize("data", [None, [], "graph", 3])
def test_something_else_is_refused(data):
    with pytest.raises(BadInput, match="JSON object"):
        graph_from_json(data)


def test_nan_in_the_bytes_is_refused():
    data = graph_to_json(Graph((1,), (Node(Linear(np.ones((2, 1)), np.zeros(2)), (0,), "l"),)))
    data["nodes"][0]["bias"]["data"] = B64
    with pytest.raises(BadInput, match="infinite or NaN"):
        graph_from_json(data)
    assert np.isnan(np.frombuffer(b64decode(B64), "<f8")).any()


def test_the_error_names_the_node():
    data = graph_to_json(specimen())
    data["nodes"][4]["inputs"] = [4, 0]
    with pytest.raises(BadInput, match=r"node 5: inputs of an addition must have one shape"):
        graph_from_json(data)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(),
    lambda s: st.lists(s, max_size=3),
    max_leaves=4,
)


def leaves(data, path=()):
    if isinstance(data, dict | list) and data:
        for key in data if isinstance(data, dict) else range(len(data)):
            yield from leaves(data[key], (*path, key))
    else:
        yield path


@given(st.data())
def test_any_one_change_is_refused_or_gives_another_graph(data):
    before = graph_to_json(specimen())
    path = data.draw(st.sampled_from([p for p in leaves(before) if p != ("name",) and p[-1] != "name"]))
    value = data.draw(JUNK)
    after = copy.deepcopy(before)
    put(after, path, value)
    old = before
    for key in path:
        old = old[key]
    try:
        graph = graph_from_json(after)
    except BadInput:
        return
    assert type(value) is type(old)
    assert (graph_digest(graph) == graph_digest(specimen())) == (value == old)
