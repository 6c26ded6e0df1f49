r"""Infidelity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrtheory.metrics import given
from attrtheory.metrics.explained import explained, texts
from attrtheory.metrics.least_squares import LeastSquares


def infidelity(
    model: Any, x: Any, perturbations: Sequence[Any], probabilities: Any = None, *, baseline: Any = None, target: int = 0
) -> LeastSquares:
    r"""$\operatorname{INFD}(a) = \mathbb E_I\bigl[(I \cdot a - (f(x) - f(x - I)))^2\bigr]$ for a finite law of perturbations.

    Its optimum over all attributions is $a = \mathbb E[I I^\top]^{-1}\,\mathbb E\bigl[I\,(f(x) - f(x - I))\bigr]$,
    linear in the model: a signed measure on $x$ and the points $x - I$. Where $\mathbb E[I I^\top]$ is singular there are
    many optima: the result is the shortest, and `directions` spans the others.

    Args:
        model: a Fn or Graph (exact), a torch module or a function of arrays (trust "float").
        x: the input, d numbers.
        perturbations: the values of I, each d numbers: displacements, not masks; of a mask m it is m * (x - b).
        probabilities: of the perturbations, adding up to 1; all equal by default.
        baseline: of methods and of complete attributions, where they are asked for; the metric itself has none.
        target: the output of a network.

    Source: Yeh, Hsieh, Suggala, Inouye, Ravikumar 2019, arXiv 1901.09392.

    >>> from attrtheory.models.dsl import parse_model
    >>> best = infidelity(parse_model("x1*x2"), [2, 3], [[2, 0], [0, 3]]).optimum()  # one feature at a time: occlusion / I
    >>> best.attribution, best.value, best.unique
    ((Fraction(3, 1), Fraction(2, 1)), Fraction(0, 1), True)

    Raises:
        BadInput: no perturbation, wrong lengths, negative probabilities or a sum other than 1.
    """
    at = explained(model, x, baseline, target)
    rows = given.vectors(perturbations, "perturbations", at.n)
    weights = given.probabilities(probabilities, len(rows), "probabilities")
    minus = tuple(tuple(a - b for a, b in zip(at.x, row, strict=True)) for row in rows)
    parameters = {"perturbations": [texts(row) for row in rows], "probabilities": texts(weights)}
    return LeastSquares("infidelity", at, rows, weights, (at.x,) * len(rows), minus, parameters)
