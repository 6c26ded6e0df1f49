"""What is explained: a model at an input, beside a baseline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from attrtheory.errors import BadInput
from attrtheory.expr.syntax import dumps, loads
from attrtheory.expr.term import lift
from attrtheory.lower.network_fn import NetworkFn
from attrtheory.methods import Method, get_method
from attrtheory.metrics.columns import values_at, values_between
from attrtheory.metrics.numbers import Vector, vector
from attrtheory.models.fn import Fn, variables
from attrtheory.models.graph import Graph
from attrtheory.models.serial import graph_digest
from attrtheory.semantics.exact import evaluate

Graphs = Callable[[str], Graph]  # a network by its digest


@dataclass(frozen=True, eq=False)
class Explained:
    """A model at `x`. An Fn or a Graph (its output `target`) is evaluated in rationals, trust "exact".

    A torch module, or a function of a float64 array (rows, features), is taken at the float values that it returns, trust
    "float"; what is done with them is exact.
    """

    model: Any
    x: Vector
    baseline: Vector | None = None
    target: int = 0

    @property
    def n(self) -> int:
        return len(self.x)

    @property
    def trust(self) -> Literal["exact", "float"]:
        return "exact" if isinstance(self.model, Fn | Graph) else "float"

    def values(self, points: Sequence[Vector]) -> list[Fraction]:
        """The model at points."""
        if isinstance(self.model, Fn):
            return values_at(self.model, points)
        if isinstance(self.model, Graph):
            network = NetworkFn(self.model, self.target)
            return [network(*p) for p in points]
        from attrtheory.metrics.floating import float_values

        return float_values(self.model, points, self.target)

    def mixtures(self, kept: np.ndarray) -> list[Fraction]:
        """The model at the input where `kept` (points, features), at the baseline elsewhere."""
        if isinstance(self.model, Fn):
            return values_between(self.model, self.x, self.beside(), kept)
        return self.values([self.masked(row) for row in kept.tolist()])

    def labelled(self, q: Fraction) -> Fraction | float:
        """A result as a Fraction where it is exact, as a float where the model is one."""
        return q if self.trust == "exact" else float(q)

    def beside(self) -> Vector:
        """The baseline, where one is needed."""
        if self.baseline is None:
            raise BadInput("this needs a baseline; give baseline=..., one number for each feature")
        return self.baseline

    def masked(self, members: Sequence[Any]) -> Vector:
        """The input on the members, the baseline elsewhere."""
        return tuple(a if m else b for a, b, m in zip(self.x, self.beside(), members, strict=True))

    def difference(self) -> Fraction:
        """What complete attributions add up to."""
        top, bottom = self.values([self.x, self.beside()])
        return top - bottom

    def attributions(self, given: Any, at: Vector | None = None) -> Vector:
        """A vector of attributions, or those of a method (or its name) at `at`, by default the input."""
        if not isinstance(given, Method | str):
            return vector(given, "attribution", self.n)
        method = get_method(given) if isinstance(given, str) else given
        if not isinstance(self.model, Fn | Graph):
            raise BadInput("a method runs on a Fn or a Graph (from_torch makes one); for other models give numbers")
        view = self.model if isinstance(self.model, Fn) else NetworkFn(self.model, self.target)
        values = method.all(view, self.x if at is None else at, [self.beside()])
        return tuple(evaluate(lift(v), {}) for v in values)

    def to_json(self) -> dict[str, Any]:
        """The question as plain data; the name of a network is its digest."""
        if isinstance(self.model, Fn):
            named: dict[str, Any] = {"names": list(self.model.names), "body": dumps(self.model.body)}
        elif isinstance(self.model, Graph):
            named = {"network": graph_digest(self.model), "target": self.target}
        else:
            raise BadInput("a certificate needs an exact model, a Fn or a Graph; this one is known by floats only")
        return {"model": named, "x": texts(self.x), "baseline": None if self.baseline is None else texts(self.baseline)}


def texts(values: Sequence[Fraction]) -> list[str]:
    return [str(v) for v in values]


def explained(model: Any, x: Any, baseline: Any = None, target: int = 0) -> Explained:
    """A model at an input, read and checked."""
    n = model.n if isinstance(model, Fn) else model.features if isinstance(model, Graph) else None
    if n is None and not callable(model):
        raise BadInput(f"model: a Fn (parse_model), a Graph (from_torch) or a function of arrays; got {type(model).__name__}")
    point = vector(x, "x", n)
    if not point:
        raise BadInput("x: at least one feature is needed")
    if isinstance(model, Fn) and (loose := sorted(set(variables(model.body)) - set(model.names))):
        raise BadInput(f"the model reads {', '.join(loose)}, which is no input; put numbers in the place of parameters")
    outputs = model.outputs if isinstance(model, Graph) else 1 if isinstance(model, Fn) else None
    if type(target) is not int or target < 0 or (outputs is not None and target >= outputs):
        raise BadInput(f"target: got {target!r}; the model has {outputs or 'no such'} output(s), from 0")
    return Explained(model, point, None if baseline is None else vector(baseline, "baseline", len(point)), target)


def explained_from_json(data: Any, graphs: Graphs | None) -> Explained:
    """The question that `to_json` wrote."""
    named = data["model"]
    if "network" in named:
        if graphs is None:
            raise BadInput("the metric is of a network; give graphs, a function from its digest to the Graph")
        model: Any = graphs(str(named["network"]))
        return explained(model, data["x"], data["baseline"], named["target"])
    return explained(Fn(tuple(named["names"]), loads(named["body"])), data["x"], data["baseline"])
