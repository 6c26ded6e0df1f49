"""Certificates of optima: the metric by name with its model, input and baseline, and the evidence, as sealed JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrtheory.errors import BadCertificate, BadInput
from attrtheory.expr.syntax import read_rational
from attrtheory.metrics.curve_bounds import check_bounds
from attrtheory.metrics.curves import Curve, deletion, insertion
from attrtheory.metrics.explained import Explained, Graphs, explained_from_json
from attrtheory.metrics.fidelity import fidelity, local_fidelity
from attrtheory.metrics.infidelity import infidelity
from attrtheory.metrics.least_squares import LeastSquares, LeastSquaresOptimum
from attrtheory.metrics.max_sensitivity import MaxSensitivity, check_sensitivity, max_sensitivity
from attrtheory.metrics.numbers import Vector
from attrtheory.metrics.optimum import Optimum
from attrtheory.metrics.orders import CurveOptimum, check_potential
from attrtheory.metrics.sensitivity_n import Correlation, CorrelationOptimum, sensitivity_n, sensitivity_n_correlation
from attrtheory.prove.certificate import seal, unseal
from attrtheory.prove.check import ILL_FORMED

FORMAT, KIND = 1, "optimum"
Metric = LeastSquares | Correlation | Curve | MaxSensitivity

MAKERS: Mapping[str, Callable[[Explained, dict[str, Any]], Metric]] = {
    "infidelity": lambda q, p: infidelity(q.model, q.x, **p, baseline=q.baseline, target=q.target),
    "fidelity": lambda q, p: fidelity(q.model, q.x, q.baseline, _rows(p.pop("masks")), **p, target=q.target),
    "local_fidelity": lambda q, p: local_fidelity(q.model, q.x, **p, baseline=q.baseline, target=q.target),
    "sensitivity_n": lambda q, p: sensitivity_n(q.model, q.x, q.baseline, **p, target=q.target),
    "sensitivity_n_correlation": lambda q, p: sensitivity_n_correlation(q.model, q.x, q.baseline, **p, target=q.target),
    "deletion": lambda q, p: deletion(q.model, q.x, q.baseline, **p, target=q.target),
    "insertion": lambda q, p: insertion(q.model, q.x, q.baseline, **p, target=q.target),
    "max_sensitivity": lambda q, p: max_sensitivity(q.model, q.x, **p, baseline=q.baseline, target=q.target),
}


def optimum_certificate(optimum: Optimum) -> str:
    """The text of an optimum's certificate; exact models only."""
    return seal({"format": FORMAT, "kind": KIND, "metric": optimum.metric.to_json(), "evidence": optimum.evidence()})


def check_optimum(certificate: str | bytes, metric: Metric | None = None, graphs: Graphs | None = None) -> Optimum:
    """What a certificate establishes, re-checked without search; with `metric`, it must be for that metric.

    The metric is built anew from the model, the input, the baseline and the parameters that the certificate names, and the
    model is evaluated again. `graphs` finds a network by its digest.

    Raises:
        BadCertificate: damaged, forged, or for another metric.
    """
    if not isinstance(certificate, str | bytes):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise BadInput(f"certificate: its text is asked for; got {type(certificate).__name__}")
    content = unseal(certificate)
    if set(content) != {"format", "kind", "metric", "evidence"} or content["kind"] != KIND:
        raise BadCertificate("not the certificate of an optimum")
    if type(content["format"]) is not int or content["format"] != FORMAT:
        raise BadCertificate(f"certificate format {content['format']!r}; this version reads format {FORMAT}")
    if metric is not None and metric.to_json() != content["metric"]:
        raise BadCertificate("the certificate is for another metric, model or input")
    try:
        found = _established(metric_from_json(content["metric"], graphs), content["evidence"])
        same = found.evidence() == content["evidence"]
    except BadCertificate:
        raise
    except ILL_FORMED as error:
        raise BadCertificate(f"the certificate does not prove an optimum: {error!r}") from error
    if not same:
        raise BadCertificate("the evidence has other values than found, or unknown or unreduced entries")
    return found


def metric_from_json(data: Any, graphs: Graphs | None) -> Metric:
    """The metric that `to_json` wrote; anything else is refused."""
    if set(data) != {"name", "question", "parameters"} or data["name"] not in MAKERS:
        raise BadCertificate(f"no such metric; there are {', '.join(MAKERS)}")
    metric = MAKERS[data["name"]](explained_from_json(data["question"], graphs), dict(data["parameters"]))
    if metric.to_json() != data:
        raise BadCertificate("a metric with unknown, missing or unreduced entries")
    return metric


def _established(metric: Metric, evidence: dict[str, Any]) -> Optimum:
    match metric:
        case LeastSquares():
            return _least_squares(metric, evidence)
        case Correlation():
            return _correlation(metric, evidence)
        case MaxSensitivity():
            return check_sensitivity(metric, evidence)
        case Curve() if "potential" in evidence:
            order, potential = _integers(evidence["order"]), _integers(evidence["potential"])
            (denominator,) = _integers([evidence["denominator"]])
            check_potential(metric, order, potential, denominator)
            return CurveOptimum(metric, order, potential, denominator)
        case Curve():
            return check_bounds(metric, _integers(evidence["order"]))


def _least_squares(metric: LeastSquares, evidence: dict[str, Any]) -> LeastSquaresOptimum:
    complete, zero = evidence["complete"], _integers(evidence["zero"])
    if type(complete) is not bool:
        raise BadCertificate("complete is true or false")
    a, multipliers = _vector(evidence["attribution"]), _vector(evidence["multipliers"])
    directions, inverse = (tuple(map(_vector, evidence[k])) for k in ("directions", "inverse"))
    held = metric.constraints(complete=complete, zero=zero)
    metric.quadratic.check(held, a, multipliers, directions, inverse)
    return LeastSquaresOptimum(metric, complete, zero, a, multipliers, directions, inverse)


def _correlation(metric: Correlation, evidence: dict[str, Any]) -> CorrelationOptimum:
    q, a = metric.squares.quadratic, _vector(evidence["attribution"])
    if len(a) != q.n or (any(q.linear) and any(q.slope(a))):
        raise BadCertificate("the normal equations of the regression do not hold")
    return CorrelationOptimum(metric, a)


def _rows(masks: Any) -> list[list[int]]:
    return [[int(v) for v in mask] for mask in masks]


def _vector(texts: Any) -> Vector:
    if type(texts) is not list:
        raise BadCertificate("a vector is a list of rationals")
    return tuple(read_rational(v) for v in texts)


def _integers(values: Any) -> tuple[int, ...]:
    if type(values) is not list or any(type(v) is not int for v in values):
        raise BadCertificate("whole numbers are asked for")
    return tuple(values)
