"""Claims about feature attribution, settled: define a method once, derive it, prove or refute what is claimed, run it.

>>> import attrtheory as at
>>> f = at.parse_model("relu(x1 - 2*x2) + x2")
>>> at.derive("occlusion", f)[0]
-relu(b1 - 2*x2) + relu(x1 - 2*x2)
>>> at.prove(at.Claim(at.get_property("completeness"), at.get_method("occlusion"), at.Given(f))).name
'Refuted'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrtheory.expr import Term, fold, ite, mean01, relu, step, var
from attrtheory.measures.functional import functional_of
from attrtheory.methods import AVERAGES, METHODS, Method, get_functional_method, get_method
from attrtheory.models.dsl import parse_model
from attrtheory.models.families import Dense, Every, Given, Multilinear
from attrtheory.models.fn import Fn, Unknown
from attrtheory.properties import PROPERTIES, Property, get_property
from attrtheory.prove.certificate import from_certificate, to_certificate
from attrtheory.prove.check import check
from attrtheory.prove.claim import Claim, Domain
from attrtheory.prove.discharge import prove
from attrtheory.prove.names import agrees_with, has_formula

if TYPE_CHECKING:
    from attrtheory.api import Attribution, audit, derive, explain
    from attrtheory.models.graph import Graph
    from attrtheory.models.onnx_import import from_onnx
    from attrtheory.models.torch_import import from_torch, from_torch_inputs
    from attrtheory.models.trees import Forest, from_lightgbm, from_sklearn, from_xgboost
    from attrtheory.prove.box import box_query
    from attrtheory.prove.box_bounds import box_bounds
    from attrtheory.prove.box_signs import box_signs

__version__ = "0.1.0"

_LATER = {  # loaded when asked for: these need numpy, torch, onnx or sympy
    "Attribution": "attrtheory.api",
    "Forest": "attrtheory.models.trees",
    "Graph": "attrtheory.models.graph",
    "audit": "attrtheory.api",
    "box_bounds": "attrtheory.prove.box_bounds",
    "box_query": "attrtheory.prove.box",
    "box_signs": "attrtheory.prove.box_signs",
    "derive": "attrtheory.api",
    "explain": "attrtheory.api",
    "from_lightgbm": "attrtheory.models.trees",
    "from_onnx": "attrtheory.models.onnx_import",
    "from_sklearn": "attrtheory.models.trees",
    "from_torch": "attrtheory.models.torch_import",
    "from_torch_inputs": "attrtheory.models.torch_import",
    "from_xgboost": "attrtheory.models.trees",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'attrtheory' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LATER[name]), name)


__all__ = [
    "AVERAGES", "METHODS", "PROPERTIES", "Attribution", "Claim", "Dense", "Domain", "Every", "Fn", "Forest", "Given",
    "Graph", "Method", "Multilinear", "Property", "Term", "Unknown", "agrees_with", "audit", "box_bounds",
    "box_query", "box_signs", "check", "derive", "explain", "fold", "from_certificate", "from_lightgbm", "from_onnx",
    "from_sklearn", "from_torch", "from_torch_inputs", "from_xgboost", "functional_of", "get_functional_method",
    "get_method", "get_property", "has_formula", "ite", "mean01", "parse_model", "prove", "relu", "step",
    "to_certificate", "var",
]  # fmt: skip
