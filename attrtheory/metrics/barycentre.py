r"""All measures with a given mass and first moment on the cube $[0,1]^n$: how small their variation can be.

For mass c and first moment v the least total variation over all signed measures on the cube is

    max(|c|, max_k |c - 2 v_k|)

and two point masses attain it: $s\,\delta_p - t\,\delta_q$ with t = max(0, -c, max_k(-v_k), max_k(v_k - c)), s = c + t,
p_k = max(v_k, 0)/s and q_k = max(-v_k, 0)/t. The proof is an affine function
$g(y) = g_0 + \sum_k g_k y_k$ with |g| <= 1 on the cube and $g_0 c + g\cdot v$ equal to the variation: 1, -1, 1 - 2 y_k or
2 y_k - 1. For mass 0 and moment $e_j$ it is 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from attrtheory.errors import BadCertificate, BadInput
from attrtheory.metrics.numbers import Vector, dot, number, vector

ZERO, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True)
class LeastVariation:
    """The least variation for a mass and a moment: the measure that attains it, and the affine function that proves it."""

    mass: Fraction
    moment: Vector
    variation: Fraction
    points: tuple[Vector, ...]
    weights: Vector
    constant: Fraction
    slopes: Vector

    def check(self) -> None:
        """Checks measure and function in rationals, without search.

        Raises:
            BadCertificate: the measure has another mass, moment or variation, or the function does not prove it.
        """
        for k, wanted in enumerate(self.moment):
            if dot(self.weights, [p[k] for p in self.points]) != wanted:
                raise BadCertificate(f"the measure's moment in feature {k} is not {wanted}")
        if sum(self.weights) != self.mass or sum(map(abs, self.weights)) != self.variation:
            raise BadCertificate(f"the measure's mass is not {self.mass} or its variation not {self.variation}")
        if any(not 0 <= q <= 1 for p in self.points for q in p):
            raise BadCertificate("the measure is not on the cube")
        low = self.constant + sum(min(g, ZERO) for g in self.slopes)
        high = self.constant + sum(max(g, ZERO) for g in self.slopes)
        if low < -1 or high > 1:
            raise BadCertificate(f"the function has values from {low} to {high} on the cube, not from -1 to 1")
        if self.constant * self.mass + dot(self.slopes, self.moment) != self.variation:
            raise BadCertificate("the function's integral is not the variation")


def least_variation(mass: Any, moment: Any) -> LeastVariation:
    """The measure of least variation with this mass and first moment on the cube, and the proof.

    >>> found = least_variation(0, [0, 1, 0])
    >>> found.variation, [[int(q) for q in p] for p in found.points], [int(w) for w in found.weights]
    (Fraction(2, 1), [[0, 1, 0], [0, 0, 0]], [1, -1])

    Raises:
        BadInput: a number is missing or not finite.
    """
    c, v = number(mass, "mass"), vector(moment, "moment")
    if not v:
        raise BadInput("moment: at least one number is needed")
    t, constant, slopes = max(_bounds(c, v), key=lambda bound: bound[0])
    s = c + t
    q = tuple(max(-vk, ZERO) / t if t else ZERO for vk in v)
    p = tuple(max(vk, ZERO) / s if s else ZERO for vk in v)
    atoms = [(w, point) for w, point in ((s, p), (-t, q)) if w]
    found = LeastVariation(
        c, v, s + t, tuple(point for _, point in atoms), tuple(w for w, _ in atoms), constant, slopes
    )
    found.check()
    return found


def _bounds(c: Fraction, v: Vector) -> list[tuple[Fraction, Fraction, Vector]]:
    """Lower bounds of the negative mass t, each with the function that proves it: variation >= c + 2 t."""
    still = (ZERO,) * len(v)
    bounds = [(ZERO, ONE, still), (-c, -ONE, still)]
    for k, vk in enumerate(v):
        unit = tuple(Fraction(2 * (j == k)) for j in range(len(v)))
        bounds += [(-vk, ONE, tuple(-g for g in unit)), (vk - c, -ONE, unit)]
    return bounds
