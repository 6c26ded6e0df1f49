"""Max-sensitivity over a box of inputs: proved bounds, by affine forms on parts of the box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from heapq import heappop, heappush
from typing import Any

from attrtheory.errors import BadInput, Unsupported
from attrtheory.expr.algebra import fold
from attrtheory.expr.term import Term, lift, var
from attrtheory.methods import Method, get_method
from attrtheory.metrics.explained import explained
from attrtheory.metrics.forms import Form, Forms, Interval
from attrtheory.metrics.max_sensitivity import NORMS, Norm, length
from attrtheory.metrics.numbers import ZERO, Vector, vector
from attrtheory.models.fn import Fn
from attrtheory.prove.verdict import Unknown
from attrtheory.semantics.exact import evaluate


@dataclass(frozen=True, eq=False)
class SensitivityBounds:
    """`lower` is attained at the input `at`; `upper` holds on the whole box. Trust "enclosed", "exact" where they meet."""

    lower: Fraction
    upper: Fraction
    at: Vector
    parts: int

    @property
    def trust(self) -> str:
        return "exact" if self.lower == self.upper else "enclosed"


def max_sensitivity_over_box(
    model: Fn, x: Any, method: Method | str, lower: Any, upper: Any, *,
    norm: Norm = "squares", baseline: Any = None, parts: int = 256,
) -> SensitivityBounds | Unknown:  # fmt: skip
    r"""Bounds of $\sup_{y \in \text{box}} \|\Phi(f, y) - \Phi(f, x)\|$ for a method on a term.

    The box is cut where the bound is worst, into at most `parts` parts; corners and middles of parts are tried exactly.
    Branch derivatives are those of the package's conventions.

    Returns:
        SensitivityBounds, or Unknown with the reason where affine forms have no bound (a denominator that may be 0).

    Source: Yeh, Hsieh, Suggala, Inouye, Ravikumar 2019, arXiv 1901.09392 (the metric; they sample it).

    >>> from attrtheory.models.dsl import parse_model
    >>> found = max_sensitivity_over_box(parse_model("x1*x2"), [1, 1], "gradient", [0, 0], [2, 3], norm="max")
    >>> found.lower, found.upper, found.trust
    (Fraction(2, 1), Fraction(2, 1), 'exact')
    """
    if not isinstance(model, Fn):
        raise BadInput(f"bounds over a box need a model as a term, a Fn; got {type(model).__name__}")
    if norm not in NORMS or type(parts) is not int or parts < 1:
        raise BadInput(f"norm: one of {', '.join(NORMS)}, parts: 1 or more; got {norm!r}, {parts!r}")
    at = explained(model, x, baseline)
    box = tuple(zip(vector(lower, "lower", at.n), vector(upper, "upper", at.n), strict=True))
    if any(p > q for p, q in box):
        raise BadInput("lower exceeds upper: the box is empty")
    chosen = get_method(method) if isinstance(method, str) else method
    names = [var(name) for name in model.names]
    base = [lift(v) for v in at.baseline or at.x]
    if at.baseline is None and chosen.name not in ("gradient", "gradient_x_input"):
        at.beside()
    terms = [lift(v) for v in chosen.all(model, names, [base])]
    start = [evaluate(t, dict(zip(model.names, at.x, strict=True))) for t in terms]
    try:
        return _Search(model.names, terms, start, norm).over(box, parts)
    except Unsupported as error:
        return Unknown(f"no bounds over the box: {error}")


Box = tuple[Interval, ...]


class _Search:
    """Parts of the box, the one with the worst bound first."""

    def __init__(self, names: Sequence[str], terms: Sequence[Term], start: Sequence[Fraction], norm: Norm) -> None:
        self.names, self.terms, self.start = names, terms, start
        self.norm: Norm = norm
        self.best, self.where = Fraction(-1), tuple[Fraction, ...]()

    def over(self, box: Box, parts: int) -> SensitivityBounds:
        self.attempt(box)
        heap, made = [(-self.bound(box), 0, box)], 1
        while made < parts and -heap[0][0] > self.best:
            _, _, worst = heappop(heap)
            k = max(range(len(worst)), key=lambda k: worst[k][1] - worst[k][0])
            low, high = worst[k]
            for ends in ((low, (low + high) / 2), ((low + high) / 2, high)):
                part = (*worst[:k], ends, *worst[k + 1 :])
                self.attempt(part)
                made += 1
                heappush(heap, (-self.bound(part), made, part))
        return SensitivityBounds(self.best, max(-heap[0][0], self.best), self.where, len(heap))

    def attempt(self, box: Box) -> None:
        """The corners with all ends low or high, and the middle, exactly; more than that grows with 2^d."""
        for pick in (lambda e: e[0], lambda e: e[1], lambda e: (e[0] + e[1]) / 2):
            point = tuple(pick(e) for e in box)
            env = dict(zip(self.names, point, strict=True))
            found = length([evaluate(t, env) - s for t, s in zip(self.terms, self.start, strict=True)], self.norm)
            if found > self.best:
                self.best, self.where = found, point

    def bound(self, box: Box) -> Fraction:
        """The norm of the largest change of each entry."""
        n = len(box)
        unit = [[Fraction(i == k) for i in range(n)] for k in range(n)]
        env = {
            name: Form(tuple(v * (q - p) / 2 for v in unit[k]), (p + q) / 2, (p + q) / 2)
            for k, (name, (p, q)) in enumerate(zip(self.names, box, strict=True))
        }
        algebra = Forms(env, lambda slopes: (-sum(map(abs, slopes), ZERO), sum(map(abs, slopes), ZERO)), n)
        memo: dict[Term, Form] = {}
        worst = [algebra.range(fold(t, algebra, memo)) for t in self.terms]
        return length([max(high - s, s - low, ZERO) for (low, high), s in zip(worst, self.start, strict=True)], self.norm)
