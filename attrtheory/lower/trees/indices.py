r"""The credit of one box for methods that mix the coordinates of two points.

At an input x and a baseline z a box R has $A = \{i : x_i \in R_i, z_i \notin R_i\}$ and
$B = \{i : z_i \in R_i, x_i \notin R_i\}$. Where each coordinate of x or of z is inside, the game is
$S \mapsto \mathbf 1\{A \subseteq S,\ B \cap S = \emptyset\}$, elsewhere 0. So a linear method is three numbers for each
$p = |A|$, $q = |B|$: the credit of a feature in A, of one in B, and of any other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import comb, factorial

from attrtheory.errors import BadInput
from attrtheory.methods.least_squares import kernel_weights

ZERO = Fraction(0)
Credits = tuple[Fraction, Fraction, Fraction]


@dataclass(frozen=True, eq=False)
class Index:
    r"""`credits(p, q)`: a of a feature in A, b in B, and c of any other.

    `size`: a bound on $\sum_R |c| + (|a - c| \text{ or } |b - c|)$ over disjoint boxes, for rounding; where c = 0 it is the
    total variation of the method's measure.
    """

    credits: Callable[[int, int], Credits]
    size: Fraction


@cache
def _shapley(p: int, q: int) -> Credits:
    """All of A before, and all of B after, a feature's arrival in a random order."""
    orders = factorial(p + q)
    here = Fraction(factorial(p - 1) * factorial(q), orders) if p else ZERO
    return here, -Fraction(factorial(p) * factorial(q - 1), orders) if q else ZERO, ZERO


def _banzhaf(p: int, q: int) -> Credits:
    share = Fraction(2, 2 ** (p + q))
    return share, -share, ZERO


def _occlusion(p: int, q: int) -> Credits:
    return Fraction(q == 0), -Fraction(q == 1), ZERO


def _partial_dependence(p: int, q: int) -> Credits:
    """Only the feature itself comes from the input."""
    return Fraction(p == 1), ZERO, Fraction(p == 0)


SHAPLEY = Index(_shapley, Fraction(2))
BANZHAF = Index(_banzhaf, Fraction(2))
OCCLUSION = Index(_occlusion, Fraction(2))
PARTIAL_DEPENDENCE = Index(_partial_dependence, Fraction(3))


def lime(kernel: str | Sequence[Fraction], n: int) -> Index:
    r"""The weighted least-squares fit on masks, see `methods.mask_lime`.

    With $g_0 = \mathbb E[\mathbf 1_R]$ and, for a feature outside A and B, $g_1 = \mathbb E[s_i \mathbf 1_R]$, the covariances
    $C_i$ are $(1 - m) g_0$ in A, $-m g_0$ in B and $g_1 - m g_0$ elsewhere.
    """
    weights = kernel_weights(kernel, n)
    whole = sum(comb(n, k) * w for k, w in enumerate(weights))
    law = [comb(n, k) * w / whole for k, w in enumerate(weights)]  # of the size of a mask
    mean = sum((p * Fraction(k, n) for k, p in enumerate(law)), ZERO)
    both = sum((p * Fraction(k * (k - 1), n * (n - 1)) for k, p in enumerate(law)), ZERO) if n > 1 else mean * mean
    own, cross = mean - mean * mean, both - mean * mean
    if not (own - cross) * (own + (n - 1) * cross):
        raise BadInput(f"the masks with positive weight do not determine a fit; got kernel weights {kernel!r}")
    shared = cross / (own + (n - 1) * cross)

    @cache
    def of_box(p: int, q: int) -> Credits:
        free = n - p - q
        g0 = sum((weights[k] / whole * comb(free, k - p) for k in range(p, n - q + 1)), ZERO)
        g1 = sum((weights[k] / whole * comb(free - 1, k - p - 1) for k in range(p + 1, n - q + 1)), ZERO) if free else ZERO
        common = shared * (p * g0 + free * g1 - n * mean * g0)
        a, b, other = ((c - mean * g0 - common) / (own - cross) for c in (g0, ZERO, g1))
        return a, b, other if free else ZERO

    def largest(k: int) -> Fraction:
        """The largest weight of a feature on a mask of size k; disjoint boxes share masks out, so sums stay below its mean."""
        tilt = shared * (k - n * mean)
        return max(abs(1 - mean - tilt), abs(mean + tilt)) / abs(own - cross)

    return Index(of_box, 3 * sum((p * largest(k) for k, p in enumerate(law)), ZERO))
