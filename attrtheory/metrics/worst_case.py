r"""Fixed barycentres that find the relevant features of every linear model $f(y) = w\cdot y$, $w\in[-W,W]^n$, at once.

Feature j must pass, $|w\cdot m_j| \ge \alpha$, wherever $|w_j| > \tau$, and must not wherever $|w_j| < \tau$. With
$r_j = \sum_{k\ne j}|m_{jk}|$, on the box of models

    the least    |w m_j| over |w_j| > tau is (as a limit)  tau |m_jj| - W r_j    (0 if that is negative)
    the largest  |w m_j| over |w_j| < tau is (as a limit)  tau |m_jj| + W r_j

so with `recall_j` = tau |m_jj| - W r_j - alpha and `precision_j` = alpha - tau |m_jj| - W r_j, feature j is right for
every w iff both are at least 0 (and m_j is not 0). Their sum is -2 W r_j: both hold iff r_j = 0 and |m_jj| = alpha/tau,
that is m_j = (alpha/tau) e_j on the cube; signed measures may also have -(alpha/tau) e_j.

What happens where |w_j| = tau is a convention (`at_tau`): there |w m_j| = alpha passes. If such features count as
relevant, (alpha/tau) e_j is still right; if they count as irrelevant, as in S = {|w_j| > tau}, no barycentres are.
With an intercept b that may be any number, mass mu_j(X) != 0 adds b mu_j(X) and can hide or feign any feature.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from attrtheory.errors import BadCertificate, BadInput
from attrtheory.metrics.given import vectors
from attrtheory.metrics.numbers import Vector, dot, number, vector

AtTau = Literal["either", "relevant", "irrelevant"]


@dataclass(frozen=True)
class WrongModel:
    """A model on which `feature` is classified wrongly: `weights` w, `intercept` b, and its attribution there."""

    feature: int
    weights: Vector
    intercept: Fraction
    attribution: Fraction


@dataclass(frozen=True)
class WorstCase:
    """For each feature the two margins of the module's text, and a model on which it is wrong (None: right for every w)."""

    tau: Fraction
    alpha: Fraction
    bound: Fraction
    at_tau: AtTau
    barycentres: tuple[Vector, ...]
    masses: Vector
    recall: Vector
    precision: Vector
    wrong: tuple[WrongModel | None, ...]

    @property
    def correct(self) -> bool:
        return not any(self.wrong)

    def check(self) -> None:
        """Checks that each counterexample is one.

        Raises:
            BadCertificate: one is not.
        """
        for found in self.wrong:
            if found is not None:
                _check(self, found)


def worst_case(
    barycentres: Any, tau: Any, alpha: Any, bound: Any, *, at_tau: AtTau = "either", masses: Any = None
) -> WorstCase:
    """Decides whether barycentres classify every feature of every model in the box correctly, with counterexamples.

    `barycentres`: first moments of the measures, any numbers; `masses`: given, any intercept b may be added to the model.

    >>> worst_case([["1/2", 0], [0, "1/2"]], tau=2, alpha=1, bound=3).correct
    True
    >>> worst_case([["1/2", "1/9"], [0, "1/2"]], tau=2, alpha=1, bound=3).wrong[0].attribution
    Fraction(5, 6)

    Raises:
        BadInput: not 0 < tau < bound, not 0 < alpha, or shapes that do not fit.
    """
    t, a, W = number(tau, "tau"), number(alpha, "alpha"), number(bound, "bound")
    if not 0 < t < W or a <= 0:
        raise BadInput(f"0 < tau < bound and 0 < alpha are asked for; got tau={tau}, bound={bound}, alpha={alpha}")
    if at_tau not in ("either", "relevant", "irrelevant"):
        raise BadInput(f"at_tau is 'either', 'relevant' or 'irrelevant'; got {at_tau!r}")
    rows = vectors(barycentres, "barycentres")
    n = len(rows[0])
    if len(rows) != n:
        raise BadInput(f"one barycentre for each of the {n} features; got {len(rows)}")
    weighed = (Fraction(0),) * n if masses is None else vector(masses, "masses", n)
    others = [sum(map(abs, m)) - abs(m[j]) for j, m in enumerate(rows)]
    recall = tuple(t * abs(m[j]) - W * r - a for j, (m, r) in enumerate(zip(rows, others, strict=True)))
    precision = tuple(a - t * abs(m[j]) - W * r for j, (m, r) in enumerate(zip(rows, others, strict=True)))
    asked = WorstCase(t, a, W, at_tau, rows, weighed, recall, precision, (None,) * n)
    wrong = tuple(_wrong(asked, j) for j in range(n))
    found = WorstCase(t, a, W, at_tau, rows, weighed, recall, precision, wrong)
    found.check()
    return found


def _wrong(asked: WorstCase, j: int) -> WrongModel | None:
    m, t, W = asked.barycentres[j], asked.tau, asked.bound
    largest = [W if q >= 0 else -W for q in m]  # aligned with m: what gives w m its largest value
    sign = 1 if m[j] >= 0 else -1

    def model(w: list[Fraction], intercept: Fraction = Fraction(0)) -> WrongModel:
        return WrongModel(j, tuple(w), intercept, dot(w, m) + intercept * asked.masses[j])

    if asked.masses[j]:  # the intercept that cancels a relevant feature
        return model(largest, -dot(largest, m) / asked.masses[j])
    if asked.recall[j] < 0:  # between |w_j| = tau, the others opposed, and all aligned: a value inside (-alpha, alpha)
        low, high = [sign * t if k == j else -q for k, q in enumerate(largest)], largest
        v0, v1 = dot(low, m), dot(high, m)
        step = (max(v0, -asked.alpha) + min(v1, asked.alpha)) / 2 - v0
        s = step / (v1 - v0) if v0 < v1 else Fraction(1)
        return model([p + s * (q - p) for p, q in zip(low, high, strict=True)])
    if asked.precision[j] < 0:  # |w_j| below tau, the others aligned: a value above alpha
        least = max(Fraction(0), (asked.alpha - W * (sum(map(abs, m)) - abs(m[j]))) / (t * abs(m[j])))
        return model([sign * t * (least + 1) / 2 if k == j else q for k, q in enumerate(largest)])
    if asked.at_tau == "irrelevant":  # |w m_j| = alpha where |w_j| = tau
        return model([t if k == j else Fraction(0) for k in range(len(m))])
    return None


def _check(asked: WorstCase, found: WrongModel) -> None:
    w, j = found.weights, found.feature
    value = dot(w, asked.barycentres[j]) + found.intercept * asked.masses[j]
    if value != found.attribution or any(abs(q) > asked.bound for q in w):
        raise BadCertificate(f"feature {j}: the model is outside the box, or its attribution is {value}")
    size, passes = abs(w[j]), abs(value) >= asked.alpha
    missed = (size > asked.tau or (size == asked.tau and asked.at_tau == "relevant")) and not passes
    feigned = (size < asked.tau or (size == asked.tau and asked.at_tau == "irrelevant")) and passes
    if not (missed or feigned):
        raise BadCertificate(f"feature {j} is classified rightly on the model with weights {w}")
