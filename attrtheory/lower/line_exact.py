"""The sweep in exact rationals: where a network bends on a segment, and its slopes on every piece.

On a piece every value of the graph is c + s t. Both are held as integers over one denominator, a power of two times
the divisors of averages: numbers grow with depth and not with the number of breakpoints, and cutting a piece copies
two rows. Only breakpoints, zeros of c + s t or of a difference, are quotients. Signs are decided by integers, and zero
is a sign.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from flint import fmpq, fmpz

from attrtheory.lower.layers_exact import ExactAffine, Rows, aligned, integers, objects
from attrtheory.lower.wiring import affine_in_input, pool_table, pools_first
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
        self.graph = pools_first(graph)
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


def line_sweep_exact(
    graph: Graph, x0: np.ndarray, x: np.ndarray
) -> tuple[np.ndarray, dict[int, Pattern], Lines]:
    """Breakpoints from 0 to 1, the patterns of all piecewise layers on the pieces between them, and the output.

    The ends of the segment are arrays of floats, taken at their exact values, or of fractions.
    """
    net = exact_network(graph)
    t = objects([fmpq(0), fmpq(1)], (2,))
    live: dict[int, Lines] = {0: segment(x0, x)}
    patterns: dict[int, Pattern] = {}
    for k, node in enumerate(net.graph.nodes, start=1):
        z = live[node.inputs[0]]
        if k in net.affine:
            live[k] = _pushed(net.affine[k], [live[i] for i in node.inputs])
            continue
        new = winner_changes(net, k, t, z) if k in net.pools else sign_changes(t, z)
        t, pieces = merged(t, new)
        if len(new):
            live = {i: v.take(pieces) for i, v in live.items()}
            patterns = {i: p.take(pieces) for i, p in patterns.items()}
            z = live[node.inputs[0]]
        if k in net.pools:
            patterns[k], live[k] = _pooled(net, k, t, z)
        else:
            patterns[k], live[k] = _ramped(net, k, t, z)
        read = {i for later in net.graph.nodes[k:] for i in later.inputs} | {len(net.graph.nodes)}
        live = {i: v for i, v in live.items() if i in read}
    return t, patterns, live[len(net.graph.nodes)]


def segment(x0: np.ndarray, x: np.ndarray) -> Lines:
    """The inputs on the segment from x0 to x."""
    (a, p), (b, q) = integers(x0[None]), integers(x[None])
    (a, b), den = aligned([Rows(a, p), Rows(b, q)])
    return Lines(a, b - a, den)


def _pushed(layer: ExactAffine, xs: list[Lines]) -> Lines:
    pieces = len(xs[0].constant)
    rows = [Rows(np.concatenate([x.constant, x.slope]), x.denominator) for x in xs]
    y = layer.push(rows, constant=np.arange(2 * pieces) < pieces)
    return Lines(y.numerators[:pieces], y.numerators[pieces:], y.denominator)


def signs(values: np.ndarray) -> np.ndarray:
    return (values > 0).astype(np.int8) - (values < 0).astype(np.int8)


def sign_changes(t: np.ndarray, z: Lines) -> list[fmpq]:
    """Zeros strictly inside pieces of all units that change sign there."""
    sign = signs(z.at(t))
    where = (sign[:-1] * sign[1:] < 0).nonzero()
    return [fmpq(-c, s) for c, s in zip(z.constant[where], z.slope[where], strict=True)]


def merged(t: np.ndarray, new: Iterable[fmpq]) -> tuple[np.ndarray, np.ndarray]:
    """All breakpoints in order, equal ones once; and for every new piece the old piece that it is a part of."""
    points, pieces, fresh, j = [], [], sorted(new), 0
    for k, a in enumerate(t):
        points.append(a)
        pieces.append(k)
        while j < len(fresh) and k + 1 < len(t) and fresh[j] < t[k + 1]:
            if fresh[j] > points[-1]:
                points.append(fresh[j])
                pieces.append(k)
            j += 1
    return objects(points, (len(points),)), np.array(pieces[:-1])


def _ramped(net: ExactNetwork, k: int, t: np.ndarray, z: Lines) -> tuple[RampPattern, Lines]:
    ends = signs(z.at(t))
    sign = np.where(ends[:-1] != 0, ends[:-1], ends[1:])
    p, q = net.slope(k)
    factor = objects([fmpz(p), fmpz(q)], (2,))[(sign > 0).astype(int)]
    return RampPattern(sign), Lines(z.constant * factor, z.slope * factor, z.denominator * q)


def _windows(net: ExactNetwork, k: int, v: np.ndarray) -> np.ndarray:
    return v.reshape(*v.shape[:2], -1)[:, :, net.pools[k][0]]


def winner_changes(net: ExactNetwork, k: int, t: np.ndarray, z: Lines) -> list[fmpq]:
    """Kinks of all windows' upper envelopes. A window with one winner at both ends of a piece has none inside."""
    at = _windows(net, k, z.at(t))
    best = at == at.max(-1, keepdims=True)
    c, s = (_windows(net, k, v) for v in (z.constant, z.slope))
    found: list[fmpq] = []
    for piece, *window in zip(*(~(best[:-1] & best[1:]).any(-1)).nonzero(), strict=True):
        found += envelope(c[piece, *window], s[piece, *window], t[piece], t[piece + 1])
    return found


def envelope(c: np.ndarray, s: np.ndarray, a: fmpq, b: fmpq) -> list[fmpq]:
    """Where, strictly between a and b, the largest of the lines c_i + s_i t changes."""
    kinks, at = [], a
    winner = max(range(len(c)), key=lambda i: (c[i] + s[i] * a, s[i]))
    while True:
        steeper = [i for i in range(len(c)) if s[i] > s[winner]]
        if not steeper:
            return kinks
        when = [fmpq(c[winner] - c[i], s[i] - s[winner]) for i in steeper]
        at = min(when)
        if at >= b:
            return kinks
        kinks.append(at)
        winner = max((i for i, w in zip(steeper, when, strict=True) if w == at), key=lambda i: s[i])


def _pooled(net: ExactNetwork, k: int, t: np.ndarray, z: Lines) -> tuple[PoolPattern, Lines]:
    table, real = net.pools[k]
    at = _windows(net, k, z.at(t))
    best = at == at.max(-1, keepdims=True)
    tied = best[:-1] & best[1:] & real
    first = tied.argmax(-1)  # the first of the entries that win on the whole piece
    winner = np.take_along_axis(np.broadcast_to(table, tied.shape), first[..., None], -1)[..., 0]
    c, s = (np.take_along_axis(v.reshape(*v.shape[:2], -1), winner, 2) for v in (z.constant, z.slope))
    out = (-1, *net.graph.shapes[k])
    return PoolPattern(winner, tied), Lines(c.reshape(out), s.reshape(out), z.denominator)
