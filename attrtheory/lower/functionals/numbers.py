"""Functionals with numbers in the place of variables: sums of weighted laws, like ones collected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import fmpq, fmpq_mat

from attrtheory.errors import BadInput
from attrtheory.expr.term import Term, lift
from attrtheory.measures.functional import Functional
from attrtheory.measures.law import Law, Part
from attrtheory.measures.measure import Measure
from attrtheory.models.fn import rational, variables
from attrtheory.semantics.exact import evaluate

Numbers = tuple[Fraction, ...]
Feature = int | None  # a slope's feature; None for values


@dataclass(frozen=True)
class Spread:
    """The law of `origin + sum u_j uniform[j] + sum g_j normal[j]`, u_j uniform on [0, 1], g_j standard normal."""

    origin: Numbers
    uniform: tuple[Numbers, ...]
    normal: tuple[Numbers, ...]

    @property
    def columns(self) -> tuple[Numbers, ...]:
        return (*self.uniform, *self.normal)

    @property
    def independent(self) -> bool:
        """Whether the columns are linearly independent."""
        rows = [[fmpq(v.numerator, v.denominator) for v in c] for c in self.columns]
        return not rows or fmpq_mat(rows).rank() == len(rows)


@dataclass(frozen=True)
class Summand:
    """`weight E[u^a g^b f(Y)]`, or of the derivative of f in `feature`; `powers` are (a.., b..)."""

    weight: Fraction
    feature: Feature
    law: Spread
    powers: tuple[int, ...]


Row = tuple[Summand, ...]


def numeric(functional: Functional, at: Mapping[str, Any]) -> Row:
    """The summands of a functional, with the values `at` of its variables.

    Raises:
        BadInput: a variable without a value.
    """
    env = {name: number(v) for name, v in at.items()}
    found: dict[tuple[Feature, Spread, tuple[int, ...]], Fraction] = {}
    for feature, measure in [(None, functional.values), *enumerate(functional.slopes)]:
        for part in measure.parts:
            weight, law, powers = _still(part, env)
            found[feature, law, powers] = found.get((feature, law, powers), Fraction(0)) + weight
    return tuple(Summand(w, *key) for key, w in found.items() if w)


def _still(part: Part, env: Mapping[str, Fraction]) -> tuple[Fraction, Spread, tuple[int, ...]]:
    """The part in numbers, without variables that move nothing."""
    value = lambda v: tuple(_value(t, env) for t in v)
    columns = [value(c) for c in part.law.columns]
    moves = [any(c) for c in columns]
    m = len(part.law.uniform)
    weight = _value(part.weight, env) * part.expectation(
        tuple(0 if moving else p for p, moving in zip(part.powers, moves, strict=True))
    )
    kept = [c for c, moving in zip(columns, moves, strict=True) if moving]
    first = sum(moves[:m])
    powers = tuple(p for p, moving in zip(part.powers, moves, strict=True) if moving)
    return weight, Spread(value(part.law.origin), tuple(kept[:first]), tuple(kept[first:])), powers


def _value(term: Term, env: Mapping[str, Fraction]) -> Fraction:
    missing = [name for name in variables(term) if name not in env]
    if missing:
        raise BadInput(f"the functional has variables without values: {', '.join(missing)}; give them in `at`")
    return evaluate(term, env)


def number(value: Any) -> Fraction:
    """An exact number; a float, also one of numpy or torch, stands for its exact value."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        if value - value != 0:
            raise BadInput(f"finite numbers are asked for; got {value}")
        return Fraction(value)
    return rational(value)


def symbolic(row: Sequence[Summand], n: int) -> Functional:
    """Summands as a functional again."""
    parts: dict[Feature, list[Part]] = {}
    for s in row:
        law = Law(_terms(s.law.origin), tuple(map(_terms, s.law.uniform)), tuple(map(_terms, s.law.normal)))
        parts.setdefault(s.feature, []).append(Part(lift(s.weight), law, s.powers))
    measure = lambda feature: Measure(n, tuple(parts.get(feature, ())))
    return Functional(measure(None), tuple(map(measure, range(n))))


def _terms(v: Numbers) -> tuple[Term, ...]:
    return tuple(map(lift, v))
