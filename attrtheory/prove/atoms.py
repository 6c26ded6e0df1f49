r"""Whether a user's atoms fit together: finite additivity, decided across each coordinate.

*Lemma.* A rule on the boxes of the cube is finitely additive (a box that is a disjoint union of boxes has the sum of
their atoms) if and only if for every box $R$, every coordinate $k$ and every $l_k < c < u_k$

    a(R) = a(R with upper_k = c) + a(R with lower_k = c).

*Proof.* Both halves are boxes whose disjoint union is $R$, so the condition is necessary. Conversely let $R$ be the disjoint
union of boxes $R_1, ..., R_m$; it need not be possible to cut $R$ into them by cuts that each go through a whole box (think of
the windmill of four bricks around a fifth). In each coordinate collect the ends of all $R_j$; they cut $R$ into a grid. The
grid is reached from $R$ by whole cuts: first at every end in coordinate 1, then each slab at every end in coordinate 2, and
so on; by the condition and induction on the number of cuts, $a(R)$ is the sum over the cells of the grid. The interval of
$R_j$ in a coordinate is a union of consecutive grid intervals, since its ends are among the cuts; so the cells that $R_j$
contains are a grid of $R_j$, and $a(R_j)$ is the sum over them for the same reason. Each cell lies in exactly one $R_j$: it
lies in or outside each, and they are disjoint with union $R$. Summing over $j$ gives $a(R)$. ∎

By Lemma 1 of the theory additive rules are exactly those that extend linearly to step functions: two representations of a
step function have a common grid.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice, product

from attrtheory.errors import TooLarge, Unsupported
from attrtheory.expr.algebra import fold
from attrtheory.expr.syntax import postorder
from attrtheory.expr.term import ZERO, Term, lift, var
from attrtheory.measures.extension.atoms import Atoms
from attrtheory.properties import Relation, Statement
from attrtheory.prove.order import Decided
from attrtheory.prove.refute import Question
from attrtheory.prove.verdict import Proof, Proved, Refuted, Unknown, Verdict, Witness
from attrtheory.semantics.ring import equal

SIMPLE = tuple(map(Fraction, ("1/2", "0", "1", "1/3", "3/4", "1/5", "4/5")))  # of inputs and ends, simplest first
Box = tuple[tuple[Fraction, ...], tuple[Fraction, ...]]
MAX_POINTS = 600
MAX_CASES = 400
MAX_SUMMED = 3  # a chain l < c < p <= u is the sum of three of its links


def additivity(atoms: Atoms, *, solver: bool = True) -> tuple[Verdict, ...]:
    """Whether the rule of each feature is finitely additive: at the input it is for, or at every input of the cube.

    A rule that is not brings the cut that shows it, see `partition`.

    >>> from attrtheory.measures import atoms_from_text
    >>> [v.name for v in additivity(atoms_from_text(["length2 * x1_in", "x2_in"]))]
    ['Proved', 'Refuted']
    """
    return tuple(_settled([split(atoms, i, k) for k in range(atoms.n)], solver=solver) for i in range(atoms.n))


def split(atoms: Atoms, i: int, k: int) -> Statement:
    """The atom of a box is the sum of the atoms of its halves at `cut`, across coordinate k."""
    lower, upper = ([var(f"{stem}{j + 1}") for j in range(atoms.n)] for stem in ("lower", "upper"))
    cut = var("cut")
    left, right = atoms(i, lower, _with(upper, k, cut)), atoms(i, _with(lower, k, cut), upper)
    ends = [(cut, lower[k]), (upper[k], cut), *((upper[j], lower[j]) for j in range(atoms.n) if j != k)]
    points = sorted(v for v in _names(atoms.rules[i]) if v[0] in "xb")
    weak = [*((q, 0) for q in lower), *((lift(1), q) for q in upper)]
    weak += [pair for v in points for pair in ((var(v), 0), (lift(1), var(v)))]
    hypotheses = [Relation(p, ">", q) for p, q in ends] + [Relation(p, ">=", q) for p, q in weak]
    label = f"a{i + 1} across coordinate {k + 1}"
    return Statement((Relation(atoms.rules[i], "=", left + right, label),), tuple(hypotheses))


def _with(point: list[Term], k: int, value: Term) -> list[Term]:
    return [value if j == k else p for j, p in enumerate(point)]


def _names(term: Term) -> set[str]:
    return {u.payload for u in postorder(term) if u.op == "var"}


# one feature ------------------------------------------------------------------------------------------------------------
def _settled(statements: list[Statement], *, solver: bool) -> Verdict:
    """Every witness is looked for before the proof is: it is the quicker answer."""
    for s in statements:
        witness = next((w for env in islice(_points(s), MAX_POINTS) if (w := Question(s).fails_at(env))), None)
        if witness is not None:
            return Refuted(witness)
    proofs: list[Proof] = []
    for s in statements:
        verdict = _proved(s, solver=solver)
        if not isinstance(verdict, Proved):
            return verdict
        proofs.append(verdict.proof)
    weakest = next((p for p in proofs if p.rule == "solver"), proofs[0])
    return Proved(weakest)


def _proved(s: Statement, *, solver: bool) -> Verdict:
    try:
        if by_cases(s):
            return Proved(Proof("cases"))
        reason = "no proof by cases, and no counterexample was found"
    except TooLarge as error:
        reason = str(error)
    if solver:
        from attrtheory.prove import solver as z3_engine  # z3 is loaded only when it is asked

        answer = z3_engine.solve(Question(s))
        if answer.proved:
            return Proved(Proof("solver", {"version": answer.version, "smt2": list(answer.obligations)}))
        if answer.witness is not None:
            return Refuted(answer.witness)
        reason = answer.reason
    return Unknown(reason)


def _points(s: Statement) -> Iterator[dict[str, Fraction]]:
    """The cube cut in the middle at some inputs first, then boxes with simple ends."""
    names = Question(s).names()
    inputs = [v for v in names if v[0] in "xb"]
    k = next(iter(s.conclusions)).label.rsplit(" ", 1)[1]
    halves = {v: Fraction(v.startswith("upper")) for v in names if v[0] in "lu"} | {"cut": Fraction(1, 2)}
    for values in islice(product(SIMPLE, repeat=len(inputs)), MAX_POINTS // 2):
        yield halves | dict(zip(inputs, values, strict=True))
    own = {f"lower{k}", f"upper{k}", "cut"}
    others = [v for v in names if v not in own]
    for a, c, b in (("1/4", "1/2", "3/4"), ("0", "1/3", "1"), ("1/3", "1/2", "1")):
        ends = {f"lower{k}": Fraction(a), "cut": Fraction(c), f"upper{k}": Fraction(b)}
        for values in islice(product(SIMPLE[:4], repeat=len(others)), MAX_POINTS // 6):
            yield ends | dict(zip(others, values, strict=True))


def partition(witness: Witness) -> tuple[Box, Box, Box]:
    """The box of a refutation and the two halves whose atoms do not add up to its own, as (lower, upper)."""
    n = sum(v.startswith("lower") for v in witness.values)
    k = int(witness.relation.split(":")[0].rsplit(" ", 1)[1]) - 1
    lower, upper = (tuple(witness.values[f"{stem}{j + 1}"] for j in range(n)) for stem in ("lower", "upper"))
    cut = lambda p: tuple(witness.values["cut"] if j == k else q for j, q in enumerate(p))
    return (lower, upper), (lower, cut(upper)), (cut(lower), upper)


# cases ------------------------------------------------------------------------------------------------------------------
def by_cases(s: Statement) -> bool:
    r"""Rule "cases": in each case of the signs of some guards both sides have one normal form.

    *Proof.* At every point each guard is positive or not, so the cases cover all points where the hypotheses hold; in each
    the sign is one more hypothesis, and rule "decided guards" applies.

    Raises:
        TooLarge: more cases than are looked at.
    """
    (goal,) = s.conclusions
    todo = [(lift(goal.lhs) - lift(goal.rhs), s.hypotheses)]
    for _ in range(MAX_CASES):
        difference, known = todo.pop()
        left = fold(difference, Decided(known, most=MAX_SUMMED))
        if not equal(left, ZERO):
            guard = _open_guard(left)
            if guard is None:
                return False
            todo += [(left, (*known, Relation(g, kind, 0))) for g, kind in ((guard, ">"), (-guard, ">="))]
        if not todo:
            return True
    raise TooLarge(f"a proof by cases looks at up to {MAX_CASES} cases; these atoms need more")


def _open_guard(term: Term) -> Term | None:
    """A guard without guards inside; one that compares with the cut where there is one."""
    plain = [u.args[0] for u in postorder(term) if u.op == "ite" and all(v.op != "ite" for v in postorder(u.args[0]))]
    return next((g for g in plain if "cut" in _names(g)), plain[0] if plain else None)
