"""Certificates of designs: written, read in another process' way, and rejected where anything in them is changed."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from attrtheory.errors import BadCertificate, BadInput
from attrtheory.metrics.design import (
    SumOfSquares,
    check_design,
    completeness_from,
    design,
    design_certificate,
    energy,
    exact_on,
    grid,
    hybrid_points,
    hybrids,
    mean_fidelity,
    mean_infidelity,
    moments,
    near,
    priced,
)
from attrtheory.models.dsl import parse_model
from attrtheory.prove.certificate import seal

F = parse_model("x1*x2 + relu(x1 - 2*x2)")
PLAIN = hybrids(2)
FOUND = {
    "variation": design(PLAIN, ["completeness", "dummy"]),
    "prices": design(PLAIN, ["completeness", "dummy"], priced(PLAIN, lambda p: 1 + p[0])),
    "squares": design(grid(2, 2), ["completeness", "dummy", "symmetry"], energy(2)),
    "models": design(PLAIN, ["completeness"], mean_infidelity(PLAIN, [[1, 0], [0, 1]], models=[F])),
    "positive": design(PLAIN, ["positive", moments([1, 1], [["1/3", 1], [0, "1/2"]])]),
    "fixed": design(hybrid_points([1, 2], [0, 0]), [completeness_from([0, 0]), near([[0, 0]], 2), exact_on(F, [1, 1])]),
}
CONTENT = {name: json.loads(design_certificate(found)) for name, found in FOUND.items()}


@pytest.mark.parametrize("name", FOUND)
def test_a_certificate_is_read_back_as_the_same_design(name: str):
    text = design_certificate(FOUND[name])
    found = check_design(text)
    assert design_certificate(found) == text
    assert (found.masses, found.value) == (FOUND[name].masses, FOUND[name].value)


def changed(content: Any, path: list[Any], value: Any) -> str:
    copy = json.loads(json.dumps(content))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return seal({k: v for k, v in copy.items() if k != "sha256"})


@pytest.mark.parametrize("name", FOUND)
@pytest.mark.parametrize(
    "path, value",
    [
        (["value"], "1/7"), (["weights", 0], "17"), (["weights"], []), (["multipliers"], ["1"]), (["multipliers", 0], "99"),
        (["freedom"], 77), (["freedom"], True), (["support", "x", 0], "5"), (["support", "points", 0, 0], "1/3"),
        (["support", "points", 0], ["0"]), (["support", "points"], []), (["support", "relative"], "yes"),
        (["wishes"], ["completeness", "constants"]),
        (["wishes"], ["complete"]), (["wishes"], [{"made": "eval", "arguments": []}]), (["metric"], {}), (["metric"], None),
        (["format"], 2), (["kind"], "optimum"), (["more"], 1), (["value"], "2/2"), (["support", "relative"], 0),
        (["format"], True), (["format"], 1.0), (["kind"], None), (["weights", 0], 0.5),
        (["weights", 0], "1e999999"), (["support"], 3),
    ],
)  # fmt: skip
def test_what_is_changed_is_rejected(name: str, path: list[Any], value: Any):
    with pytest.raises(BadCertificate):
        check_design(changed(CONTENT[name], path, value))


METRICS = {
    "energy": energy(2),
    "infidelity": mean_infidelity(PLAIN, [[1, 0], [0, 1], [1, 1]], ["1/2", "1/4", "1/4"]),
    "least squares fidelity": mean_fidelity(PLAIN, [0, 1, 2]),
}


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_has_no_name_but_that_of_its_demands(name: str):
    found = design(PLAIN, ["completeness"], METRICS[name])
    text = design_certificate(found)
    assert str(check_design(text).metric) == f"{name} over all models"
    for other in {*METRICS, "Infidelity", "variation", ""} - {name}:
        with pytest.raises(BadCertificate):
            check_design(changed(json.loads(text), ["metric", "squares"], other))
    with pytest.raises(BadCertificate):
        check_design(changed(json.loads(text), ["metric", "target"], False))
    neutral = changed(json.loads(text), ["metric", "squares"], "sum of squares")  # which it is
    assert str(check_design(neutral).metric) == "sum of squares over all models"


@pytest.mark.parametrize("name", [*METRICS, "sum of squares", "mine"])
def test_other_demands_are_a_sum_of_squares(name: str):
    mine = SumOfSquares(name, (replace(METRICS["energy"].demands[0], weight=Fraction(3)), *METRICS["infidelity"].demands))
    text = design_certificate(design(PLAIN, ["completeness"], mine))
    assert str(check_design(text).metric) == "sum of squares over all models"
    with pytest.raises(BadCertificate):
        check_design(changed(json.loads(text), ["metric", "squares"], "infidelity"))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", '{"support": {}}'])
def test_damaged_text_is_rejected(text: str):
    with pytest.raises(BadCertificate):
        check_design(text)


def test_a_changed_byte_is_rejected():
    text = design_certificate(FOUND["squares"])
    for k in range(0, len(text), 97):
        with pytest.raises(BadCertificate):
            check_design(text[:k] + ("0" if text[k] != "0" else "1") + text[k + 1 :])


def test_a_negative_weight_would_make_a_sum_of_squares_prove_nothing():
    content = CONTENT["models"]
    with pytest.raises(BadCertificate, match="negative"):
        check_design(changed(content, ["metric", "demands", 0, 0], "-1/2"))


def test_models_that_are_no_terms_are_refused():
    found = design(PLAIN, [exact_on(lambda y: y[:, 0] * y[:, 1], [0.5, 0.5])])
    with pytest.raises(BadInput, match="parse_model"):
        design_certificate(found)
