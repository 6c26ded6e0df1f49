"""Functionals on models: every summand goes to the best algorithm there is for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from attrtheory.errors import BadInput, TooLarge, Unsupported
from attrtheory.expr.term import var
from attrtheory.lower.functionals.closed import by_ridges
from attrtheory.lower.functionals.networks import by_points, by_regions, has_regions, is_point
from attrtheory.lower.functionals.numbers import Row, Summand, numeric
from attrtheory.lower.functionals.result import FunctionalValues, Share, together
from attrtheory.lower.functionals.sampling import by_sampling
from attrtheory.lower.functionals.terms import by_pieces, on_term
from attrtheory.lower.given import one_target, to_graph
from attrtheory.lower.inputs import targets
from attrtheory.lower.points.sampling import CONFIDENCE
from attrtheory.measures.functional import Functional
from attrtheory.measures.ridges import Ridges, ridges_of
from attrtheory.models.fn import Fn, variables
from attrtheory.models.graph import Graph
from attrtheory.models.terms import term_edges, to_terms

MOST_EDGES = 20_000  # of a network that is written out as neurons


def functional_values(
    functionals: Sequence[Functional], model: Any, target: int | None = None, *, at: Mapping[str, Any] | None = None,
    exact: bool = False, samples: int | None = None, confidence: float = CONFIDENCE, seed: int = 0,
    max_regions: int = 200_000,
) -> FunctionalValues:  # fmt: skip
    r"""Functionals $f \mapsto \int f\,d\mu + \sum_k \int \partial_k f\,d\nu_k$, such as `functional_of` reads off a method.

    Point masses: forward and backward passes. Affine densities on segments, parallelograms and parallelepipeds: regions,
    $\sum_r (A_r M_r + c_r \mu(P_r))$ for values, slopes times occupancy $\sum_r \nu(P_r) (A_r)_k$ for slopes. Everything else:
    neuron by neuron in closed form behind one hidden layer, or else, if `samples` is given, confidence intervals.

    Args:
        functionals: on as many features as the model has; one value is returned for each.
        model: a Graph, a torch module on flat inputs, the path of an ONNX file, or a model as a term (Fn, exact).
        target: the number of an output.
        at: values of the functionals' variables; floats stand for their exact values.
        exact: in rationals, where the values are rational and the network small.
        samples: random points for each law that nothing else can do; None refuses to sample.
        confidence: of sampled intervals.
        seed: of their generator.
        max_regions: on the support of one law.

    >>> from fractions import Fraction
    >>> from attrtheory.expr import relu, var
    >>> from attrtheory.measures import functional_of
    >>> from attrtheory.methods import get_method
    >>> model = Fn(("x1", "x2"), relu(var("x1") - var("x2")))
    >>> found = functional_values(functional_of(get_method("integrated_gradients"), 2, [2, 1], [[0, 1]]), model)
    >>> found.exact_values, found.algorithms
    ((Fraction(1, 1), Fraction(0, 1)), ('exact evaluation at points, 0, and piece by piece on segments, 1',))

    Raises:
        BadInput: a functional does not fit the model, or a variable has no value.
        SideCondition: the model jumps where a functional has mass.
        TooLarge, Unsupported: no algorithm; the message says why and what to give instead.
    """
    given: Any = functionals
    if not isinstance(given, Sequence) or not given or not all(isinstance(f, Functional) for f in functionals):  # pyright: ignore[reportUnnecessaryIsInstance] (from a user)
        raise BadInput(
            "one functional or more, in a list: functional_of(method, n) reads those of a method, of_measure(mu) is that of a "
            f"measure; got {str(given)[:80]}"
        )
    _check_sampling(samples, confidence, seed)
    rows = [numeric(f, at or {}) for f in functionals]
    if isinstance(model, Fn):
        _check_features(functionals, model.n)
        shares = _on_term(model, rows, exact=exact)
    else:
        graph = to_graph(model, np.zeros(functionals[0].n))
        _check_features(functionals, graph.features)
        (kept,) = targets(graph, one_target(graph, target), 1)
        rest = lambda left: _rest(graph, left, kept, exact=exact, samples=samples, confidence=confidence, seed=seed)
        try:
            shares = _on_graph(graph, rows, kept, exact, max_regions, rest)
        except OverflowError as error:
            raise TooLarge("a number of the functionals is beyond float64; exact=True computes in rationals") from error
    return together(shares, len(rows), confidence)


def _check_sampling(samples: Any, confidence: Any, seed: Any) -> None:
    if samples is not None and (type(samples) is not int or samples < 1):
        raise BadInput(f"samples is a number of random points, or None; got {samples!r}")
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 < confidence < 1:
        raise BadInput(f"confidence is a number between 0 and 1; got {confidence!r}")
    if type(seed) is not int or not 0 <= seed < 2**63:
        raise BadInput(f"seed is a whole number from 0 on; got {seed!r}")


def _check_features(functionals: Sequence[Functional], features: int) -> None:
    wrong = sorted({f.n for f in functionals} - {features})
    if wrong:
        raise BadInput(f"the model has {features} features; got functionals on {wrong[0]}")


def _split(rows: Sequence[Row], which: Callable[[Summand], bool]) -> tuple[list[Row], list[Row], bool]:
    """(the summands for which it holds, the others, whether there are any of the first)."""
    taken = [tuple(s for s in row if which(s)) for row in rows]
    return taken, [tuple(s for s in row if not which(s)) for row in rows], any(taken)


def _on_graph(
    graph: Graph, rows: Sequence[Row], target: int, exact: bool, max_regions: int, rest: Callable[[list[Row]], Share]
) -> list[Share]:
    points, rows, some = _split(rows, is_point)
    shares = [by_points(graph, points, target, exact=exact)] if some else []
    cells, rows, some = _split(rows, has_regions)
    shares += [by_regions(graph, cells, target, exact=exact, max_regions=max_regions)] if some else []
    return shares + ([rest(rows)] if any(rows) else [])


def _rest(
    graph: Graph, rows: list[Row], target: int, *, exact: bool, samples: int | None, confidence: float, seed: int
) -> Share:
    """What neither passes nor regions do."""
    try:
        return by_ridges(neurons(graph, target), rows, exact=exact)
    except (TooLarge, Unsupported) as reason:
        if samples is None or exact:
            raise type(reason)(
                f"no exact algorithm for a law of more than 3 uniform variables, with normal variables, or with a density of "
                f"degree 2 on this network: {reason}. With samples=10_000 there are confidence intervals (exact=False)"
            ) from reason
    return by_sampling(graph, rows, target, samples=samples, confidence=confidence, seed=seed)


def neurons(graph: Graph, target: int) -> Ridges:
    """A network with one hidden layer as a sum of neurons.

    Raises:
        Unsupported: a deeper network.
        TooLarge: too many weights.
    """
    if (edges := term_edges(graph)) > MOST_EDGES:
        raise TooLarge(f"{graph.name!r} has about {edges:,} weights; closed forms are written out up to {MOST_EDGES:,}")
    names = tuple(f"y{k + 1}" for k in range(graph.features))
    return ridges_of(Fn(names, to_terms(graph, [var(name) for name in names], target)))


def _on_term(model: Fn, rows: Sequence[Row], *, exact: bool) -> list[Share]:
    _names_known(model)
    pieces, rows, some = _split(rows, on_term)
    shares = [by_pieces(model, pieces)] if some else []
    return shares + ([by_ridges(ridges_of(model), rows, exact=exact)] if any(rows) else [])


def _names_known(model: Fn) -> None:
    unknown = [name for name in variables(model.body) if name not in model.names]
    if unknown:
        raise BadInput(f"the model has parameters without values: {', '.join(unknown)}; put numbers in their place")
