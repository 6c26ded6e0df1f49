"""Rule "products of hypotheses": an inequality as a sum of products of known ones, in every case of its guards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from attrtheory.errors import BadCertificate
from attrtheory.expr.algebra import Free, fold
from attrtheory.expr.syntax import loads, postorder, read_rational
from attrtheory.expr.term import Term, lift
from attrtheory.properties import Relation
from attrtheory.semantics.ring import Poly, Ring

MAX_CASES = 1024


@dataclass(frozen=True, eq=False)
class Known:
    """`form >= 0`, or `form > 0` where strict; `label` is how a certificate refers to it."""

    label: str
    form: Term
    strict: bool


def known(relations: Sequence[Relation]) -> tuple[Known, ...]:
    """Relations as forms with a sign; an equality is two of them, the second with a minus before its label."""
    out: list[Known] = []
    for r in relations:
        form = lift(r.lhs) - lift(r.rhs)
        out.append(Known(r.label, form, r.kind == ">"))
        if r.kind == "=":
            out.append(Known(f"-{r.label}", -form, strict=False))
    return tuple(out)


def holds(facts: Sequence[Known], goal: Known, proof: Any, depth: int = 0) -> bool:
    r"""Whether `proof` shows the goal from the facts.

    *Proof.* `{"cases": [p, q]}`: a guard g is positive or it is not; p shows the goal with the fact g > 0 and q with
    -g >= 0, every `ite` on g being replaced by its branch. `{"sum": parts}`: a product of non-negative numbers is
    non-negative, a product of positive ones positive, a square is non-negative, and so is a sum of these with positive
    coefficients; it is positive if a part is. If the sum has the goal's normal form, the goal has its sign.
    `{"none": parts}`: if a sum with a positive part has the normal form 0, no point satisfies the facts.
    """
    if depth > MAX_CASES:
        raise BadCertificate(f"a proof by cases may be {MAX_CASES} cases deep")
    match proof:
        case {"cases": [above, below], **rest} if not rest:
            guard = next_guard(facts, goal)
            return guard is not None and all(
                holds(*in_case(facts, goal, guard, positive=positive, depth=depth), part, depth + 1)
                for positive, part in ((True, above), (False, below))
            )
        case {"sum": parts, **rest} if not rest:
            total, strict = _sum(facts, parts, ring := Ring())
            return total == fold(goal.form, ring) and (strict or not goal.strict)
        case {"none": parts, **rest} if not rest:
            total, strict = _sum(facts, parts, Ring())
            return not total and strict
        case _:
            raise BadCertificate("a proof by products has cases, a sum, or a sum that shows that there is no such point")


def _sum(facts: Sequence[Known], parts: Sequence[Mapping[str, Any]], ring: Ring) -> tuple[Poly, bool]:
    """The sum of the products, and whether a part of it is positive."""
    by_label = {f.label: f for f in facts}
    memo, total, strict = dict[Term, Poly](), dict[Any, Fraction](), False
    for part in parts:
        if set(part) != {"times", "of", "squares"} or (times := read_rational(part["times"])) <= 0:
            raise BadCertificate("a product has a positive rational, the facts it is of, and squares")
        factors = [by_label[label] for label in part["of"]]
        squares = [loads(text) for text in part["squares"]]
        product = ring.const(times)
        for form in [*(f.form for f in factors), *(s for s in squares for _ in range(2))]:
            product = ring.mul(product, fold(form, ring, memo))
        total = ring.affine(Fraction(0), (Fraction(1), Fraction(1)), (total, product))
        strict = strict or (all(f.strict for f in factors) and not squares)
    return total, strict


def next_guard(facts: Sequence[Known], goal: Known) -> Term | None:
    """The first guard, itself without branches, of the goal or else of a fact; None where no branch is left."""
    for form in (goal.form, *(f.form for f in facts)):
        for node in postorder(form):
            if node.op == "ite" and not node.args[0].levels:
                return node.args[0]
    return None


class Chosen(Free):
    """The free algebra in which one guard has a known sign."""

    def __init__(self, guard: Term, *, positive: bool) -> None:
        self.guard, self.positive = guard, positive

    def ite(self, g: Term, a: Term, b: Term) -> Term:
        if g is self.guard:
            return a if self.positive else b
        return super().ite(g, a, b)


def in_case(
    facts: Sequence[Known], goal: Known, guard: Term, *, positive: bool, depth: int
) -> tuple[tuple[Known, ...], Known]:
    """The facts and the goal where a guard is positive, or where it is not."""
    chosen, memo = Chosen(guard, positive=positive), dict[Term, Term]()
    here = tuple(replace(f, form=fold(f.form, chosen, memo)) for f in facts)
    sign = Known(f"case {depth + 1}", guard if positive else -guard, strict=positive)
    return (*here, sign), replace(goal, form=fold(goal.form, chosen, memo))
