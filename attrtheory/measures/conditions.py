r"""Properties of attributions as conditions on their measures, decided for every model at once.

* completeness: $\sum_i \phi_i = \delta_x - \delta_{x^0}$, or minus the mean of $\delta_b$ over a background;
* constants: the mass of $\mu_i$ is 0;
* dummy: $\phi_i$ vanishes on models that ignore feature i, so the images of $\mu_i$ and of the kernels in other
  coordinates, without coordinate i, add up to 0;
* affine exactness: mass 0, and $\phi_i(y_k) = (x_i - x^0_i)\,1[k = i]$.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement

from attrtheory.expr.term import Term, lift
from attrtheory.measures.applied import on_monomial
from attrtheory.measures.functional import Functional, nothing, of_measure
from attrtheory.measures.measure import finite, point
from attrtheory.measures.parts import by_parts
from attrtheory.models.fn import variables
from attrtheory.semantics.exact import evaluate
from attrtheory.semantics.ring import equal

SMOOTH = "the model is continuously differentiable"
MAX_DEGREE = 3
TRIES = 60


@dataclass(frozen=True)
class Against:
    """A monomial model and a rational point at which an equation fails: `lhs` against `rhs`."""

    feature: int | None
    model: str
    point: tuple[tuple[str, Fraction], ...]
    lhs: Fraction
    rhs: Fraction

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
    """Two functionals of one model; the model has the coordinates `kept`, and ignores the others.

    `smooth`: the slopes that the method takes are derivatives only of differentiable models.
    """

    lhs: Functional
    rhs: Functional
    feature: int | None = None
    kept: tuple[int, ...] | None = None
    smooth: bool = False


Family = Sequence[Functional]
Points = Sequence[Sequence[Term]]


def completeness(family: Family, x: Sequence[Term], baselines: Points) -> Decided:
    r"""$\sum_i \phi_i(f) = f(x) - f(x^0)$, or minus the mean over a background."""
    whole = family[0]
    for g in family[1:]:
        whole = whole + g
    return decided([Equation(whole, of_measure(point(x) - finite(baselines)))])


def constants(family: Family) -> Decided:
    r"""$\phi_i(c) = 0$."""
    return _moments(family, lambda i: [((), lift(0))])


def dummy(family: Family) -> Decided:
    r"""$\phi_i(f) = 0$ for every model that ignores feature $i$."""
    return decided([_ignored(g, i) for i, g in enumerate(family)])


def affine_exactness(family: Family, x: Sequence[Term], baselines: Points) -> Decided:
    r"""$\phi_i(w \cdot y + c) = w_i (x_i - x^0_i)$."""
    mean = finite(baselines)

    def targets(i: int) -> list[tuple[tuple[int, ...], Term]]:
        step = lambda k: x[k] - mean.moment(k)
        return [((), lift(0)), *(((k,), step(k) if k == i else lift(0)) for k in range(len(family)))]

    return _moments(family, targets)


def decided(equations: Sequence[Equation]) -> Decided:
    """Equal by normal form, after integration by parts; or refuted by a monomial; or unknown."""
    hypotheses: list[str] = []
    for e in equations:
        difference = e.lhs - e.rhs
        found = by_parts(difference)
        if found.functional.values.parts or found.functional.differentiates:
            witness = next(_against(e), None)
            return Decided("Unknown") if witness is None else Decided("Refuted", (), witness)
        if (e.smooth or difference.differentiates) and SMOOTH not in hypotheses:
            hypotheses.append(SMOOTH)
        hypotheses += [h for c in found.nonzero if (h := f"{c!r} is not 0") not in hypotheses]
    return Decided("Conditional", tuple(hypotheses)) if hypotheses else Decided("Proved")


def _ignored(g: Functional, i: int) -> Equation:
    kept = tuple(k for k in range(g.n) if k != i)
    if not kept:  # the model is constant: it sees the mass alone
        return Equation(of_measure(point([0]) * g.values.mass()), nothing(1), i, smooth=g.differentiates)
    image = Functional(g.values.marginal(kept), tuple(g.slopes[k].marginal(kept) for k in kept))
    return Equation(image, nothing(len(kept)), i, kept, smooth=g.differentiates)


def _moments(family: Family, targets: Callable[[int], list[tuple[tuple[int, ...], Term]]]) -> Decided:
    """Equations between moments: an affine model sees no more of a measure."""
    for i, g in enumerate(family):
        for monomial, target in targets(i):
            found = on_monomial(g, monomial)
            if not equal(found, target):
                witness = next(_apart(found, target, i, _text(monomial, range(g.n))), None)
                return Decided("Unknown") if witness is None else Decided("Refuted", (), witness)
    if any(g.differentiates for g in family):
        return Decided("Conditional", (SMOOTH,))
    return Decided("Proved")


def _against(e: Equation) -> Iterator[Against]:
    for degree in range(MAX_DEGREE + 1):
        for monomial in combinations_with_replacement(range(e.lhs.n), degree):
            lhs, rhs = on_monomial(e.lhs, monomial), on_monomial(e.rhs, monomial)
            if not equal(lhs, rhs):
                yield from _apart(lhs, rhs, e.feature, _text(monomial, e.kept or range(e.lhs.n)))


def _apart(lhs: Term, rhs: Term, feature: int | None, model: str) -> Iterator[Against]:
    names = sorted({*variables(lhs), *variables(rhs)})
    for env in _points(names):
        left, right = evaluate(lhs, env), evaluate(rhs, env)
        if left != right:
            yield Against(feature, model, tuple(env.items()), left, right)


def _points(names: Sequence[str]) -> Iterator[dict[str, Fraction]]:
    """Small whole numbers; what is neither an input nor a baseline is a scale, and positive."""
    rng = random.Random(0)
    for k in range(TRIES):
        drawn = [Fraction(rng.randint(-2 - k // 8, 2 + k // 8)) for _ in names]
        yield {name: q if name[0] in "xb" else abs(q) or Fraction(1) for name, q in zip(names, drawn, strict=True)}


def _text(monomial: Sequence[int], names: Sequence[int]) -> str:
    return " * ".join(f"y{names[k] + 1}" for k in monomial) or "1"

