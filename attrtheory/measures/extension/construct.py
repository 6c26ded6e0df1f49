r"""The measure behind a user's atoms, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

from attrtheory.errors import SideCondition, Unsupported
from attrtheory.expr.algebra import fold
from attrtheory.expr.term import Term, lift
from attrtheory.measures.extension.atoms import Atoms, increment, integrator_of
from attrtheory.measures.extension.cells import (
    Breaks,
    Found,
    OnCell,
    Undecided,
    Value,
    at,
    between,
    by_coordinate,
    refined,
    stratified,
)
from attrtheory.measures.extension.charge import Charge, charge_of
from attrtheory.measures.extension.polynomial import to_flint, variables
from attrtheory.measures.measure import Measure
from attrtheory.semantics.derive import substitute

Pair = tuple[int, int]  # the strata of the lower and of the upper end


def measure_of_atoms(atoms: Atoms) -> tuple[Measure, ...]:
    r"""The finite signed measure of each feature whose integrals extend the atoms to continuous models.

    Definition:
        $\varphi_i(f) = \int f\,d\mu_i = \lim \sum_R f(y_R)\,a_i(R)$ over grids with mesh going to 0.

    The rules, at a fixed input, are to be piecewise polynomial in the ends of the box, with pieces that meet on
    coordinate hyperplanes. Additivity and finite variation are then decided, and the measure is exact.

    Source: Taimeskhanov, Garreau 2025, arXiv 2505.24729, assume the measure; here it is a conclusion (Riesz).

    >>> from attrtheory.measures.extension import atoms_from_text
    >>> mu, _ = measure_of_atoms(atoms_from_text(["length2 * x1_in", "length1 * x2_in"]).at([Fraction(1, 3), 1]))
    >>> [(p.weight, p.law.origin, p.law.uniform) for p in mu.parts]
    [(1, (1/3, 0), ((0, 1),))]

    Raises:
        SideCondition: a rule is not finitely additive; the box that shows it is named.
        Unsupported: a rule of another form, such as the crossings of a path, which have infinite variation.
    """
    return tuple(charge(atoms, i).measure() for i in range(atoms.n))


def charge(atoms: Atoms, i: int) -> Charge:
    """The additive rule of feature i, taken apart; errors as `measure_of_atoms`."""
    atoms.require_fixed()
    n, rule = atoms.n, atoms.rules[i]
    integrator = integrator_of(rule, n)
    try:
        found = stratified(integrator, [f"t{k + 1}" for k in range(n)])
        _require_additive(rule, integrator, found.breaks)
    except Unsupported as error:
        raise Unsupported(
            f"no measure is constructed for the atoms of feature {i + 1}: {error}. Rules are to be piecewise polynomial in "
            "the ends of the box, in pieces that meet on coordinate hyperplanes. Crossings of a path are not, and have "
            "infinite variation: prove.atoms.unbounded_variation shows it; of other rules nothing is said"
        ) from error
    return charge_of(found)


def _require_additive(rule: Term, integrator: Term, breaks: Breaks) -> None:
    """Refuse a rule that is not additive.

    *Proof.* An additive rule is the signed sum of its integrator over the corners of the box, by inclusion and exclusion. Such
    a sum is additive for every integrator: in each coordinate the value at a cut is added once and subtracted once. So the
    rule is additive exactly if it is this sum on every box, and both are polynomials on each cell of the ends.
    """
    n = len(breaks)
    ring, gens = variables(2 * n)
    difference = rule - increment(integrator, n)

    owner = {f"{end}{k + 1}": k for k in range(n) for end in ("lower", "upper")}
    own = by_coordinate(difference, owner, n)

    def values(k: int, b: tuple[Fraction, ...], pair: Pair) -> dict[Term, Value]:
        """The subterms in coordinate k, where its ends lie in the two strata."""
        i, j = pair
        low, high = at(b, i, gens[k]), at(b, j, gens[n + k])
        if i == j:  # both ends in one interval: the upper one from the lower one to the interval's end
            high = low + (to_flint(b[i // 2 + 1]) - low) * gens[n + k]
        algebra, memo = OnCell(ring, {f"lower{k + 1}": low, f"upper{k + 1}": high}), dict[Term, Value]()
        for u in own[k]:
            fold(u, algebra, memo)
        return memo

    def cells(breaks: Breaks) -> Iterator[Found[tuple[Pair, ...]]]:
        known = [{pair: values(k, b, pair) for pair in _pairs(len(b) - 1)} for k, b in enumerate(breaks)]
        for pairs in product(*known):
            memo = {u: v for k, pair in enumerate(pairs) for u, v in known[k][pair].items()}
            yield pairs, fold(difference, OnCell(ring, {}), memo), lambda u, pairs=pairs: _cut(u, pairs, breaks)

    breaks, gaps = refined(breaks, cells)
    for pairs, gap in gaps.items():
        if gap:
            _refuse(rule, difference, breaks, pairs)


def _pairs(last: int) -> list[Pair]:
    """Lower end below upper end; one interval for both comes last, when the cuts that the ends ask for are made."""
    pairs = [(i, j) for i in range(2 * last) for j in range(max(i, 1), 2 * last + 1) if j > i or i % 2]
    return sorted(pairs, key=lambda p: p[0] == p[1])


def _cut(u: Undecided, pairs: tuple[Pair, ...], breaks: Breaks) -> tuple[int, Fraction] | None:
    if u.variable is None:
        return None
    k = u.variable % len(pairs)
    i, j = pairs[k]
    if u.variable >= len(pairs):
        return None if i == j else (k, between(breaks[k], j, u.at))
    return k, between(breaks[k], i, u.at)


def _refuse(rule: Term, difference: Term, breaks: Breaks, pairs: tuple[Pair, ...]) -> None:
    """Name a box of the cell on which the rule is not what its integrator says."""
    for share in (Fraction(1, 2), Fraction(1, 3), Fraction(2, 7)):
        env: dict[str, Term] = {}
        for k, (b, (i, j)) in enumerate(zip(breaks, pairs, strict=True)):
            low = between(b, i, share) if i % 2 else b[i // 2]
            top = b[i // 2 + 1] if i == j else b[-1]
            high = low + (top - low) * share if i == j else between(b, j, share) if j % 2 else b[j // 2]
            env |= {f"lower{k + 1}": lift(low), f"upper{k + 1}": lift(high)}
        gap = substitute(difference, env)
        if gap.payload:
            value = substitute(rule, env)
            box = " x ".join(f"({env[f'lower{k + 1}']!r}, {env[f'upper{k + 1}']!r}]" for k in range(len(pairs)))
            raise SideCondition(
                f"the atoms are not finitely additive: the box {box} has {value!r}, but its corners give {value - gap!r}; "
                "prove.atoms.additivity shows a box and two halves that do not add up"
            )
    raise SideCondition("the atoms are not finitely additive; prove.atoms.additivity shows where")
