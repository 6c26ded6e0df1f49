"""Attributions of a network's inputs: a method's own definition on the exact or the float view, or a named refinement.

The refinements are the line sweep for Integrated Gradients, and tables of all coalitions for occlusion, Shapley, Banzhaf
and Owen values; they are tested against the definitions, not proved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from attrtheory.errors import BadInput, TooLarge, Unsupported
from attrtheory.expr.views import FnView, Point
from attrtheory.lower.float_fn import FloatFn
from attrtheory.lower.functionals import functional_values
from attrtheory.lower.grouped import Switched, exact_differences, group_numbers, grouped
from attrtheory.lower.network_fn import NetworkFn
from attrtheory.lower.path_attribution import expected_gradients_line
from attrtheory.lower.points.measures import index_values
from attrtheory.lower.points.replacing import occlusion_values
from attrtheory.lower.points.sampling import CONFIDENCE, sampled_values
from attrtheory.lower.points.tables import tables
from attrtheory.lower.points.work import EXACT_WORK, excess
from attrtheory.measures.applied import FromMeasures
from attrtheory.methods import Method
from attrtheory.methods.coalitions import MAX_FEATURES, banzhaf, shapley
from attrtheory.methods.occlusion import occlusion
from attrtheory.methods.owen import owen, union_numbers
from attrtheory.methods.paths import expected_gradients, integrated_gradients, path_gradients
from attrtheory.models.exact_graph import exact as exact_form
from attrtheory.models.graph import Graph
from attrtheory.models.ops import LeakyRelu, Relu, Shape

COALITIONAL = (shapley, banzhaf, owen)
MAX_AXES = 256  # an axis path has as many segments as features


@dataclass(frozen=True)
class Sample:
    """How a sampled attribution was drawn; its interval holds for all features with this confidence."""

    samples: int = 1000
    confidence: float = CONFIDENCE
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Attributed:
    """`values`, in the input's shape or one for each group; `exact` rationals where `trust` is "exact".

    `difference`: f(x) - f(x0), or minus the mean over the background. `lower`, `upper` contain each value where known;
    with trust "sampled" they do so with the confidence of `sample`.

    `kinks`: guards that vanish on the path of Integrated and expected gradients, or at the point of a gradient.
    """

    values: np.ndarray
    trust: str
    difference: float
    exact: tuple[Fraction, ...] | None = None
    lower: np.ndarray | None = None
    upper: np.ndarray | None = None
    kinks: tuple[str, ...] = ()
    pieces: int | None = None
    sample: Sample | None = None

    @property
    def bound(self) -> np.ndarray | None:
        """Half the width of what is known to contain each value."""
        return None if self.lower is None or self.upper is None else (self.upper - self.lower) / 2


def needs_groups(method: Method, features: int) -> bool:
    """Whether the definition asks for more coalitions or segments than are evaluated one by one, in rationals."""
    coalitional = method.define in COALITIONAL and features > MAX_FEATURES
    return coalitional or (method.define is path_gradients and features > MAX_AXES)


def attribute(
    graph: Graph,
    method: Method,
    x: np.ndarray,
    baselines: Sequence[np.ndarray],
    target: int,
    *,
    exact: bool = False,
    groups: np.ndarray | None = None,
    sample: Sample | None = None,
) -> Attributed:
    """The attributions of one input, float64 arrays of the network's input shape.

    `sample`: draw coalitions at random (Shapley, Banzhaf and Owen values) instead of evaluating all.

    Raises:
        TooLarge: a coalition method on many features without `groups` or `sample`.
    """
    if sample is not None and (exact or method.define not in COALITIONAL):
        raise BadInput(f"samples go with Shapley, Banzhaf and Owen values, and without exact; got {method}, exact={exact}")
    if method.define in (occlusion, *COALITIONAL):
        if len(baselines) != 1:
            raise BadInput(f"{method} takes one baseline; got {len(baselines)}")
        labels = None if groups is None else group_numbers(groups, graph.features)
        if exact:
            return _of_players_exactly(graph, method, x, baselines[0], target, labels)
        return _of_players(graph, method, x, baselines[0], target, labels, sample)
    if isinstance(method.define, FromMeasures):
        if groups is not None:
            raise BadInput(f"{method} is made of measures on all features; leave groups out")
        return _of_measures(graph, method, method.define, x, baselines[0], target, exact=exact)
    if groups is not None:
        if len(baselines) != 1:
            raise BadInput("groups go with one baseline; got a background")
        rounded = not exact_differences(x, baselines[0])
        if exact and rounded:
            raise BadInput(
                "x - baseline is rounded in float64, so the game of groups would not be exact; use a zero baseline"
            )
        graph = grouped(graph, x, baselines[0], groups)
        ones, zeros = np.ones(graph.input_shape), [np.zeros(graph.input_shape)]
        found = attribute(graph, method, ones, zeros, target, exact=exact)
        return replace(found, trust="float", lower=None, upper=None, exact=None) if rounded else found
    if needs_groups(method, graph.features):
        raise TooLarge(
            f"{method} on {graph.features} features: axis paths have up to {MAX_AXES} segments; give groups"
        )
    if method.define in (integrated_gradients, expected_gradients):
        (line,) = expected_gradients_line(graph, x, np.stack(baselines), target, exact=exact)
        return Attributed(
            line.values,
            line.trust,
            line.output_difference,
            line.exact_values,
            line.lower,
            line.upper,
            line.kinks,
            line.pieces,
        )
    view = (NetworkFn if exact else FloatFn)(graph, target)
    point, background = _fractions(x), [_fractions(b) for b in baselines]
    kinks = kinks_at(graph, point) if method.name.startswith("gradient") else ()
    found = _defined(method, view, point, background, graph.input_shape)
    return replace(found, kinks=kinks) if exact else replace(found, kinks=kinks, trust="float", exact=None)


def _of_players(
    graph: Graph, method: Method, x: np.ndarray, baseline: np.ndarray, target: int, labels: np.ndarray | None,
    sample: Sample | None,
) -> Attributed:  # fmt: skip
    """Methods that only replace features by the baseline's, one at a time or by coalitions; on features or groups."""
    options: dict[str, Any] = {"target": target, "groups": labels}
    if method.define is owen:
        players = graph.features if labels is None else int(labels.max()) + 1
        options["unions"] = union_numbers(dict(method.parameters)["unions"], players)
    if sample is not None:
        drawn = sampled_values(method.name, graph, x, baseline, **options, **asdict(sample))
        low, high, difference = drawn.lower[0], drawn.upper[0], drawn.difference[0]
        return Attributed(drawn.values[0], drawn.trust, float(difference), lower=low, upper=high, sample=sample)
    if method.define is occlusion:
        found = occlusion_values(graph, x, baseline, **options)
    else:
        found = index_values(method.name, graph, x, baseline, **options)
    values, bound = found.values[0], found.bound[0]
    lower, upper = np.nextafter(values - bound, -np.inf), np.nextafter(values + bound, np.inf)
    return Attributed(values, found.trust, float(found.difference[0]), lower=lower, upper=upper)


