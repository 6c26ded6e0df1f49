"""Methods and properties by name: how a claim writes them down, and reads them back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from attrtheory.errors import BadInput
from attrtheory.expr.syntax import dumps, loads
from attrtheory.expr.term import Term
from attrtheory.methods import METHODS, Method, get_method
from attrtheory.methods.owen import owen
from attrtheory.methods.paths import path_gradients
from attrtheory.properties import PROPERTIES, Property, get_property
from attrtheory.properties.agreement import agreement, formula


def canonical(data: Any) -> str:
    """One text for each JSON value."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def method_to_json(method: Method) -> dict[str, Any]:
    """A method by name; one that is not among METHODS is refused, for nothing could find it again."""
    if not any(m.name == method.name and m.define is method.define for m in METHODS):
        raise BadInput(f"{method} is not among attrtheory.METHODS, so no certificate can name it; add it there")
    data: dict[str, Any] = {"name": method.name}
    if method.define is path_gradients:
        via = dict(method.parameters)["via"]
        data["via"] = via if isinstance(via, str) else [[str(q) for q in t] for t in via]
    if method.define is owen:
        unions = dict(method.parameters)["unions"]
        data["unions"] = unions if isinstance(unions, str) else list(unions)
    if method.background is not None:
        data["background"] = method.background
    return data


def method_from_json(data: Mapping[str, Any]) -> Method:
    return get_method(str(data["name"]), via=data.get("via"), background=data.get("background"), unions=data.get("unions"))


def agrees_with(other: Method) -> Property:
    """The property of agreeing with another method."""
    return agreement(other, "agreement " + canonical(method_to_json(other)))


def has_formula(values: Sequence[Term]) -> Property:
    """The property of being given by these terms, in the claim's variables."""
    given: Any = values
    if not isinstance(given, Sequence) or any(type(v) is not Term for v in values):
        raise BadInput(f"a formula has one term for each feature, such as [var('x1')]; got {str(values)[:80]!r}")
    return formula(values, "formula " + canonical([dumps(v) for v in values]))


def property_to_json(p: Property) -> Any:
    """A property by name; one that only has the name of a property is refused."""
    head, _, rest = p.name.partition(" ")
    if not rest and p not in PROPERTIES:
        raise BadInput(f"{p} is not among attrtheory.PROPERTIES, so no certificate can name it; add it there")
    return {head: json.loads(rest)} if rest else head


def property_from_json(data: Any) -> Property:
    match data:
        case str():
            return get_property(data)
        case {"agreement": method}:
            return agrees_with(method_from_json(method))
        case {"formula": values}:
            return has_formula([loads(v) for v in values])
        case _:
            raise BadInput(f"no such property: {str(data)[:80]}")
