"""A graph as JSON and back, and its digest. Weights are base64 of little-endian float64 (positions: int64), numbers hex."""

from __future__ import annotations

import base64
import json
from binascii import Error as NotBase64
from dataclasses import fields
from hashlib import sha256
from math import isfinite, prod
from typing import Any, get_args

import numpy as np

from attrtheory.errors import AttrTheoryError, BadInput
from attrtheory.models.checks import LARGEST_VALUE, check, exact_array, positions, require
from attrtheory.models.graph import Graph, Node
from attrtheory.models.ops import Array, Op, Positions, Shape

FORMAT, VERSION = "attrtheory-graph", 1
MOST_NODES, MOST_AXES, LONGEST_NAME, LARGEST_INT = 100_000, 32, 1_000, 2**31
OPS: dict[str, type[Op]] = {op.__name__: op for op in get_args(Op)}


def graph_to_json(graph: Graph) -> dict[str, Any]:
    """Plain lists, strings and whole numbers, ready for `json.dumps`."""
    nodes = [{"name": n.name, **_content(n)} for n in graph.nodes]
    shape = list(graph.input_shape)
    return {"format": FORMAT, "version": VERSION, "name": graph.name, "input_shape": shape, "nodes": nodes}


def graph_digest(graph: Graph) -> str:
    """sha256 of what the graph computes and how; names don't count."""
    content = [FORMAT, VERSION, list(graph.input_shape), [_content(node) for node in graph.nodes]]
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def graph_from_json(data: dict[str, Any]) -> Graph:
    """The graph that was written; everything is checked, and what is not understood is refused."""
    file = _keys(data, "the file", {"format", "version", "name", "input_shape", "nodes"})
    known = file["format"] == FORMAT and _int(file["version"], "version") == VERSION
    require(known, f"this is not a file of {FORMAT!r}, version {VERSION}")
    shapes: list[Shape] = [_ints(file["input_shape"], "input_shape", least=1)]
    fits = shapes[0] and prod(shapes[0]) <= LARGEST_VALUE
    require(fits, f"input_shape {shapes[0]} must have 1 to {LARGEST_VALUE:,} entries")
    listed = isinstance(file["nodes"], list) and len(file["nodes"]) <= MOST_NODES
    require(listed, f"nodes must be a list of at most {MOST_NODES:,} nodes")
    nodes: list[Node] = []
    for k, entry in enumerate(file["nodes"], start=1):
        try:
            node = _node(entry, k)
            shapes.append(check(node.op, *(shapes[i] for i in node.inputs)))
        except AttrTheoryError as error:
            raise BadInput(f"node {k}: {error}") from None
        nodes.append(node)
    return Graph(shapes[0], tuple(nodes), _text(file["name"], "name"))


def _content(node: Node) -> dict[str, Any]:
    values = {f.name: _write(getattr(node.op, f.name), str(f.type)) for f in fields(node.op)}
    return {"op": type(node.op).__name__, "inputs": list(node.inputs), **values}


def _write(value: Any, kind: str) -> Any:
    match kind:
        case "Array":  # + 0.0: the rational 0 has one spelling, not also -0.0
            return _packed(value + 0.0, "<f8")
        case "Positions":
            return _packed(value, "<i8")
        case "float":
            return (float(value) + 0.0).hex()
        case "tuple[float, ...]":
            return [_write(v, "float") for v in value]
        case "int" | "bool":
            return {"int": int, "bool": bool}[kind](value)
        case _:
            return [int(v) for v in value]


def _packed(value: Array, kind: str) -> dict[str, Any]:
    return {"shape": list(value.shape), "data": base64.b64encode(value.astype(kind).tobytes()).decode()}


def _node(entry: Any, k: int) -> Node:
    kind = entry.get("op") if isinstance(entry, dict) else None
    require(isinstance(kind, str) and kind in OPS, f"op must be one of {', '.join(OPS)}")
    op = OPS[entry["op"]]
    _keys(entry, "the node", {"op", "name", "inputs", *(f.name for f in fields(op))})
    inputs = _ints(entry["inputs"], "inputs", least=0, most_entries=MOST_NODES)
    require(inputs and max(inputs) < k, f"inputs must be values before it, 0 to {k - 1}; got {inputs}")
    values = {f.name: _READ[str(f.type)](entry[f.name], f.name) for f in fields(op)}
    return Node(op(**values), inputs, _text(entry["name"], "name"))


def _keys(data: Any, what: str, expected: set[str]) -> dict[str, Any]:
    require(isinstance(data, dict), f"{what} must be a JSON object; got {type(data).__name__}")
    given = sorted(map(str, data))
    require(set(data) == expected, f"{what} must have exactly the keys {sorted(expected)}; got {given}")
    return data


def _text(value: Any, what: str) -> str:
    ok = isinstance(value, str) and len(value) <= LONGEST_NAME
    require(ok, f"{what} must be text of at most {LONGEST_NAME} characters")
    return value


def _int(value: Any, what: str, least: int = 0) -> int:
    ok = isinstance(value, int) and not isinstance(value, bool) and least <= value <= LARGEST_INT
    require(ok, f"{what} must hold whole numbers from {least} to {LARGEST_INT}; got {value!r:.60}")
    return value


def _ints(
    value: Any, what: str, least: int = 0, entries: int | None = None, most_entries: int = MOST_AXES
) -> tuple[int, ...]:
    ok = isinstance(value, list) and len(value) <= most_entries and entries in (None, len(value))
    require(ok, f"{what} must be a list of {entries or f'at most {most_entries}'} whole numbers")
    return tuple(_int(v, what, least) for v in value)


def _bool(value: Any, what: str) -> bool:
    require(isinstance(value, bool), f"{what} must be true or false; got {value!r:.60}")
    return value


def _float(value: Any, what: str) -> float:
    try:
        number = float.fromhex(value)
    except (TypeError, ValueError, OverflowError):
        raise BadInput(f"{what} must be a number in hex, as 0x1.8p-1; got {value!r:.60}") from None
    require(isfinite(number), f"{what} must be finite; got {value!r:.60}")
    return number


def _floats(value: Any, what: str) -> tuple[float, ...]:
    require(isinstance(value, list) and len(value) <= MOST_NODES, f"{what} must be a list of numbers in hex")
    return tuple(_float(v, what) for v in value)


def _array(value: Any, what: str) -> Array:
    return exact_array(_unpacked(value, what, "<f8"), what)


def _positions(value: Any, what: str) -> Positions:
    return positions(_unpacked(value, what, "<i8"))


def _unpacked(value: Any, what: str, kind: str) -> Array:
    entry = _keys(value, what, {"shape", "data"})
    shape = _ints(entry["shape"], what, least=0)
    require(prod(shape) <= LARGEST_VALUE, f"{what} of shape {shape} has more than {LARGEST_VALUE} entries")
    try:
        data = base64.b64decode(entry["data"], validate=True)
    except (TypeError, ValueError, NotBase64):
        raise BadInput(f"{what} must be base64 of little-endian numbers of 8 bytes") from None
    needed = 8 * prod(shape)
    require(len(data) == needed, f"{what} of shape {shape} needs {needed} bytes; got {len(data)}")
    return np.frombuffer(data, dtype=kind).reshape(shape)


_READ = {
    "Array": _array,
    "Positions": _positions,
    "Shape": _ints,
    "Pair": lambda value, what: _ints(value, what, entries=2),
    "tuple[int, int, int, int]": lambda value, what: _ints(value, what, entries=4),
    "tuple[float, ...]": _floats,
    "float": _float,
    "int": _int,
    "bool": _bool,
}
