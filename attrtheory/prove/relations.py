"""Claims about terms alone: relations that hold at every real point where others do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from attrtheory.errors import BadInput
from attrtheory.expr.syntax import dumps, infix, loads, postorder
from attrtheory.expr.term import Term, lift
from attrtheory.models.dsl import parse_term
from attrtheory.properties import Relation, Statement
from attrtheory.properties.statement import Kind
from attrtheory.prove.names import canonical

_SIGN = re.compile(r">=|<=|=|>|<")


@dataclass(frozen=True, eq=False)
class Relations:
    """All of `conclusions` hold at every real point at which all of `where` do.

    `squares`: terms whose squares may help the search; they are no part of the claim.
    """

    conclusions: tuple[Relation, ...]
    where: tuple[Relation, ...] = ()
    squares: tuple[Term, ...] = ()

    kind = "relations"

    def __post_init__(self) -> None:
        if not self.conclusions:
            raise BadInput("a claim about terms states at least one relation, such as 'relu(x) >= x'")
        sides = (lift(s) for r in (*self.conclusions, *self.where) for s in (r.lhs, r.rhs))
        if any(u.op == "call" or side.levels for side in sides for u in postorder(side)):
            raise BadInput("a claim about terms has no unknown functions and no open bound variables")

    def statement(self) -> Statement:
        """What is claimed."""
        return Statement(self.conclusions, self.where)

    def to_json(self) -> dict[str, Any]:
        return {"conclusions": relations_to_json(self.conclusions), "where": relations_to_json(self.where)}

    @property
    def digest(self) -> str:
        """The same for equal claims, in every process."""
        return sha256(canonical(self.to_json()).encode()).hexdigest()

    def __str__(self) -> str:
        where = f" where {', '.join(map(shown, self.where))}" if self.where else ""
        return ", ".join(map(shown, self.conclusions)) + where


def relations_from_json(data: Mapping[str, Any]) -> Relations:
    """The claim that `to_json` wrote; anything else is refused."""
    try:
        claim = Relations(read_relations(data["conclusions"]), read_relations(data["where"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"not a claim about terms: {error!r}") from error
    if claim.to_json() != data:
        raise BadInput("a claim with unknown, missing or unreduced entries")
    return claim


def relations_to_json(relations: Sequence[Relation]) -> list[list[str]]:
    """Both sides of each relation as text, with its sign between."""
    return [[dumps(lift(r.lhs)), r.kind, dumps(lift(r.rhs))] for r in relations]


def read_relations(data: Sequence[Sequence[str]]) -> tuple[Relation, ...]:
    """The relations that `relations_to_json` wrote."""
    return tuple(labelled(loads(lhs), kind, loads(rhs)) for lhs, kind, rhs in data)


def parse_relation(text: str) -> Relation:
    """A relation from text such as 'abs(x) >= x'; the signs are >=, <=, =, > and <."""
    found = _SIGN.findall(text)
    if len(found) != 1:
        raise BadInput(f"a relation has one sign among >=, <=, =, > and <; got {text[:80]!r}")
    lhs, rhs = map(parse_term, text.split(found[0]))
    return labelled(rhs, found[0].replace("<", ">"), lhs) if "<" in found[0] else labelled(lhs, found[0], rhs)


def labelled(lhs: Term, kind: str, rhs: Term) -> Relation:
    """A relation that is called by what it says."""
    kinds: dict[str, Kind] = {"=": "=", ">=": ">=", ">": ">"}
    if kind not in kinds:
        raise BadInput(f"no relation {kind!r}; there are {', '.join(kinds)}")
    return Relation(lhs, kinds[kind], rhs, f"{infix(lhs)} {kind} {infix(rhs)}")


def shown(r: Relation) -> str:
    """A relation for reading."""
    return f"{lift(r.lhs)!r} {r.kind} {lift(r.rhs)!r}"