def _of_players_exactly(
    graph: Graph, method: Method, x: np.ndarray, baseline: np.ndarray, target: int, labels: np.ndarray | None
) -> Attributed:
    players = graph.features if labels is None else int(labels.max()) + 1
    if needs_groups(method, players):
        raise TooLarge(
            f"{method} of {players} players in rationals: all coalitions are evaluated for up to {MAX_FEATURES}; "
            "give groups, or leave exact out"
        )
    if method.define in COALITIONAL and (reason := excess(graph, tables("shapley", players), work=EXACT_WORK)):
        raise TooLarge(f"{method} in rationals: {reason}. Give groups, or leave exact out")
    point, start, view = _fractions(x), _fractions(baseline), NetworkFn(graph, target)
    if labels is None:
        return _defined(method, view, point, [start], graph.input_shape)
    one, zero = [Fraction(1)] * players, [Fraction(0)] * players
    return _defined(method, Switched(view, point, start, labels), one, [zero], (players,))


def _of_measures(
    graph: Graph, method: Method, given: FromMeasures, x: np.ndarray, baseline: np.ndarray, target: int, *, exact: bool
) -> Attributed:
    """Methods that are made of measures: by the algorithms for functionals."""
    point, start = _fractions(x), _fractions(baseline)
    try:
        found = functional_values(given.functionals, graph, target, at=given.variables(point, start), exact=exact)
    except (BadInput, TooLarge, Unsupported) as reason:
        raise type(reason)(
            f"{method} on a network: {reason}. attrtheory.lower.functionals.functional_values(functionals, model, target, "
            "at=.., samples=..) takes values of other variables, and samples"
        ) from reason
    view = (NetworkFn if exact else FloatFn)(graph, target)
    bounds = [None if v is None else v.reshape(graph.input_shape) for v in (found.lower, found.upper)]
    return Attributed(
        found.values.reshape(graph.input_shape), found.trust, float(view(*point) - view(*start)), found.exact_values,
        *bounds, kinks=found.kinks,
    )  # fmt: skip


def _defined(method: Method, view: FnView, point: Point, background: Sequence[Point], shape: Shape) -> Attributed:
    """By the method's own definition."""
    phi = tuple(Fraction(v) for v in method.all(view, point, background))
    try:
        difference = float(view(*point) - method.reference(view, background))
        values = np.array([float(v) for v in phi]).reshape(shape)
    except OverflowError as error:
        raise TooLarge(f"attributions by {method} that no float64 holds; scale the inputs or the weights") from error
    return Attributed(values, "exact", difference, phi)


def kinks_at(graph: Graph, point: Sequence[Fraction]) -> tuple[str, ...]:
    """Layers with units that are exactly 0 at a point, where a gradient depends on the convention."""
    values = exact_form(graph).values(point)
    ramps = [(n, n.inputs[0]) for n in graph.nodes if isinstance(n.op, Relu | LeakyRelu)]
    counts = [(n.name, sum(not v for v in values[i].integers)) for n, i in ramps]
    return tuple(f"{name}: {count} unit{'s' * (count > 1)} at 0" for name, count in counts if count)


def _fractions(x: np.ndarray) -> list[Fraction]:
    return [Fraction(v) for v in np.asarray(x, dtype=np.float64).ravel().tolist()]
