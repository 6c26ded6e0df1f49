"""The least variation for a mass and a first moment, against a linear program over all vertices of the cube."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from attrtheory.errors import BadCertificate, BadInput
from attrtheory.metrics.barycentre import least_variation

Q = Fraction


def by_vertices(mass: Fraction, moment: list[Fraction]) -> float:
    """Least sum of |weights| on the vertices: every point of the cube is a mixture of them, so no measure does better."""
    vertices = np.array(list(product((0, 1), repeat=len(moment))), float)
    rows = np.vstack([np.ones(len(vertices)), vertices.T])
    right = [float(mass), *map(float, moment)]
    return linprog(np.ones(2 * len(vertices)), A_eq=np.hstack([rows, -rows]), b_eq=right).fun


def test_the_formula_and_the_linear_program_agree():
    rng = random.Random(0)
    for _ in range(80):
        mass, moment = Q(rng.randint(-6, 6), 3), [Q(rng.randint(-6, 6), 3) for _ in range(rng.randint(1, 3))]
        found = least_variation(mass, moment)
        found.check()
        assert found.variation == max([abs(mass), *(abs(mass - 2 * v) for v in moment)])
        assert float(found.variation) == pytest.approx(by_vertices(mass, moment), abs=1e-9)


def test_for_mass_0_and_a_unit_moment_it_is_2_whatever_the_dimension():
    for n in (1, 2, 7):
        found = least_variation(0, [0] * (n - 1) + [1])
        assert (found.variation, len(found.points)) == (2, 2)


@pytest.mark.parametrize("mass, moment", [(0, [0, 0]), (1, [1, 1]), (1, [0, 0]), (-2, ["-1/2", -2]), (5, [0, 5])])
def test_probability_measures_and_their_multiples_need_no_more_than_their_mass(mass: int, moment: Any):
    assert least_variation(mass, moment).variation == abs(mass)


@pytest.mark.parametrize(
    "forge",
    [
        lambda f: replace(f, variation=f.variation - 1),
        lambda f: replace(f, weights=(Q(2), Q(-2))),
        lambda f: replace(f, slopes=tuple(2 * g for g in f.slopes)),
        lambda f: replace(f, points=((Q(2), Q(0)), (Q(0), Q(0))), weights=(Q(1, 2), Q(-1, 2)), variation=Q(1)),
        lambda f: replace(f, constant=Q(0), slopes=(Q(1), Q(0))),
        lambda f: replace(f, moment=(Q(0), Q(1))),
    ],
)
def test_forged_answers_are_rejected(forge: Any):
    with pytest.raises(BadCertificate):
        forge(least_variation(0, [1, 0])).check()


def test_bad_moments_are_refused():
    for mass, moment in ((float("inf"), [1]), (0, []), (0, [None]), (0, "1")):
        with pytest.raises(BadInput):
            least_variation(mass, moment)
