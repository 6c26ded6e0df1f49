"""Derived forms: everything piecewise is an `ite`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrtheory.errors import BadInput
from attrtheory.expr.term import ONE_Q, ZERO_Q, Scalar, Term, affine, ite, lift


def total(summands: Iterable[Scalar]) -> Term:
    """The sum, built as one node."""
    return affine(ZERO_Q, [(ONE_Q, lift(s)) for s in summands])


def relu(z: Scalar) -> Term:
    """`max(z, 0)`, with derivative 0 at 0."""
    return ite(z, z, 0)


def leaky_relu(z: Scalar, slope: Scalar) -> Term:
    """`z` where z > 0, else `slope * z`."""
    return ite(z, z, lift(slope) * z)


def step(z: Scalar) -> Term:
    """`1[z > 0]`."""
    return ite(z, 1, 0)


def most(a: Scalar, b: Scalar) -> Term:
    """`max(a, b)`; at a tie the derivative is that of `b`."""
    return ite(lift(a) - b, a, b)


def least(a: Scalar, b: Scalar) -> Term:
    """`min(a, b)`; at a tie the derivative is that of `b`."""
    return ite(lift(b) - a, a, b)


def absolute(z: Scalar) -> Term:
    """`|z|`, with derivative -1 at 0."""
    return ite(z, z, -lift(z))


def clip(z: Scalar, lower: Scalar, upper: Scalar) -> Term:
    """`min(max(z, lower), upper)`, with derivative 1 at both ends."""
    return ite(lift(z) - upper, upper, ite(lift(lower) - z, lower, z))


def half_space(weights: Sequence[Scalar], x: Sequence[Scalar], threshold: Scalar) -> Term:
    """`1[w . x > threshold]`."""
    if len(weights) != len(x):
        raise BadInput(f"a half-space needs one weight for each of {len(x)} coordinates; got {len(weights)}")
    return step(total(lift(w) * p for w, p in zip(weights, x, strict=True)) - threshold)


def box(x: Sequence[Scalar], lower: Sequence[Scalar], upper: Sequence[Scalar]) -> Term:
    """The indicator of the half-open box: `1[lower_k < x_k <= upper_k for all k]`."""
    if not len(x) == len(lower) == len(upper):
        raise BadInput(f"a box needs bounds for each of {len(x)} coordinates; got {len(lower)} and {len(upper)}")
    inside = lift(1)
    for p, a, b in zip(x, lower, upper, strict=True):
        inside = ite(lift(p) - a, ite(lift(p) - b, 0, inside), 0)
    return inside


def orthant(x: Sequence[Scalar], thresholds: Mapping[int, Scalar]) -> Term:
    """`1[x_k > t_k for all k in thresholds]`."""
    inside = lift(1)
    for k, t in thresholds.items():
        inside = ite(lift(x[k]) - t, inside, 0)
    return inside
