r"""Barycentres as a torch module, trained to find the relevant features of linear models.

Recall, precision and F1 are piecewise constant. What is trained is the hinge

    $\sum_{j\in S} (\alpha - |w\cdot m_j + b|)_+ + \sum_{j\notin S} (|w\cdot m_j + b| - \alpha + \text{margin})_+$

which is 0 only where all three are 1 (for margin > 0). It is not convex: what it ends at is compared with the proved optimum.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import torch
from torch import Tensor

from attrtheory.errors import BadInput
from attrtheory.metrics.numbers import Vector
from attrtheory.metrics.retrieval import Retrieval


class TrainableBarycentres(torch.nn.Module):
    """One point of the cube for each of `n` features: a sigmoid of parameters that start near the centre."""

    def __init__(self, n: int, seed: int = 0) -> None:
        super().__init__()
        if type(n) is not int or n < 1:
            raise BadInput(f"a number of features, at least 1, is asked for; got {n!r}")
        generator = torch.Generator().manual_seed(seed)
        self.logits = torch.nn.Parameter(0.1 * torch.randn(n, n, generator=generator, dtype=torch.float64))

    def forward(self) -> Tensor:
        """(features, coordinates)."""
        return torch.sigmoid(self.logits)

    def hinge(self, questions: Sequence[Retrieval], margin: float = 1e-3) -> Tensor:
        """The sum of the hinges of the questions."""
        total = torch.zeros((), dtype=torch.float64)
        for asked in questions:
            if asked.n != len(self.logits):
                raise BadInput(f"a model of {asked.n} features; the barycentres are for {len(self.logits)}")
            weights = torch.tensor([float(w) for w in asked.weights], dtype=torch.float64)
            size, alpha = (self() @ weights + float(asked.intercept)).abs(), float(asked.alpha)
            relevant = torch.tensor([j in asked.relevant for j in range(asked.n)])
            total = total + torch.where(relevant, alpha - size, size - alpha + margin).clamp(min=0).sum()
        return total

    def exact(self) -> tuple[Vector, ...]:
        """The barycentres as they are stored, in rationals: `Retrieval.recall` and its kind take them."""
        return tuple(tuple(Fraction(q) for q in row) for row in self().detach().tolist())
