"""What a method is: a name, its definition, and its explicit parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from attrtheory.errors import BadInput
from attrtheory.expr.views import FnView, Point, Value, summed

Baselines = Sequence[Point]  # one point, or the points of a background


@dataclass(frozen=True)
class Method:
    """A definition with its parameters bound. `background` is how many baseline points it averages over (else None).

    `method(f, x, baselines, i)` is the attribution of feature `i`; `method.all(f, x, baselines)` are all of them.
    """

    name: str
    define: Callable[..., Value]
    parameters: tuple[tuple[str, Any], ...] = ()
    background: int | None = None

    def __call__(self, f: FnView, x: Point, baselines: Baselines, i: int) -> Value:
        if len(baselines) != (self.background or 1) or any(len(p) != f.n for p in (x, *baselines)):
            raise BadInput(
                f"{self.name} on {f.n} features needs an input and {self.background or 1} baseline point(s) of {f.n} numbers; "
                f"got {len(x)} and {[len(b) for b in baselines]}"
            )
        baseline = baselines[0] if self.background is None else baselines
        return self.define(f, x, baseline, i, **dict(self.parameters))

    def all(self, f: FnView, x: Point, baselines: Baselines) -> tuple[Value, ...]:
        """The attributions of all features."""
        return tuple(self(f, x, baselines, i) for i in range(f.n))

    def reference(self, f: FnView, baselines: Baselines) -> Value:
        """The value that attributions are measured from: `f` at the baseline, its mean over a background."""
        share = Fraction(1, len(baselines))
        return summed(share * f(*b) for b in baselines)

    def __str__(self) -> str:
        inside = ", ".join(f"{k}={v}" for k, v in self.parameters)
        return f"{self.name}({inside})" if inside else self.name
