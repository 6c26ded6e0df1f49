r"""Integration by parts: where a law moves along the slopes that are averaged, slopes become values.

Let $Y$ move with its variable $j$ in the direction $c$, and let the kernels be $\nu_k = w\,c_k\,m\,P_Y$ with a monomial
$m$ of the variables. Then $\sum_k \int \partial_k f\,d\nu_k = w\,\mathbb E[m\,\partial_j(f \circ Y)]$, which is

* for a uniform variable $w\,(\mathbb E[m f \mid u_j = 1] - \mathbb E[m f \mid u_j = 0] - \mathbb E[(\partial_j m) f])$,
  by the fundamental theorem of calculus;
* for a normal variable $w\,\mathbb E[(g_j m - \partial_j m) f]$, by Gaussian integration by parts (Stein);

for continuously differentiable f with slopes that grow at most polynomially.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from attrtheory.errors import BadInput, SideCondition, Unsupported
from attrtheory.expr.term import ONE, ZERO, Term, lift
from attrtheory.measures.functional import Functional
from attrtheory.measures.law import Law, Part, Powers, Vector
from attrtheory.measures.measure import Measure
from attrtheory.measures.same import Forms, Key, collected


@dataclass(frozen=True, eq=False)
class Integrated:
    """The same functional with fewer slopes; `nonzero`: terms that were divided by, so that must not be 0."""

    functional: Functional
    nonzero: tuple[Term, ...]


def integrated(functional: Functional) -> Functional:
    """The functional with every slope integrated by parts that can be: of class M if none is left."""
    return by_parts(functional).functional


def divergence(kernels: Sequence[Measure]) -> Measure:
    r"""$\operatorname{div}\nu$, the measure with $\int f\,d(\operatorname{div}\nu) = -\sum_k \int \partial_k f\,d\nu_k$.

    Kernels of a complete method are a unit flow from the baseline to the input: their divergence is
    $\delta_{x^0} - \delta_x$ (Smirnov 1994 on such flows).

    >>> from attrtheory.measures import functional_of
    >>> from attrtheory.methods import get_method
    >>> family = functional_of(get_method("integrated_gradients"), 2)
    >>> [(p.weight, p.law.origin) for p in divergence([g.slopes[i] for i, g in enumerate(family)]).parts]
    [(-1, (x1, x2)), (1, (b1, b2))]

    Raises:
        BadInput: not one kernel for each feature.
        SideCondition: a divisor is not known to differ from 0.
        Unsupported: it is no measure, or not found to be one.
    """
    n = kernels[0].n if kernels else 0
    if len(kernels) != n:
        raise BadInput(f"a flow on {n} features has one kernel for each; got {len(kernels)}")
    found = by_parts(Functional(Measure(n), tuple(kernels)))
    if found.functional.differentiates:
        raise Unsupported("the divergence of these kernels is not found to be a measure: slopes remain after parts are taken")
    if found.nonzero:
        raise SideCondition(f"the divergence is a measure where {', '.join(map(repr, found.nonzero))} is not 0")
    return -found.functional.values


def by_parts(functional: Functional) -> Integrated:
    """The functional with every slope integrated by parts that can be, and what must not vanish for that."""
    forms, n = Forms(), functional.n
    values, left, nonzero = [collected(functional.values, forms)], [Measure(n)] * n, []
    for law, powers, weights in _by_law(functional, forms):
        found = _direction(law, weights, forms)
        if found is None:
            left = [nu + Measure(n, (Part(w, law, powers),)) for nu, w in zip(left, weights, strict=True)]
        else:
            j, factor, condition = found
            values.append(boundary(law, powers, j) * factor)
            nonzero += [condition] * (condition is not None)
    whole = Measure(n, tuple(p for mu in values for p in mu.parts))
    return Integrated(Functional(collected(whole, forms), tuple(left)), tuple(nonzero))


def _by_law(functional: Functional, forms: Forms) -> list[tuple[Law, Powers, Vector]]:
    """For each law and monomial, the weights of the slopes in each coordinate."""
    found: dict[Key, tuple[Law, Powers, list[Term]]] = {}
    for k, nu in enumerate(functional.slopes):
        for p in collected(nu, forms).parts:
            key = (forms.key(p.law.origin), len(p.law.uniform), *map(forms.key, p.law.columns), p.powers)
            found.setdefault(key, (p.law, p.powers, [ZERO] * functional.n))[2][k] += p.weight
    return [(law, powers, tuple(weights)) for law, powers, weights in found.values()]


def _direction(law: Law, weights: Vector, forms: Forms) -> tuple[int, Term, Term | None] | None:
    """(variable j, factor w, what must not be 0) with `weights = w * column j`."""
    for j, column in enumerate(law.columns):
        lead = next(k for k, c in enumerate(column) if not forms.zero(c))
        q = forms.ratio(weights[lead], column[lead])
        if q is not None and all(forms.zero(w - q * c) for w, c in zip(weights, column, strict=True)):
            return j, lift(q), None
        if all(forms.zero(w * column[lead] - weights[lead] * c) for w, c in zip(weights, column, strict=True)):
            return j, weights[lead] / column[lead], column[lead]
    return None


def boundary(law: Law, powers: Powers, j: int) -> Measure:
    """E[m d_j (f o Y)] as a measure, m the monomial with these powers."""
    p = powers[j]
    raised = lambda k: (*powers[:j], k, *powers[j + 1 :])
    inner = (Part(Fraction(-p) * ONE, law, raised(p - 1)),) if p else ()
    if law.is_normal(j):
        return Measure(law.n, (Part(ONE, law, raised(p + 1)), *inner))
    rest = (*powers[:j], *powers[j + 1 :])
    ends = [Part(ONE, law.without(j, at=1), rest)] + ([Part(-ONE, law.without(j), rest)] if p == 0 else [])
    return Measure(law.n, (*ends, *inner))
