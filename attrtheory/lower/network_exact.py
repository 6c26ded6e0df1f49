"""A graph with integer weights, and what is known of its values and layers on the pieces of a path."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from attrtheory.lower.arrange import arranged
from attrtheory.lower.layers_exact import ExactAffine, objects
from attrtheory.lower.wiring import affine_in_input, pool_table
from attrtheory.models.graph import Graph
from attrtheory.models.ops import PIECEWISE, LeakyRelu, MaxPool2d


@dataclass(frozen=True, eq=False)
class Lines:
    """One value of the graph on every piece: `constant + slope * t`, rows first."""

    constant: np.ndarray
    slope: np.ndarray
    denominator: int

    def take(self, pieces: np.ndarray) -> Lines:
        return Lines(self.constant[pieces], self.slope[pieces], self.denominator)

    def at(self, t: np.ndarray) -> np.ndarray:
        """The value at every breakpoint times a positive number: integers with the signs of the value."""
        column = (-1, *[1] * (self.constant.ndim - 1))
        p, q = objects([v.p for v in t], column), objects([v.q for v in t], column)
        last = self.constant[-1:] * q[-1:] + self.slope[-1:] * p[-1:]
        return np.concatenate([self.constant * q[:-1] + self.slope * p[:-1], last])


@dataclass(frozen=True, eq=False)
class RampPattern:
    """The sign of every unit on every piece."""

    sign: np.ndarray

    def take(self, pieces: np.ndarray) -> RampPattern:
        return RampPattern(self.sign[pieces])

    @property
    def kinks(self) -> np.ndarray:
        """Units that are 0 on a whole piece."""
        return self.sign == 0


@dataclass(frozen=True, eq=False)
class PoolPattern:
    """The flat position of every window's winner on every piece, and all its entries that are largest there."""

    winner: np.ndarray
    tied: np.ndarray

    def take(self, pieces: np.ndarray) -> PoolPattern:
        return PoolPattern(self.winner[pieces], self.tied[pieces])

    @property
    def kinks(self) -> np.ndarray:
        """Windows with several winners on a whole piece."""
        return self.tied.sum(-1) > 1


Pattern = RampPattern | PoolPattern


class ExactNetwork:
    """A graph with integer weights."""

    def __init__(self, graph: Graph) -> None:
        self.graph = arranged(graph)
        self.straight = affine_in_input(self.graph)
        self.affine: dict[int, ExactAffine] = {}
        self.pools: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        for k, node in enumerate(self.graph.nodes, start=1):
            ins, out = [self.graph.shapes[i] for i in node.inputs], self.graph.shapes[k]
            if isinstance(node.op, MaxPool2d):
                self.pools[k] = pool_table(ins[0], node.op)
            elif not isinstance(node.op, PIECEWISE):
                self.affine[k] = ExactAffine(node.op, ins, out)

    def slope(self, k: int) -> tuple[int, int]:
        """The slope of ramp k where its unit is not positive, as a quotient."""
        op = self.graph.nodes[k - 1].op
        return float(op.slope).as_integer_ratio() if isinstance(op, LeakyRelu) else (0, 1)


_networks: WeakKeyDictionary[Graph, ExactNetwork] = WeakKeyDictionary()


def exact_network(graph: Graph) -> ExactNetwork:
    """The graph's integer weights, made once."""
    if graph not in _networks:
        _networks[graph] = ExactNetwork(graph)
    return _networks[graph]
