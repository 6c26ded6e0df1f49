"""The part of the input space that is decomposed: an affine image of a box or polygon, of dimension 1, 2 or 3."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from attrtheory.errors import BadInput, TooLarge
from attrtheory.lower.regions.complex import Complex, cube, polygon
from attrtheory.lower.regions.numbers import as_fractions

MOST = 3  # dimensions
ORIGIN = (Fraction(0), Fraction(0))


@dataclass(frozen=True, eq=False)
class Slice:
    """The inputs `origin + sum_k s_k directions[k]` for s in the convex hull of `corners`, (n, k).

    Without `corners`, s is in the unit cube. `origin` is flat, `directions` (k, features); floats or fractions, taken
    at their exact values. Made by `box`, `segment`, `plane_through`, or directly.

    Raises:
        BadInput: directions that are linearly dependent, numbers that are not finite, a polygon that is not convex.
        TooLarge: more than three directions.
    """

    origin: np.ndarray
    directions: np.ndarray
    corners: np.ndarray | None = None

    def __post_init__(self) -> None:
        for name in ("origin", "directions", "corners"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, finite(getattr(self, name), name))
        k, n = self.directions.shape if self.directions.ndim == 2 else (0, 0)
        if not k or self.origin.shape != (n,):
            raise BadInput(
                f"a slice has an origin (features,) and directions (1 to {MOST}, features); got shapes "
                f"{self.origin.shape} and {self.directions.shape}"
            )
        if k > MOST:
            raise TooLarge(f"a slice has at most {MOST} directions; got {k}")
        if not _independent(self.directions):
            raise BadInput("the directions of a slice are linearly dependent: it has no area; leave some out")
        if self.corners is not None:
            _check_polygon(self.corners, k)

    @property
    def dimension(self) -> int:
        return len(self.directions)

    def start(self) -> tuple[Complex, np.ndarray]:
        """One cell, the whole domain, and its corners in slice coordinates."""
        if self.corners is None:
            return cube(self.dimension)
        return polygon(len(self.corners)), self.corners

    def inputs(self, s: np.ndarray) -> np.ndarray:
        """The inputs (rows, features) at slice coordinates (rows, k)."""
        return self.origin + s @ self.directions

    def rounded(self) -> Slice:
        """The same in float64."""
        return Slice(self.origin.astype(np.float64), self.directions.astype(np.float64), self.corners)

    def rational(self) -> Slice:
        """The same in fractions."""
        return Slice(as_fractions(self.origin), as_fractions(self.directions), self.corners)


def box(low: Any, high: Any) -> Slice:
    """The box between two inputs; features with `low = high` stay fixed, at most three may differ."""
    a, b = finite(low, "low").ravel(), finite(high, "high").ravel()
    if a.shape != b.shape or (a > b).any():
        raise BadInput("a box needs low <= high for every feature, and as many of the one as of the other")
    free = np.flatnonzero(a < b)
    if not len(free):
        raise BadInput("low = high for every feature: this box is one point and has no regions")
    if len(free) > MOST:
        raise TooLarge(f"{len(free)} features of the box differ; regions are decomposed in at most {MOST} dimensions")
    directions = np.zeros((len(free), len(a)), dtype=a.dtype)
    directions[np.arange(len(free)), free] = (b - a)[free]
    return Slice(a, directions)


def segment(start: Any, end: Any) -> Slice:
    """The segment between two inputs."""
    a, b = finite(start, "start").ravel(), finite(end, "end").ravel()
    if a.shape != b.shape:
        raise BadInput(f"the ends of a segment have {a.size} and {b.size} features")
    return Slice(a, (b - a)[None])


def plane_through(a: Any, b: Any, c: Any, *, margin: float | None = 0.25) -> Slice:
    """The plane through three inputs: a at (0, 0), b at (1, 0), c at (0, 1).

    Of it the triangle between them, or with `margin` the square [-margin, 1 + margin]^2 around that.
    """
    x, y, z = (finite(v, "a point of the plane").ravel() for v in (a, b, c))
    if not x.shape == y.shape == z.shape:
        raise BadInput(f"three inputs of one shape make a plane; got {x.size}, {y.size} and {z.size} features")
    if margin is None:
        corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    else:
        p, q = -margin, 1 + margin
        corners = np.array([[p, p], [q, p], [q, q], [p, q]])
    return Slice(x, np.stack([y - x, z - x]), corners)


def finite(data: Any, what: str) -> np.ndarray:
    """Finite float64 numbers, or fractions as they are."""
    array = np.asarray(data.detach().cpu() if hasattr(data, "detach") else data)
    if array.dtype == object:
        if not all(isinstance(v, Fraction | int) for v in array.ravel().tolist()):
            raise BadInput(f"{what}: give floats, or fractions only")
        return as_fractions(array)
    if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise BadInput(f"{what}: give finite real numbers; got entries of type {array.dtype}, or NaN or infinity")
    return array.astype(np.float64)


def _independent(directions: np.ndarray) -> bool:
    """Elimination in exact rationals."""
    rows = [[Fraction(v) for v in row] for row in directions.tolist()]
    for k, row in enumerate(rows):
        pivot = next((j for j, v in enumerate(row) if v), None)
        if pivot is None:
            return False
        for other in rows[k + 1 :]:
            factor = other[pivot] / row[pivot]
            other[:] = [v - factor * u for v, u in zip(other, row, strict=True)] if factor else other
    return True


def _check_polygon(corners: np.ndarray, k: int) -> None:
    if k != 2 or corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3:
        raise BadInput(f"corners are those of a polygon, (3 or more, 2); got shape {corners.shape} for {k} directions")
    exact = [[Fraction(v) for v in row] for row in corners.tolist()]
    turns, half, sides = [], 0, [(b[0] - a[0], b[1] - a[1]) for a, b in zip(exact, exact[1:] + exact[:1], strict=True)]
    for u, v in zip(sides, sides[1:] + sides[:1], strict=True):
        turns.append(u[0] * v[1] - u[1] * v[0])
        half += (u > ORIGIN) != (v > ORIGIN)
    if not (all(t > 0 for t in turns) or all(t < 0 for t in turns)) or half != 2:
        raise BadInput("the corners of a slice must go once around a strictly convex polygon")
