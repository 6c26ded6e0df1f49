r"""Attributions that replace features by draws of a law."""

from collections.abc import Sequence
from fractions import Fraction

from attrtheory.expr.averages import mean_normal, mean_uniform
from attrtheory.expr.views import FnView, Point, Value, summed
from attrtheory.methods.coalitions import shapley


def marginal_shapley(f: FnView, x: Point, background: Sequence[Point], i: int) -> Value:
    r"""Shapley values averaged over the points of a finite background.

    Definition:
        $\phi_i = \frac1m\sum_{k=1}^m \phi_i^{\text{Shapley}}(x, b^k)$

    Conventions: features left out are drawn together from the background (interventional); a repeated point counts twice.
    Source: Lundberg and Lee 2017, arXiv 1705.07874; Janzing, Minorics, Bloebaum 2019, arXiv 1910.13413.
    """
    return Fraction(1, len(background)) * summed(shapley(f, x, b, i) for b in background)


def partial_dependence(f: FnView, x: Point, background: Sequence[Point], i: int) -> Value:
    r"""The mean output with one feature at its input value and the others from a finite background.

    Definition:
        $\phi_i = \frac1m\sum_{k=1}^m f(x_i, b^k_{-i})$

    Conventions: not centred.
    Source: Friedman 2001, Greedy function approximation.
    """
    return Fraction(1, len(background)) * summed(f(*_with(b, i, x[i])) for b in background)


def uniform_partial_dependence(f: FnView, x: Point, x0: Point, i: int) -> Value:
    r"""The mean output with one feature at its input value and the others uniform on the unit cube.

    Definition:
        $\phi_i = \int_{[0, 1]^{n-1}} f(x_i, u_{-i})\,du$

    Conventions: not centred; the baseline is not used.
    Source: Friedman 2001; the length-weighted atoms of Taimeskhanov and Garreau 2025, arXiv 2505.24729.
    """
    return mean_uniform(f, f.n - 1, lambda u: f(*u[:i], x[i], *u[i:]))


def conditional_expectation(f: FnView, x: Point, x0: Point, i: int, shared: Value, own: Value) -> Value:
    r"""The mean output given one feature, for equally correlated normal features of variance 1 with the baseline as mean.

    Definition:
        $\phi_i = \mathbb E[f(X) \mid X_i = x_i]$ for $X_k = x^0_k + q H + r G_k$ with $H, G_k$ standard normal; given $x_i$,
        $X_k = x^0_k + q^2 (x_i - x^0_i) + q r H' + r G_k$ for $k \ne i$; $q$ is `shared`, $r$ is `own`

    Conventions: $q^2 + r^2 = 1$, so variances are 1 and correlations $q^2$; not centred.
    Source: feature removal by the conditional law: Covert, Lundberg, Lee 2021, arXiv 2011.14878.
    """

    def given(noise: Point) -> Value:
        *g, h = noise
        known = shared * shared * (x[i] - x0[i]) + shared * own * h
        drawn = [b + known + own * e for b, e in zip((*x0[:i], *x0[i + 1 :]), g, strict=True)]
        return f(*drawn[:i], x[i], *drawn[i:])

    return mean_normal(f, f.n, given)


def axis_integral(f: FnView, x: Point, x0: Point, i: int) -> Value:
    r"""Twice the mean output along an axis of the unit cube: global, exact on linear models without constant.

    Definition:
        $\phi_i = 2\int_0^1 f(t\,e_i)\,dt$

    Conventions: input and baseline are not used.
    Source: Taimeskhanov and Garreau 2025, arXiv 2505.24729, corollary C.3.
    """
    return 2 * f.mean01(lambda t: f(*_with([0] * f.n, i, t)))


def axis_value(f: FnView, x: Point, x0: Point, i: int) -> Value:
    r"""The output at the input's projection on an axis.

    Definition:
        $\phi_i = f(x_i e_i)$

    Conventions: the baseline is not used.
    Source: Taimeskhanov and Garreau 2025, arXiv 2505.24729, corollary C.4.
    """
    return f(*_with([0] * f.n, i, x[i]))


def _with(point: Point, i: int, value: Value) -> list[Value]:
    return [value if k == i else p for k, p in enumerate(point)]
