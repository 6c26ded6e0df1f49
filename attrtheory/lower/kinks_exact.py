"""Kinks that a path lies in, and which of them an attribution can feel.

A kink is a unit that is 0, or a pooling window with several winners, on a whole piece of the path. It matters only if
an input that moves on the path reaches it and if it reaches the target: most ties on a constant background do not.
"""

from __future__ import annotations

import numpy as np
from flint import fmpz

from attrtheory.lower.layers_exact import Rows, objects
from attrtheory.lower.network_exact import ExactNetwork, Pattern, PoolPattern, RampPattern

Masks = dict[int, np.ndarray]
Patterns = dict[int, Pattern]


def kinks_that_matter(net: ExactNetwork, patterns: Patterns, moving: np.ndarray, target: int) -> Masks:
    """For every layer that has some: (pieces, units), the units in a kink that matters."""
    kinks = {k: p.kinks for k, p in patterns.items()}
    some = [mask.reshape(len(mask), -1).any(1) for mask in kinks.values()]
    where = np.flatnonzero(np.any(some, axis=0)) if some else np.zeros(0, dtype=int)
    if not len(where):
        return {}
    part = {k: p.take(where) for k, p in patterns.items()}
    alive, reached, found = moved(net, part, moving), reaching(net, part, target, len(where)), {}
    for k, p in part.items():
        mask = p.kinks & alive[k] & reached[k]
        if mask.any():
            found[k] = np.zeros(kinks[k].shape, dtype=bool)
            found[k][where] = mask
    return found


def moved(net: ExactNetwork, patterns: Patterns, moving: np.ndarray) -> Masks:
    """For every ramp unit and window: may a moving input change it, whatever the slopes at kinks?"""
    live = {0: moving[None]}  # one row while nothing depends on the piece
    seen = {}
    for k, node in enumerate(net.graph.nodes, start=1):
        x = live[node.inputs[0]]
        match patterns.get(k):
            case RampPattern(sign=sign):
                seen[k] = x
                live[k] = x & ((sign >= 0) | (net.slope(k)[0] != 0))
            case PoolPattern(tied=tied):
                windows = x.reshape(*x.shape[:2], -1)[:, :, net.pools[k][0]]
                seen[k] = (windows & tied).any(-1)
                live[k] = seen[k].reshape(-1, *net.graph.shapes[k])
            case _:
                live[k] = nonzero(net.affine[k].magnitude.push([counted(live[i]) for i in node.inputs]))
    return seen


def reaching(net: ExactNetwork, patterns: Patterns, target: int, pieces: int) -> Masks:
    """For every ramp unit and window: may its output change the target, whatever the slopes at kinks?"""
    last = len(net.graph.nodes)
    out = np.zeros((pieces, net.graph.outputs), dtype=bool)
    out[:, target] = True
    signals = {i: np.zeros((pieces, *shape), dtype=bool) for i, shape in enumerate(net.graph.shapes)}
    signals[last] = out.reshape(-1, *net.graph.shapes[last])
    seen = {}
    for k in range(last, 0, -1):
        g = signals.pop(k)
        if net.straight[k]:
            continue  # no kink before it
        match patterns.get(k):
            case RampPattern(sign=sign):
                seen[k] = g
                parts = [g & ((sign >= 0) | (net.slope(k)[0] != 0))]
            case PoolPattern(tied=tied):
                seen[k] = g.reshape(*g.shape[:2], -1)
                parts = [_spread(net, k, tied & seen[k][..., None])]
            case _:
                parts = [nonzero(p) for p in net.affine[k].magnitude.pull(counted(g))]
        for i, p in zip(net.graph.nodes[k - 1].inputs, parts, strict=True):
            signals[i] = signals[i] | p
    return seen


def _spread(net: ExactNetwork, k: int, entries: np.ndarray) -> np.ndarray:
    """The input positions of marked entries (pieces, channels, windows, entries) of pool k."""
    shape = net.graph.shapes[net.graph.nodes[k - 1].inputs[0]]
    flat = np.zeros((*entries.shape[:2], shape[1] * shape[2]), dtype=bool)
    row, channel, window, entry = entries.nonzero()
    flat[row, channel, net.pools[k][0][window, entry]] = True
    return flat.reshape(-1, *shape)


def counted(mask: np.ndarray) -> Rows:
    return Rows(objects([fmpz(0), fmpz(1)], (2,))[mask.astype(int)], 1)


def nonzero(rows: Rows) -> np.ndarray:
    return rows.numerators != 0
