"""The value of a normal form at a point, read from the keys of its atoms by an evaluator of its own."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from independent import Dual, integral

from attrtheory.expr import Term, fold
from attrtheory.semantics.ring import Ring

Q = Fraction


class FormReader:
    """The value of a normal form, from the keys of its atoms alone."""

    def __init__(self, ring: Ring, env: Mapping[str, Fraction], bounds: Mapping[int, Dual], *, right: bool) -> None:
        self.keys: dict[int, Any] = {i: key for key, i in ring.ids.items()}
        self.ring, self.env, self.bounds, self.right = ring, env, bounds, right
        self.guards: list[Dual] = []

    def __call__(self, poly: Any) -> Dual:
        total = Dual(Q(0))
        for monomial, c in dict(poly).items():
            product = Dual(c)
            for i, power in monomial:
                for _ in range(power):
                    product *= self.atom(self.keys[i])
            total += product
        return total

    def atom(self, key: Any) -> Dual:
        match key:
            case ("var", name):
                return Dual(self.env[name])
            case ("bound", level):
                return self.bounds[level]
            case ("step", h):
                g = self(h)
                self.guards.append(g)
                return Dual(Q(g.v > 0 or (self.right and g.v == 0 and g.s > 0)))
            case ("zero", h):
                g = self(h)
                self.guards.append(g)
                return Dual(Q(g.v == 0 and not (self.right and g.s)))
            case ("inverse", h):
                return Dual(Q(1)) / self(h)
            case ("mean", level, inside):
                return Dual(integral(lambda a, right: self.along(level, inside, a, right)))
            case _:
                raise NotImplementedError(key)

    def along(self, level: int, inside: Any, a: Dual, right: bool) -> tuple[Fraction, list[Dual]]:
        reader = FormReader(self.ring, self.env, {**self.bounds, level: a}, right=right)
        return reader({inside: Q(1)}).v, reader.guards


def form_value(t: Term, env: Mapping[str, Fraction]) -> Fraction:
    ring = Ring()
    form = fold(t, ring)
    return FormReader(ring, env, {}, right=False)(form).v
