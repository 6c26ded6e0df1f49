r"""LIME on masks: the weighted least-squares fit of the game `v(S) = f(x on S, baseline elsewhere)`."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from math import comb

from attrtheory.errors import BadInput, TooLarge
from attrtheory.expr.views import FnView, Point, Value, summed
from attrtheory.methods.coalitions import MAX_FEATURES


def mask_lime(f: FnView, x: Point, x0: Point, i: int, kernel: str | Sequence[Fraction]) -> Value:
    r"""The coefficients of the affine fit of the game on all masks, weighted by how many features a mask keeps.

    Definition:
        $(\beta_0, \phi) = \arg\min \sum_S \kappa_{|S|}\,\bigl[v(S) - \beta_0 - \textstyle\sum_{i \in S}\phi_i\bigr]^2$,
        $v(S) = f(x_S, x^0_{-S})$. With $p_k$ the share of the weight on masks of size $k$, $m = \sum_k p_k \frac kn$,
        $c = \sum_k p_k \frac{k(k-1)}{n(n-1)} - m^2$, $w = m - m^2$, $C_i = \mathbb E[(s_i - m)\,v(S)]$:
        $\phi_i = \frac{1}{w - c}\bigl[C_i - \frac{c}{w + (n-1)c}\sum_j C_j\bigr]$

    `kernel`: the weight of one mask of each size 0 to n; "flat": all 1, "near": k + 1 for masks that keep k.
    Conventions: with intercept, without ridge or selection of features; a flat kernel gives Banzhaf values.
    Source: Ribeiro, Singh, Guestrin 2016, arXiv 1602.04938; Garreau and von Luxburg 2020, arXiv 2001.03447.
    """
    n = f.n
    if n > MAX_FEATURES:
        raise TooLarge(f"{n} features have 2^{n} masks; the definition is evaluated for up to {MAX_FEATURES}")
    weights = kernel_weights(kernel, n)
    zero = Fraction(0)
    whole = sum((comb(n, k) * w for k, w in enumerate(weights)), zero)
    mean = sum((comb(n - 1, k - 1) * weights[k] for k in range(1, n + 1)), zero) / whole
    both = sum((comb(n - 2, k - 2) * weights[k] for k in range(2, n + 1)), zero) / whole if n > 1 else mean * mean
    own, cross = mean - mean * mean, both - mean * mean
    if not (own - cross) * (own + (n - 1) * cross):
        raise BadInput(f"the masks with positive weight do not determine a fit; got kernel weights {kernel!r}")
    shared = cross / (own + (n - 1) * cross)

    def weight(members: Sequence[int]) -> Fraction:
        credit = (i in members) - mean - shared * (len(members) - n * mean)
        return weights[len(members)] / whole * credit / (own - cross)

    masks = [s for size in range(n + 1) for s in combinations(range(n), size)]
    return summed(weight(s) * f(*(x[k] if k in s else x0[k] for k in range(n))) for s in masks if weight(s))


def kernel_weights(kernel: str | Sequence[Fraction], n: int) -> list[Fraction]:
    """The weight of a mask of each size 0 to n."""
    if isinstance(kernel, str):
        if kernel not in ("flat", "near"):
            raise BadInput(f"kernel is 'flat', 'near' or one weight for each size of a mask; got {kernel!r}")
        return [Fraction(k + 1 if kernel == "near" else 1) for k in range(n + 1)]
    weights = [Fraction(w) for w in kernel]
    if len(weights) != n + 1 or any(w < 0 for w in weights) or not any(weights):
        raise BadInput(f"a kernel on {n} features has {n + 1} weights, none negative and not all 0; got {kernel!r}")
    return weights
