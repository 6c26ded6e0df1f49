"""The trusted rules; the docstring of a rule is its proof.

Each checks a claim by itself, from the claim's own terms. Nothing that a certificate brings is used but the data named
in `Proof.data`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from attrtheory.errors import BadInput, SideCondition, Unsupported
from attrtheory.expr.algebra import Free, fold
from attrtheory.expr.binder import mean01, open_body
from attrtheory.expr.forms import relu, step
from attrtheory.expr.syntax import dumps, loads, postorder, read_rational
from attrtheory.expr.term import Term, bound, lift
from attrtheory.expr.views import summed
from attrtheory.models.families import Every
from attrtheory.models.fn import Fn, Unknown
from attrtheory.properties import Statement, get_property
from attrtheory.properties.statement import HOLDS
from attrtheory.prove.claim import Claim
from attrtheory.prove.signs import visibly_non_negative
from attrtheory.semantics.continuity import meets
from attrtheory.semantics.derive import derivative, substitute
from attrtheory.semantics.exact import evaluate
from attrtheory.semantics.ring import Poly, Ring

CONTINUOUS = "the model is a continuous piecewise polynomial program without division by an input"
SMOOTH = (
    "no guard and no denominator of either program vanishes at the points, or on a whole piece of the path, "
    "where the method differentiates"
)
MONOTONE = "the model is non-decreasing in every feature"


def hypothesis(claim: Claim, rule: str) -> str | None:
    """The hypothesis under which a rule proves a claim, if any."""
    if rule == "fundamental theorem" and isinstance(claim.family, Every):
        return CONTINUOUS
    return SMOOTH if rule == "true derivative" else None


def equal_everywhere(statement: Statement) -> bool:
    """Both sides of every conclusion have one normal form. *Proof.* The ring's laws hold at every point."""
    ring, memo = Ring(), dict[Term, Poly]()
    return all(
        r.kind == "=" and fold(lift(r.lhs), ring, memo) == fold(lift(r.rhs), ring, memo) for r in statement.conclusions
    )


def normal_form(claim: Claim) -> bool:
    """Rule "normal form"."""
    return equal_everywhere(claim.statement())


def exact_values(claim: Claim) -> bool:
    """Rule "exact evaluation": a statement without variables is evaluated. *Proof.* Both sides are rational numbers.

    Guards along a path are affine in its parameter, piece by piece, so their roots are rational and found exactly.
    """
    statement = claim.statement()
    relations = (*statement.hypotheses, *statement.conclusions)
    sides = [lift(s) for r in relations for s in (r.lhs, r.rhs)]
    if any(u.op in ("var", "call") for side in sides for u in postorder(side)):
        return False
    try:
        return all(HOLDS[r.kind](evaluate(lift(r.lhs), {}), evaluate(lift(r.rhs), {})) for r in relations)
    except Unsupported:
        return False


def speaks_of_programs(statement: Statement) -> bool:
    """Whether an opaque value or slope occurs: of every model, or of every program of a model."""
    sides = (lift(s) for r in statement.conclusions for s in (r.lhs, r.rhs))
    return any(u.op == "call" for side in sides for u in postorder(side))


# the fundamental theorem ------------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Segment:
    """`weight` times the straight line from `start` to `end`."""

    weight: Fraction
    start: tuple[Term, ...]
    end: tuple[Term, ...]

    def to_json(self) -> dict[str, Any]:
        return {"weight": str(self.weight), "start": [*map(dumps, self.start)], "end": [*map(dumps, self.end)]}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Segment:
        if set(data) != {"weight", "start", "end"}:
            raise BadInput("a segment has a weight, a start and an end")
        return Segment(read_rational(data["weight"]), tuple(map(loads, data["start"])), tuple(map(loads, data["end"])))


