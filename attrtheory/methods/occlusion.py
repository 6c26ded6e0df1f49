r"""Occlusion, one feature at a time."""

from attrtheory.expr.views import FnView, Point, Value


def occlusion(f: FnView, x: Point, x0: Point, i: int) -> Value:
    r"""What the output loses when one feature is set to its baseline value.

    Definition:
        $\phi_i = f(x) - f(x \text{ with } x_i \to x^0_i)$

    Source: Zeiler and Fergus 2014, arXiv 1311.2901.
    Proved: dummy, null_displacement, linearity, symmetry, implementation_invariance, affine_scale_invariance,
        non_decreasing_positivity, affine_exactness, constants.
    Refuted: completeness.
    """
    return f(*x) - f(*x[:i], x0[i], *x[i + 1 :])
