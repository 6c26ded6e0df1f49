"""A counterexample in words and numbers: both sides of the failing relation, and where it fails, exactly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from attrtheory.auditing.data import Finding, NetworkFacts
from attrtheory.errors import BadInput
from attrtheory.expr.syntax import loads
from attrtheory.prove.verdict import Witness
from attrtheory.report.numbers import Shortened, exact, feature, number
from attrtheory.report.wording import concerned, listed, required, witness_of

FEW = 8  # variables that fit into a line
MOST_VALUES = 200  # exact coordinates of a witness on the page; the certificate has all of them
_COORDINATE = re.compile(r"([xb])(\d{1,9})((?:_\d+)?)", re.ASCII)


@dataclass(frozen=True)
class Sides:
    """A relation that fails, and its two sides: exact, and in torch where the network was run.

    `required`: what should hold; `found`: what holds instead, in one line; `about`: the features.
    """

    required: str
    found: str
    about: str
    lhs: Shortened
    rhs: Shortened
    difference: Shortened | None
    torch: tuple[str, str, str] | None = None


def has_witness(f: Finding) -> bool:
    return f.witness is not None or witness_of(f.verdict) is not None


def of_groups(f: Finding, network: NetworkFacts) -> bool:
    """Whether the witness is an input of the game of feature groups, and none of the network."""
    return f.witness is not None and f.witness.x.shape != network.input_shape


def sides(f: Finding, network: NetworkFacts) -> Sides | None:
    """Both sides at the witness: on the network where it was run there, else as the engine found them."""
    if (w := f.witness) is not None:
        name = (lambda k: f"group {k}") if of_groups(f, network) else (lambda k: feature(k, w.x.shape))
        about = listed([name(k) for k in concerned(w.relation, w.features)])
        torch = (number(w.torch_lhs), number(w.torch_rhs), number(w.torch_lhs - w.torch_rhs))
        return Sides(
            *_headline(w.relation, w.lhs, w.rhs), about, exact(w.lhs), exact(w.rhs), _difference(w.lhs, w.rhs), torch
        )
    if (found := witness_of(f.verdict)) is not None:
        headline = _headline(found.relation, found.lhs, found.rhs)
        return Sides(*headline, "", exact(found.lhs), exact(found.rhs), exact(found.lhs - found.rhs))
    return None


def _headline(relation: str, lhs: Fraction | str, rhs: Fraction | str) -> tuple[str, str]:
    should, sign = required(relation)
    return should, f"{exact(lhs).short.removeprefix('≈ ')} {sign} {exact(rhs).short.removeprefix('≈ ')}"


def _difference(lhs: str, rhs: str) -> Shortened | None:
    try:
        return exact(Fraction(lhs) - Fraction(rhs))
    except (ValueError, ZeroDivisionError):  # an enclosure, or more digits than Python reads
        return None


@dataclass(frozen=True)
class Coordinates:
    """A witness's variables that are not 0, with their exact values; how many more of these there are, and how many are 0."""

    values: tuple[tuple[str, Shortened], ...]
    more: int
    zeros: int

    @property
    def few(self) -> bool:
        """Whether a line can say it all."""
        return len(self.values) + self.more <= FEW and not any(q.cut for _, q in self.values)


def coordinates(f: Finding) -> Coordinates | None:
    """Where the witness is, exactly; x and b are numbered as in pictures where it was run on the network."""
    if (found := witness_of(f.verdict)) is None:
        return None
    values = [(_placed(name, f), q) for name, q in found.values.items() if q]
    return Coordinates(
        tuple((name, exact(q)) for name, q in values[:MOST_VALUES]),
        max(0, len(values) - MOST_VALUES),
        len(found.values) - len(values),
    )


def _placed(name: str, f: Finding) -> str:
    """`x36` is `x[0,4,3]` of an 8 x 8 image; `b36_2` is the same pixel of a background's second point."""
    found = _COORDINATE.fullmatch(name)
    if f.witness is None or found is None or not 1 <= int(found[2]) <= f.witness.x.size:
        return name
    return found[1] + found[3] + feature(int(found[2]) - 1, f.witness.x.shape).removeprefix("x")


def models(found: Witness | None) -> list[tuple[str, str]]:
    """The models that a witness against every model brings, in ordinary notation."""
    names = {"f": "model", "g": "second model", "disguise": "zero added to write another program"}
    return (
        [(names[key], _notation(str(text))) for key, text in (found.model or {}).items() if key in names]
        if found
        else []
    )


def _notation(text: str) -> str:
    try:
        return repr(loads(text))
    except BadInput:
        return exact(text).short
