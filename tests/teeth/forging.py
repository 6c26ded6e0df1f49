"""Certificates of every kind, and tools to forge them."""

from __future__ import annotations

import json
from fractions import Fraction
from functools import cache
from typing import Any

from attrtheory.methods import get_method
from attrtheory.models.dsl import parse_model, parse_term
from attrtheory.models.families import Every, Given
from attrtheory.properties import get_property
from attrtheory.prove.certificate import to_certificate, unseal
from attrtheory.prove.claim import Claim, Domain
from attrtheory.prove.discharge import prove
from attrtheory.prove.names import has_formula

Q = Fraction
Content = dict[str, Any]


def claim(prop: Any, method: str, family: Any, **domain: Any) -> Claim:
    family = Given(parse_model(family)) if isinstance(family, str) else Every(family)
    return Claim(get_property(prop) if isinstance(prop, str) else prop, get_method(method), family, Domain(**domain))


NEURON = "(x1 - b1) * ((relu(x1) - relu(b1)) / (x1 - b1) + (1 - step(x1 - b1) - step(b1 - x1)) * step(b1))"
CLAIMS = {
    "normal form": claim("completeness", "shapley", 3),
    "fundamental theorem": claim("completeness", "integrated_gradients", "relu(x1 - 2*x2) + x2"),
    "half-line": claim(has_formula([parse_model(NEURON).body]), "integrated_gradients", "relu(x1)"),
    "decided guards": claim(has_formula([parse_term("1")]), "gradient", "relu(x1)", positive=(parse_term("x1"),)),
    "exact evaluation": claim(
        has_formula([parse_term("3/2"), parse_term("-1/2")]),
        "integrated_gradients",
        "relu(relu(x1) - 1 - relu(x2))",
        x=(Q(3), Q(1)),
        baselines=((Q(0), Q(0)),),
    ),
    "non-negative": claim("non_decreasing_positivity", "shapley", 2),
    "conditional": claim("completeness", "integrated_gradients", 2),
    "smooth": claim("implementation_invariance", "integrated_gradients", 2),
    "refuted": claim("completeness", "occlusion", "x1*x2 + 3*x1", x=(Q(2), Q(3))),
    "refuted for some model": claim("completeness", "banzhaf", 3),
    "vacuous": claim("completeness", "gradient", "x1", lower=(Q(1),), upper=(Q(0),)),
    "solver": claim(
        has_formula([parse_term("2*x1")]),
        "gradient",
        "relu(x1*x1 - 1/2)",  # a guard of second degree: no sum of the box's sides
        lower=(Q(1),),
        upper=(Q(2),),
    ),
}  # fmt: skip
EXPECTED = {
    "refuted": "Refuted",
    "refuted for some model": "Refuted",
    "vacuous": "Vacuous",
    "conditional": "Conditional",
    "smooth": "Conditional",
}


@cache
def text(name: str) -> str:
    return to_certificate(CLAIMS[name], prove(CLAIMS[name]))


def content(name: str) -> Content:
    return json.loads(json.dumps(unseal(text(name))))


def at(data: Content, path: str) -> tuple[Any, Any]:
    """The container of an entry, and its key."""
    *way, last = path.split(".")
    for key in way:
        data = data[int(key) if isinstance(data, list) else key]  # type: ignore[assignment]
    return data, int(last) if isinstance(data, list) else last


def entries(data: Any, path: str = "") -> list[str]:
    """The path of every entry."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [p for key, inner in pairs for p in (f"{path}{key}", *entries(inner, f"{path}{key}."))]
