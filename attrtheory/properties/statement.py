"""What a property is: from a scene (method, models, points) to relations that must hold under hypotheses."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from attrtheory.expr.views import FnView, Point, Value

Baselines = Sequence[Point]
Kind = Literal["=", ">=", ">"]
HOLDS: dict[Kind, Callable[[Value, Value], bool]] = {"=": operator.eq, ">=": operator.ge, ">": operator.gt}


class Phi(Protocol):
    """An attribution method, as a property sees it."""

    def __call__(self, f: FnView, x: Point, baselines: Baselines, i: int) -> Value: ...
    def reference(self, f: FnView, baselines: Baselines) -> Value: ...


@dataclass(frozen=True, eq=False)
class Scene:
    """What a property speaks about.

    `f`, `g`: models; `program(m)`: any program of the function that the model `m` computes; `twin`: another program of
    `f`; `x`, `baselines`: points; `features`: the features for which it is stated; `letter(name)`: any real number.
    """

    phi: Phi
    f: FnView
    g: FnView
    program: Callable[[FnView], FnView]
    twin: FnView
    x: Point
    baselines: Baselines
    features: Sequence[int]
    letter: Callable[[str], Value]


@dataclass(frozen=True, eq=False)
class Relation:
    """`lhs kind rhs`; `label` says for which feature."""

    lhs: Value
    kind: Kind
    rhs: Value
    label: str = ""


@dataclass(frozen=True, eq=False)
class Statement:
    """All of `conclusions`, wherever all of `hypotheses` hold."""

    conclusions: tuple[Relation, ...]
    hypotheses: tuple[Relation, ...] = ()


@dataclass(frozen=True)
class Property:
    """A named statement. `letters`: the real numbers it quantifies over; `monotone`: it assumes a non-decreasing model.

    `moves_points`: its statement changes coordinates of the input or the baseline, so it is claimed for all of them.
    """

    name: str
    state: Callable[[Scene], Statement]
    letters: tuple[str, ...] = ()
    monotone: bool = False
    moves_points: bool = False

    def __str__(self) -> str:
        return self.name


def with_coordinate(point: Point, i: int, value: Value) -> Point:
    """The point with coordinate `i` replaced."""
    return [value if k == i else p for k, p in enumerate(point)]