def fundamental_theorem(claim: Claim, segments: list[Segment]) -> bool:
    r"""Rule "fundamental theorem", for completeness.

    *Proof.* Let $f$ be a program whose every `ite(g, a, b)` has $a - b = p g$ with a polynomial number $p$ (here: a rational),
    without division. Then $f$ is continuous, and along a segment $\gamma$ it is piecewise polynomial with finitely many
    pieces, inside each of which every guard has one sign or is 0. There the chosen branches form a polynomial equal to
    $f\circ\gamma$, and the branch derivative differentiates exactly that polynomial; so
    $\int_0^1 \frac{d}{d\alpha}f(\gamma(\alpha))\,d\alpha = f(\gamma(1)) - f(\gamma(0))$. It remains that the two sides of the
    claim are the weighted sums of these integrals and differences, which the ring decides.
    For every model at once, continuity is the hypothesis `CONTINUOUS`, and the chain rule is that of an opaque function.
    """
    if claim.property.name != "completeness" or not segments:
        return False
    f = claim.family.models()[0]
    if isinstance(f, Fn) and discontinuity(f.body) is not None:
        return False
    (relation,) = claim.statement().conclusions
    if relation.kind != "=":
        return False
    ring, memo = Ring(), dict[Term, Poly]()
    slopes = [lift(s.weight) * mean01(lambda a, s=s: _slope_along(f, s, a)) for s in segments]
    gains = [lift(s.weight) * (f(*s.end) - f(*s.start)) for s in segments]
    return fold(lift(relation.lhs), ring, memo) == fold(sum(slopes, lift(0)), ring, memo) and (
        fold(lift(relation.rhs), ring, memo) == fold(sum(gains, lift(0)), ring, memo)
    )


def _slope_along(f: Any, s: Segment, a: Term) -> Term:
    """d/da of f on the segment."""
    return derivative(f(*(p + a * (q - p) for p, q in zip(s.start, s.end, strict=True))), a)


def discontinuity(root: Term) -> Term | None:
    """None if every pair of branches meets on its guard (their difference is a rational multiple of it), else the node."""
    ring, memo = Ring(), dict[Term, Poly]()
    for node in postorder(root):
        if node.op in ("div", "mean01", "call"):
            return node
        if node.op == "ite" and not meets(node, ring, memo):
            return node
    return None


# one half-line ----------------------------------------------------------------------------------------------------------
class HalfLines(Free):
    r"""The free algebra in which the share of a segment on one side of a hyperplane has its closed form.

    *Proof.* Let $g(\alpha) = p + \alpha d$. If $d \ne 0$, substitute $u = g(\alpha)$:
    $\int_0^1 1[g > 0]\,d\alpha = (\mathrm{relu}(p + d) - \mathrm{relu}(p))/d$. If $d = 0$ the mean is $1[p > 0]$; the
    quotient is then 0 by total division, and the last summand is 0 in the first case.
    """

    def mean01(self, level: int, body: Term) -> Term:
        if body.op == "ite" and not any(level in u.levels for u in body.args[1:]):
            guard, above, below = body.args
            if affine_in(level, guard):
                d, p = derivative(guard, bound(level)), open_body(level, guard, lift(0))
                share = (relu(p + d) - relu(p)) / d + (1 - step(d) - step(-d)) * step(p)
                return below + (above - below) * share
        return super().mean01(level, body)


def affine_in(level: int, root: Term) -> bool:
    """Whether a term is visibly p + a d in its bound variable a: no product of two varying terms, no varying guard."""
    for node in postorder(root):
        varies = [level in u.levels for u in node.args]
        if any(varies) and not (
            node.op == "affine"
            or (node.op == "mul" and not all(varies))
            or (node.op == "div" and not varies[1])
            or (node.op == "ite" and not varies[0])
        ):
            return False
    return True


def half_lines(claim: Claim) -> bool:
    """Rule "half-line": both sides have one normal form once the shares of segments have their closed forms."""
    shares = HalfLines()
    closed = (
        replace(r, lhs=fold(lift(r.lhs), shares), rhs=fold(lift(r.rhs), shares)) for r in claim.statement().conclusions
    )
    return equal_everywhere(Statement(tuple(closed)))


# every model: true derivatives -------------------------------------------------------------------------------------------
def true_derivative(claim: Claim) -> bool:
    """Rule "true derivative": under the hypothesis `SMOOTH`, any program of a function may be taken for any other.

    *Proof.* Where no guard and no denominator vanishes, a program agrees near the point with one of its branches, so its
    branch derivative is the derivative of the function, which all its programs share. On a path, the points at which
    a guard vanishes without
    vanishing on a whole piece are finitely many, and do not count in a mean. It remains that with one derivative for all
    programs the claim is an identity, or an inequality of signs, which the ring decides.
    """
    statement = claim.statement(smooth=True)
    return equal_everywhere(statement) or _signs(claim, statement, slopes=True)


