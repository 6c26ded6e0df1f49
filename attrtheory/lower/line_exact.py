"""The sweep in exact rationals: where a network bends on a segment, and its slopes on every piece.

On a piece every value of the graph is c + s t. Both are held as integers over one denominator, a power of two times
the divisors of averages: numbers grow with depth and not with the number of breakpoints, and cutting a piece copies
two rows. Only breakpoints, zeros of c + s t or of a difference, are quotients. Signs are decided by integers, and zero
is a sign.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from flint import fmpq, fmpz

from attrtheory.lower.layers_exact import ExactAffine, Rows, aligned, integers, objects
from attrtheory.lower.network_exact import ExactNetwork, Lines, Pattern, PoolPattern, RampPattern, exact_network
from attrtheory.models.graph import Graph


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
    points, found = t.tolist(), []
    for piece, *window in zip(*(~(best[:-1] & best[1:]).any(-1)).nonzero(), strict=True):
        found += envelope(c[piece, *window], s[piece, *window], points[piece], points[piece + 1])
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
