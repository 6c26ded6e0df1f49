r"""Integrated Gradients, path methods and expected gradients."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from attrtheory.errors import BadInput
from attrtheory.expr.views import FnView, Point, Value, summed


def integrated_gradients(f: FnView, x: Point, x0: Point, i: int) -> Value:
    r"""The mean slope along the segment from the baseline to the input, times the displacement.

    Definition:
        $\phi_i = (x_i - x^0_i)\int_0^1 \partial_i f\bigl(x^0 + \alpha(x - x^0)\bigr)\,d\alpha$

    Conventions: branch derivative, strict guard; where the path runs inside a kink the value depends on the program.
    Source: Sundararajan, Taly, Yan 2017, arXiv 1703.01365.
    Proved: null_displacement, linearity, affine_scale_invariance.
    Conditional: completeness, dummy, symmetry, implementation_invariance, non_decreasing_positivity,
        affine_exactness, constants.
    """

    def slope(a: Value) -> Value:
        return f.partial(i, *(b + a * (p - b) for p, b in zip(x, x0, strict=True)))

    return (x[i] - x0[i]) * f.mean01(slope)


def path_gradients(f: FnView, x: Point, x0: Point, i: int, via: str | Sequence[Sequence[Fraction]]) -> Value:
    r"""Integrated Gradients along a piecewise linear path from the baseline to the input.

    Definition:
        $\phi_i = \int_0^1 \partial_i f(\gamma(\alpha))\,\gamma_i'(\alpha)\,d\alpha$, where $\gamma$ runs in straight
        pieces from $x^0$ through the points $x^0 + t\odot(x - x^0)$ for each $t$ in `via` to $x$.

    `via="axes"` changes the features one after the other, in their order.
    Conventions: as Integrated Gradients.
    Source: Friedman 2004; Sundararajan, Taly, Yan 2017, arXiv 1703.01365.
    Proved: null_displacement, linearity, affine_scale_invariance.
    Conditional: completeness, dummy, implementation_invariance, non_decreasing_positivity, affine_exactness,
        constants.
    Refuted: symmetry.
    """
    turns = [[1] * k + [0] * (f.n - k) for k in range(1, f.n)] if via == "axes" else via
    if any(len(t) != f.n for t in turns):
        raise BadInput(f"each point of a path on {f.n} features needs {f.n} fractions of the displacement; got {via!r}")
    knots = [x0, *([b + t * (p - b) for t, p, b in zip(ts, x, x0, strict=True)] for ts in turns), x]
    return summed(integrated_gradients(f, end, start, i) for start, end in pairwise(knots))


def expected_gradients(f: FnView, x: Point, background: Sequence[Point], i: int) -> Value:
    r"""Integrated Gradients averaged over the points of a finite background.

    Definition:
        $\phi_i = \frac1m\sum_{k=1}^m (x_i - b^k_i)\int_0^1 \partial_i f\bigl(b^k + \alpha(x - b^k)\bigr)\,d\alpha$

    Conventions: as Integrated Gradients; the background is a list, so a repeated point counts twice.
    Source: Erion, Janizek, Sturmfels, Lundberg, Lee 2019, arXiv 1906.10670.
    Proved: null_displacement, linearity, affine_scale_invariance.
    Conditional: completeness, dummy, symmetry, implementation_invariance, non_decreasing_positivity,
        affine_exactness, constants.
    """
    return Fraction(1, len(background)) * summed(integrated_gradients(f, x, b, i) for b in background)
