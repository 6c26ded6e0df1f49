"""What a measure on the plane looks like: spots for point masses, strokes along lines, clouds with a density."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attrtheory.errors import BadInput, TooLarge
from attrtheory.measures.law import Law, Part, Vector
from attrtheory.measures.measure import Measure
from attrtheory.measures.same import collected

if TYPE_CHECKING:
    from attrtheory.expr.term import Term

REACH = 3.0  # a normal variable is drawn between -3 and 3
STEPS = 241


@dataclass(frozen=True)
class Spot:
    """A point mass."""

    at: np.ndarray
    weight: float


@dataclass(frozen=True)
class Stroke:
    """Mass along a line: `points` in order, and the `density` there with respect to the `variable` that runs along it."""

    variable: np.ndarray
    points: np.ndarray
    density: np.ndarray


@dataclass(frozen=True)
class Cloud:
    """Mass on the plane: a density against the two variables of `frame`, normal or uniform, with its monomials."""

    origin: np.ndarray
    frame: np.ndarray
    normal: tuple[bool, bool]
    terms: tuple[tuple[float, tuple[int, ...]], ...]

    def corners(self) -> np.ndarray:
        """The corners of the part of the plane that is drawn."""
        ends = [(-REACH, REACH) if is_normal else (0.0, 1.0) for is_normal in self.normal]
        return np.array([self.origin + self.frame @ (u, v) for u in ends[0] for v in ends[1]])

    def density(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The density with respect to area."""
        shifted = np.stack([x - self.origin[0], y - self.origin[1]])
        variables = np.einsum("ij,j...->i...", np.linalg.inv(self.frame), shifted)
        weight = _polynomial(self.terms, variables) / abs(np.linalg.det(self.frame))
        for value, is_normal in zip(variables, self.normal, strict=True):
            weight = weight * _law(value, is_normal=is_normal)
        return weight


Mark = Spot | Stroke | Cloud


def marks(measure: Measure) -> list[Mark]:
    """The marks of a measure on two features whose terms are numbers.

    Raises:
        BadInput: another number of features, or a letter in a weight or a law.
        TooLarge: more variables than the plane has directions.
    """
    if measure.n != 2:
        raise BadInput(f"pictures are of measures on 2 features; got {measure.n}. Take a marginal on two of them.")
    by_law: dict[tuple[float, ...], list[Part]] = {}
    for part in collected(measure).parts:
        law = part.law
        key = (len(law.uniform), *(number(t) for v in (law.origin, *law.columns) for t in v))
        by_law.setdefault(key, []).append(part)
    return [_mark(parts[0].law, tuple((number(p.weight), p.powers) for p in parts)) for parts in by_law.values()]


def _mark(law: Law, terms: tuple[tuple[float, tuple[int, ...]], ...]) -> Mark:
    origin, columns = _numbers(law.origin), [_numbers(c) for c in law.columns]
    normal = tuple(law.is_normal(j) for j in range(len(columns)))
    match columns:
        case []:
            return Spot(origin, sum(w for w, _ in terms))
        case [column]:
            t = np.linspace(-REACH, REACH, STEPS) if normal[0] else np.linspace(0.0, 1.0, STEPS)
            density = _polynomial(terms, t[None]) * _law(t, is_normal=normal[0])
            return Stroke(t, origin + t[:, None] * column, density)
        case [first, second] if abs(np.linalg.det(frame := np.stack([first, second], axis=1))) > 1e-12:
            return Cloud(origin, frame, (normal[0], normal[1]), terms)
        case _:
            raise TooLarge(f"a law with {len(columns)} variables that do not span the plane one to one has no picture here")


def _polynomial(terms: Iterable[tuple[float, tuple[int, ...]]], variables: np.ndarray) -> np.ndarray:
    total = np.zeros(variables.shape[1:])
    for weight, powers in terms:
        total = total + weight * np.prod([v**k for v, k in zip(variables, powers, strict=True)], axis=0)
    return total


def _law(t: np.ndarray, *, is_normal: bool) -> np.ndarray:
    """The density of a variable."""
    if is_normal:
        return np.exp(-t * t / 2) / np.sqrt(2 * np.pi)
    return ((t >= 0) & (t <= 1)).astype(float)


def number(term: Term) -> float:
    """The value of a term that is a number.

    Raises:
        BadInput: it has letters.
        TooLarge: it is beyond floats.
    """
    if term.op != "const":
        raise BadInput(f"a picture needs numbers; got {term!r}. Give x, the baselines and parameters as numbers.")
    try:
        return float(term.payload)
    except OverflowError as error:
        raise TooLarge("a measure has a number beyond floats; scale it, or the features") from error


def _numbers(v: Vector | Sequence[Term]) -> np.ndarray:
    return np.array([number(t) for t in v])
