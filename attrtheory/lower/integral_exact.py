"""Integrated Gradients of a piecewise linear network in exact rationals; with kinks, everything that they allow.

Where the path lies in a kink the attribution depends on a convention: `values` follows the package's (strict guard,
the first of tied entries), and every choice of slopes in [0, 1] and of winners lies between `lower` and `upper`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from flint import fmpq, fmpz

from attrtheory.errors import EngineDisagreement
from attrtheory.lower.kinks_exact import kinks_that_matter
from attrtheory.lower.layers_exact import Rows, objects
from attrtheory.lower.line_exact import line_sweep_exact
from attrtheory.lower.network_exact import exact_network
from attrtheory.lower.slopes_exact import pulled_back
from attrtheory.models.graph import Graph

Quotients = tuple[fmpq, ...]


@dataclass(frozen=True, eq=False)
class ExactLine:
    """Attributions, their range over all conventions, f(x) - f(x0), and (units, length) of each layer's kinks."""

    values: Quotients
    lower: Quotients
    upper: Quotients
    difference: fmpq
    kinks: dict[int, tuple[int, fmpq]]
    pieces: int


def integrated_gradients_exact(graph: Graph, x0: np.ndarray, x: np.ndarray, target: int) -> ExactLine:
    """Integrated Gradients from x0 to x: arrays of floats, taken at their exact values, or of fractions."""
    net = exact_network(graph)
    t, patterns, out = line_sweep_exact(graph, x0, x)
    common = fmpz(1)
    for point in t:
        common = common.lcm(point.q)
    length = objects([(b - a).p * (common // (b - a).q) for a, b in pairwise(t)], (len(t) - 1,))
    kinks = kinks_that_matter(net, patterns, x0 != x, target)
    touched = np.zeros(len(length), dtype=bool)
    for mask in kinks.values():
        touched |= mask.reshape(len(mask), -1).any(1)
    step = [quotient(b) - quotient(a) for a, b in zip(x0.ravel().tolist(), x.ravel().tolist(), strict=True)]

    def attribution(gradient: Rows) -> np.ndarray:
        scale, entries = common * gradient.denominator, gradient.numerators.ravel()
        return objects([s and s * fmpq(g, scale) for s, g in zip(step, entries, strict=True)], (len(step),))

    def part(where: np.ndarray, *, free: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """The share of some pieces: centre and radius."""
        some, choices = {k: p.take(where) for k, p in patterns.items()}, {k: m[where] for k, m in kinks.items()}
        centre, radius = pulled_back(net, some, length[where], target, choices if free else None)
        return attribution(centre), np.abs(attribution(radius)) if radius else none

    none = np.full(len(step), fmpq(0), dtype=object)
    values = none if touched.all() else part(np.flatnonzero(~touched))[0]
    lower = upper = values
    if kinks:
        centre, radius = part(np.flatnonzero(touched), free=True)
        lower, upper = values + centre - radius, values + centre + radius
        values = values + part(np.flatnonzero(touched))[0]
    first = out.constant[0].ravel()[target]
    last = (out.constant[-1] + out.slope[-1]).ravel()[target]
    difference = fmpq(last - first, out.denominator)
    if sum(values, fmpq(0)) != difference:
        raise EngineDisagreement(f"exact attributions of {graph.name!r} do not add up to f(x) - f(x0)")
    seen = {k: (most(mask), share(length, mask, common)) for k, mask in kinks.items()}
    return ExactLine(tuple(values), tuple(lower), tuple(upper), difference, seen, len(length))


def quotient(x: float | Fraction) -> fmpq:
    return fmpq(*x.as_integer_ratio())


def most(mask: np.ndarray) -> int:
    """The largest number of marked units on one piece."""
    return int(mask.reshape(len(mask), -1).sum(1).max())


def share(length: np.ndarray, mask: np.ndarray, common: fmpz) -> fmpq:
    """On how much of the path some unit is marked."""
    return fmpq(sum(length[mask.reshape(len(mask), -1).any(1)], fmpz(0)), common)
