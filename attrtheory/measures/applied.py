"""A functional applied to a model: the other way round, measures make a method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from attrtheory.errors import BadInput, Unsupported
from attrtheory.expr.special import normal_quantile
from attrtheory.expr.term import ZERO, Scalar, Term, lift
from attrtheory.expr.views import FnView, Value, summed
from attrtheory.measures.functional import Functional, of_measure
from attrtheory.measures.law import Law, Part
from attrtheory.measures.measure import Measure
from attrtheory.semantics.derive import substitute

ON_NETWORKS = "attrtheory.lower.functionals.functional_values evaluates functionals on a network"


def apply(functional: Functional | Measure, f: FnView) -> Value:
    r"""$\int f\,d\mu + \sum_k \int \partial_k f\,d\nu_k$ as a term.

    >>> from attrtheory.models.dsl import parse_model
    >>> from attrtheory.measures import segment
    >>> apply(segment([0, 0], [1, 1]), parse_model("x1 + x2**2"))
    mean(a*a for a in [0, 1]) + 1/2
    """
    if isinstance(functional, Measure):
        functional = of_measure(functional)
    if functional.n != f.n:
        raise BadInput(f"a functional on {functional.n} features, a model with {f.n}")
    values = [_mean(p, f, lambda y: f(*y)) for p in functional.values.parts]
    slope = lambda k: lambda y: f.partial(k, *y)
    means = [*values, *(_mean(p, f, slope(k)) for k, nu in enumerate(functional.slopes) for p in nu.parts)]
    return summed(means) if means else ZERO


def _mean(part: Part, f: FnView, body: Callable[[Sequence[Value]], Value]) -> Value:
    """The part's weight times the mean of its monomial and `body`. Constants become numbers, for networks."""
    law = part.law
    columns = [tuple(map(_plain, column)) for column in law.columns]

    def inner(j: int, factor: Value, y: Sequence[Value]) -> Value:
        if j == len(columns):
            return factor * body(y)

        def at(a: Value) -> Value:
            variable = _normal(a) if law.is_normal(j) else a
            grown = factor
            for _ in range(part.powers[j]):
                grown = grown * variable
            return inner(j + 1, grown, tuple(o + variable * c for o, c in zip(y, columns[j], strict=True)))

        return f.mean01(at)

    return inner(0, _plain(part.weight), tuple(map(_plain, law.origin)))


def _plain(t: Term) -> Value:
    """A constant as the number that it is."""
    return t.payload if t.op == "const" else t


def _normal(a: Value) -> Term:
    """The standard normal variable of a uniform one."""
    if isinstance(a, Term):
        return normal_quantile(a)
    raise Unsupported(f"a mean over a normal law along a segment of a network: {ON_NETWORKS}")


def on_monomial(functional: Functional, coordinates: Sequence[int]) -> Term:
    """The functional of a product of coordinates, repeated ones included: a moment, without any integral left."""
    out = functional.values.moment(*coordinates)
    for position, k in enumerate(coordinates):
        rest = [*coordinates[:position], *coordinates[position + 1 :]]
        out = out + functional.slopes[k].moment(*rest)
    return out


@dataclass(frozen=True, eq=False)
class FromMeasures:
    """A method's definition that applies one functional for each feature, their terms in `x1`.. and `b1`..."""

    functionals: tuple[Functional, ...]

    def __call__(self, f: FnView, x: Sequence[Value], x0: Sequence[Value], i: int) -> Value:
        return apply(at(self.functionals[i], numbers(**self.variables(x, x0))), f)

    @staticmethod
    def variables(x: Sequence[Value], x0: Sequence[Value]) -> dict[str, Value]:
        """The values of `x1`.. and `b1`.. at an input and a baseline."""
        return {f"{letter}{k + 1}": p for letter, row in (("x", x), ("b", x0)) for k, p in enumerate(row)}


def attribution_of(functionals: Sequence[Functional | Measure]) -> FromMeasures:
    """A method's definition from measures whose terms are in `x1`.. and `b1`..: `define(f, x, x0, i)`.

    On a trained network `explain` hands the functionals to `attrtheory.lower.functionals.functional_values`.

    >>> from attrtheory.measures import point
    >>> from attrtheory.methods import Method
    >>> from attrtheory.models.dsl import parse_model
    >>> from attrtheory.expr import var
    >>> x, b = [var("x1"), var("x2")], [var("b1"), var("b2")]
    >>> mine = Method("mine", attribution_of([point(x) - point([b[0], x[1]]), point(x) - point([x[0], b[1]])]))
    >>> mine.all(parse_model("x1*x2"), [3, 2], [[1, 1]])
    (4, 3)
    """
    families = tuple(of_measure(g) if isinstance(g, Measure) else g for g in functionals)
    if not families or any(g.n != len(families) for g in families):
        raise BadInput(f"one functional for each feature is asked for; got {len(families)} on {[g.n for g in families]}")
    return FromMeasures(families)


def at(functional: Functional, env: dict[str, Term]) -> Functional:
    """The functional with terms or numbers in the place of its variables."""
    inside = lambda v: tuple(substitute(t, env) for t in v)

    def measure(mu: Measure) -> Measure:
        law = lambda p: Law(inside(p.law.origin), tuple(map(inside, p.law.uniform)), tuple(map(inside, p.law.normal)))
        return Measure(mu.n, tuple(Part(substitute(p.weight, env), law(p), p.powers) for p in mu.parts))

    return Functional(measure(functional.values), tuple(map(measure, functional.slopes)))


def numbers(**values: Scalar) -> dict[str, Term]:
    """Exact values of variables."""
    return {name: lift(v) for name, v in values.items()}
