r"""A control: complete, and blind to the model."""

from collections.abc import Sequence
from fractions import Fraction

from attrtheory.expr.views import FnView, Point, Value


def equal_split(f: FnView, x: Point, x0: Point) -> Sequence[Value]:
    r"""The output difference, shared equally: no attribution at all, and complete.

    Definition:
        $\phi_i = \bigl(f(x) - f(x^0)\bigr)/n$

    Source: control; Yeh et al. 2019 note that completeness alone is gameable, arXiv 1901.09392.
    Proved: completeness, linearity, symmetry, constants, affine_scale_invariance, non_decreasing_positivity, implementation_invariance.
    Refuted: dummy, null_displacement, affine_exactness.
    """
    share = Fraction(1, f.n)
    return [share * (f(*x) - f(*x0)) for _ in range(f.n)]
