"""Pictures of functionals: marks carry the mass and the moments of their measure, and every weight is drawn in its colour."""

from __future__ import annotations

from fractions import Fraction
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from attrtheory.errors import BadInput, TooLarge
from attrtheory.expr import var
from attrtheory.measures.functional import Functional, functional_of, nothing, of_measure
from attrtheory.measures.measure import Measure, box, gaussian, point, segment
from attrtheory.measures.parts import integrated
from attrtheory.methods import Method, get_method
from attrtheory.methods.smoothing import smoothgrad
from attrtheory.report import measures as pictures
from attrtheory.report.measure_marks import Cloud, Spot, Stroke, marks
from attrtheory.report.measures import functional_figure
from attrtheory.report.plots import NEGATIVE, POSITIVE

Q = Fraction
X, B = [Q(1), Q(3, 5)], [Q(0), Q(0)]
SMOOTH = Method("smoothgrad", smoothgrad, (("sigma", Q(1, 4)),))


def drawn(functionals: Any, **more: Any) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(functional_figure(functionals, **more))).convert("RGB"))


def total(measure: Measure, weigh: Any = lambda y: 1.0) -> float:
    """The integral of a function, from the marks: sums, the trapezoid rule, a fine grid."""
    out = 0.0
    for m in marks(measure):
        match m:
            case Spot():
                out += m.weight * weigh(m.at)
            case Stroke():
                out += float(np.trapezoid(m.density * weigh(m.points.T), m.variable))
            case Cloud():
                (left, bottom), (right, top) = m.corners().min(axis=0) - 0.3, m.corners().max(axis=0) + 0.3
                x, y = np.meshgrid(np.linspace(left, right, 1201), np.linspace(bottom, top, 1201))
                cell = (right - left) * (top - bottom) / 1200**2
                out += float((m.density(x, y) * weigh(np.stack([x, y]))).sum()) * cell
    return out


MEASURES = {
    "point": 3 * point([1, 2]) - point([0, 0]),
    "segment": 2 * segment([0, 0], [1, 3]),
    "box": box([0, 1], [2, 4]) - point([1, 1]),
    "oblique": box([0, 0], [1, 1]).pushforward([[1, 1], [0, 2]]),
    "normal": gaussian([1, 2], [[Q(1, 2), 0], [Q(1, 4), 1]]),
    "normal line": gaussian([1, 2], [[Q(1, 2), Q(1, 2)]]),
    "smoothgrad": integrated(functional_of(SMOOTH, 2, X, [B])[0]).values,
    "one normal": gaussian([1, 2], [[1, 0]]) + box([5, 1], [5, 2]),
}


@pytest.mark.parametrize("name", MEASURES)
def test_marks_carry_mass_and_moments(name: str):
    measure = MEASURES[name]
    exact = [measure.mass(), measure.moment(0), measure.moment(1), measure.moment(0, 1)]
    weigh = [lambda y: 1.0, lambda y: y[0], lambda y: y[1], lambda y: y[0] * y[1]]
    size = sum(abs(float(p.weight.payload)) for p in measure.parts) + 1
    for value, w in zip(exact, weigh, strict=True):
        assert total(measure, w) == pytest.approx(float(value.payload), abs=0.06 * size)


def test_equal_point_masses_are_one_spot_and_opposite_ones_none():
    (spot,) = marks(point([1, 0]) + 2 * point([1, 0]))
    assert isinstance(spot, Spot)
    assert spot.weight == 3
    assert marks(point([1, 0]) - point([1, 0])) == []


def painted(picture: np.ndarray, colour: str) -> int:
    rgb = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)])
    return int((np.abs(picture.astype(int) - rgb).max(axis=-1) < 40).sum())


@pytest.mark.parametrize("name", ["shapley", "occlusion", "integrated_gradients", "gradient_x_displacement", "banzhaf"])
def test_methods_have_pictures_in_their_colours(name: str):
    picture = drawn(functional_of(get_method(name), 2, X, [B]), x=X, baselines=[B], title=name)
    slopes = name in ("integrated_gradients", "gradient_x_displacement")
    assert (painted(picture, NEGATIVE) > 300) is not slopes
    left, right = np.split(picture, [picture.shape[1] // 2], axis=1)
    assert painted(left[:-60], POSITIVE) > 60  # every panel shows its weights: an arrow at the edge too
    assert painted(right[:-60], POSITIVE) > 60


def test_negative_slopes_are_blue():
    below = functional_of(get_method("gradient_x_displacement"), 2, B, [X])
    picture = drawn(below)
    assert painted(picture, NEGATIVE) > 60
    assert painted(picture, POSITIVE) == 0


def test_smoothgrad_is_drawn_in_both_forms():
    kernel = functional_of(SMOOTH, 2, X, [B])
    values = [integrated(f) for f in kernel]
    for functionals in (kernel, values):
        assert painted(drawn(functionals, x=X), POSITIVE) > 60
    assert painted(drawn(values), NEGATIVE) > 60


def test_equal_pictures_are_equal_bytes():
    shapley = functional_of(get_method("shapley"), 2, X, [B])
    assert functional_figure(shapley, x=X) == functional_figure(shapley, x=X)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(BadInput, match="as numbers"):
        functional_figure(functional_of(get_method("shapley"), 2))
    with pytest.raises(BadInput, match="2 features"):
        functional_figure(functional_of(get_method("shapley"), 3, [1, 2, 3], [[0, 0, 0]]))
    with pytest.raises(BadInput, match="nothing to draw"):
        functional_figure([nothing(2)])
    with pytest.raises(BadInput, match="no functional"):
        functional_figure([])
    with pytest.raises(BadInput, match="as numbers"):
        functional_figure([of_measure(point([0, 0]) * var("w"))])
    with pytest.raises(TooLarge, match="3 variables"):
        marks(gaussian([0, 0], [[1, 0], [0, 1], [1, 1]]))
    for beyond in (10**400 * point([1, 1]), point([10**400, 1])):
        with pytest.raises(TooLarge, match="beyond floats"):
            functional_figure([of_measure(beyond)] * 2)


@pytest.mark.parametrize("options", [
    {"names": ("a",)}, {"names": "ab"}, {"names": ("a", "b", "c")}, {"x": [1]}, {"x": [float("nan"), 1]}, {"x": 3},
    {"x": ["a", 1]}, {"x": [[1, 2], [3, 4]]}, {"baselines": [[0, 0], [1]]}, {"baselines": [[0, float("inf")]]},
])  # fmt: skip
def test_names_and_points_that_do_not_fit_are_refused(options: Any):
    with pytest.raises(BadInput, match=f"{next(iter(options))}: "):
        functional_figure([of_measure(point([1, 1]))] * 2, **options)
    with pytest.raises(TooLarge, match="x: a number beyond floats"):
        functional_figure([of_measure(point([1, 1]))], x=[10**400, 1])


def test_any_number_of_functionals_has_default_names():
    sizes = [drawn([of_measure(point([1, 1]))] * count).shape for count in (1, 3)]
    assert 3 * sizes[0][1] == pytest.approx(sizes[1][1], abs=3)


def test_a_colour_that_is_turned_round_is_seen(monkeypatch: pytest.MonkeyPatch):
    """Teeth: with the colours exchanged the test of slopes above would fail."""
    monkeypatch.setattr(pictures, "POSITIVE", NEGATIVE)
    functional = functional_of(get_method("gradient_x_displacement"), 2, X, [B])
    assert isinstance(functional[0], Functional)
    assert painted(drawn(functional), POSITIVE) == 0
