"""Certificates of designs: the support, the wishes, the metric and the proof, as sealed JSON with every number in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from attrtheory.errors import BadCertificate, BadInput
from attrtheory.expr.syntax import dumps, loads, read_rational
from attrtheory.metrics.design.objectives import Demand, Objective, SumOfSquares, Variation, kept_name
from attrtheory.metrics.design.result import Design
from attrtheory.metrics.design.supports import Support
from attrtheory.metrics.design.wishes import MADE, Wish, wished
from attrtheory.metrics.numbers import Vector
from attrtheory.metrics.programs import Optimum
from attrtheory.models.fn import Fn
from attrtheory.prove.certificate import seal, unseal
from attrtheory.prove.check import ILL_FORMED

FORMAT, KIND = 1, "design"


def design_certificate(design: Design) -> str:
    """The text of a design's certificate.

    Raises:
        BadInput: a wish or the metric speaks of a model that is no Fn.
    """
    support, proof = design.support, design.certificate
    return seal({
        "format": FORMAT, "kind": KIND,
        "support": {
            "points": _texts(support.points), "x": _texts(support.x), "baseline": _texts(support.baseline),
            "relative": support.relative,
        },
        "wishes": [_wish(w) for w in design.wishes],
        "metric": _metric(design.metric, support),
        "weights": _texts(proof.solution), "multipliers": _texts(proof.multipliers), "value": str(proof.value),
        "freedom": design.freedom,
    })  # fmt: skip


def check_design(certificate: str | bytes) -> Design:
    """The design of a certificate, re-checked without search: the equations are made again from support and wishes.

    That it is the only one is not on the certificate; it is known afterwards where no freedom is left.

    Raises:
        BadCertificate: damaged or forged.
    """
    content = unseal(certificate)
    try:
        design = _read_design(content)
        design.check()
        same = design_certificate(design) == seal(content)
    except BadCertificate:
        raise
    except ILL_FORMED as error:
        raise BadCertificate(f"the certificate does not prove a design: {error!r}") from error
    if not same:
        raise BadCertificate("the certificate has unknown or unreduced entries, or another format")
    return design


def _read_design(content: dict[str, Any]) -> Design:
    support, freedom = _read_support(content["support"]), content["freedom"]
    if type(freedom) is not int:
        raise BadCertificate(f"freedom is a whole number; got {freedom!r}")
    wishes = tuple(map(_read_wish, content["wishes"]))
    proof = Optimum(_vector(content["weights"]), _vector(content["multipliers"]), read_rational(content["value"]))
    return Design(support, wishes, proof.solution, _read_metric(content["metric"]), proof, freedom, freedom == 0 or None)


def _read_support(data: dict[str, Any]) -> Support:
    support = Support(tuple(map(_vector, data["points"])), _vector(data["x"]), _vector(data["baseline"]), data["relative"])
    if {len(p) for p in (support.baseline, *support.points)} != {support.n} or len(support.place) < len(support.points):
        raise BadCertificate("the support's points are of different lengths, or not distinct")
    if not isinstance(data["relative"], bool):
        raise BadCertificate(f"relative is true or false; got {data['relative']!r}")
    if support.relative and (set(support.x), set(support.baseline)) != ({Fraction(1)}, {Fraction(0)}):
        raise BadCertificate("a relative support goes from (0, .., 0) to (1, .., 1)")
    return support


def _wish(wish: Wish) -> Any:
    if wish.made is None:
        return wish.name
    name, arguments = wish.made
    return {"made": name, "arguments": [_plain(a) for a in arguments]}


def _read_wish(data: Any) -> Wish:
    if isinstance(data, str):
        return wished([data])[0]
    return MADE[data["made"]](*map(_read, data["arguments"]))


def _metric(metric: Objective, support: Support) -> Any:
    if isinstance(metric, Variation):
        return {"variation": None if metric.prices is None else _pairs(metric.prices)}
    demands = [[str(d.weight), _texts(d.direction), _pairs(d.target)] for d in metric.demands]
    models = None if metric.models is None else [_plain(f) for f in metric.models]
    return {"squares": kept_name(metric, support), "demands": demands, "models": models, "target": metric.target}


def _read_metric(data: Any) -> Objective:
    if "variation" in data:
        prices = data["variation"]
        return Variation(None if prices is None else _table(prices))
    demands = tuple(Demand(read_rational(w), _vector(d), _table(t)) for w, d, t in data["demands"])
    if not demands or any(d.weight < 0 for d in demands):
        raise BadCertificate("a sum of squares has demands, and no negative weights")
    if type(data["target"]) is not int:
        raise BadCertificate(f"target is a whole number; got {data['target']!r}")
    models = None if data["models"] is None else tuple(map(_read, data["models"]))
    return SumOfSquares(str(data["squares"]), demands, models, data["target"])


def _plain(value: Any) -> Any:
    """Numbers as text, points as lists, a model as its names and its term."""
    if isinstance(value, Fn):
        return {"names": list(value.names), "body": dumps(value.body)}
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    if isinstance(value, Fraction | int):
        return str(value) if isinstance(value, Fraction) else value
    raise BadInput(f"a certificate holds models as Fn only; got {type(value).__name__}. Write it with parse_model")


def _read(value: Any) -> Any:
    return Fn(tuple(value["names"]), loads(value["body"])) if isinstance(value, dict) else value


def _texts(values: Sequence[Any]) -> list[Any]:
    return [str(v) if isinstance(v, Fraction) else _texts(v) for v in values]


def _vector(values: Any) -> Vector:
    if not isinstance(values, list):
        raise BadCertificate(f"a list of numbers is asked for; got {values!r}")
    return tuple(read_rational(v) for v in values)


def _pairs(table: Mapping[Vector, Fraction]) -> list[Any]:
    return [[_texts(p), str(q)] for p, q in table.items()]


def _table(rows: Any) -> dict[Vector, Fraction]:
    return {_vector(p): read_rational(q) for p, q in rows}
