"""Mutants: each breaks one rule of cutting, joining, deciding or integrating, and a comparison must notice."""

from __future__ import annotations

from fractions import Fraction as Q

import numpy as np
import pytest
from lower.nets import chain, linear, random_linear

from attrtheory.errors import EngineDisagreement
from attrtheory.lower.regions import (
    box,
    check,
    cutting,
    joining,
    measure_attributions,
    moments,
    result,
    rows,
    slice_regions,
    sweep,
)
from attrtheory.lower.regions.measures import uniform, uniform_lime
from attrtheory.lower.regions.rows import FloatRows
from attrtheory.lower.regions.values_exact import ExactValues
from attrtheory.models.ops import MaxPool2d, Relu, Reshape

CUBE = {k: box([-1.0] * k, [1.0] * k) for k in (1, 2, 3)}


def deep(k):
    rng = np.random.default_rng(k)
    return chain((k,), random_linear(rng, k, 6), Relu(), random_linear(rng, 6, 4), Relu(), random_linear(rng, 4, 1))


def negative_pool():
    """Two windows whose maxima are negative on the whole square, and a unit behind them that sees the winner."""
    first = linear([[1, 0], [0, 1], [1, 1], [-1, 0.5]], [-3, -3, -3.5, -3.25])
    pool = MaxPool2d((1, 2), (1, 2), (0, 0, 0, 0), (1, 1))
    return chain((2,), first, Reshape((1, 1, 4)), pool, Reshape((2,)), linear([[1, 0.5]], [4.3]), Relu())


def star():
    """Kinks from corner to corner, and several through one point."""
    return chain((2,), linear([[1, -1], [1, 1], [1, 0], [0, 1]]), Relu(), linear([[1, 1, 1, 1]]))


def corner():
    """Three planes through the centre of a cube, and one through six of its edges' middles."""
    return chain((3,), linear([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]), Relu(), linear([[1, 1, 1, 1]]))


def patterns_on_a_grid() -> int:
    """The patterns of `negative_pool`, written out, on a fine grid."""
    x, y = np.meshgrid(*[np.linspace(-1, 1, 1001)] * 2)
    a, b, c, d = x - 3, y - 3, x + y - 3.5, -x + 0.5 * y - 3.25
    unit = np.maximum(a, b) + np.maximum(c, d) / 2 + 4.3
    return len(np.unique(4 * (a > b) + 2 * (c > d) + (unit > 0)))


def three_way():
    """One window of three entries: three regions that meet in a point, where no straight cut leads through."""
    pool = MaxPool2d((1, 3), (1, 1), (0, 0, 0, 0), (1, 1))
    return chain((2,), linear([[1, 0], [0, 1], [-1, -1]], [-3, -3, -3]), Reshape((1, 1, 3)), pool, Reshape((1,)))


# four lines through one point; four planes through one point; counted on a grid
KNOWN = [(star, 2, 8), (corner, 3, 14), (negative_pool, 2, 7), (three_way, 2, 3)]


def test_the_count_of_the_pooled_network_is_right():
    assert patterns_on_a_grid() == 7


def compare(exact):
    for make, k, count in KNOWN:
        regions = slice_regions(make(), CUBE[k], exact=exact)
        assert len(regions) == count
        check(regions)
    for k, domain in CUBE.items():
        check(slice_regions(deep(k), domain, exact=exact))


@pytest.mark.parametrize("exact", [False, True])
def test_the_engines_themselves_pass(exact):
    compare(exact)


def wrong_half(columns, member, true=cutting.with_member):
    out = true(columns, member)
    return out[:, ::-1] if out.shape[1] > 1 else out


def positive_windows_only(self, i, windows, true=sweep.Sweep.contested):
    """Only winners of windows that are somewhere positive are followed."""
    found = true(self, i, windows)
    return found[[bool((self.values.entries(i, windows[w]) > 0).any()) for w in found]]


def first_bend_only(self, i, true=FloatRows.bent):
    return true(self, i)[:1]


def all_faces(of, member):
    of, member = of[member >= 0], member[member >= 0]
    return np.divmod(np.unique(of * (member.max() + 1) + member), member.max() + 1)


