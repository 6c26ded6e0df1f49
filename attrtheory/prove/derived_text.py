"""Claims about terms and about unknown methods, as a theorem file writes them.

[[claim]]
relations = ["abs(clip(u, -e, e)) <= e"]
where = ["e > 0"]
squares = []                                 # terms whose squares may help; no part of the claim

[[claim]]
axioms = ["completeness", "dummy", "linearity"]
n = [1, 2, 3]
unknown = ["f"]
models = {"part{k}" = "d{k}_f_at_p * y{k}", R = "f - sum[part{k}]"}
conclusions = ["phi{k}_f = phi{k}_R + d{k}_f_at_p * (x{k} - b{k})"]
points = {x = [1, 1]}
bounds = {R = "B"}

An entry with `{k}` stands for one entry for each feature, `sum[...]` for the sum over the features.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrtheory.errors import BadInput
from attrtheory.models.dsl import parse_term
from attrtheory.models.fn import rational
from attrtheory.prove.axiomatic import Axiomatic
from attrtheory.prove.relations import Relations, parse_relation
from attrtheory.prove.settle import Derived

_SUM = re.compile(r"sum\[([^\[\]]*)\]")
TERMS = {"relations", "where", "squares"}
AXIOMATIC = {"axioms", "n", "unknown", "models", "conclusions", "points", "bounds"}


def is_derived(data: Mapping[str, Any]) -> bool:
    """Whether an entry of a theorem file is a claim about terms or about an unknown method."""
    return "relations" in data or "axioms" in data


def read_derived(data: Mapping[str, Any]) -> Iterator[Derived]:
    """The claims that one entry of a theorem file makes.

    Raises:
        BadInput: entries are unknown or do not fit.
    """
    known = TERMS if "relations" in data else AXIOMATIC
    if unknown := sorted(set(data) - known):
        raise BadInput(f"unknown entries {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    if "relations" in data:
        yield Relations(
            tuple(map(parse_relation, data["relations"])),
            tuple(map(parse_relation, data.get("where", ()))),
            tuple(map(parse_term, data.get("squares", ()))),
        )
        return
    for n in data["n"]:
        yield Axiomatic(
            n,
            tuple(data["axioms"]),
            tuple(each(data.get("unknown", ()), n)),
            tuple((name, parse_term(text)) for name, text in _entries(data.get("models", {}), n)),
            tuple(map(parse_relation, each(data["conclusions"], n))),
            tuple((letter, tuple(map(rational, p))) for letter, p in data.get("points", {}).items()),
            tuple((name, parse_term(text)) for name, text in _entries(data.get("bounds", {}), n)),
        )


def each(texts: Sequence[str], n: int) -> Iterator[str]:
    """Texts with the sums written out; one with `{k}` once for each feature."""
    for text in texts:
        written = _SUM.sub(lambda m: "(" + " + ".join(m[1].replace("{k}", str(k + 1)) for k in range(n)) + ")", text)
        yield from (written.replace("{k}", str(k + 1)) for k in range(n if "{k}" in written else 1))


def _entries(data: Mapping[str, str], n: int) -> Iterator[tuple[str, str]]:
    for name, text in data.items():
        names, texts = list(each([name], n)), list(each([text], n))
        if len(texts) not in (1, len(names)):
            raise BadInput(f"{name}: one model, but an entry for each feature; put {{k}} into its name too")
        yield from zip(names, texts * (len(names) // len(texts)), strict=True)
