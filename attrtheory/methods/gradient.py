r"""Gradient, gradient x input, gradient x displacement."""

from attrtheory.expr.views import FnView, Point, Value


def gradient(f: FnView, x: Point, x0: Point, i: int) -> Value:
    r"""The slope of the model at the input; the baseline is not used.

    Definition:
        $\phi_i = \partial_i f(x)$

    Conventions: branch derivative, strict guard (the derivative of relu at 0 is 0).
    Source: Simonyan, Vedaldi, Zisserman 2013, arXiv 1312.6034.
    Proved: linearity.
    Conditional: dummy, symmetry, implementation_invariance, non_decreasing_positivity, constants.
    Refuted: completeness, null_displacement, affine_scale_invariance, affine_exactness.
    """
    return f.partial(i, *x)


def gradient_x_input(f: FnView, x: Point, x0: Point, i: int) -> Value:
    r"""The slope times the input; the baseline is not used.

    Definition:
        $\phi_i = x_i\,\partial_i f(x)$

    Conventions: branch derivative, strict guard.
    Source: Shrikumar, Greenside, Shcherbina, Kundaje 2016, arXiv 1605.01713.
    Proved: linearity.
    Conditional: dummy, symmetry, implementation_invariance, constants.
    Refuted: completeness, null_displacement, affine_scale_invariance, non_decreasing_positivity, affine_exactness.
    """
    return x[i] * f.partial(i, *x)


def gradient_x_displacement(f: FnView, x: Point, x0: Point, i: int) -> Value:
    r"""The slope times the displacement from the baseline.

    Definition:
        $\phi_i = (x_i - x^0_i)\,\partial_i f(x)$

    Conventions: branch derivative, strict guard.
    Source: Shrikumar, Greenside, Kundaje 2017, arXiv 1704.02685.
    Proved: null_displacement, linearity, affine_scale_invariance.
    Conditional: dummy, symmetry, implementation_invariance, non_decreasing_positivity, affine_exactness, constants.
    Refuted: completeness.
    """
    return (x[i] - x0[i]) * f.partial(i, *x)
