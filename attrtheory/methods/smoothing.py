r"""Slopes and least-squares slopes under noise."""

from attrtheory.expr.averages import mean_normal, mean_uniform
from attrtheory.expr.views import FnView, Point, Value


def smoothgrad(f: FnView, x: Point, x0: Point, i: int, sigma: Value) -> Value:
    r"""The gradient's mean under normal noise around the input; the baseline is not used.

    Definition:
        $\phi_i = \mathbb E\,\partial_i f(x + \sigma G)$, $G$ standard normal

    Conventions: the limit of infinitely many samples; `sigma` is not 0.
    Source: Smilkov, Thorat, Kim, Viegas, Wattenberg 2017, arXiv 1706.03825.
    """
    return mean_normal(f, f.n, lambda g: f.partial(i, *_moved(x, g, sigma)))


def gaussian_lime(f: FnView, x: Point, x0: Point, i: int, sigma: Value) -> Value:
    r"""The slopes of the affine least-squares fit under normal noise around the input; the baseline is not used.

    Definition:
        $\phi_i = \bigl[\Sigma^{-1}\,\mathbb E\,(Y - x) f(Y)\bigr]_i$ for $Y = x + \sigma G$, $\Sigma = \sigma^2 I$, so
        $\phi_i = \sigma^{-1}\,\mathbb E\,G_i f(x + \sigma G)$

    Conventions: no kernel weights beside the normal law; `sigma` is not 0.
    Source: Agarwal, Jabbari, Agarwal, Upadhyay, Wu, Lakkaraju 2021 (C-LIME), arXiv 2102.10618.
    """
    return mean_normal(f, f.n, lambda g: g[i] / sigma * f(*_moved(x, g, sigma)))


def cube_lime(f: FnView, x: Point, x0: Point, i: int, half_width: Value) -> Value:
    r"""The slopes of the affine least-squares fit under uniform noise on a cube around the input.

    Definition:
        $\phi_i = \frac3h\,\mathbb E\,V_i f(x + hV)$, $V$ uniform on $[-1, 1]^n$; $h$ is `half_width`, not 0

    Conventions: the baseline is not used.
    Source: Agarwal, Jabbari, Agarwal, Upadhyay, Wu, Lakkaraju 2021 (C-LIME), arXiv 2102.10618.
    """

    def weighted(u: Point) -> Value:
        v = [2 * q - 1 for q in u]
        return 3 * v[i] / half_width * f(*_moved(x, v, half_width))

    return mean_uniform(f, f.n, weighted)


def infidelity_optimum(f: FnView, x: Point, x0: Point, i: int, sigma: Value) -> Value:
    r"""What minimises the infidelity under normal perturbations; the baseline is not used.

    Definition:
        $\phi = \mathbb E[I I^\top]^{-1}\,\mathbb E\,I\,[f(x) - f(x - I)]$ for $I = \sigma G$, so
        $\phi_i = \sigma^{-1}\,\mathbb E\,G_i\,[f(x) - f(x - \sigma G)]$

    Conventions: `sigma` is not 0.
    Source: Yeh, Hsieh, Suggala, Inouye, Ravikumar 2019, arXiv 1901.09392.
    """
    return mean_normal(f, f.n, lambda g: g[i] / sigma * (f(*x) - f(*_moved(x, g, -sigma))))


def _moved(x: Point, noise: Point, scale: Value) -> list[Value]:
    return [p + scale * g for p, g in zip(x, noise, strict=True)]
