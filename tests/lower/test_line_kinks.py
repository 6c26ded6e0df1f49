"""Paths inside kinks, numbers at the edge of float64, and networks where nothing happens."""

from __future__ import annotations

from fractions import Fraction as Q

import numpy as np
import pytest
from lower.nets import chain, conv, linear

from attrtheory.errors import TooLarge
from attrtheory.lower.integrated_gradients import integrated_gradients_line
from attrtheory.models.graph import Graph, Node
from attrtheory.models.ops import Combine, LeakyRelu, MaxPool2d, Relu, Reshape

POOL = MaxPool2d((1, 2), (1, 2), (0, 0, 0, 0), (1, 1))
DIFFERENCE = chain((2,), linear([[1, -1]]), Relu())  # relu(x1 - x2)
MAXIMUM = chain((1, 1, 2), POOL)  # max(x1, x2)
OTHER_MAXIMUM = Graph(  # x2 + relu(x1 - x2)
    (2,),
    (
        Node(linear([[1, -1]]), (0,), "difference"),
        Node(Relu(), (1,), "relu"),
        Node(linear([[0, 1]]), (0,), "second"),
        Node(Combine((1.0, 1.0)), (2, 3), "sum"),
    ),
)


def one(graph, x, x0=None, target=0, **options):
    (found,) = integrated_gradients_line(graph, np.array(x, dtype=float), x0, target, **options)
    return found


@pytest.mark.parametrize("options", [{}, {"exact": True}, {"certify": False}])
def test_a_path_inside_a_kink_follows_the_convention_and_says_so(options):
    found = one(DIFFERENCE, [1, 1], **options)
    assert found.trust == "exact"
    assert found.values.tolist() == [0, 0]
    assert found.kinks == ("layer1: 1 unit at 0 on 1 of the path",)
    assert found.lower == pytest.approx([0, -1])
    assert found.upper == pytest.approx([1, 0])
    assert (found.lower <= [0, -1]).all()
    assert (found.upper >= [1, 0]).all()


def test_two_programs_of_one_function_differ_within_the_bounds_of_both():
    first, second = one(MAXIMUM, [[[1, 1]]]), one(OTHER_MAXIMUM, [1, 1])
    assert first.values.ravel().tolist() == [1, 0]
    assert second.values.tolist() == [0, 1]
    assert first.kinks == ("layer0: 1 window tied on 1 of the path",)
    for a in (first, second):
        for b in (first, second):
            assert (a.lower.ravel() <= b.values.ravel()).all()
            assert (b.values.ravel() <= a.upper.ravel()).all()


def test_without_settling_a_kink_is_enclosed_and_flagged():
    found = one(DIFFERENCE, [1, 1], settle=False)
    assert (found.trust, found.undecided) == ("enclosed", 1)
    assert found.kinks == ("layer1: up to 1 unit at 0 on 1 of the path",)
    assert (found.lower <= [0, -1]).all()
    assert (found.upper >= [1, 0]).all()


def test_a_kink_on_part_of_the_path():
    """relu(x1 - x2) with x2 = relu(x2) on the way: tied from the middle on."""
    graph = Graph(
        (2,),
        (
            Node(linear([[1, 0], [0, 1]]), (0,), "both"),
            Node(Relu(), (1,), "relu"),
            Node(linear([[1, -1]]), (2,), "difference"),
            Node(Relu(), (3,), "kink"),
        ),
    )
    found = one(graph, [1, 1], np.array([-1.0, -1.0]))
    assert "kink: 1 unit at 0 on 0.5 of the path" in found.kinks
    assert found.values.tolist() == [0, 0]
    assert found.lower == pytest.approx([0, -1])


def test_a_kink_behind_a_skip():
    """relu(x + relu(x)) - relu(2 x) with a sum that is 0 from the second bend on, where its unit is kinked."""
    graph = Graph(
        (1,),
        (
            Node(Relu(), (0,), "inner"),
            Node(Combine((1.0, 1.0)), (0, 1), "skip"),
            Node(linear([[2]]), (0,), "twice"),
            Node(Combine((1.0, -1.0)), (2, 3), "nothing"),
            Node(Relu(), (4,), "kink"),
            Node(Combine((1.0, 1.0)), (5, 0), "sum"),
        ),
    )
    found = one(graph, [3], np.array([-1.0]))
    assert found.values.tolist() == [3]
    assert found.kinks == ("kink: 1 unit at 0 on 0.75 of the path",)
    assert found.lower <= found.values <= found.upper


