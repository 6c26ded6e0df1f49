"""What methods, properties and verdicts are called on paper, and what their docstrings say."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from attrtheory.errors import BadInput
from attrtheory.methods import get_method
from attrtheory.properties import get_property
from attrtheory.properties.agreement import agreement, formula
from attrtheory.prove.verdict import Conditional, Proof, Proved, Refuted, Vacuous, Verdict, Witness

_SECTION = re.compile(r"([A-Z][a-z]+):")
_RELATION = re.compile(r"(.*): (=|>=|>)", re.DOTALL)
_FEATURES = re.compile(r"features? (\d{1,9})(?: and (\d{1,9}))?", re.ASCII)
_SHOULD = {"=": "=", ">=": "≥", ">": ">"}
_BUT_IS = {"=": "≠", ">=": "<", ">": "≤"}


@dataclass(frozen=True)
class Look:
    """How a kind of verdict is shown: never by colour alone."""

    key: str
    symbol: str
    label: str
    meaning: str


LOOKS = {
    "Proved": Look("proved", "✓", "Proved", "holds everywhere in its scope; the certificate re-checks without search"),
    "Refuted": Look("refuted", "✗", "Refuted", "fails; a point where it fails is shown and can be checked by hand"),
    "Conditional": Look("conditional", "◑", "Conditional", "holds under a stated hypothesis"),
    "NotApplicable": Look("na", "–", "Not applicable", "the property does not speak about this method or network"),
    "Unknown": Look("unknown", "?", "Unknown", "neither proved nor refuted"),
    "Vacuous": Look("vacuous", "∅", "Vacuous", "no point satisfies its hypotheses, so it says nothing"),
}  # fmt: skip


def look(verdict: Verdict) -> Look:
    return LOOKS[verdict.name]


def proof_of(verdict: Verdict) -> Proof | None:
    return verdict.proof if isinstance(verdict, Proved | Conditional | Vacuous) else None


def witness_of(verdict: Verdict) -> Witness | None:
    return verdict.witness if isinstance(verdict, Refuted | Conditional) else None


def by_solver(verdict: Verdict) -> bool:
    """Whether it rests on a solver: it must not look like a verdict that was re-checked."""
    proof = proof_of(verdict)
    return proof is not None and proof.rule == "solver"


def trust(verdict: Verdict) -> str:
    """What must be trusted to believe it."""
    if (proof := proof_of(verdict)) is not None:
        return proof.trust
    if isinstance(verdict, Refuted):
        return "exact: both sides evaluated at the witness in rational arithmetic"
    return "nothing: no claim is settled"


def spoken(name: str) -> str:
    """A name as words.

    >>> spoken("gradient_x_input")
    'gradient × input'
    """
    return name.replace("_x_", " × ").replace("non_", "non-").replace("_", " ")


def required(relation: str) -> tuple[str, str]:
    """The relation that a witness breaks: what it asks for, and the sign of what was found instead.

    >>> required("feature 3: >=")
    ('feature 3: left ≥ right', '<')
    """
    found = _RELATION.fullmatch(relation)
    if found is None:
        return relation, "against"
    label = "the sum" if found[1] == "sum" else found[1]
    return f"{label}: left {_SHOULD[found[2]]} right", _BUT_IS[found[2]]


def concerned(relation: str, features: Sequence[int]) -> tuple[int, ...]:
    """The features that a failing relation names, among those it was stated for; none where it is about their sum.

    >>> concerned("features 3 and 7: =", (1, 3, 7)), concerned("sum: =", (3,))
    ((3, 7), ())
    """
    if relation.startswith("sum:"):
        return ()
    found = _FEATURES.match(relation)
    named = {int(k) for k in found.groups() if k} if found else set[int]()
    return tuple(k for k in features if k in named) or tuple(features)


def sections(definition: Callable[..., Any]) -> dict[str, str]:
    """The parts of a docstring: "Summary", and "Definition", "Statement", "Source" ... where it has them."""
    parts: dict[str, list[str]] = {"Summary": []}
    here = "Summary"
    for line in (inspect.getdoc(definition) or "").splitlines():
        found = _SECTION.match(line)
        if found:
            here, line = found[1], line[found.end() :]
        elif not line and here == "Summary":
            here = "More"
        elif line and not line.startswith(" ") and here not in {"Summary", "More"} and parts[here][-1] == "":
            here = "More"  # a paragraph after the indented block
        parts.setdefault(here, []).append(line.strip())
    return {name: " ".join(filter(None, lines)) for name, lines in parts.items()}


def method_sections(name: str) -> dict[str, str]:
    """What the docstring of a method says; nothing for a method that is not in the package."""
    try:
        return sections(get_method(re.split(r"[ (]", name, maxsplit=1)[0]).define)
    except BadInput:
        return {}


def property_sections(name: str) -> dict[str, str]:
    """What the docstring of a property says; nothing for a property that is not in the package."""
    general = {"agreement": agreement, "formula": formula}
    head = name.partition(" ")[0]
    if head in general:
        return sections(general[head])
    try:
        return sections(get_property(name).state)
    except BadInput:
        return {}


def listed(names: Sequence[str], most: int = 8) -> str:
    """The first few names, and how many more there are."""
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
