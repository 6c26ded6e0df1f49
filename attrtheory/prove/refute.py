"""Refutation: search for a counterexample among small rationals, replay it exactly, shrink it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice, product, takewhile

from attrtheory.errors import BadInput, EngineDisagreement, SideCondition, Unsupported
from attrtheory.expr.algebra import fold
from attrtheory.expr.syntax import dumps, loads, postorder
from attrtheory.expr.term import Term, lift
from attrtheory.models.dsl import parse_model
from attrtheory.models.families import Every, Given
from attrtheory.models.fn import Fn, variables
from attrtheory.properties import Relation, Statement
from attrtheory.properties.statement import HOLDS
from attrtheory.prove.claim import Claim
from attrtheory.prove.rules import discontinuity
from attrtheory.prove.verdict import Witness
from attrtheory.semantics.exact import Exact

Env = Mapping[str, Fraction]
SIMPLE = tuple(
    map(Fraction, ("0", "1", "-1", "2", "1/2", "-2", "3", "-1/2", "3/2", "-3", "4", "1/4", "5", "-4", "1/3"))
)
CONTINUOUS_MODELS = (
    "x1", "x1 + 1", "x1 + x2", "x1*x2", "relu(x1 - 1)", "relu(x1 + x2 - 1)", "relu(x1 - x2)", "max(x1, x2)", "x1*x1",
    "x1*x2*x3", "relu(relu(x1) - 1 - relu(x2))",
)  # fmt: skip
JUMPS = ("step(x1 - 1/2)", "step(x1 + x2 - 1)")
FALSUM = Relation(0, ">", 0, "vacuity")  # fails at every point, so its witnesses are the points of the hypotheses
DISGUISES = ("{0}", "{0} - {1}", "{0} + {1}")  # in the names of the first two features


@dataclass(frozen=True, eq=False)
class Question:
    """A statement to refute, and what the witness must record beside the values."""

    statement: Statement
    model: Mapping[str, object] | None = None

    def names(self) -> list[str]:
        sides = (s for r in (*self.statement.conclusions, *self.statement.hypotheses) for s in (r.lhs, r.rhs))
        return sorted({name for s in sides for name in variables(lift(s))})

    def fails_at(self, env: Env) -> Witness | None:
        """The first conclusion that fails at a point where all hypotheses hold."""
        exact, memo = Exact(env), dict[Term, object]()

        def holds(r: Relation) -> tuple[bool, Fraction, Fraction]:
            lhs, rhs = fold(lift(r.lhs), exact, memo), fold(lift(r.rhs), exact, memo)  # type: ignore[arg-type]
            if not isinstance(lhs, Fraction) or not isinstance(rhs, Fraction):
                raise Unsupported("a statement with an open bound variable")
            return HOLDS[r.kind](lhs, rhs), lhs, rhs

        if not all(holds(h)[0] for h in self.statement.hypotheses):
            return None
        for r in self.statement.conclusions:
            ok, lhs, rhs = holds(r)
            if not ok:
                return Witness(dict(sorted(env.items())), f"{r.label}: {r.kind}", lhs, rhs, self.model)
        return None


def question(claim: Claim, model: Mapping[str, object] | None = None) -> Question:
    """The statement to refute: of the model as it is written, in a disguise, or of the model that a witness brings.

    Raises:
        SideCondition: what the witness brings is not in the family of the claim.
    """
    every, brought = isinstance(claim.family, Every), set(model or ())
    if brought - {"disguise"} != ({"f", "g"} if every else set()) or not all(
        isinstance(v, str) for v in (model or {}).values()
    ):
        raise SideCondition(
            "a witness brings the models f and g against every model, else none, and may bring a disguise"
        )
    about, names = claim, claim.family.names
    if every and model is not None:
        about = replace(claim, family=Given(Fn(names, loads(str(model["f"]))), Fn(names, loads(str(model["g"])))))
    f = about.family.models()[0]
    if claim.property.monotone and not (isinstance(f, Fn) and monotone(f.body)):
        raise SideCondition("the model is not visibly non-decreasing, so the property says nothing about it")
    if model is not None and "disguise" in model:
        return Question(about.statement(disguise=Fn(names, loads(str(model["disguise"])))), model)
    if claim.property.name == "implementation_invariance" and (
        every or not isinstance(f, Fn) or discontinuity(f.body) is not None
    ):
        raise SideCondition("the mirror image of the model is not known to be the same function; bring another program")
    return Question(about.statement(as_written=True), model)


@dataclass(frozen=True)
class Search:
    """Where to look for a counterexample to a claim about every model: which models, in which disguises, how long."""

    models: tuple[str, ...] = (*CONTINUOUS_MODELS, *JUMPS)
    disguises: tuple[str | None, ...] = (None,)
    tries: int = 300


PLAIN = Search()
DISCONTINUOUS = Search(JUMPS)
KINKED = Search(("x1",), DISGUISES, 60)  # only the added zero matters


def questions(claim: Claim, search: Search) -> Iterator[Question]:
    """The statements to try, simplest models first."""
    names, every = claim.family.names, isinstance(claim.family, Every)
    for disguise, text in product(search.disguises, search.models if every else ("",)):
        try:
            record: dict[str, object] = {}
            if every:
                record = {"f": dumps(parse_model(text, names).body), "g": dumps(parse_model(names[0], names).body)}
            if disguise is not None:
                record["disguise"] = dumps(parse_model(disguise.format(*names, *names), names).body)
            yield question(claim, record or None)
        except (BadInput, SideCondition):
            continue  # the model needs more features than the claim has, or does not satisfy the hypothesis


def refute(claim: Claim, search: Search = PLAIN) -> Witness | None:
    """A shrunk counterexample, or None when the search finds none (which proves nothing)."""
    for q in questions(claim, search):
        for env in points(q.names(), search.tries):
            try:
                witness = q.fails_at(env)
            except Unsupported:
                break  # this model is outside what exact evaluation handles; try the next one
            if witness is not None:
                return shrink(q, witness)
    return None


def points(names: list[str], tries: int) -> Iterator[Env]:
    """Points with simple coordinates: first those with ties (x1 = x2 = ..., b1 = b2 = ...), then a fixed choice."""
    groups = sorted({name.rstrip("0123456789_") for name in names})
    for values in islice(product(SIMPLE[:3], repeat=len(groups)), tries // 2):
        tied = dict(zip(groups, values, strict=True))
        yield {name: tied[name.rstrip("0123456789_")] for name in names}
    rng = random.Random(len(names))
    for k in range(tries):
        pool = SIMPLE[: 3 + k * (len(SIMPLE) - 3) // tries]
        yield {name: rng.choice(pool) for name in names}


def shrink(q: Question, witness: Witness) -> Witness:
    """Replace values by the simplest ones that keep the same relation failing, until none gets simpler."""
    best, before = witness, None
    while best is not before:
        before = best
        for name in best.values:
            best = next(_simpler(q, best, name), best)
    return best


def _simpler(q: Question, best: Witness, name: str) -> Iterator[Witness]:
    for simple in takewhile(lambda s: s != best.values[name], SIMPLE):
        smaller = q.fails_at({**best.values, name: simple})
        if smaller is not None and smaller.relation == best.relation:
            yield smaller


def replay(claim: Claim, witness: Witness) -> None:
    """Evaluate the witness again from the claim alone.

    Raises:
        EngineDisagreement: the statement does not fail there as recorded.
    """
    asked = question(claim, witness.model)
    if asked.names() != sorted(witness.values):
        raise EngineDisagreement(f"the witness must give values for {', '.join(asked.names()) or 'nothing'}")
    again = asked.fails_at(witness.values)
    if again != witness:
        raise EngineDisagreement(f"the witness does not refute {claim}: recorded {witness}, evaluated {again}")


def monotone(root: Term) -> bool:
    """Visibly non-decreasing in every variable: built from sums with positive weights, relu, max, min and steps."""
    rising: dict[Term, bool] = {}
    for node in postorder(root):
        ok = [rising[a] for a in node.args]
        match node.op:
            case "const" | "var":
                rising[node] = True
            case "affine":
                rising[node] = all(ok) and all(q > 0 for q in node.payload[1])
            case "ite":
                g, a, b = node.args
                gap = a - b
                constant = gap.op == "const" and gap.payload >= 0  # a step up
                rising[node] = ok[1] and ok[2] and ((gap is g) or (constant and ok[0]) or (-gap is g and ok[1]))
            case _:
                rising[node] = False
    return rising[root]
