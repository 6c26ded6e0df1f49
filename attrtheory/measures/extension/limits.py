r"""The attribution that a user's atoms give to a model, as a limit: an integral, exact where it is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from attrtheory.errors import BadInput, Unsupported
from attrtheory.expr.binder import mean01
from attrtheory.expr.term import ONE, Term
from attrtheory.expr.views import FnView
from attrtheory.measures.extension.atoms import Atoms, require_integrators
from attrtheory.measures.extension.cells import stratified
from attrtheory.measures.extension.charge import charge_of
from attrtheory.measures.extension.construct import measure_of_atoms
from attrtheory.measures.extension.grid import as_function
from attrtheory.measures.extension.jumps import require_continuous
from attrtheory.measures.law import Part
from attrtheory.measures.measure import Measure
from attrtheory.models.fn import Fn
from attrtheory.semantics.exact import evaluate
from attrtheory.semantics.paths import close_means


def limit(f: FnView, atoms: Atoms) -> tuple[Fraction, ...]:
    r"""What the grid sums of a model tend to, exactly: $\varphi_i(f) = \int f\,d\mu_i$.

    >>> from attrtheory.measures.extension import atoms_from_text
    >>> from attrtheory.models.dsl import parse_model
    >>> atoms = atoms_from_text(["length2 * x1_in", "length1 * x2_in"]).at([1, Fraction(1, 2)])
    >>> [str(q) for q in limit(parse_model("relu(x1 + x2 - 1)"), atoms)]
    ['1/2', '1/8']

    Raises:
        SideCondition: the atoms are not additive, or the model is discontinuous where their measure has mass.
        Unsupported: atoms whose measure, or a model whose integral, has no exact form here.
    """
    model = as_function(f)
    return tuple(_limit(model, mu) for mu in measure_of_atoms(atoms))


def stieltjes(f: FnView, integrators: Sequence[Term]) -> tuple[Fraction, ...]:
    r"""The integral of a model against the increments of each feature's integrator: $\int f\,dG_i$, exactly.

    Definition:
        $\lim \sum_R f(y_R) \sum_{\varepsilon\in\{0,1\}^n} (-1)^{n-|\varepsilon|}\,G\bigl(l + \varepsilon\odot(u - l)\bigr)$,
        with G = 0 below 0; integrators are terms in t1, ..., tn.

    The sums themselves are those of `grid_sum` and `approximation` on `atoms_of_integrators`.

    Source: Taimeskhanov, Garreau 2025, arXiv 2505.24729.

    >>> from attrtheory.models.dsl import parse_model, parse_term
    >>> linear = parse_model("3*x1 + 5*x2 + 7*x3")
    >>> stieltjes(linear, [parse_term("2*t1*step(t2)*step(t3)")] * 3)[0]
    Fraction(3, 1)

    Raises:
        SideCondition: the model is discontinuous where the integrator has mass.
        Unsupported: an integrator that is not piecewise polynomial with pieces on a grid.
    """
    n, model = require_integrators(integrators), as_function(f)
    return tuple(_limit(model, charge_of(stratified(g, [f"t{k + 1}" for k in range(n)])).measure()) for g in integrators)


def _limit(f: Fn, mu: Measure) -> Fraction:
    """The integral, where the sums tend to it."""
    _require_features(f, mu)
    for part in mu.parts:
        require_continuous(f, part.law)
    return integral(f, mu)


def integral(f: Fn, mu: Measure) -> Fraction:
    r"""$\int f\,d\mu$, exactly, for a numeric measure of points, segments and boxes; f need not be continuous.

    Raises:
        Unsupported: another law, or a model without an exact integral here.
    """
    _require_features(f, mu)
    return sum((_part(f, p) for p in mu.parts), Fraction(0))


def _require_features(f: Fn, mu: Measure) -> None:
    if f.n != mu.n:
        raise BadInput(f"the measure is on {mu.n} features, the model on {f.n}")


def _part(f: Fn, part: Part) -> Fraction:
    law = part.law
    numbers = (part.weight, *law.origin, *(t for c in law.columns for t in c))
    if law.normal or any(t.op != "const" for t in numbers):
        raise Unsupported("an exact integral is over points, segments and boxes with rational ends; this law has others")

    def body(s: Sequence[Term]) -> Term:
        at = [o + sum((u * c[k] for u, c in zip(s, law.uniform, strict=True)), 0 * ONE) for k, o in enumerate(law.origin)]
        density = ONE
        for u, power in zip(s, part.powers, strict=True):
            for _ in range(power):
                density = density * u
        return density * f(*at)

    return part.weight.payload * cube_mean(body, len(law.uniform))


def cube_mean(body: Callable[[Sequence[Term]], Term], count: int) -> Fraction:
    """The mean of a term over the unit cube in `count` variables, exactly.

    Raises:
        Unsupported: the inner means have no closed form that is piecewise polynomial in the outermost variable.
    """

    def over(s: tuple[Term, ...]) -> Term:
        if len(s) == count:
            return body(s)
        inner = mean01(lambda u: over((*s, u)))
        return close_means(inner) if s else inner

    return evaluate(over(()), {})
