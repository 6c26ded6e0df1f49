r"""Atoms: the attribution of the indicator of a set, for every method that has a functional."""

from __future__ import annotations

from collections.abc import Sequence

from attrtheory.errors import BadInput
from attrtheory.expr.forms import step, total
from attrtheory.expr.syntax import infix
from attrtheory.expr.term import ONE, Scalar, var
from attrtheory.measures.atoms.crossings import Requirement, credits_of, nowhere, standing
from attrtheory.measures.atoms.interval import sign_of
from attrtheory.measures.atoms.masses import measured
from attrtheory.measures.atoms.result import Atom, NoAtom
from attrtheory.measures.atoms.sets import Region, symbolic
from attrtheory.measures.atoms.slopes import difference_quotient, impulses
from attrtheory.measures.functional import Definition, Functional, functional_of
from attrtheory.measures.parts import by_parts
from attrtheory.models.fn import variables


def atom(
    source: Definition | Functional | Sequence[Functional],
    region: str | Region,
    n: int | None = None,
    *,
    x: Sequence[Scalar] | None = None,
    baselines: Sequence[Sequence[Scalar]] | None = None,
    positive: Sequence[str] = (),
    generic: bool = False,
) -> tuple[Atom, ...]:
    r"""The attribution of every feature for the indicator of a set, derived from the functional.

    Class M: $a_i(R) = \mu_i(R)$. Class D: $a_i(R) = \sum \frac{n_i\gamma_i'}{n\cdot\gamma'}[1_R(\text{after}) -
    1_R(\text{before})]$ over the crossings of the kernel's paths with the boundary, n its normal.

    `region`: "box", "half_space" or "orthant" (in variables lower1.., upper1..; w1.., s; t1..), or a `Region`.
    `source`: a method, with `n`, `x`, `baselines` as in `functional_of`; or functionals, one for each feature.
    `positive`: names of variables that are > 0, such as a standard deviation: the atom is then written for such only.
    `generic`: the short formulas of half-spaces, for weights along a law that are not 0.

    >>> from attrtheory.methods import get_method
    >>> print(atom(get_method("occlusion"), "half_space", 1)[0])
    feature 1, half_space, measure of the set: -1[-s + w1*b1 > 0] + 1[-s + w1*x1 > 0]

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
    names = {name for functional in source for name in _names(functional)}
    if isinstance(region, str) and (both := sorted(names & _region_names(on))):
        raise BadInput(
            f"the functional and the {region} both use the name {', '.join(both)}; name the functional's otherwise, or give "
            "the set in your own terms"
        )
    if on.n != size or n not in (None, size):
        raise BadInput(f"functionals on {size} features, a set in {on.n} dimensions and n = {n}; they must be the same")
    return tuple(_derived(k, functional, on, positive, generic=generic) for k, functional in enumerate(source))


def _region_names(region: Region) -> set[str]:
    """The variables in which a set is written."""
    terms = [t for face in region.faces for t in (*face.normal, face.offset)]
    return {name for t in terms for name in variables(t)}


def _names(functional: Functional) -> set[str]:
    """The variables of a functional."""
    parts = [p for measure in (functional.values, *functional.slopes) for p in measure.parts]
    vectors = [v for p in parts for v in ((p.weight,), p.law.origin, *p.law.columns)]
    return {name for v in vectors for t in v for name in variables(t)}


def _derived(feature: int, functional: Functional, region: Region, positive: Sequence[str], *, generic: bool) -> Atom:
    done, signs = by_parts(functional), {var(name): 1 for name in positive}
    whole = done.functional
    values = measured(whole.values, region, signs, generic=generic)
    terms, divisors = [values.value], [*done.nonzero, *values.nonzero]
    where = [Requirement(f"{name} is positive", step(var(name))) for name in positive if name in _names(whole)]
    where += [
        Requirement(f"the divisor {infix(t)} is not 0", 1 - nowhere(t)) for t in divisors if sign_of(t, signs) is None
    ]
    for k, nu in enumerate(whole.slopes):
        for part in nu.parts:
            where += standing(part, region, k)
            for credit in credits_of(part, region, k, signs):
                terms.append(credit.term)
                where += credit.defined_where
    kind, where = "D" if whole.differentiates else "M", [r for r in where if r.term is not ONE]
    if none := impulses(whole, region):
        reason = "slopes at points see a boundary as the distribution " + " + ".join(none)
        return NoAtom(feature, region, kind, total(terms), tuple(where), reason, difference_quotient(whole))
    return Atom(feature, region, kind, total(terms), tuple(where))
