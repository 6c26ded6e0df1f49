"""Attributions of a network's inputs: a method's own definition on the exact or the float view, or a named refinement.

The refinement is the line sweep for Integrated Gradients; it is tested against the definition, not proved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from attrtheory.errors import BadInput, TooLarge
from attrtheory.lower.float_fn import FloatFn
from attrtheory.lower.grouped import grouped
from attrtheory.lower.integrated_gradients import integrated_gradients_line
from attrtheory.lower.network_fn import NetworkFn
from attrtheory.methods import Method
from attrtheory.methods.coalitions import MAX_FEATURES, banzhaf, shapley
from attrtheory.methods.paths import integrated_gradients, path_gradients
from attrtheory.models.graph import Graph

COALITIONAL = (shapley, banzhaf)
MAX_AXES = 256  # an axis path has as many segments as features


@dataclass(frozen=True, eq=False)
class Attributed:
    """`values`, in the input's shape or one for each group; `exact` rationals where `trust` is "exact".

    `difference`: f(x) - f(x0), or minus the mean over the background. `lower`, `upper` contain each value where known.
    """

    values: np.ndarray
    trust: str
    difference: float
    exact: tuple[Fraction, ...] | None = None
    lower: np.ndarray | None = None
    upper: np.ndarray | None = None
    kinks: tuple[str, ...] = ()
    pieces: int | None = None

    @property
    def bound(self) -> np.ndarray | None:
        """Half the width of what is known to contain each value."""
        return None if self.lower is None or self.upper is None else (self.upper - self.lower) / 2


def needs_groups(method: Method, features: int) -> bool:
    """Whether the definition asks for more coalitions or segments than are evaluated one by one."""
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
) -> Attributed:
    """The attributions of one input, float64 arrays of the network's input shape.

    Raises:
        TooLarge: a coalition method on many features without `groups`.
    """
    if groups is not None:
        if len(baselines) != 1:
            raise BadInput("groups go with one baseline; got a background")
        graph = grouped(graph, x, baselines[0], groups)
        x, baselines = np.ones(graph.input_shape), [np.zeros(graph.input_shape)]
    if needs_groups(method, graph.features):
        raise TooLarge(
            f"{method} on {graph.features} features: coalitions are evaluated one by one for up to {MAX_FEATURES} features, "
            f"axis paths for up to {MAX_AXES}; give groups (a feature_mask)"
        )
    if method.define is integrated_gradients:
        (line,) = integrated_gradients_line(graph, x, baselines[0], target, exact=exact)
        return Attributed(
            line.values, line.trust, line.output_difference, line.exact_values, line.lower, line.upper, line.kinks, line.pieces
        )
    view = (NetworkFn if exact else FloatFn)(graph, target)
    point, background = _fractions(x), [_fractions(b) for b in baselines]
    phi = tuple(Fraction(v) for v in method.all(view, point, background))
    difference = float(view(*point) - method.reference(view, background))
    values = np.array([float(v) for v in phi]).reshape(graph.input_shape)
    return Attributed(values, "exact" if exact else "float", difference, phi if exact else None)


def _fractions(x: np.ndarray) -> list[Fraction]:
    return [Fraction(v) for v in np.asarray(x, dtype=np.float64).ravel().tolist()]