# positivity -------------------------------------------------------------------------------------------------------------
def non_negative(claim: Claim) -> bool:
    r"""Rule "non-negative combination", for non-decreasing positivity on every model.

    *Proof.* Write $b_i = x_i - d_i$ with $d_i \ge 0$ by hypothesis. Each attribution is then a sum of monomials with
    positive coefficients in $d_i \ge 0$, indicators and means of such, plus increments $c\,(f(u) - f(v))$ with $c > 0$ and
    $u \ge v$ in every coordinate, each non-negative because f is non-decreasing. (Slopes are non-negative where they are
    derivatives of f: only under `SMOOTH`.)
    """
    return _signs(claim, claim.statement(), slopes=False)


def _signs(claim: Claim, statement: Statement, *, slopes: bool) -> bool:
    known = claim.property == get_property("non_decreasing_positivity")
    if not known or not isinstance(claim.family, Every) or claim.domain.restricts_points:
        return False
    x, baselines, _ = claim.points()
    below = {b.payload: p - b for point in baselines for p, b in zip(x, point, strict=True)}  # b_i now stands for d_i
    ring = Ring()
    goals = [fold(substitute(lift(r.lhs) - lift(r.rhs), below), ring) for r in statement.conclusions]
    return all(visibly_non_negative(ring, p, set(below), slopes=slopes) for p in goals)


# hypotheses -------------------------------------------------------------------------------------------------------------
def unsatisfiable(statement: Statement) -> bool:
    """A hypothesis has a constant normal form that violates it, or two hypotheses `t > p`, `-t >= q` exclude each other.

    *Proof.* Adding two hypotheses gives a valid one; if its normal form is a constant that violates it, no point satisfies
    both.
    """
    ring, memo = Ring(), dict[Term, Poly]()
    sides = [(fold(lift(h.lhs) - lift(h.rhs), ring, memo), h.kind) for h in statement.hypotheses]
    sides += [(ring.affine(Fraction(0), (Fraction(-1),), (p,)), ">=") for p, kind in sides if kind == "="]
    sides = [(p, ">=" if kind == "=" else kind) for p, kind in sides]
    sums = [
        (ring.affine(Fraction(0), (Fraction(1), Fraction(1)), (p, q)), ">" if ">" in (k, m) else ">=")
        for i, (p, k) in enumerate(sides)
        for q, m in sides[i + 1 :]
    ]
    for p, kind in sides + sums:
        if set(p) <= {()}:
            c = p.get((), Fraction(0))
            if c < 0 or (kind == ">" and c == 0):
                return True
    return False


def segments_of(claim: Claim) -> list[Segment]:
    """The segments along which the method averages, read off its run on an unknown model.

    A search, not a proof: `fundamental_theorem` checks what is found.
    """
    n = claim.family.n
    view = Unknown("f", n)
    x, baselines, _ = claim.points()
    total = lift(summed(claim.method.all(view, x, baselines)))
    ring, memo = Ring(), dict[Term, Poly]()
    whole = fold(total, ring, memo)
    found: dict[tuple[bytes, ...], Segment] = {}
    for node in postorder(total):
        for c in postorder(node) if node.op == "mean01" else ():
            if c.op == "call" and c.payload[1]:
                at = [tuple(open_body(node.payload, u, lift(q)) for u in c.args) for q in (0, 1)]
                key = tuple(u.digest for u in (*at[0], *at[1]))
                if key not in found:
                    s = Segment(Fraction(1), *at)
                    unit = fold(mean01(lambda a, s=s: _slope_along(view, s, a)), ring, memo)
                    lead = next(iter(unit), None)
                    weight = whole.get(lead, Fraction(0)) / unit[lead] if lead is not None else Fraction(0)
                    found[key] = Segment(weight, *at)
    return [s for s in found.values() if s.weight]


def check_segments(data: Any, n: int) -> list[Segment]:
    """Segments from a certificate."""
    try:
        segments = [Segment.from_json(s) for s in data]
        if [s.to_json() for s in segments] != data:
            raise BadInput("segments in another form than they are written")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"not a list of segments: {error!r}") from error
    if any(len(s.start) != n or len(s.end) != n for s in segments):
        raise SideCondition(f"segments of a path on {n} features need {n} coordinates")
    return segments
