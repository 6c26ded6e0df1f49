r"""What the attribution of an indicator is: a formula, where it holds, and its exact values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from attrtheory.errors import BadInput, SideCondition
from attrtheory.expr.syntax import infix
from attrtheory.expr.term import Scalar, Term
from attrtheory.measures.atoms.crossings import Requirement
from attrtheory.measures.atoms.sets import Region
from attrtheory.measures.measure import Measure
from attrtheory.models.fn import rational, variables
from attrtheory.semantics.balls import Enclosure, enclose
from attrtheory.semantics.exact import evaluate
from attrtheory.semantics.reading import generic_latex
from attrtheory.semantics.special import is_special

ENDS = (("lower", r"\ell"), ("upper", "u"))


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
            Unsupported: the value is a normal probability, which is no rational number: see `enclosed_at`.
        """
        return evaluate(self.term, self._checked(env))

    def enclosed_at(self, env: Mapping[str, Scalar | str], bits: int = 53) -> Enclosure:
        """Rational numbers that the value lies between; raises as `value_at`."""
        return enclose(self.term, self._checked(env), bits)

    def _checked(self, env: Mapping[str, Scalar | str]) -> dict[str, Fraction]:
        """The point, at which the set is what it says and the atom is defined."""
        point = {name: rational(value) for name, value in env.items()}
        for words, positive in self.region.positive:
            if evaluate(positive, point) <= 0:
                raise BadInput(f"the set is not what it says; it takes that {words}")
        for r in self.defined_where:
            if _is_zero(r.term, point):
                raise SideCondition(
                    f"the atom of feature {self.feature + 1} is not defined here, for it takes that {r.words}. Nearby models "
                    "get different attributions; move the input, the baseline or the set a little."
                )
        return point

    def latex(self) -> str:
        r"""The formula where no denominator is 0; ends of a box are $\ell_k, u_k$."""
        names = {f"{name}{k}": f"{sign}_{{{k}}}" for k in range(1, self.region.n + 1) for name, sign in ENDS}
        return generic_latex(self.term, names)

    def __str__(self) -> str:
        return "\n".join([f"{self._title}: {infix(self.term)}", *(f"    where {words}" for words in self._words)])

    @property
    def _words(self) -> list[str]:
        return list(dict.fromkeys(r.words for r in self.defined_where))

    @property
    def _title(self) -> str:
        how = "measure of the set" if self.kind == "M" else "face crossings"
        return f"feature {self.feature + 1}, {self.region.kind}, {how}"


def _is_zero(term: Term, point: Mapping[str, Fraction]) -> bool:
    if not is_special(term):
        return not evaluate(term, point)
    bounds = enclose(term, point)
    return bounds.lower <= 0 <= bounds.upper


@dataclass(frozen=True, eq=False)
class NoAtom(Atom):
    """No number is the attribution of the indicator: `reason` says which distribution it is.

    Off the boundary `term` is what it gives, on it nothing is defined. `approximation` is the measure of difference
    quotients of width `h`, whose variation grows as 1/h.
    """

    reason: str
    approximation: Measure

    def __str__(self) -> str:
        lines = [f"{self._title}: no number; {self.reason}", f"    off the boundary it is {infix(self.term)}"]
        return "\n".join([*lines, "    difference quotients of width h are measures, of variation growing as 1/h"])
