"""What a functional costs on one ReLU neuron and on deep networks, by which algorithm, and where it is hard."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """d: features; N: points of a background; T: one forward pass; P: linear pieces along a path.

    `neuron`: arithmetic operations for all features of one neuron in closed form; `network`: on a deep network, and `by`
    which algorithm. `hardness`: what makes an algorithm that is polynomial in d unlikely, with its source.
    """

    method: str
    neuron: str
    network: str
    by: str
    hardness: str = ""


VOTING = (
    "#P-hard on one neuron with integer weights: (s - q + 1)_+ - (s - q)_+ is a voting game with quota q, whose values are "
    "#P-complete (Deng and Papadimitriou 1994; Prasad and Kelly 1990 for Banzhaf)"
)
VOLUME = (
    "#P-hard in d on one neuron: in b it is piecewise polynomial of degree d, so a few values give its derivative in b, which "
    "is the volume of a cube cut by a half-space (Dyer and Frieze 1988)"
)
NO_CLOSED_FORM = "no closed form behind a second layer: normal measures of polytopes; certified by sampling"

COSTS = (
    Cost("gradient", "O(d)", "T", "one backward pass"),
    Cost("gradient_x_input", "O(d)", "T", "one backward pass"),
    Cost("gradient_x_displacement", "O(d)", "T", "one backward pass"),
    Cost("occlusion", "O(d)", "(d + 1) T", "forward passes"),
    Cost("integrated_gradients", "O(d)", "P T", "the line, piece by piece", "P up to 2^depth (tent maps: Telgarsky 2015)"),
    Cost("path_gradients", "O(d^2)", "P T for each segment", "the line, piece by piece", "as integrated_gradients"),
    Cost("expected_gradients", "O(N d)", "N P T", "the line, piece by piece", "as integrated_gradients"),
    Cost("shapley", "O(2^d d)", "2^d T", "forward passes on all coalitions", VOTING),
    Cost("banzhaf", "O(2^d d)", "2^d T", "forward passes on all coalitions", VOTING),
    Cost("owen", "O(2^d d)", "2^d T at most", "forward passes on coalitions", VOTING),
    Cost("equal_split", "O(d)", "2 T", "forward passes"),
    Cost("marginal_shapley", "O(N 2^d d)", "N 2^d T", "forward passes on all coalitions", VOTING),
    Cost("mask_lime", "O(2^d d)", "2^d T", "forward passes on all masks", VOTING),
    Cost("partial_dependence", "O(N d)", "N d T", "forward passes"),
    Cost("uniform_partial_dependence", "O(2^(d-1) d)", "regions on a box", "cells and moments, d <= 4", VOLUME),
    Cost("conditional_expectation", "O(d^2)", "sampling", "confidence intervals", NO_CLOSED_FORM),
    Cost("gaussian_lime", "O(d)", "sampling", "confidence intervals", NO_CLOSED_FORM),
    Cost("smoothgrad", "O(d)", "sampling", "confidence intervals", NO_CLOSED_FORM),
    Cost("infidelity_optimum", "O(d)", "sampling", "confidence intervals", NO_CLOSED_FORM),
    Cost("cube_lime", "O(2^d d)", "regions on a box", "cells and moments, d <= 3", VOLUME),
    Cost("axis_integral", "O(d)", "P T for each feature", "the line, piece by piece"),
    Cost("axis_value", "O(d)", "d T", "forward passes"),
)


def cost_of(method: str) -> Cost | None:
    """The entry of a method by its name."""
    return next((c for c in COSTS if c.method == method), None)
