"""Regions make up the slice, every point lies in one, and the piece there is the network: against the long way round."""

from __future__ import annotations

from fractions import Fraction as Q
from itertools import combinations

import numpy as np
import pytest
from graphs import graphs, naive, slopes
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lower.nets import FAMILIES, chain, linear, random_linear

from attrtheory.lower.regions import Slice, box, check, slice_regions
from attrtheory.lower.regions.numbers import as_fractions
from attrtheory.models.ops import LeakyRelu, Relu

SMALL = st.integers(-4, 4).map(lambda n: Q(n, 2))


def slices(draw, features: int) -> Slice:
    k = draw(st.integers(1, min(3, features)))
    rows = [[draw(SMALL) for _ in range(features)] for _ in range(k + 1)]
    for i in range(k):  # independent: a leading 1 in another place each
        rows[i + 1][: i + 1] = [Q(0)] * i + [Q(1)]
    return Slice(*(np.array([*np.ravel(r), None], dtype=object)[:-1].reshape(np.shape(r)) for r in (rows[0], rows[1:])))


def containing(regions, s) -> list[int]:
    """The regions that contain s: on no side of a face is it where the region's centre is not. Long, and exact."""
    c, points, centres = regions.complex, as_fractions(regions.points), as_fractions(regions.centres)
    found = []
    for r in range(len(regions)):
        facets = [facet_points(c, f) for f in c.faces[-1][:, r] if f >= 0]
        if all(side(f, points, s) * side(f, points, centres[r]) >= 0 for f in facets):
            found.append(r)
    return found


def facet_points(c, f) -> list[int]:
    if c.dimension == 1:
        return [int(f)]
    if c.dimension == 2:
        return c.faces[0][:, f].tolist()
    edges = c.faces[1][:, f]
    return sorted(set(c.faces[0][:, edges[edges >= 0]].ravel().tolist()))


def side(ids, points, s) -> Q:
    """On which side of the plane through a facet's points s lies."""
    a = points[ids[0]]
    if len(s) == 1:
        return s[0] - a[0]
    if len(s) == 2:
        u, v = points[ids[1]] - a, s - a
        return u[0] * v[1] - u[1] * v[0]
    for i, j in combinations(ids[1:], 2):  # some three points are not on a line
        normal = np.cross(points[i] - a, points[j] - a)
        if any(normal):
            return (normal * (s - a)).sum()
    raise AssertionError("a facet without area")


@settings(max_examples=15)
@given(st.data())
def test_the_rational_decomposition_is_the_definition(data):
    graph = data.draw(graphs(most_layers=4))
    domain, target = slices(data.draw, graph.features), data.draw(st.integers(0, graph.outputs - 1))
    regions = slice_regions(graph, domain, exact=True)
    assume(len(regions) <= 30)
    found = check(regions, target)
    assert (found.volume, found.output, regions.undecided) == (0, 0, 0)
    pieces = regions.pieces(target)
    for _ in range(2):
        s = np.array([data.draw(st.fractions(0, 1, max_denominator=97)) for _ in range(domain.dimension)], dtype=object)
        x = domain.rational().inputs(s[None])[0].tolist()
        inside = containing(regions, s)
        assert inside
        for r in inside:  # several where s lies on a common face: there they agree
            assert (pieces.slope[r] * s).sum() + pieces.intercept[r] == naive(graph, x)[target]
    for r in range(min(len(regions), 3)):
        x = domain.rational().inputs(as_fractions(regions.centres[r])[None])[0].tolist()
        assert pieces.gradient[r].tolist() == slopes(graph, x, target)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("k", [1, 2, 3])
def test_floats_find_the_same_cells(family, k):
    rng = np.random.default_rng(k)
    graph = family(rng)
    scale = 1.0 if graph.features < 10 else 0.3 / k**3
    domain = Slice(rng.normal(size=graph.features) / 3, scale * rng.normal(size=(k, graph.features)))
    plain, exact = slice_regions(graph, domain), slice_regions(graph, domain, exact=True)
    assert check(plain, 1).regions == len(exact) > 2
    assert plain.undecided == 0
    for a, b in zip(plain.complex.faces, exact.complex.faces, strict=True):
        assert (a == b).all()
    assert np.abs(plain.points - exact.points.astype(float)).max() <= 1e-9
    a, b = plain.pieces(2).gradient, exact.pieces(2).gradient.astype(float)
    assert np.abs(a - b).max() <= 1e-9 * np.abs(b).max()


