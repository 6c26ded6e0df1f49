"""Bad input to the design tool, limits, progress."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from attrtheory.errors import BadInput, TooLarge, Unsupported
from attrtheory.metrics.design import (
    Variation,
    completeness_from,
    design,
    energy,
    exact_on,
    grid,
    hybrid_points,
    hybrids,
    joined,
    mean_fidelity,
    mean_infidelity,
    moments,
    near,
    points_at,
    shapley_kernel,
)
from attrtheory.metrics.design.wishes import shown
from attrtheory.models.dsl import parse_model


@pytest.mark.parametrize(
    "ask, complaint",
    [
        (lambda: design(hybrids(2), ["completenes"]), "no wish"),
        (lambda: design([[0, 0]], ["dummy"]), "support"),  # type: ignore[arg-type]
        (lambda: design(hybrids(2), ["dummy"], "infidelity"), "metric"),  # type: ignore[arg-type]
        (lambda: points_at([1, 1], [0, 0], []), "at least one"),
        (lambda: points_at([1, 1], [0, 0], [[1, 1, 1]]), "2 numbers"),
        (lambda: points_at([1, 1], [0, 0], np.array([[1, np.nan]])), "finite"),
        (lambda: points_at([1, 1], [0], [[1, 1]]), "2 numbers"),
        (lambda: points_at(np.zeros((2, 2)), [0], [[1, 1]]), "numbers"),
        (lambda: hybrids(0), "at least 1"),
        (lambda: grid(2, 1.5), "whole"),  # type: ignore[arg-type]
        (lambda: joined(hybrids(2), hybrid_points([1, 1], [0, 0])), "joined"),
        (lambda: design(hybrids(2), [near([[0]], 1)]), "features"),
        (lambda: design(hybrids(2), [exact_on(parse_model("x1*x2"), [1])]), "attributions"),
        (lambda: design(hybrids(2), [exact_on(parse_model("x1"), [1, 0])]), "1 numbers"),
        (lambda: design(hybrids(2), [moments([1], [[0, 0]])]), "one mass"),
        (lambda: design(hybrids(2), [completeness_from([0])]), "baseline"),
        (lambda: mean_infidelity(hybrids(2), [[1, 0]], [-1]), "negative"),
        (lambda: mean_infidelity(hybrids(2), [[1, 0]], [5]), "add up to 5"),
        (lambda: mean_infidelity(hybrids(2), [[1, 0], [0, 1]], [1, 1]), "add up to 2"),
        (lambda: design(hybrids(2), ["completeness", "dummy", "completeness"]), "completeness is given twice"),
        (lambda: design(hybrids(2), [completeness_from([5, 5])] * 2), "given twice"),
        (lambda: design(hybrids(2), [completeness_from([0, 0]), completeness_from(["0", 0.0])]), "given twice"),
        (lambda: design(hybrids(2), [near([[0, 0]], 1), near([[0, 0]], 1)]), "given twice"),
        (lambda: mean_infidelity(hybrids(2), [[1]]), "2 numbers"),
        (lambda: mean_fidelity(hybrids(2), [1, 1]), "3 numbers"),
        (lambda: mean_fidelity(hybrids(2), [1, 1, 1], models=[]), "no models"),
        (lambda: design(hybrids(2), [], mean_infidelity(hybrids(2), [["1/2", 0]])), "not"),
        (lambda: design(hybrids(2), [], energy(3)), "directions"),
        (lambda: shapley_kernel(0), "at least 1"),
        (lambda: design(hybrids(2), ["dummy"]).attribute(parse_model("x1*x2")), "give both"),
        (lambda: design(hybrids(2), ["dummy"]).attribute(3, [1, 1], [0, 0]), "model"),
        (lambda: design(hybrids(2), ["dummy"]).attribute(lambda y: y[:, 0] / 0, [1, 1], [0, 0]), "finite"),
        (lambda: design(hybrids(2), ["dummy"]).attribute(lambda y: y, [1, 1], [0, 0], target=2), "output 2"),
        (lambda: design(hybrid_points([1], [0]), ["dummy"]).attribute(parse_model("x1"), [1], [0]), "leave x"),
        (lambda: design(hybrid_points([1], [0]), ["dummy"]).method("m"), "no method"),
        (lambda: design(hybrids(2), ["dummy"]).method("m").all(parse_model("x1"), [1], [[0]]), "designed for 2"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning", "ignore:invalid value:RuntimeWarning")
def test_bad_input_is_refused_in_words(ask: Any, complaint: str):
    with pytest.raises(BadInput, match=complaint):
        ask()


def test_limits_are_said():
    for ask in (lambda: hybrids(13), lambda: grid(5, 9), lambda: hybrid_points([1] * 13, [0] * 13)):
        with pytest.raises(TooLarge, match="up to"):
            ask()
    with pytest.raises(Unsupported, match="positive"):
        design(hybrids(2), ["positive"], energy(2))


@pytest.mark.parametrize("size", [10**400, Fraction(1, 10**400), -(10**400)], ids=["large", "small", "negative"])
def test_numbers_beyond_floats_are_designed_with(size: Any):
    found = design(points_at([size, 1], [0, 0], [[size, 0], [0, 1], [size, 1], [0, 0]]), ["completeness", "dummy"])
    found.check()
    assert found.attribute(parse_model("x1 + 2*x2")) == [size, 2]


def test_points_in_words():
    assert shown((Fraction(1, 3), Fraction(0.1), Fraction(-5))) == "(1/3, 0.1, -5)"
    assert shown((Fraction(10**400), Fraction(-1, 3 * 10**400), Fraction(10**9 + 1))) == "(1e+400, -3.33333e-401, 1e+9)"


def test_progress_is_told():
    told = list[str]()
    design(hybrids(2), ["completeness"], Variation(), progress=told.append)
    assert told == ["4 equations in 8 weights", "total variation over 4 degrees of freedom"]


def test_every_product_of_coordinates_sees_the_symmetry():
    """mu_i and mu_j agree on models that do not change when features i and j are exchanged."""
    found = design(grid(2, 2), ["symmetry", "affine_exactness"], energy(2))
    for a, b in product(range(3), repeat=2):
        model = parse_model(f"x1**{a or 1} * x2**{b or 1} + x2**{a or 1} * x1**{b or 1}")
        first, second = found.attribute(model, [1, 1], [0, 0])
        assert first == second
