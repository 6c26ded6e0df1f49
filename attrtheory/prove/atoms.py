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

import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice, product

from attrtheory.errors import BadInput, TooLarge
from attrtheory.expr.term import Scalar, Term, lift, var
from attrtheory.measures.extension.atoms import Atoms
from attrtheory.models.fn import rational, variables
from attrtheory.properties import Relation, Statement
from attrtheory.prove.cases import by_cases
from attrtheory.prove.refute import Question
from attrtheory.prove.verdict import Proof, Proved, Refuted, Unknown, Verdict, Witness
from attrtheory.semantics.exact import evaluate

SIMPLE = tuple(map(Fraction, ("1/2", "0", "1", "1/3", "3/4", "1/5", "4/5")))  # of inputs and ends, simplest first
INTERVALS = tuple(tuple(map(Fraction, ends)) for ends in (("0", "1"), ("0", "1/2"), ("1/4", "3/4"), ("1/3", "1")))
Box = tuple[tuple[Fraction, ...], tuple[Fraction, ...]]
MAX_POINTS = 120


def additivity(atoms: Atoms, *, solver: bool = True) -> tuple[Verdict, ...]:
    """Whether the rule of each feature is finitely additive: at the input it is for, or at every input of the cube.

    A rule that is not brings the cut that shows it, see `partition`.

    >>> from attrtheory.measures.extension import atoms_from_text
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
    points = [v for v in variables(atoms.rules[i]) if v[0] in "xb"]
    weak = [*((q, 0) for q in lower), *((lift(1), q) for q in upper)]
    weak += [pair for v in points for pair in ((var(v), 0), (lift(1), var(v)))]
    hypotheses = [Relation(p, ">", q) for p, q in ends] + [Relation(p, ">=", q) for p, q in weak]
    label = f"a{i + 1} across coordinate {k + 1}"
    return Statement((Relation(atoms.rules[i], "=", left + right, label),), tuple(hypotheses))


def _with(point: list[Term], k: int, value: Term) -> list[Term]:
    return [value if j == k else p for j, p in enumerate(point)]


# one feature ------------------------------------------------------------------------------------------------------------
def _settled(statements: list[Statement], *, solver: bool) -> Verdict:
    """Every witness is looked for before the proof is: it is the quicker answer."""
    for s in statements:
        witness = next((w for env in _points(s) if (w := Question(s).fails_at(env))), None)
        if witness is not None:
            return Refuted(witness)
    proofs: list[Proof] = []
    for s in statements:
        verdict = _proved(s, solver=solver)
        if not isinstance(verdict, Proved):
            return verdict
        proofs.append(verdict.proof)
    asked = [p for p in proofs if p.rule == "solver"]
    if asked:
        return Proved(Proof("solver", {**asked[0].data, "smt2": [text for p in asked for text in p.data["smt2"]]}))
    return Proved(proofs[0])


def _proved(s: Statement, *, solver: bool) -> Verdict:
    try:
        if by_cases(s, first="cut"):
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
    """The cube cut in the middle at some inputs first, then a fixed choice of boxes with simple ends."""
    names = Question(s).names()
    inputs = [v for v in names if v[0] in "xb"]
    coordinates = [v.removeprefix("lower") for v in names if v.startswith("lower")]
    k = s.conclusions[0].label.rsplit(" ", 1)[1]
    halves = {v: Fraction(v.startswith("upper")) for v in names if v[0] in "lu"} | {"cut": Fraction(1, 2)}
    for values in islice(product(SIMPLE, repeat=len(inputs)), MAX_POINTS):
        yield halves | dict(zip(inputs, values, strict=True))
    rng = random.Random(len(names))
    for _ in range(MAX_POINTS):
        ends = {f"{end}{j}": q for j in coordinates for end, q in zip(("lower", "upper"), rng.choice(INTERVALS), strict=True)}
        share = rng.choice((Fraction(1, 2), Fraction(1, 3)))
        cut = ends[f"lower{k}"] + share * (ends[f"upper{k}"] - ends[f"lower{k}"])
        yield ends | {"cut": cut} | {v: rng.choice(SIMPLE) for v in inputs}


def unbounded_variation(atoms: Atoms, i: int, start: Sequence[Scalar], end: Sequence[Scalar]) -> Verdict:
    r"""Whether the boxes spanned by a segment show that the atoms of feature i have infinite variation.

    *Proof.* Let $R(s, t)$ be the half-open box with opposite corners at the shares s and t of the segment. What is proved, by
    cases, is $a_i(R(s, t)) = c \ne 0$ for all $0 < s < t < 1$. For $0 < s_0 < s_1 < \dots < s_N < 1$ the boxes
    $R(s_{j-1}, s_j)$ are disjoint, and with some other boxes they are a partition of the cube. So $V(a_i) \ge N |c|$ for
    every N. If the atoms are additive, tagged sums then have no limit for some continuous model, by uniform boundedness:
    there is no measure.

    >>> from attrtheory.measures.extension import straight_path_atoms
    >>> unbounded_variation(straight_path_atoms([1, 1]), 0, [0, 0], [1, 1]).name
    'Proved'

    Raises:
        BadInput: a segment that does not move in every coordinate, or leaves the cube.
    """
    atoms.require_fixed()
    p, q = [rational(v) for v in start], [rational(v) for v in end]
    moves = len(p) == len(q) == atoms.n and all(u != v and 0 <= min(u, v) < max(u, v) <= 1 for u, v in zip(p, q, strict=True))
    if not moves:
        raise BadInput(f"a segment in the cube that moves in each of {atoms.n} coordinates is asked for; got {start} to {end}")
    s, t = var("s"), var("t")
    near, far = ([u + (v - u) * share for u, v in zip(p, q, strict=True)] for share in (s, t))
    lower = [a if u < v else b for a, b, u, v in zip(near, far, p, q, strict=True)]
    upper = [b if u < v else a for a, b, u, v in zip(near, far, p, q, strict=True)]
    value = atoms(i, lower, upper)
    share = evaluate(value, {"s": Fraction(1, 3), "t": Fraction(2, 3)})
    if not share:
        return Unknown("the boxes that the segment spans have no attribution; another segment may show more")
    hypotheses = (Relation(s, ">", 0), Relation(t, ">", s), Relation(lift(1), ">", t))
    statement = Statement((Relation(value, "=", lift(share), f"a{i + 1} along the segment"),), hypotheses)
    try:
        if by_cases(statement):
            return Proved(Proof("cases", {"atom": str(share), "start": [*map(str, p)], "end": [*map(str, q)]}))
    except TooLarge as error:
        return Unknown(str(error))
    return Unknown("the boxes that the segment spans are not shown to have one and the same attribution")


def partition(witness: Witness) -> tuple[Box, Box, Box]:
    """The box of a refutation and the two halves whose atoms do not add up to its own, as (lower, upper)."""
    n = sum(v.startswith("lower") for v in witness.values)
    k = int(witness.relation.split(":")[0].rsplit(" ", 1)[1]) - 1
    lower, upper = (tuple(witness.values[f"{stem}{j + 1}"] for j in range(n)) for stem in ("lower", "upper"))
    low, high = (tuple(witness.values["cut"] if j == k else q for j, q in enumerate(p)) for p in (lower, upper))
    return (lower, upper), (lower, high), (low, upper)