def lines_through_square(weight, bias) -> int:
    """1 + lines that cut the square [0, 1]^2 + their crossings inside it: the regions of lines in general position."""
    corners = [(Q(0), Q(0)), (Q(1), Q(0)), (Q(0), Q(1)), (Q(1), Q(1))]
    cuts = [(u, v, b) for (u, v), b in zip(weight, bias, strict=True)
            if len({u * x + v * y + b > 0 for x, y in corners}) == 2]  # fmt: skip
    crossings = 0
    for (a, b, p), (c, d, q) in combinations(cuts, 2):
        det = a * d - b * c
        x, y = (b * q - d * p) / det, (c * p - a * q) / det
        crossings += 0 < x < 1 and 0 < y < 1
    return 1 + len(cuts) + crossings


@pytest.mark.parametrize("seed", range(5))
def test_one_hidden_layer_has_as_many_regions_as_lines_make(seed):
    rng = np.random.default_rng(seed)
    first = random_linear(rng, 2, 20)
    graph = chain((2,), first, Relu(), random_linear(rng, 20, 1))
    weight, bias = ([[Q(v) for v in row] for row in a] for a in (first.weight.tolist(), [first.bias.tolist()]))
    for exact in (False, True):
        assert len(slice_regions(graph, box([0.0, 0.0], [1.0, 1.0]), exact=exact)) == lines_through_square(weight, bias[0])


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_tents_have_two_to_the_depth_pieces(depth):
    """Composed tent maps: the classical network with as many pieces as depth allows."""
    layers = []
    for _ in range(depth):
        layers += [linear([[1], [1]], [0, -0.5]), Relu(), linear([[2, -4]])]
    regions = slice_regions(chain((1,), *layers), box([0.0], [1.0]), exact=True)
    ends = sorted(as_fractions(regions.points).ravel().tolist())
    assert ends == [Q(i, 2**depth) for i in range(2**depth + 1)]


DUPLICATES = chain((2,), linear([[1, 1], [2, 2], [-3, -3], [1, 1]], [-1, -2, 3, -1.5]), Relu(), linear([[1, 1, 1, 1]]))
DIAGONAL = chain((2,), linear([[1, -1]]), Relu(), linear([[1]]))
DEAD = chain((2,), linear([[0, 0], [1, 0], [0, 1]], [0, 0, -2]), LeakyRelu(0.1), linear([[1, 1, 1]]))
STAR = chain((2,), linear([[1, -1], [1, 1], [1, 0], [0, 1]], [0, -1, -0.5, -0.5]), Relu(), linear([[1, 1, 1, 1]]))


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("graph, count, points", [
    (DUPLICATES, 3, 6),  # three units on one line from corner to corner, a fourth parallel to it
    (DIAGONAL, 2, 4),  # the kink runs from corner to corner: no new point
    (DEAD, 1, 4),  # a unit that is 0 everywhere, one that is 0 on an edge only, one that never changes
    (STAR, 8, 9),  # four lines through the centre, two of them through corners
])  # fmt: skip
def test_ties_by_hand(graph, count, points, exact):
    regions = slice_regions(graph, box([0.0, 0.0], [1.0, 1.0]), exact=exact)
    assert (len(regions), regions.complex.points) == (count, points)
    check(regions)
    assert bool(regions.pieces().kinks) == (graph is DEAD)


@pytest.mark.parametrize("scale", [1e-150, 1e-9, 1.0, 1e9, 1e150])
def test_nearly_equal_units_make_no_slivers_below_rounding(scale):
    """Second units that differ from the first by rounding only, at any scale of the input."""
    rng = np.random.default_rng(0)
    w = rng.normal(size=(6, 2))
    weight = np.concatenate([w, w * (1 + 2.0**-52), 3 * w])
    second, last = linear(rng.normal(size=(9, 18))), linear(rng.normal(size=(1, 9)))
    graph = chain((2,), linear(weight / scale), Relu(), second, Relu(), last)
    once = chain((2,), linear(w / scale), Relu())
    regions = slice_regions(graph, box([-scale, -scale], [scale, scale]))
    first = slice_regions(once, box([-scale, -scale], [scale, scale]))
    assert check(regions).regions == len(regions)
    assert regions.volumes.min() > 1e-12
    assert len(first) == 12


def test_neighbours_share_a_face():
    regions = slice_regions(STAR, box([0.0, 0.0], [1.0, 1.0]))
    assert sorted(np.bincount(regions.neighbours.ravel()).tolist()) == [2] * 8
    assert regions.volumes.tolist() == pytest.approx([1 / 8] * 8)
