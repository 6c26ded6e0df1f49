"""Pictures: colours mean what the page says, frames are where they should be, nothing that is not finite is drawn."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from report.fakes import HOSTILE, QUADRATURE, audited, network_witness, squares

from attrtheory.auditing.data import MethodValues, Quadrature
from attrtheory.errors import BadInput
from attrtheory.report.evidence import lesson
from attrtheory.report.panels import attribution_panels
from attrtheory.report.pixels import divided, enlarge, is_image, outlined, painted, photo, png, shades, signed
from attrtheory.report.plots import attribution_figure, quadrature_figure
from attrtheory.report.witness import witness_panels


def decoded(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(data)).convert("RGB"))


def test_red_is_positive_blue_is_negative_white_is_zero():
    red, white, blue = signed(np.array([[2.0, 0.0, -2.0]]), 2.0)[0].astype(int)
    assert red[0] > red[2] + 50
    assert blue[2] > blue[0] + 50
    assert white.min() > 240


def test_values_beyond_the_scale_keep_their_sign():
    assert (signed(np.array([[9.0]]), 1.0) == signed(np.array([[1.0]]), 1.0)).all()


@pytest.mark.parametrize("shape", [(2, 2), (8, 8), (28, 28), (5, 9), (300, 280)])
def test_pixels_survive_the_png(shape):
    rgb = signed(np.random.default_rng(0).normal(size=shape), 2.0)
    assert (decoded(png(enlarge(rgb)))[:: max(1, 224 // max(shape)), :: max(1, 224 // max(shape))] == rgb).all()


def test_equal_pictures_are_equal_bytes():
    assert png(enlarge(signed(np.eye(3), 1.0))) == png(enlarge(signed(np.eye(3), 1.0)))


@pytest.mark.parametrize("index", [0, 3, 12, 15])
def test_a_frame_lies_around_its_feature_and_covers_none(index):
    rgb = signed(np.zeros((4, 4)), 1.0)
    framed = outlined(rgb, [index], (4, 4))
    k, margin = 224 // 4, (framed.shape[0] - 224) // 2
    i, j = divmod(index, 4)
    top, left = margin + i * k, margin + j * k
    assert (framed[top : top + k, left : left + k] == rgb[0, 0]).all()
    assert (framed[top - 1, left : left + k] == 0).all()
    assert (framed[top + k, left : left + k] == 0).all()
    assert (framed[top - margin, left] == (255, 214, 0)).all()


def test_channels_of_one_pixel_share_its_frame():
    rgb = np.full((4, 4, 3), 255, dtype=np.uint8)
    assert (outlined(rgb, [5], (3, 4, 4)) == outlined(rgb, [5 + 32], (3, 4, 4))).all()
    with pytest.raises(BadInput, match="not all among"):
        outlined(rgb, [48], (3, 4, 4))


def test_groups_are_painted_on_all_of_their_pixels():
    groups = squares((3, 4, 4), 2)
    assert (painted(np.array([1.0, 2.0, 3.0, 4.0]), groups)[:2, :2] == 1).all()
    per_channel = np.stack([np.full((2, 2), k) for k in range(3)])
    assert (painted(np.array([1.0, 10.0, 100.0]), per_channel) == 111).all()


def test_groups_are_divided_by_lines():
    groups = squares((4, 4), 2)
    big = divided(np.full((4, 4, 3), 255, dtype=np.uint8), groups)
    assert (big == 110).all(axis=-1).sum() == 224 + 224 - 1


def test_inputs_keep_their_shades():
    assert shades([np.array([0.2, 0.7])]) == (0.0, 1.0)
    assert shades([np.array([-1.0, 3.0])]) == (-1.0, 3.0)
    assert photo(np.array([[0.0, 1.0]]), 0, 1).tolist() == [[[0, 0, 0], [255, 255, 255]]]
    assert photo(np.multiply(np.ones((3, 2, 2)), [[[1.0]], [[0.0]], [[0.0]]]), 0, 1)[0, 0].tolist() == [255, 0, 0]
    assert photo(np.array([[[0.0]], [[1.0]]]), 0, 1)[0, 0].tolist() == [128, 128, 128]
    assert photo(np.zeros((2, 2)), 0.0, 0.0).max() == 0


@pytest.mark.parametrize(
    "shape, image",
    [((1, 8, 8), True), ((3, 4, 5), True), ((28, 28), True), ((5,), False), ((1, 40), False), ((2, 100), False), ((), False),
     ((2, 3, 4, 5), False)],
)  # fmt: skip
def test_what_is_an_image(shape, image):
    assert is_image(shape) is image


def test_methods_that_share_out_the_output_have_one_scale():
    a = audited((1, 8, 8), groups=squares((1, 8, 8), 4))
    panels = {p.title: p for p in attribution_panels(a.x, a.attributions, baseline=a.baseline)}
    scale = lambda title: next(n for n in panels[title].notes if n.startswith("scale"))
    assert scale("integrated gradients") == scale(HOSTILE.replace("_", " "))
    assert "its own scale" in " ".join(panels["gradient"].notes)
    assert "own scale" in " ".join(panels["shapley"].notes)
    assert "touches 2 kinks" in " ".join(panels["integrated gradients"].notes)


def test_many_features_are_cut_to_the_largest():
    a = audited((50,))
    panel = attribution_panels(a.x, a.attributions)[1]
    assert len(panel.labels) == 20
    assert "20 of 50, the largest" in panel.notes
    top = int(np.abs(a.attributions[1].values).argmax())
    assert f"x[{top}]" in panel.labels


def test_what_a_counterexample_is_about_gets_a_bar_however_small():
    values = np.arange(50.0) + 1
    w = replace(network_witness((50,)), values=values, features=(0,), relation="feature 0: =")
    for panel in witness_panels(w):
        assert panel.labels[0] == "x[0]"
        assert panel.marks == (0,)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 6, 6), (5,), (50,)])
def test_one_figure_shows_all(shape):
    a = audited(
        shape, groups=None if shape == (50,) else squares((1, *shape), 2)[0] if len(shape) == 1 else squares(shape, 3)
    )
    data = attribution_figure(a.x, a.attributions, baseline=a.baseline, title=f"{HOSTILE} $x$ 漢")
    assert decoded(data).std() > 1
    assert data == attribution_figure(a.x, a.attributions, baseline=a.baseline, title=f"{HOSTILE} $x$ 漢")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_figure_refuses_what_is_not_finite(bad):
    x = np.array([0.0, 1.0])
    good = MethodValues("gradient", x, "exact", 0.0)
    with pytest.raises(BadInput, match="NaN or infinite"):
        attribution_figure(np.array([bad, 1.0]), [good])
    with pytest.raises(BadInput, match="gradient holds 1 value"):
        attribution_figure(x, [replace(good, values=np.array([bad, 1.0]))])
    with pytest.raises(BadInput, match="baseline"):
        attribution_figure(x, [good], baseline=np.array([bad, 1.0]))
    with pytest.raises(BadInput, match="NaN or infinite"):
        quadrature_figure([Quadrature("a", 10, bad, 0.1, 0.0)])


@pytest.mark.parametrize(
    "groups",
    [np.array([0, 1]), np.array([0, 1, 2]), np.array([0, 1, -1]), np.array([0.0, 1.0, 1.0]), np.array([[0, 1, 1]])],
)
def test_groups_that_do_not_fit_are_refused(groups):
    with pytest.raises(BadInput, match="a whole number from 0 to 1"):
        attribution_figure(np.zeros(3), [MethodValues("shapley", np.zeros(2), "exact", 0.0, groups=groups)])


def test_an_input_without_features_is_refused():
    with pytest.raises(BadInput, match="nothing to draw"):
        attribution_figure(np.zeros((0,)), [])


def test_an_input_alone_can_be_shown():
    assert decoded(attribution_figure(np.eye(4), [], baseline=np.eye(4) / 2)).std() > 1
    with pytest.raises(BadInput, match="must be the same"):
        attribution_figure(np.eye(4), [], baseline=np.zeros(4))


@pytest.mark.parametrize(
    "rows",
    [
        QUADRATURE,
        QUADRATURE[:1],
        [Quadrature("a", n, 0.0, 0.0, 0.0) for n in (10, 20)],
        [Quadrature("a", n, 1e-17 * n, 1.0, 1e-16) for n in range(1, 300, 7)],
    ],
)
def test_quadrature_is_drawn(rows):
    assert decoded(quadrature_figure(rows)).std() > 1


def test_a_quadrature_that_cannot_be_is_refused():
    with pytest.raises(BadInput, match="at least one step"):
        quadrature_figure([Quadrature("a", 0, 0.1, 0.1, 0.0)])
    with pytest.raises(BadInput, match="no approximate"):
        quadrature_figure([])


def test_the_lesson_names_the_worst_row():
    rows = [Quadrature("a", 10, 0.1, 0.05, 0.0), Quadrature("b", 50, 1e-6, 1e-3, 0.0)]
    assert (
        lesson(rows)
        == "Here b with 50 steps has a completeness gap of 1e-06 and a true error 1e+03 times as large, 0.001."
    )
    assert "no error is larger" in lesson(rows[:1])
    assert "a gap of 0" not in lesson([Quadrature("c", 5, 0.0, 0.2, 0.0)])
    assert "0.2" in lesson([Quadrature("c", 5, 0.0, 0.2, 0.0)])
