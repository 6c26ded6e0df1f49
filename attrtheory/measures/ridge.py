r"""Functionals of ridge functions in closed form: half-spaces, ReLU neurons, and their powers.

Let $P_q(t) = t_+^q / q!$, so $P_0 = 1[t > 0]$, $P_1 = (t)_+$ and $P_q' = P_{q-1}$; $P_{-1}$ is the point mass at 0. Of the
model $f(y) = P_q(w \cdot y + b)$ a law $Y = o + \sum_j u_j a_j + \sum_j g_j c_j$ sees
$M + \sum_j \alpha_j u_j + \sum_j \beta_j g_j$ only, with $M = w \cdot o + b$, $\alpha_j = w \cdot a_j$,
$\beta_j = w \cdot c_j$. The variables are integrated out one after the other:

    uniform  E u^a P_q(M + alpha u) = [ P_{q+1}(M + alpha) - a E u^{a-1} P_{q+1}(M + alpha u) ] / alpha,  alpha != 0
             (for a = 0 the last term is P_{q+1}(M));  P_q(M) / (a + 1),  alpha = 0
    normal   E g_j^b m P_q = (b - 1) E g_j^{b-2} m P_q + beta_j E g_j^{b-1} m P_{q-1}             (Stein)
             N_q = E P_q(M + s g):  N_0 = Phi(M / s),  N_{-1} = phi(M / s) / s,  q N_q = M N_{q-1} + s^2 N_{q-2}
             with s^2 = sum beta_j^2;  P_q(M) where s = 0

Slopes are those of P_{q-1}: of a half-space (q = 0) the crossings of its boundary, each shared in proportion to
$w_i$ times the step in feature i. They have no value where nothing moves across the boundary: `defined_where` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import factorial

from attrtheory.errors import BadInput, Unsupported
from attrtheory.expr.forms import absolute, total
from attrtheory.expr.special import normal_cdf, normal_density, square_root
from attrtheory.expr.term import ONE, ZERO, Scalar, Term, ite, lift
from attrtheory.measures.functional import Functional
from attrtheory.measures.law import Part, Powers, Vector, normal_moment, vector


@dataclass(frozen=True, eq=False)
class ClosedForm:
    """A formula, and what must not be 0 for it to hold."""

    value: Term
    nonzero: tuple[Term, ...] = ()


def neuron(functional: Functional, w: Sequence[Scalar], b: Scalar, *, generic: bool = False) -> ClosedForm:
    r"""The functional of $f(y) = (w \cdot y + b)_+$.

    `generic`: the short formula, which holds where no weight along a variable vanishes (listed in `nonzero`).

    >>> from attrtheory.expr import var
    >>> from attrtheory.measures import of_measure, segment
    >>> neuron(of_measure(segment([0, 0], [1, 0])), [var("w"), 5], 1, generic=True)
    ClosedForm(value=(ite(w + 1, 1/2*(w + 1)*(w + 1), 0) - 1/2)/w, nonzero=(w,))
    """
    return ridge(functional, w, b, 1, generic=generic)


def half_space_atom(
    functional: Functional, w: Sequence[Scalar], threshold: Scalar, *, generic: bool = False
) -> ClosedForm:
    r"""The functional of $1[w \cdot y > s]$, s the threshold. Of slopes: crossings of the boundary, in proportion."""
    return ridge(functional, w, -lift(threshold), 0, generic=generic)


def ridge(functional: Functional, w: Sequence[Scalar], b: Scalar, q: int, *, generic: bool = False) -> ClosedForm:
    r"""The functional of $P_q(w \cdot y + b)$, q = 0, 1, ..

    Raises:
        BadInput: not one weight for each feature.
        Unsupported: slopes of a half-space at points or along laws that keep to its boundary: a point mass at 0 has no
            value there.
    """
    weights = vector(w)
    if len(weights) != functional.n or type(q) is not int or q < 0:
        raise BadInput(f"a ridge function on {functional.n} features has as many weights; got {len(weights)}, power {q!r}")
    summands: list[Term] = []
    nonzero: dict[Term, None] = {}
    kernels = [(ONE, q, functional.values), *((v, q - 1, nu) for v, nu in zip(weights, functional.slopes, strict=True))]
    for factor, power, measure in kernels:
        if factor is ZERO:
            continue
        for part in measure.parts:
            mean = _Mean(part, weights, lift(b), generic=generic)
            summands.append(factor * part.weight * mean.of(power))
            nonzero |= dict.fromkeys(mean.nonzero)
    return ClosedForm(total(summands), tuple(nonzero))


def plus_power(q: int, t: Term) -> Term:
    r"""$P_q(t) = t_+^q / q!$ for q = 0, 1, .."""
    power = ONE
    for _ in range(q):
        power = power * t
    return ite(t, Fraction(1, factorial(q)) * power, 0)


def normal_plus_power(q: int, m: Term, s: Term, variance: Term) -> Term:
    r"""$N_q = \mathbb E P_q(m + s g)$ for s > 0 and any integer q: $P_{-1}$ is the point mass at 0, $P_{-2}$ its slope."""
    if q == 0:
        return normal_cdf(m / s)
    if q == -1:
        return normal_density(m / s) / s
    if q == 1:
        return m * normal_cdf(m / s) + s * normal_density(m / s)
    n = lambda k: normal_plus_power(k, m, s, variance)
    return (m * n(q - 1) + variance * n(q - 2)) * Fraction(1, q) if q > 0 else ((q + 2) * n(q + 2) - m * n(q + 1)) / variance


class _Mean:
    """The mean of a ridge function over one part, without the part's weight."""

    def __init__(self, part: Part, w: Vector, b: Term, *, generic: bool) -> None:
        self.law, self.w, self.b, self.generic = part.law, w, b, generic
        self.alphas, self.betas = [self.dot(a) for a in part.law.uniform], [self.dot(c) for c in part.law.normal]
        m = len(self.alphas)
        self.uniform_powers, self.normal_powers = part.powers[:m], part.powers[m:]
        self.variance = total(c * c for c in self.betas)
        self.deviation = _length(self.betas)
        self.nonzero: list[Term] = []
        self.known: dict[tuple[int, Vector, int], Term] = {}

    def dot(self, v: Vector) -> Term:
        return total(x * y for x, y in zip(self.w, v, strict=True) if x is not ZERO and y is not ZERO)

    def of(self, q: int) -> Term:
        if q < 0:
            moves = [a for a in (*self.alphas, self.deviation) if a is not ZERO]
            if not moves:
                raise Unsupported(
                    "the slope of a half-space's indicator under a law that does not cross the boundary: 0 off the boundary, "
                    "without a value on it; as a function of the threshold a multiple of a point mass. Ask for a neuron, or "
                    "for a method that averages along a path or under noise"
                )
            self.nonzero.append(moves[0] if len(moves) == 1 else total(a * a for a in moves))
        if self.generic and len(self.alphas) > 1 and not any(self.uniform_powers):
            return self._corners(q)
        return self._uniform(q, self.law.origin, 0)

    def _corners(self, q: int) -> Term:
        """The alternating sum over the corners of the box, for weights that are not 0."""
        moving = [j for j, a in enumerate(self.alphas) if a is not ZERO]
        self._assume(*(self.alphas[j] for j in moving))
        divisor = ONE
        for j in moving:
            divisor = divisor * self.alphas[j]
        corners: list[Term] = []
        for e in product((0, 1), repeat=len(moving)):
            corner = self.law.origin
            for j in (j for j, on in zip(moving, e, strict=True) if on):
                corner = _sum(corner, self.law.uniform[j])
            corners.append((-1) ** (len(moving) - sum(e)) * self._normal(q + len(moving), corner, self.normal_powers))
        return total(corners) / divisor

    def _uniform(self, q: int, at: Vector, j: int) -> Term:
        """The mean over the uniform variables from number j on, those before being at `at`."""
        key = (q, at, j)
        if key not in self.known:
            self.known[key] = self._over(q, at, j) if j < len(self.alphas) else self._normal(q, at, self.normal_powers)
        return self.known[key]

    def _over(self, q: int, at: Vector, j: int) -> Term:
        a = self.uniform_powers[j]
        still = lambda: self._uniform(q, at, j + 1) * Fraction(1, a + 1)
        return self._where(self.alphas[j], lambda: self._along(q, at, j, a), still)

    def _along(self, q: int, at: Vector, j: int, a: int) -> Term:
        """Variable number j with power a, where its weight is not 0."""
        before = a * self._along(q + 1, at, j, a - 1) if a else self._uniform(q + 1, at, j + 1)
        return (self._uniform(q + 1, _sum(at, self.law.uniform[j]), j + 1) - before) / self.alphas[j]

    def _normal(self, q: int, at: Vector, powers: Powers) -> Term:
        """The mean over the normal variables, with a monomial of them."""
        m = self.dot(at) + self.b
        still = Fraction(1)
        for p in powers:
            still *= normal_moment(p)
        if self.deviation is ZERO:
            return still * _plain(q, m)
        return self._where(self.deviation, lambda: self._stein(q, m, powers), lambda: still * _plain(q, m))

    def _stein(self, q: int, m: Term, powers: Powers) -> Term:
        j = next((j for j, p in enumerate(powers) if p), None)
        if j is None:
            return normal_plus_power(q, m, self.deviation, self.variance)
        p = powers[j]
        lowered = lambda k: (*powers[:j], k, *powers[j + 1 :])
        out = self.betas[j] * self._stein(q - 1, m, lowered(p - 1))
        return out + (p - 1) * self._stein(q, m, lowered(p - 2)) if p > 1 else out

    def _where(self, weight: Term, moving: Callable[[], Term], still: Callable[[], Term]) -> Term:
        """One formula where the weight is not 0, another where it is."""
        if weight.op == "const":
            return moving() if weight.payload else still()
        if self.generic:
            self._assume(weight)
            return moving()
        formula = moving()
        return ite(weight, formula, still() if weight is self.deviation else ite(-weight, formula, still()))

    def _assume(self, *weights: Term) -> None:
        self.nonzero += [a for a in weights if a.op != "const" and all(a is not known for known in self.nonzero)]


def _plain(q: int, m: Term) -> Term:
    """P_q at a point; the point mass has no value there, which `nonzero` says."""
    return plus_power(q, m) if q >= 0 else ZERO


def _sum(u: Vector, v: Vector) -> Vector:
    return tuple(x + y for x, y in zip(u, v, strict=True))


def _length(v: Sequence[Term]) -> Term:
    moving = [c for c in v if c is not ZERO]
    if len(moving) == 1:
        return lift(abs(moving[0].payload)) if moving[0].op == "const" else absolute(moving[0])
    return square_root(total(c * c for c in moving))
