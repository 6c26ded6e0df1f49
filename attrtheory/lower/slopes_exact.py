"""The backward pass in exact rationals: sums of gradients over pieces, and of all gradients that kinks allow."""

from __future__ import annotations

from math import prod

import numpy as np
from flint import fmpz

from attrtheory.lower.layers_exact import Rows, aligned, matrix, objects, product, zeros
from attrtheory.lower.network_exact import ExactNetwork, Pattern, PoolPattern, RampPattern

Ball = tuple[Rows, Rows | None]  # centre and radius; no radius: one number


def pulled_back(
    net: ExactNetwork,
    patterns: dict[int, Pattern],
    weight: np.ndarray,
    target: int,
    free: dict[int, np.ndarray] | None = None,
) -> Ball:
    """`sum_pieces weight * gradient`, one row; with `free` units, a ball around all their slopes and winners."""
    last, choices = len(net.graph.nodes), free or {}
    seed = zeros((len(weight), net.graph.outputs))
    seed[:, target] = fmpz(1)
    seed = seed.reshape(-1, *net.graph.shapes[last])
    signals: dict[int, Ball] = {}

    def add(i: int, ball: Ball, *, summed: bool = False) -> None:
        """What is affine in the input has one gradient: there the pieces are weighted and summed, once."""
        centre, radius = ball
        if net.straight[i] and not summed:
            centre, radius = total(weight, centre), radius and total(weight, radius)
        if i in signals:
            c, r = signals[i]
            centre, radius = plus(centre, c), plus(radius, r) if radius and r else None
        signals[i] = centre, radius

    add(last, (Rows(seed, 1), None if free is None else Rows(zeros(seed.shape), 1)))
    for k in range(last, 0, -1):
        if k not in signals:
            continue
        ins, (centre, radius) = net.graph.nodes[k - 1].inputs, signals.pop(k)
        match patterns.get(k):
            case RampPattern() as p:
                add(ins[0], _through_ramp(net, k, p, centre, radius, choices.get(k)))
            case PoolPattern() as p:
                add(ins[0], _through_pool(net, k, p, centre, radius, choices.get(k)))
            case _:
                layer = net.affine[k]
                radii = layer.magnitude.pull(radius) if radius else [None] * len(ins)
                for i, c, r in zip(ins, layer.pull(centre), radii, strict=True):
                    add(i, (c, r), summed=net.straight[k])
    nothing = Rows(zeros((1, *net.graph.input_shape)), 1)
    return signals.get(0, (nothing, None if free is None else nothing))


def total(weight: np.ndarray, rows: Rows) -> Rows:
    """The weighted sum of the rows, as one row."""
    n = rows.numerators.reshape(len(weight), -1)
    some = (n != 0).any(0)
    out = zeros((1, n.shape[1]))
    if some.any():
        out[:, some] = product(weight.reshape(1, -1), matrix(n[:, some]))
    return Rows(out.reshape(1, *rows.numerators.shape[1:]), rows.denominator)


def plus(a: Rows, b: Rows) -> Rows:
    (p, q), denominator = aligned([a, b])
    return Rows(p + q, denominator)


def ends(centre: Rows, radius: Rows | None) -> tuple[np.ndarray, np.ndarray, int]:
    """Numerators of both ends of a ball, over one denominator."""
    (c, r), denominator = aligned([centre, radius or Rows(centre.numerators * fmpz(0), 1)])
    return c - r, c + r, denominator


def ball(low: np.ndarray, high: np.ndarray, denominator: int) -> tuple[Rows, Rows]:
    return Rows(low + high, 2 * denominator), Rows(high - low, 2 * denominator)


def _through_ramp(
    net: ExactNetwork, k: int, pattern: RampPattern, centre: Rows, radius: Rows | None, free: np.ndarray | None
) -> Ball:
    (p, q), on = net.slope(k), (pattern.sign > 0).astype(int)
    slope = objects([fmpz(p), fmpz(q)], (2,))[on]
    if radius is None:
        return Rows(centre.numerators * slope, centre.denominator * q), None
    low, high, denominator = ends(centre, radius)
    least, most = (slope if free is None else np.where(free, f(p, q), slope) for f in (min, max))
    corners = np.stack([v * s for v in (low, high) for s in (least, most)])
    return ball(corners.min(0), corners.max(0), denominator * q)


def _through_pool(
    net: ExactNetwork, k: int, pattern: PoolPattern, centre: Rows, radius: Rows | None, free: np.ndarray | None
) -> Ball:
    shape = net.graph.shapes[net.graph.nodes[k - 1].inputs[0]]
    flat = (*pattern.winner.shape[:2], prod(shape[1:]))

    def at_winners(values: np.ndarray) -> np.ndarray:
        """Every window's signal at its winner."""
        out = zeros(flat)
        row, channel = (np.arange(n) for n in flat[:2])
        np.add.at(out, (row[:, None, None], channel[:, None], pattern.winner), values)
        return out

    if radius is None:
        g = centre.numerators.reshape(pattern.winner.shape)
        return Rows(at_winners(g).reshape(-1, *shape), centre.denominator), None
    low, high, denominator = ends(centre, radius)
    low, high = (v.reshape(pattern.winner.shape) for v in (low, high))
    decided = 1 if free is None else (~free).astype(object)
    down, up = at_winners(low * decided), at_winners(high * decided)
    if free is not None:
        # a free window sends something between 0 and its signal to each of its winners
        row, channel, window, entry = (pattern.tied & free[..., None]).nonzero()
        at = (row, channel, net.pools[k][0][window, entry])
        np.add.at(down, at, np.minimum(low[row, channel, window], 0))
        np.add.at(up, at, np.maximum(high[row, channel, window], 0))
    return ball(down.reshape(-1, *shape), up.reshape(-1, *shape), denominator)
