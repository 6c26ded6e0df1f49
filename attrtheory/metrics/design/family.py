"""Measures on a finite support, as weights: what they give a model, and the method that they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from attrtheory.errors import BadCertificate, BadInput
from attrtheory.expr.term import var
from attrtheory.expr.views import FnView, Point, Value, summed
from attrtheory.measures import Measure, point
from attrtheory.methods.method import Method
from attrtheory.metrics.design.constraints import program_of
from attrtheory.metrics.design.objectives import Objective, Variation
from attrtheory.metrics.design.quadratic import value
from attrtheory.metrics.design.running import values_at
from attrtheory.metrics.design.supports import Support
from attrtheory.metrics.design.wishes import Wish
from attrtheory.metrics.elimination import along
from attrtheory.metrics.numbers import Vector, dot, vector


@dataclass(frozen=True, eq=False)
class Family:
    """Measures that meet wishes. `solution`: their weights, feature by feature, in the order of the support's points."""

    support: Support
    wishes: tuple[Wish, ...]
    solution: Vector

    def check(self) -> None:
        """Makes the equations again from support and wishes, and checks the weights on them, in rationals.

        Raises:
            BadCertificate: the weights miss a wish.
        """
        program = program_of(self.support, self.wishes)
        if len(self.solution) != program.width:
            raise BadCertificate(f"{len(self.solution)} weights for {program.width} of the support")
        for k, (row, right) in enumerate(zip(program.rows, program.right, strict=True)):
            if along(row, self.solution) != right:
                raise BadCertificate(f"equation {k} of the wishes is missed: {along(row, self.solution)} is not {right}")
        if program.positive and min(self.solution) < 0:
            raise BadCertificate(f"the weights are to be positive, and {min(self.solution)} is among them")

    def value_of(self, metric: Objective) -> Fraction:
        """The exact value of a metric."""
        if isinstance(metric, Variation):
            return dot(metric.of(self.support), [abs(w) for w in self.solution])
        return value(metric, self.support, self.solution)

    @property
    def weights(self) -> tuple[Vector, ...]:
        """The weights of each feature's measure, in the order of the support's points."""
        v, points = self.solution, len(self.support.points)
        return tuple(v[i * points : (i + 1) * points] for i in range(self.support.n))

    @property
    def masses(self) -> tuple[dict[Vector, Fraction], ...]:
        """Each feature's measure as a table: the points that have weight, and their weights."""
        points = self.support.points
        return tuple({p: w for p, w in zip(points, row, strict=True) if w} for row in self.weights)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Each feature's measure; of a relative support in the input x1.. and the baseline b1.., which may be any."""
        n = self.support.n
        x, b = ([var(f"{letter}{k + 1}") for k in range(n)] for letter in "xb")
        at = (lambda p: on_the_way(p, x, b)) if self.support.relative else list
        return tuple(sum((w * point(at(p)) for p, w in row.items()), Measure(n)) for row in self.masses)

    def variation(self) -> Vector:
        """The total variation of each measure: by how much a change of the model by 1 changes the attribution at most."""
        return tuple(sum(map(abs, row), Fraction(0)) for row in self.weights)

    def attribute(self, model: Any, x: Any = None, baseline: Any = None, *, target: int = 0) -> list[Any]:
        """The attributions of a model: Fractions for an Fn or a Graph, floats for a torch module or a function of an array.

        A relative design needs an input and a baseline; one on fixed points has its own.

        Raises:
            BadInput: these are missing or given in vain, or the model does not fit.
        """
        values = values_at(model, self.points(x, baseline), target)
        exact = not isinstance(values[0], float)
        rows = self.weights if exact else [[float(w) for w in row] for row in self.weights]
        return [summed(w * v for w, v in zip(row, values, strict=True) if w) for row in rows]

    def points(self, x: Any = None, baseline: Any = None) -> Sequence[Vector]:
        """The points at which a model is evaluated."""
        if not self.support.relative:
            if x is not None or baseline is not None:
                raise BadInput("this design is for one input and one baseline: leave x and baseline out")
            return self.support.points
        if x is None or baseline is None:
            raise BadInput("this design is for any input and baseline: give both, x=... and baseline=...")
        a, b = vector(x, "x", self.support.n), vector(baseline, "baseline", self.support.n)
        return [tuple(on_the_way(p, a, b)) for p in self.support.points]

    def method(self, name: str) -> Method:
        """The design as a method, which may be derived, proved and run like any other; of relative designs.

        Raises:
            BadInput: its points are fixed.
        """
        if not self.support.relative:
            raise BadInput("a design on fixed points is no method; design on hybrids(n) or grid(n, steps)")
        masses, n = self.masses, self.support.n

        def define(f: FnView, x: Point, x0: Point, i: int) -> Value:
            if f.n != n:
                raise BadInput(f"{name} was designed for {n} features; the model has {f.n}")
            return summed(w * f(*on_the_way(p, x, x0)) for p, w in masses[i].items())

        return Method(name, define)


def on_the_way(shares: Vector, x: Point, x0: Point) -> list[Value]:
    """baseline + u (x - baseline), coordinate by coordinate; exactly x or the baseline where u is 1 or 0."""
    return [b if u == 0 else a if u == 1 else b + u * (a - b) for u, a, b in zip(shares, x, x0, strict=True)]
