r"""Atoms: the attribution of the indicator of a set, for every method that has a functional."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from attrtheory.errors import BadInput, SideCondition, Unsupported
from attrtheory.expr.algebra import fold
from attrtheory.expr.forms import total
from attrtheory.expr.special import SPECIAL
from attrtheory.expr.syntax import infix
from attrtheory.expr.term import Scalar, Term
from attrtheory.measures.atoms.crossings import Requirement, credits_of, nowhere, standing
from attrtheory.measures.atoms.masses import measure_of
from attrtheory.measures.atoms.sets import Region, symbolic
from attrtheory.measures.atoms.slopes import difference_quotient, impulses
from attrtheory.measures.functional import Definition, Functional, functional_of
from attrtheory.measures.measure import Measure
from attrtheory.measures.parts import by_parts
from attrtheory.models.fn import rational, variables
from attrtheory.semantics.exact import Exact, Pieces, Value
from attrtheory.semantics.reading import latex


@dataclass(frozen=True, eq=False)
class Atom:
    """The attribution of feature number `feature` (from 0) for the indicator of `region`.

    `kind`: "M" if the functional is a measure, "D" if it is a kernel on slopes and the atom a sum of face crossings.
    The atom is defined where no term of `defined_where` is 0.
    """

    feature: int
    region: Region
    kind: str
    term: Term
    defined_where: tuple[Requirement, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(sorted({name for t in (self.term, *(r.term for r in self.defined_where)) for name in variables(t)}))

    def value_at(self, env: Mapping[str, Scalar | str]) -> Fraction:
        """The exact value; `env` gives a rational number, or its text, for each of `variables`.

        Raises:
            SideCondition: the atom is not defined there, as where crossing times tie; the message names the condition.
            Unsupported: the value is a normal probability, which is no rational number.
        """
        point = {name: rational(value) for name, value in env.items()}
        number = _Numbers(point)
        for words, positive in self.region.positive:
            if number(positive) <= 0:
                raise BadInput(f"the set is not what it says; it takes that {words}")
        for r in self.defined_where:
            if not number(r.term):
                raise SideCondition(
                    f"the atom of feature {self.feature + 1} is not defined here, for it takes that {r.words}. Nearby models "
                    "get different attributions; move the input, the baseline or the set a little."
                )
        return number(self.term)

    def latex(self) -> str:
        r"""The formula; ends of a box are $\ell_k, u_k$."""
        names = {f"{name}{k}": f"{sign}_{{{k}}}" for k in range(1, self.region.n + 1) for name, sign in _NAMES}
        return latex(self.term, names)

    def __str__(self) -> str:
        lines = [f"feature {self.feature + 1}, {self.region.kind}, class {self.kind}: {infix(self.term)}"]
        return "\n".join([*lines, *(f"    where {r.words}" for r in self.defined_where)])


class _Numbers:
    """Exact values of several terms at one point."""

    def __init__(self, point: Mapping[str, Fraction]) -> None:
        self.exact = Exact(point, dict.fromkeys(SPECIAL, _irrational))
        self.memo: dict[Term, Value] = {}

    def __call__(self, term: Term) -> Fraction:
        value = fold(term, self.exact, self.memo)
        if isinstance(value, Pieces):
            raise Unsupported("a term with an open bound variable has no value")
        return value


def _irrational(orders: Sequence[int], args: Sequence[Fraction]) -> Fraction:
    raise Unsupported("the atom has normal probabilities in it, so its value is no rational number; enclose its term instead")


_NAMES = (("low", r"\ell"), ("high", "u"))


@dataclass(frozen=True, eq=False)
class NoAtom(Atom):
    """No number is the attribution of the indicator: `reason` says which distribution it is.

    Off the boundary `term` is what it gives, on it nothing is defined. `approximation` is the measure of difference
    quotients of width `h`, whose variation grows as 1/h.
    """

    reason: str
    approximation: Measure

    def __str__(self) -> str:
        return f"{super().__str__()}\n    no atom: {self.reason}"


def atom(
    source: Definition | Functional | Sequence[Functional],
    region: str | Region,
    n: int | None = None,
    *,
    x: Sequence[Scalar] | None = None,
    baselines: Sequence[Sequence[Scalar]] | None = None,
) -> tuple[Atom, ...]:
    r"""The attribution of every feature for the indicator of a set, derived from the functional.

    Class M: $a_i(R) = \mu_i(R)$. Class D: $a_i(R) = \sum \frac{n_i\gamma_i'}{n\cdot\gamma'}[1_R(\text{after}) -
    1_R(\text{before})]$ over the crossings of the kernel's paths with the boundary, n its normal.

    `region`: "box", "half_space" or "orthant" (in variables low1.., high1..; w1.., s; t1..), or a `Region`.
    `source`: a method, with `n`, `x`, `baselines` as in `functional_of`; or functionals, one for each feature.

    >>> from attrtheory.methods import get_method
    >>> print(atom(get_method("occlusion"), "half_space", 1)[0])
    feature 1, half_space, class M: -1[-s + w1*b1 > 0] + 1[-s + w1*x1 > 0]

    Raises:
        BadInput: a set or numbers of features that don't fit.
        Unsupported: the method has no functional, or random variables move several faces together.
    """
    if isinstance(source, Functional):
        source = (source,)
    if not isinstance(source, Sequence):
        size = region.n if n is None and isinstance(region, Region) else n
        if size is None:
            raise BadInput("a method's atom needs the number of features n beside the name of the set")
        source = functional_of(source, size, x, baselines)
    elif x is not None or baselines is not None:
        raise BadInput("functionals have their input and baselines in them; x and baselines are for methods")
    sizes = {f.n for f in source}
    if len(sizes) != 1:
        raise BadInput(f"functionals on one number of features are asked for; got {sorted(sizes)}")
    (size,) = sizes
    on = symbolic(region, size) if isinstance(region, str) else region
    if on.n != size or n not in (None, size):
        raise BadInput(f"functionals on {size} features, a set in {on.n} dimensions and n = {n}; they must be the same")
    return tuple(_derived(k, functional, on) for k, functional in enumerate(source))


def _derived(feature: int, functional: Functional, region: Region) -> Atom:
    done = by_parts(functional)
    whole = done.functional
    terms = [measure_of(whole.values, region)]
    where = [Requirement("no divisor of the functional is 0", 1 - nowhere(t)) for t in done.nonzero]
    for k, nu in enumerate(whole.slopes):
        for part in nu.parts:
            where += standing(part, region, k)
            for credit in credits_of(part, region, k):
                terms.append(credit.term)
                where += credit.defined_where
    kind, where = "D" if whole.differentiates else "M", [r for r in where if r.term.op != "const"]
    if none := impulses(whole, region):
        reason = "slopes at points see a boundary as a distribution, " + " + ".join(none)
        return NoAtom(feature, region, kind, total(terms), tuple(where), reason, difference_quotient(whole))
    return Atom(feature, region, kind, total(terms), tuple(where))
