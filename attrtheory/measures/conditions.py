r"""Properties of attributions as conditions on their measures, decided for every model at once.

* completeness: $\sum_i \phi_i = \delta_x - \delta_{x^0}$, or minus the mean of $\delta_b$ over a background;
* constants: the mass of $\mu_i$ is 0;
* dummy: $\phi_i$ vanishes on models that ignore feature i, so the images of $\mu_i$ and of the kernels in other
  coordinates, without coordinate i, add up to 0;
* affine exactness: mass 0, and $\phi_i(y_k) = (x_i - x^0_i)\,1[k = i]$.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, combinations_with_replacement

from attrtheory.expr.term import Term
from attrtheory.measures.applied import on_monomial
from attrtheory.measures.functional import Functional, nothing, of_measure
from attrtheory.measures.measure import Measure, finite, point
from attrtheory.measures.parts import by_parts
from attrtheory.models.fn import variables
from attrtheory.semantics.exact import evaluate
from attrtheory.semantics.ring import equal

SMOOTH = "the model is continuously differentiable"
GROWTH = "slopes of the model grow at most polynomially"  # for means under a normal law
MAX_DEGREE = 3
TRIES = 60


@dataclass(frozen=True)
class Against:
    """A monomial model in the coordinates listed, and a rational point at which an equation fails: `lhs` against `rhs`."""

    feature: int | None
    monomial: tuple[int, ...]
    point: tuple[tuple[str, Fraction], ...]
    lhs: Fraction
    rhs: Fraction

    @property
    def model(self) -> str:
        return " * ".join(f"y{k + 1}" for k in self.monomial) or "1"

    def __str__(self) -> str:
        where = ", ".join(f"{name} = {q}" for name, q in self.point) or "every point"
        which = "" if self.feature is None else f"feature {self.feature + 1}: "
        return f"{which}f = {self.model}: {self.lhs} against {self.rhs} at {where}"


@dataclass(frozen=True)
class Decided:
    """`verdict`: Proved, Conditional (on `hypotheses`), Refuted (with a witness), or Unknown."""

    verdict: str
    hypotheses: tuple[str, ...] = ()
    witness: Against | None = None

    def __str__(self) -> str:
        return f"{self.verdict}: {self.witness}" if self.witness else self.verdict


@dataclass(frozen=True)
class Equation:
    """Two functionals that are to agree on every model of the coordinates `kept`, or on some monomials of them.

    `smooth`: the slopes that the method takes are derivatives only of differentiable models.
    """

    lhs: Functional
    rhs: Functional
    kept: tuple[int, ...]
    smooth: bool
    feature: int | None = None
    monomials: tuple[tuple[int, ...], ...] | None = None


Family = Sequence[Functional]
Points = Sequence[Sequence[Term]]


def completeness(family: Family, x: Sequence[Term], baselines: Points) -> list[Equation]:
    r"""$\sum_i \phi_i(f) = f(x) - f(x^0)$, or minus the mean over a background."""
    whole = family[0]
    for g in family[1:]:
        whole = whole + g
    change = of_measure(point(x) - finite(baselines))
    return [Equation(whole, change, tuple(range(whole.n)), whole.differentiates)]


def constants(family: Family) -> list[Equation]:
    r"""$\phi_i(c) = 0$."""
    return [Equation(g, nothing(g.n), tuple(range(g.n)), g.differentiates, i, ((),)) for i, g in enumerate(family)]


def dummy(family: Family) -> list[Equation]:
    r"""$\phi_i(f) = 0$ for every model that ignores feature $i$."""
    return [_ignored(g, i) for i, g in enumerate(family)]


def affine_exactness(family: Family, x: Sequence[Term], baselines: Points) -> list[Equation]:
    r"""$\phi_i(w \cdot y + c) = w_i (x_i - x^0_i)$."""
    n, mean = len(family), finite(baselines)
    monomials = ((), *((k,) for k in range(n)))

    def target(i: int) -> Functional:
        step = point(x) * (x[i] - mean.moment(i))
        return Functional(Measure(n), tuple(step if k == i else Measure(n) for k in range(n)))

    every = tuple(range(n))
    return [Equation(g, target(i), every, g.differentiates, i, monomials) for i, g in enumerate(family)]


def _ignored(g: Functional, i: int) -> Equation:
    kept = tuple(k for k in range(g.n) if k != i)
    if not kept:  # the model is constant: it sees the mass alone
        return Equation(of_measure(point([0]) * g.values.mass()), nothing(1), (0,), g.differentiates, i)
    image = Functional(g.values.marginal(kept), tuple(g.slopes[k].marginal(kept) for k in kept))
    return Equation(image, nothing(len(kept)), kept, g.differentiates, i)


def decided(equations: Sequence[Equation], witness: Against | None = None) -> Decided:
    """Equal by normal form, after integration by parts; or refuted by a monomial; or unknown.

    With a witness nothing is searched: it refutes one of the equations, or the answer is Unknown.
    """
    if witness is not None:
        return Decided("Refuted", (), witness) if any(_fails(e, witness) for e in equations) else Decided("Unknown")
    hypotheses: list[str] = []
    for e in equations:
        conditions = _conditions(e)
        if conditions is None:
            found = next(_against(e), None)
            return Decided("Unknown") if found is None else Decided("Refuted", (), found)
        hypotheses += [h for h in conditions if h not in hypotheses]
    return Decided("Conditional", tuple(hypotheses)) if hypotheses else Decided("Proved")


def _conditions(e: Equation) -> list[str] | None:
    """Under which hypotheses the two sides are equal by normal form; None if they are not."""
    smooth = [SMOOTH] if e.smooth else []
    if e.monomials is not None:
        return smooth if all(equal(on_monomial(e.lhs, m), on_monomial(e.rhs, m)) for m in e.monomials) else None
    found = by_parts(e.lhs - e.rhs)
    if found.functional.values.parts or found.functional.differentiates:
        return None
    spread = any(p.law.normal for g in (e.lhs, e.rhs) for nu in g.slopes for p in nu.parts)
    return [*smooth, *([GROWTH] if spread else []), *(f"{c!r} is not 0" for c in found.nonzero)]


def _fails(e: Equation, witness: Against) -> bool:
    """Whether the equation speaks of the witness's model, and fails there by the numbers that it states."""
    if witness.feature != e.feature or not set(witness.monomial) <= set(e.kept):
        return False
    inside = tuple(e.kept.index(k) for k in witness.monomial)
    if e.monomials is not None and inside not in e.monomials:
        return False
    env = dict(witness.point)
    if any(q <= 0 for name, q in env.items() if name[0] not in "xb"):
        return False
    sides = evaluate(on_monomial(e.lhs, inside), env), evaluate(on_monomial(e.rhs, inside), env)
    return sides == (witness.lhs, witness.rhs) and witness.lhs != witness.rhs


def _against(e: Equation) -> Iterator[Against]:
    coordinates = range(len(e.kept))
    degrees = (combinations_with_replacement(coordinates, d) for d in range(MAX_DEGREE + 1))
    for monomial in chain.from_iterable(degrees) if e.monomials is None else e.monomials:
        lhs, rhs = on_monomial(e.lhs, monomial), on_monomial(e.rhs, monomial)
        if not equal(lhs, rhs):
            for env in _points(sorted({*variables(lhs), *variables(rhs)})):
                sides = evaluate(lhs, env), evaluate(rhs, env)
                if sides[0] != sides[1]:
                    yield Against(e.feature, tuple(e.kept[k] for k in monomial), tuple(env.items()), *sides)


def _points(names: Sequence[str]) -> Iterator[dict[str, Fraction]]:
    """Small whole numbers; what is neither an input nor a baseline is a scale, and positive."""
    rng = random.Random(0)
    for k in range(TRIES):
        drawn = [Fraction(rng.randint(-2 - k // 8, 2 + k // 8)) for _ in names]
        yield {name: q if name[0] in "xb" else abs(q) or Fraction(1) for name, q in zip(names, drawn, strict=True)}