BOTH = {
    "halves of cut faces are swapped between cells": (cutting, "with_member", wrong_half),
    "a cell does not learn that its face was cut": (cutting, "with_halves", lambda columns, cut, first: columns),
    "winner changes at negative maxima are dropped": (sweep.Sweep, "contested", positive_windows_only),
    "joined cells keep their common face": (joining, "odd", all_faces),
}
FLOAT = {
    "one unit per layer is cut": (FloatRows, "bent", first_bend_only),
    "new points lie in the middle of edges": (
        FloatRows, "insert", lambda self, born, g, true=FloatRows.insert: true(self, born, np.sign(g)),
    ),
    "the wrong side keeps the unit": (
        FloatRows, "unit", lambda self, i, j, true=FloatRows.unit: np.maximum(true(self, i, j), -1e-3),
    ),
}  # fmt: skip
EXACT = {
    "one unit per layer is cut": (
        ExactValues, "bent", lambda self, i, true=ExactValues.bent: true(self, i)[:1],
    ),
    "new points lie in the middle of edges": (
        ExactValues, "insert", lambda self, born, g, true=ExactValues.insert: true(self, born, np.sign(g)),
    ),
}  # fmt: skip


CAUGHT = (AssertionError, EngineDisagreement, IndexError, ValueError)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("mutant", BOTH.values(), ids=BOTH)
def test_a_mutant_of_the_cells_is_caught(mutant, exact, monkeypatch):
    monkeypatch.setattr(*mutant)
    with pytest.raises(CAUGHT):
        compare(exact)


@pytest.mark.parametrize("mutant", FLOAT.values(), ids=FLOAT)
def test_a_float_mutant_is_caught(mutant, monkeypatch):
    monkeypatch.setattr(*mutant)
    with pytest.raises((AssertionError, EngineDisagreement)):
        compare(exact=False)


@pytest.mark.parametrize("mutant", EXACT.values(), ids=EXACT)
def test_a_rational_mutant_is_caught(mutant, monkeypatch):
    monkeypatch.setattr(*mutant)
    with pytest.raises((AssertionError, EngineDisagreement)):
        compare(exact=True)


def test_without_the_bound_on_rounding_equal_units_make_slivers(monkeypatch):
    w = np.random.default_rng(0).normal(size=(6, 2))
    single = chain((2,), linear(w, np.full(6, 0.1)), Relu())
    double = chain((2,), linear(np.concatenate([w, w * (1 + 2.0**-52)]), np.full(12, 0.1)), Relu())
    once = len(slice_regions(single, CUBE[2]))
    assert len(slice_regions(double, CUBE[2])) == once
    monkeypatch.setattr(rows, "snapped", lambda g, tolerance: g)
    assert len(slice_regions(double, CUBE[2])) > once


def test_a_wrong_moment_is_caught(monkeypatch):
    """Of a first-order density on one cell, by hand: E[3/h V f] of an affine f is its slope."""
    graph, x = chain((2,), linear([[2.0, -3.0]], [1.0])), np.array([0.5, 0.25])
    expected = (Q(2), Q(-3))
    assert measure_attributions(graph, uniform_lime(x, 1), exact=True).exact_values == expected
    true = moments.moments

    def barycentre_only(c, at, constant, linear=None):
        """The moment as if the density were constant on each simplex."""
        m = true(c, at, constant, linear)
        return moments.Moments(m.mass, moments.centres(c, at) * m.mass[:, None])

    monkeypatch.setattr(result, "moments", barycentre_only)
    assert measure_attributions(graph, uniform_lime(x, 1), exact=True).exact_values != expected


def test_the_check_notices_a_forged_decomposition():
    regions = slice_regions(deep(2), CUBE[2])
    for name, wrong in [("points", regions.points * 0.999), ("outputs", regions.outputs + 1e-6)]:
        forged = result.Regions(**{f: getattr(regions, f) for f in regions.__dataclass_fields__} | {name: wrong})
        with pytest.raises(EngineDisagreement):
            check(forged)


def test_masses_of_a_box_add_up_in_rationals():
    regions = slice_regions(deep(3), CUBE[3], exact=True)
    assert sum(regions.volumes.tolist()) == 1
    one = chain((3,), linear([[0.0, 0.0, 0.0]], [1.0]))
    assert measure_attributions(one, [[uniform([-1.0] * 3, [1.0] * 3, Q(7, 3))]], exact=True).exact_values == (Q(7, 3),)
