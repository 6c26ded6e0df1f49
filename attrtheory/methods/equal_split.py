r"""A control: complete, and blind to the model."""

from fractions import Fraction

from attrtheory.expr.views import FnView, Point, Value


def equal_split(f: FnView, x: Point, x0: Point, i: int) -> Value:
    r"""The output difference, shared equally: no attribution at all, and complete.

    Definition:
        $\phi_i = \bigl(f(x) - f(x^0)\bigr)/n$

    Source: control; Yeh et al. 2019 note that completeness alone is gameable, arXiv 1901.09392.
    Proved: completeness, linearity, symmetry, implementation_invariance, affine_scale_invariance,
        non_decreasing_positivity, constants.
    Refuted: dummy, null_displacement, affine_exactness.
    """
    return Fraction(1, f.n) * (f(*x) - f(*x0))
