"""The order in which a graph's layers are swept: the same function, with fewer and narrower rows."""

from __future__ import annotations

from math import prod

from attrtheory.lower.wiring import pools_first
from attrtheory.models.graph import Graph, Node
from attrtheory.models.ops import PIECEWISE


def arranged(graph: Graph) -> Graph:
    """Pools before ramps; affine layers that do not widen a value as soon as they can be evaluated.

    A skip connection is then narrowed before the layers beside it bend, and fewer rows of it are carried along.
    """
    graph = pools_first(graph)
    number, nodes = {0: 0}, []
    waiting = dict(enumerate(graph.nodes, start=1))
    while waiting:
        ready = [k for k, node in waiting.items() if all(i in number for i in node.inputs)]
        early = [k for k in ready if _narrows(graph, k) and k != len(graph.nodes)]
        chosen = early[0] if early else ready[0]
        node = waiting.pop(chosen)
        nodes.append(Node(node.op, tuple(number[i] for i in node.inputs), node.name))
        number[chosen] = len(nodes)
    return Graph(graph.input_shape, tuple(nodes), graph.name)


def _narrows(graph: Graph, k: int) -> bool:
    node = graph.nodes[k - 1]
    widest = sum(prod(graph.shapes[i]) for i in node.inputs)
    return not isinstance(node.op, PIECEWISE) and prod(graph.shapes[k]) <= widest