@pytest.mark.parametrize("start, stop", [(-1 / 3, 0.25), (0.25, -1 / 3)])
def test_two_layers_bend_at_the_same_point(start, stop):
    """relu(relu(x)): the second bend inserts no row of its own."""
    found = one(chain((1,), Relu(), Relu()), [stop], np.array([start]), certify=False, settle=False)
    assert found.values.tolist() == pytest.approx([max(stop, 0) - max(start, 0)], rel=1e-15)


def test_two_branches_turn_at_the_same_point():
    """conv(relu(z)) + conv(relu(-z)): both ramps are affine in the input before they bend."""
    z, minus = conv([[[[1.0]]]], [-0.3]), conv([[[[-1.0]]]], [0.3])
    graph = Graph(
        (1, 1, 2),
        (
            Node(z, (0,), "z"),
            Node(Relu(), (1,), "up"),
            Node(minus, (0,), "minus"),
            Node(Relu(), (3,), "down"),
            Node(conv([[[[2.0, 3.0]]]]), (2,), "first"),
            Node(conv([[[[5.0, 7.0]]]]), (4,), "second"),
            Node(Combine((1.0, 1.0)), (5, 6), "sum"),
            Node(Relu(), (7,), "last"),
        ),
    )
    found = one(graph, [[[1.0, 1.0]]], certify=False, settle=False)
    assert found.values.ravel().tolist() == pytest.approx([2 * 0.7 - 5 * 0.3, 3 * 0.7 - 7 * 0.3], abs=1e-15)


def test_a_leaky_unit_at_its_kink_has_its_slope():
    found = one(chain((2,), linear([[1, -1]]), LeakyRelu(0.25)), [1, 1])
    assert found.values.tolist() == [0.25, -0.25]
    assert found.lower == pytest.approx([0.25, -1])
    assert found.upper == pytest.approx([1, -0.25])


IMAGE = (1, 4, 4)
PATCHES = chain(
    IMAGE, conv([[[[1.0, 2.0], [3.0, 5.0]]]]), Relu(), MaxPool2d((3, 3), (1, 1), (0, 0, 0, 0), (1, 1)), Reshape((1,))
)


def test_ties_of_a_background_that_does_not_move_are_harmless():
    image = np.zeros(IMAGE)
    image[0, 3, 3] = 1.0
    found = one(PATCHES, image)
    assert found.kinks == ()
    assert found.values.sum() == 5
    below = one(PATCHES, -image)  # eight windows tie at 0, and no moving pixel reaches them
    assert below.kinks == ()
    assert not below.values.any()


def test_ties_of_a_background_that_moves_are_flagged_and_the_first_wins():
    found = one(PATCHES, np.ones(IMAGE))
    assert found.kinks == ("layer2: 1 window tied on 1 of the path",)
    assert found.values[0, :2, :2].tolist() == [[1, 2], [3, 5]]
    assert found.values.sum() == 11
    assert (found.upper - found.lower).max() > 1


def test_a_tie_behind_a_dead_unit_is_harmless():
    graph = chain((1, 1, 2), POOL, linear([[-1]]), Relu())
    assert one(graph, [[[1, 1]]]).kinks == ()


def test_padding_neither_wins_nor_ties():
    graph = chain((1, 1, 1), MaxPool2d((3, 3), (1, 1), (1, 1, 1, 1), (1, 1)))
    found = one(graph, [[[-2]]])
    assert found.values.tolist() == [[[-2]]]
    assert found.kinks == ()


def test_duplicated_units_and_inputs_count_once_each():
    graph = chain((1,), linear([[1], [1], [1]], [-0.5, -0.5, -0.5]), Relu(), linear([[1, 1, 1]]))
    found = one(graph, [1])
    assert found.values.tolist() == [1.5]
    assert found.pieces == 2


def test_a_path_that_stays_where_it_is():
    found = one(DIFFERENCE, [1, 1], np.array([1.0, 1.0]))
    assert (found.trust, found.values.tolist(), found.kinks) == ("exact", [0, 0], ())


def test_a_zero_network_and_dead_units():
    for graph in (chain((2,), linear([[0, 0]]), Relu()), chain((2,), linear([[1, 1]], [-9]), Relu(), linear([[3]]))):
        found = one(graph, [1, 1])
        assert found.values.tolist() == [0, 0]
        assert found.kinks == ()
        assert found.residual == 0


def test_an_affine_network_and_no_layer_at_all():
    assert one(chain((2,), linear([[1, 2], [3, 4]], [5, 6])), [1, 10], target=1).values.tolist() == [3, 40]
    assert one(Graph((2,), ()), [7, 8], target=1).values.tolist() == [0, 8]


