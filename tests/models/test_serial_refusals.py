"""No damaged file becomes a graph."""

from __future__ import annotations

import copy
from base64 import b64decode, b64encode

import numpy as np
import pytest
from graphs import specimen
from hypothesis import given
from hypothesis import strategies as st

from attrtheory.errors import BadInput
from attrtheory.models.graph import Graph, Node
from attrtheory.models.ops import Linear, MaxPool2d
from attrtheory.models.serial import MOST_NODES, graph_digest, graph_from_json, graph_to_json


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
    (["nodes", 9, "index", "data"], b64encode(np.array([15, -1, 0, 14]).astype("<i8").tobytes()).decode()),
    (["nodes", 9, "index", "data"], b64encode(np.array([14, -2, 0, 14]).astype("<i8").tobytes()).decode()),
    (["nodes", 9, "index", "data"], b64encode(np.array([14, 1, 0, 14]).astype("<i8").tobytes()).decode()),
    (["nodes", 9, "index"], [14, -1, 0, 14]),
    (["nodes", 9, "index"], {"shape": [0], "data": ""}),
    (["nodes", 9, "fill", "shape"], [2, 2]),
    (["nodes", 9, "fill", "data"], b64encode(np.full(4, np.inf).astype("<f8").tobytes()).decode()),
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


@pytest.mark.parametrize("noise", ["\n", " ", "!"])
def test_base64_with_anything_else_in_it_is_refused(noise: str):
    data = graph_to_json(specimen())
    good = data["nodes"][8]["bias"]["data"]
    data["nodes"][8]["bias"]["data"] = good[:4] + noise + good[4:]
    with pytest.raises(BadInput, match="base64"):
        graph_from_json(data)


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


def test_windows_that_read_too_much_are_refused():
    data = graph_to_json(Graph((1, 2, 2), (Node(MaxPool2d((2, 1), (1, 1), (1, 0, 1, 0), (1, 1)), (0,), "pool"),)))
    data["nodes"][0] |= {"kernel": [2**31, 1], "padding": [2**30, 0, 2**30, 0]}
    with pytest.raises(BadInput, match="with padding; at most"):
        graph_from_json(data)
