"""A network's output as one symbolic term: one affine node per unit, `ite` for everything piecewise."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from math import prod

from attrtheory.errors import BadInput, TooLarge
from attrtheory.expr.forms import leaky_relu, most, relu
from attrtheory.expr.term import Term, affine
from attrtheory.models.affine import max_windows, sparse_rows
from attrtheory.models.graph import Graph
from attrtheory.models.ops import PIECEWISE, AvgPool2d, Conv2d, LeakyRelu, Linear, MaxPool2d, Op, Relu, Select

MOST_EDGES = 2_000_000


def to_terms(graph: Graph, xs: Sequence[Term], target: int) -> Term:
    """Output `target` as a term in the inputs `xs` (flattened in row-major order)."""
    if (edges := term_edges(graph)) > MOST_EDGES:
        raise TooLarge(
            f"{graph.name!r} ({graph.units:,} piecewise units) would be a term of about {edges:,} edges; "
            f"at most {MOST_EDGES:,} are built. Use exact evaluation at points, or a smaller network."
        )
    if len(xs) != graph.features:
        raise BadInput(f"{graph.name!r} has {graph.features} input features; got {len(xs)} terms")
    if not 0 <= target < graph.outputs:
        raise BadInput(f"{graph.name!r} has outputs 0 to {graph.outputs - 1}; got target {target}")
    values: list[list[Term]] = [list(xs)]
    for node in graph.nodes:
        sources = [t for i in node.inputs for t in values[i]]
        values.append(_layer(node.op, graph.shapes[node.inputs[0]], sources))
    return values[-1][target]


def term_edges(graph: Graph) -> int:
    """At most about so many edges are visited while the terms are built, worked out from shapes alone.

    Sums of sums merge: an entry of an affine layer reads as many atoms (inputs, piecewise units) as its
    sources do together, but never more than there are.
    """
    width, atoms, edges = [1], graph.features, 0
    for node, shape in zip(graph.nodes, graph.shapes[1:], strict=True):
        size, read = prod(shape), _reads(node.op, [width[i] for i in node.inputs])
        edges += size * read
        atoms += size * (prod(node.op.kernel) if isinstance(node.op, MaxPool2d) else 1)
        width.append(1 if isinstance(node.op, PIECEWISE) else min(read, atoms))
    return edges


def _layer(op: Op, shape: tuple[int, ...], x: list[Term]) -> list[Term]:
    match op:
        case Relu():
            return [relu(z) for z in x]
        case LeakyRelu(slope):
            return [leaky_relu(z, Fraction(slope)) for z in x]
        case MaxPool2d():  # a later entry wins only if it is greater: ties go to the first
            windows = ([x[i] for i in window] for window in max_windows(op, shape))
            return [reduce(lambda best, z: most(z, best), window) for window in windows]
        case _:
            return [affine(row.bias, ((w, x[i]) for i, w in row.terms)) for row in sparse_rows(op, shape)]


def _reads(op: Op, widths: list[int]) -> int:
    """How many atoms one entry of the output goes through, if its sources have these many each."""
    match op:
        case Linear(w, _):
            return w.shape[1] * widths[0]
        case Conv2d():
            return prod(op.weight.shape[1:]) * widths[0]
        case AvgPool2d():
            return prod(op.kernel) * widths[0]
        case MaxPool2d():
            return prod(op.kernel) * (3 + 2 * widths[0])  # an `ite` for each entry; its guard is a difference
        case Relu():
            return 3  # an `ite`: guard and branch are the same term
        case LeakyRelu():
            return 3 + widths[0]
        case Select():
            return max(widths)
        case _:
            return sum(widths)
