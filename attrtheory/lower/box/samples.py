"""Points of a box with the smallest and the largest attributions found, by float64: candidates, never evidence."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from attrtheory.lower.box.forms import Array
from attrtheory.lower.box.gradient import Engine
from attrtheory.lower.box.question import Box, Point, Question

FIRST, AGAIN, ROUNDS, NODES = 16_384, 64, 6, 32


def attributions(engine: Engine, question: Question, x: Array) -> Array:
    """Attributions at points, (points, features), by the midpoint rule where a mean is taken."""
    if question.method == "gradient":
        return engine.gradients(x, question.target)
    base = np.array([float(v) for v in question.baseline])
    if question.method == "gradient_x_input":
        return (x - base) * engine.gradients(x, question.target)
    t = (np.arange(NODES) + 0.5) / NODES
    path = base + t[:, None] * (x - base)[:, None]
    gradients = engine.gradients(path.reshape(-1, x.shape[1]), question.target)
    return (x - base) * gradients.reshape(path.shape).mean(1)


def extremes(
    engine: Engine, question: Question, box: Box, goals: Sequence[tuple[int, int]], seed: int = 0
) -> Array:
    """For each goal (feature, sign) a point where `sign * attribution[feature]` is the largest found."""
    rng = np.random.default_rng(seed)
    low, high = (np.array([float(v) for v in end]) for end in (box.lower, box.upper))
    n, base = len(low), np.array([float(v) for v in question.baseline])
    features, signs = np.array(goals).T
    first = FIRST if question.method != "integrated_gradients" else FIRST // NODES
    special = np.stack([low, high, (low + high) / 2, np.clip(base, low, high)])
    corners = np.where(rng.random((first // 4, n)) < 0.5, low, high)
    points = np.concatenate([special, corners, low + rng.random((first, n)) * (high - low)])
    best = points[(signs * attributions(engine, question, points)[:, features]).argmax(0)]
    for k in range(ROUNDS):
        spread = (high - low) * 0.3 / 3**k
        near = np.clip(best[:, None] + spread * rng.normal(size=(len(goals), AGAIN, n)), low, high)
        near = np.concatenate([best[:, None], near], axis=1)
        values = attributions(engine, question, near.reshape(-1, n)).reshape(len(goals), -1, n)
        values = signs[:, None] * values[np.arange(len(goals)), :, features]
        best = near[np.arange(len(goals)), values.argmax(1)]
    return best


def inside(box: Box, x: Array) -> Point:
    """The floats as rationals, moved into the box."""
    return tuple(
        min(max(Fraction(v), a), b) for v, a, b in zip(x.tolist(), box.lower, box.upper, strict=True)
    )
