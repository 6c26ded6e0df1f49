r"""The dual form: a model taken apart into orthants, each of which is credited.

The indicator of an orthant, $1[y_k \ge t_k \text{ for all } k \in u]$, says that all features of u exceed their thresholds.
It asks for bounded credits only, so it defines methods too that are no measures, such as Integrated Gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from attrtheory.errors import BadInput, SideCondition, Unsupported
from attrtheory.expr.algebra import fold
from attrtheory.expr.syntax import postorder
from attrtheory.expr.term import ONE, ZERO, Scalar, Term, const, lift, var
from attrtheory.expr.views import FnView
from attrtheory.measures.extension.cells import OnCell, Undecided, stratified
from attrtheory.measures.extension.charge import Charge, charge_of
from attrtheory.measures.extension.grid import as_function
from attrtheory.measures.extension.limits import cube_mean
from attrtheory.measures.extension.polynomial import coefficients, sign
from attrtheory.measures.extension.polynomial import variables as ring_and_variables
from attrtheory.models.fn import Fn, variables
from attrtheory.semantics.continuity import lipschitz
from attrtheory.semantics.exact import evaluate


@dataclass(frozen=True)
class Credit:
    """What one feature is credited for orthants on n features.

    `of(u, t)`: for the features u with thresholds t, one for each, a term or a number; u = () for the whole cube.
    """

    n: int
    of: Callable[[tuple[int, ...], Sequence[Term]], Scalar]

    def __call__(self, u: tuple[int, ...], t: Sequence[Term]) -> Term:
        return lift(self.of(u, t))


def dual_sum(f: FnView, credit: Credit) -> Fraction:
    r"""The attribution of a model of bounded Hardy-Krause variation by credits of orthants.

    Definition:
        $\varphi(f) = f(0)\,a(X) + \sum_{\emptyset\ne u}\int_{(0,1]^u} a(\{y : y_k \ge t_k\ \forall k\in u\})\,df_u(t)$, with
        $f_u$ the measure of f on the face where the coordinates outside u are 0: density $\partial_u f(t_u, 0)$.

    The model is to be continuous and piecewise polynomial, with pieces that meet on coordinate hyperplanes.

    >>> from attrtheory.models.dsl import parse_model
    >>> occlusion = Credit(2, lambda u, t: int(0 in u))
    >>> dual_sum(parse_model("x1*x1*x2 + x2"), occlusion)
    Fraction(1, 1)

    Raises:
        SideCondition: the model is not known to be continuous, or not of bounded variation in this sense: a ReLU neuron with
            three or more active inputs is not.
        Unsupported: no exact form here for the model or for a credit.
    """
    model = as_function(f)
    if f.n != credit.n:
        raise BadInput(f"the credits are on {credit.n} features, the model on {f.n}")
    lipschitz(model.body, {name: (Fraction(0), Fraction(1)) for name in model.names})
    whole = evaluate(model(*(ZERO,) * f.n), {}) * evaluate(credit((), ()), {})
    faces = (u for size in range(1, f.n + 1) for u in combinations(range(f.n), size))
    return whole + sum((_face(model, u, credit) for u in faces), Fraction(0))


def _face(f: Fn, u: tuple[int, ...], credit: Credit) -> Fraction:
    """The integral of the credits of orthants over one face."""
    names = [f"t{k + 1}" for k in u]
    at = dict(zip(u, names, strict=True))
    body = f(*(var(at[k]) if k in at else ZERO for k in range(f.n)))
    try:
        measure = charge_of(stratified(body, names))
    except Unsupported as error:
        raise _refusal(f, error) from error
    inner = [sites for sites in measure.pieces if all(j % 2 for j, _ in sites)]
    return sum((_cell(measure, tuple(j for j, _ in sites), u, credit) for sites in inner), Fraction(0))


def _cell(measure: Charge, index: tuple[int, ...], u: tuple[int, ...], credit: Credit) -> Fraction:
    density = coefficients(measure.pieces[tuple((j, 0) for j in index)])
    ends = [b[j // 2 : j // 2 + 2] for b, j in zip(measure.breaks, index, strict=True)]

    def body(s: Sequence[Term]) -> Term:
        thresholds = [low + (high - low) * p for (low, high), p in zip(ends, s, strict=True)]
        return sum((const(c) * _monomial(s, powers) for powers, c in density.items()), ZERO) * credit(u, thresholds)

    return cube_mean(body, len(u))


def _monomial(s: Sequence[Term], powers: Sequence[int]) -> Term:
    out = ONE
    for p, power in zip(s, powers, strict=True):
        for _ in range(power):
            out = out * p
    return out


def _refusal(f: Fn, error: Unsupported) -> SideCondition | Unsupported:
    """Why a face has no measure that is known: some kink joins several features."""
    ring, gens = ring_and_variables(f.n)
    cell = OnCell(ring, dict(zip(f.names, gens, strict=True)))
    for guard in (v.args[0] for v in postorder(f.body) if v.op == "ite" and len(variables(v.args[0])) >= 3):
        value = fold(guard, cell)
        if isinstance(value, Undecided) or sign(value) is None:
            return SideCondition(
                f"the kink where {guard!r} = 0 joins {len(variables(guard))} features. A ReLU neuron with three or more "
                "active inputs is not of bounded Hardy-Krause variation: its mixed derivative in three of them is the "
                "derivative of a point mass across the kink, no measure. So the dual form need not exist; use `limit` or "
                "`approximation`, which need continuity only"
            )
    return Unsupported(
        f"{error}; the dual form is exact for models whose pieces meet on coordinate hyperplanes; use `limit` or "
        "`approximation`"
    )
