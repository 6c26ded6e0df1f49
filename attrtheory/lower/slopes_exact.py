"""The backward pass in exact rationals: weighted sums of gradients over pieces, and of all gradients that kinks allow."""

from __future__ import annotations

from math import prod

import numpy as np
from flint import fmpz

from attrtheory.lower.layers_exact import Rows, aligned, matrix, objects, product, zeros
from attrtheory.lower.line_exact import ExactNetwork, Pattern

Ball = tuple[Rows, Rows | None]  # centre and radius; no radius: one number


def pulled_back(
    net: ExactNetwork,
    patterns: dict[int, Pattern],
    weight: np.ndarray,
    target: int,
    free: dict[int, np.ndarray] | None = None,
) -> Ball:
    """`sum_pieces weight * gradient`, one row. With `free` units, centre and radius over all their slopes and winners."""
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
        if k in net.affine:
            centres = net.affine[k].pull(centre)
            radii = net.affine[k].magnitude.pull(radius) if radius else [None] * len(ins)
            for i, ball in zip(ins, zip(centres, radii, strict=True), strict=True):
                add(i, ball, summed=net.straight[k])
        else:
            through = _through_pool if k in net.pools else _through_ramp
            add(ins[0], through(net, k, patterns[k], centre, radius, choices.get(k)))
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
    net: ExactNetwork, k: int, pattern: Pattern, centre: Rows, radius: Rows | None, free: np.ndarray | None
) -> Ball:
    p, q = net.slope(k)
    on = (pattern.sign > 0).astype(int)  # type: ignore[operator]
    if radius is None:
        factor = objects([fmpz(p), fmpz(q)], (2,))[on]
        return Rows(centre.numerators * factor, centre.denominator * q), None
    low, high, denominator = ends(centre, radius)
    least, most = (objects([fmpz(p), fmpz(q)], (2,))[on] for _ in range(2))
    if free is not None:
        least, most = np.where(free, fmpz(min(p, q)), least), np.where(free, fmpz(max(p, q)), most)
    corners = np.stack([v * s for v in (low, high) for s in (least, most)])
    return ball(corners.min(0), corners.max(0), denominator * q)


def _through_pool(
    net: ExactNetwork, k: int, pattern: Pattern, centre: Rows, radius: Rows | None, free: np.ndarray | None
) -> Ball:
    assert pattern.winner is not None
    assert pattern.tied is not None
    shape = net.graph.shapes[net.graph.nodes[k - 1].inputs[0]]

    def scattered(values: np.ndarray) -> np.ndarray:
        """Every window's signal at its winner."""
        flat = zeros((*values.shape[:2], prod(shape[1:])))
        row, channel, _ = np.indices(values.shape, sparse=True)
        np.add.at(flat, (row, channel, pattern.winner), values)
        return flat.reshape(-1, *shape)

    g = centre.numerators.reshape(*centre.numerators.shape[:2], -1)
    if radius is None:
        return Rows(scattered(g), centre.denominator), None
    low, high, denominator = ends(centre, radius)
    low, high = (v.reshape(*v.shape[:2], -1) for v in (low, high))
    decided = fmpz(1) if free is None else np.where(free, fmpz(0), fmpz(1))
    down, up = scattered(low * decided), scattered(high * decided)
    if free is not None:
        table = net.pools[k][0]
        row, channel, window, entry = (pattern.tied & free[..., None]).nonzero()
        at = (row, channel, table[window, entry])
        none = fmpz(0)
        np.add.at(down.reshape(*down.shape[:2], -1), at, np.minimum(low[row, channel, window], none))
        np.add.at(up.reshape(*up.shape[:2], -1), at, np.maximum(high[row, channel, window], none))
    return ball(down, up, denominator)
