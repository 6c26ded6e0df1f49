"""Measures and functionals as plain JSON data, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrtheory.errors import BadInput
from attrtheory.expr.syntax import dumps, loads
from attrtheory.measures.functional import Functional
from attrtheory.measures.law import Law, Part, Vector
from attrtheory.measures.measure import Measure

MAX_PARTS = 100_000


def measure_to_json(mu: Measure) -> dict[str, Any]:
    """A measure as data; terms are the text that `expr.dumps` writes."""
    return {"n": mu.n, "parts": [_part_to_json(p) for p in mu.parts]}


def measure_from_json(data: Mapping[str, Any]) -> Measure:
    """The measure that `measure_to_json` wrote.

    Raises:
        BadInput: anything else.
    """
    try:
        if len(data["parts"]) > MAX_PARTS:
            raise BadInput(f"a measure from a file has up to {MAX_PARTS} parts; got {len(data['parts'])}")
        mu = Measure(data["n"], tuple(_part(p) for p in data["parts"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"not a measure: {error!r}") from error
    if measure_to_json(mu) != data:
        raise BadInput("a measure with unknown, missing or unreduced entries")
    return mu


def functional_to_json(g: Functional) -> dict[str, Any]:
    return {"values": measure_to_json(g.values), "slopes": [measure_to_json(nu) for nu in g.slopes]}


def functional_from_json(data: Mapping[str, Any]) -> Functional:
    """The functional that `functional_to_json` wrote.

    Raises:
        BadInput: anything else.
    """
    try:
        found = Functional(measure_from_json(data["values"]), tuple(map(measure_from_json, data["slopes"])))
    except (KeyError, TypeError) as error:
        raise BadInput(f"not a functional: {error!r}") from error
    if functional_to_json(found) != data:
        raise BadInput("a functional with unknown, missing or unreduced entries")
    return found


def _part_to_json(p: Part) -> dict[str, Any]:
    return {
        "weight": dumps(p.weight),
        "origin": _texts(p.law.origin),
        "uniform": [_texts(c) for c in p.law.uniform],
        "normal": [_texts(c) for c in p.law.normal],
        "powers": list(p.powers),
    }


def _part(data: Mapping[str, Any]) -> Part:
    law = Law(_terms(data["origin"]), tuple(map(_terms, data["uniform"])), tuple(map(_terms, data["normal"])))
    return Part(loads(data["weight"]), law, tuple(data["powers"]))


def _texts(v: Vector) -> list[str]:
    return [dumps(t) for t in v]


def _terms(texts: Sequence[str]) -> Vector:
    return tuple(loads(t) for t in texts)
