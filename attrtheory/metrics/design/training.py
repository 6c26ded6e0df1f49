r"""Measures as a torch module: every value of its parameters meets the wishes, so only the metric is left to train.

The weights are $v = v_0 + Z t$, all solutions of the wishes' equations, found in rationals; t is trained in float64. What was
trained is rounded to rationals in t, so that the weights meet the equations exactly whatever the rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attrtheory.errors import BadInput, SideCondition, Unsupported
from attrtheory.metrics.design.conflict import ContradictoryWishes, conflict_of
from attrtheory.metrics.design.constraints import program_of
from attrtheory.metrics.design.family import Family
from attrtheory.metrics.design.objectives import Objective, Variation
from attrtheory.metrics.design.supports import Support
from attrtheory.metrics.design.wishes import Wish, wished
from attrtheory.metrics.elimination import along, solutions, transposed


class TrainableMeasures(torch.nn.Module):
    """All families on the support that have the properties; `free` (float64) is what is trained.

    Calling it with model values (models, points) gives attributions (models, features).

    Raises:
        ContradictoryWishes: there are none.
        Unsupported: the measures are to be positive, which no linear parametrisation keeps.
        SideCondition: the properties leave nothing to train.
    """

    def __init__(self, support: Support, properties: Sequence[str | Wish]) -> None:
        super().__init__()
        self.support, self.wishes = support, wished(properties)
        program = program_of(support, self.wishes)
        if program.positive:
            raise Unsupported("positive measures are not trained; design(.., 'variation') takes the wish 'positive'")
        found = solutions(program.rows, program.right, program.width)
        if found is None:
            raise ContradictoryWishes(conflict_of(support, self.wishes, lambda _: None))
        if not found.free:
            raise SideCondition("the properties leave one family only, and nothing to train: design(..) finds it")
        self.start, self.directions = found.one(), found.directions()
        self.register_buffer("origin", torch.tensor([float(q) for q in self.start], dtype=torch.float64))
        basis = np.array([[float(q) for q in z] for z in self.directions])
        self.register_buffer("basis", torch.from_numpy(basis))
        self.free = torch.nn.Parameter(torch.zeros(len(basis), dtype=torch.float64))

    def weights(self) -> Tensor:
        """(features, points)."""
        return (self.origin + self.free @ self.basis).view(self.support.n, -1)  # type: ignore[operator]

    def forward(self, values: Tensor) -> Tensor:
        if values.ndim != 2 or values.shape[1] != len(self.support.points):
            raise BadInput(f"model values are (models, {len(self.support.points)} points); got {tuple(values.shape)}")
        return values.to(torch.float64) @ self.weights().T

    def fit(self, loss: Callable[[Tensor], Tensor], steps: int = 100) -> float:
        """Makes a loss of the weights (features, points) smaller by LBFGS, and returns what it ends at.

        Raises:
            SideCondition: the loss is not finite.
        """
        optimiser = torch.optim.LBFGS([self.free], max_iter=steps, tolerance_grad=1e-12, line_search_fn="strong_wolfe")

        def closure() -> Tensor:
            optimiser.zero_grad()
            found = loss(self.weights())
            found.backward()
            return found

        optimiser.step(closure)  # type: ignore[arg-type]
        with torch.no_grad():
            end = float(loss(self.weights()))
        if not np.isfinite(end) or not bool(self.free.isfinite().all()):
            raise SideCondition(f"training ended at a loss of {end}: give a loss that is bounded below and finite")
        return end

    def exact(self, max_denominator: int | None = None) -> Family:
        """The family in rationals, checked: `free` as it is stored, or rounded to denominators up to `max_denominator`."""
        t = [Fraction(v) for v in self.free.detach().tolist()]
        t = t if max_denominator is None else [q.limit_denominator(max_denominator) for q in t]
        moves = transposed([{j: q for j, q in enumerate(z) if q} for z in self.directions], len(self.start))
        family = Family(self.support, self.wishes, tuple(a + along(row, t) for a, row in zip(self.start, moves, strict=True)))
        family.check()
        return family


def loss_of(metric: Objective, support: Support) -> Callable[[Tensor], Tensor]:
    """The metric as a differentiable function of weights (features, points), in float64."""
    if isinstance(metric, Variation):
        prices = torch.tensor([float(p) for p in metric.of(support)], dtype=torch.float64)
        return lambda weights: (prices * weights.abs().flatten()).sum()
    Q, q, c = metric.normal_equations(support)
    dense: Any = np.zeros((len(Q), len(Q)))
    for i, row in enumerate(Q):
        for j, entry in row.items():
            dense[i, j] = float(entry)
    quadratic, linear = torch.from_numpy(dense), torch.tensor([float(e) for e in q], dtype=torch.float64)
    return lambda weights: weights.flatten() @ quadratic @ weights.flatten() - 2 * linear @ weights.flatten() + float(c)