def test_an_output_that_reads_only_a_constant():
    graph = chain((2,), linear([[0, 0]], [1]), Relu(), linear([[1]], [3]))
    assert one(graph, [1, 1]).values.tolist() == [0, 0]


@pytest.mark.parametrize("certify", [True, False])
def test_numbers_beyond_float64_on_the_way_are_settled(certify):
    scales = [1e200, 1e200, 1e-200, 1e-200], [1e-200, 1e-200, 1e200, 1e200]
    for weights in scales:
        layers = [op for w in weights for op in (linear([[w]]), Relu())]
        found = one(chain((1,), *layers), [3], certify=certify)
        exact = Q(3)
        for w in weights:
            exact *= Q(w)
        assert found.trust == "exact"
        assert found.exact_values == (exact,)
        assert found.values.tolist() == [float(exact)]


def test_what_no_float64_can_hold_is_refused():
    with pytest.raises(TooLarge, match="larger than any float64"):
        one(chain((1,), linear([[1e200]]), Relu(), linear([[1e200]])), [1])
    with pytest.raises(TooLarge, match="overflows"):
        one(chain((1,), linear([[1e200]]), Relu(), linear([[1e200]])), [1], settle=False)
    with pytest.raises(TooLarge, match="multiplications"):
        one(DIFFERENCE, [1, 1], exact=True, budget=1)


def test_inputs_far_apart():
    found = one(chain((2,), linear([[1, -1]]), Relu()), [1e308, 0], np.array([-1e308, 0.0]))
    assert found.values.tolist() == [1e308, 0]
    assert one(chain((1,), linear([[1]]), Relu()), [5e-324]).values.tolist() == [5e-324]


def test_a_unit_that_is_almost_tangent_to_the_path():
    """Its breakpoint is a quotient of rounding errors; float64 decides both ends and still misses the attribution."""
    w = [0.1, 0.2, 0.3, -0.6000000000000001]
    graph = chain((4,), linear([w]), Relu())
    x0, x = np.array([1.0, 1.0, 1.0 + 2**-52, 1.0]), np.array([1.0 - 2**-50, 2**-53 + 1, 1.0, 1.0])
    truth = one(graph, x, x0, exact=True)
    assert one(graph, x, x0).exact_values == truth.exact_values
    loose = one(graph, x, x0, settle=False)
    assert loose.trust == "enclosed"
    for a, q, b in zip(loose.lower.tolist(), truth.exact_values, loose.upper.tolist(), strict=True):
        assert Q(a) <= q <= Q(b)


@pytest.mark.parametrize("weights", [[1e17, 1, -1e17], [0.1, 0.2, -0.3], [1, 2.0**-60, -1]])
def test_a_sign_that_rounding_would_decide(weights):
    found = one(chain((3,), linear([weights]), Relu()), [1, 1, 1])
    assert sum(map(Q, weights)) > 0
    assert found.trust == "exact"
    assert found.exact_values == tuple(map(Q, weights))
    loose = one(chain((3,), linear([weights]), Relu()), [1, 1, 1], settle=False)
    assert (loose.lower <= found.values).all()
    assert (found.values <= loose.upper).all()
    assert loose.kinks


@pytest.mark.parametrize("scale", [1e8 / 3, 1e5 / 7])
def test_noise_of_a_cancelled_sum_is_no_sign(scale):
    """relu(relu(B x1 + x2 - B x3) - relu(x2)) with x1 = x3: the last unit is 0 all along, and computed as noise."""
    graph = chain((3,), linear([[scale, 1, -scale], [0, 1, 0]]), Relu(), linear([[1, -1]]), Relu(), linear([[1]]))
    for seed in range(5):
        a, b, c, d = np.random.default_rng(seed).uniform(0.5, 1, size=4)
        x, x0 = [a, b, a], np.array([c, d, c])
        found = one(graph, x, x0, certify=False, settle=False)
        assert not found.values.any()
        assert any("layer3: up to 1 unit at 0" in kink for kink in found.kinks)
        assert one(graph, x, x0, certify=False).trust == "exact"


def test_underflow_on_the_way_is_flagged():
    graph = chain((2,), linear([[1e-200, -2e-200]], [3e-324]), Relu(), linear([[1e200]]))
    found = one(graph, [5e-123, 1e-123], certify=False, settle=False)
    assert found.kinks
    exact = one(graph, [5e-123, 1e-123], certify=False)
    assert exact.trust == "exact"
