"""Theorem files: what is claimed, in words and as data, with the verdict expected. Nothing in them is executed.

title = "Shapley values are complete"
statement = "..."
source = "..."
expected = "Proved"

[claim]
property = "completeness"
method = "shapley"
family = {kind = "every", n = [2, 3, 4, 5, 6]}

A statement of several claims has `[[claim]]` for each, and `[common]` for what they share. Claims about terms and about
unknown methods are written as in `derived_text`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from attrtheory.errors import BadCertificate, BadInput
from attrtheory.expr.term import Term
from attrtheory.methods import Method, get_method
from attrtheory.models.dsl import parse_model, parse_term
from attrtheory.models.families import Family, Given, family_from_json
from attrtheory.models.fn import rational
from attrtheory.properties import Property, get_property
from attrtheory.prove.certificate import to_certificate, write
from attrtheory.prove.check import Checked, check
from attrtheory.prove.claim import Claim, Domain
from attrtheory.prove.derived_text import is_derived, read_derived
from attrtheory.prove.discharge import prove
from attrtheory.prove.names import agrees_with, has_formula
from attrtheory.prove.settle import Derived, derived_certificate, settle
from attrtheory.prove.verdict import Verdict

MAX_BYTES = 2**20


@dataclass(frozen=True)
class Theorem:
    """One file: a statement and the claims that make it up, all with one expected verdict."""

    path: Path
    title: str
    statement: str
    source: str
    expected: str
    claims: tuple[Claim | Derived, ...]


def read_theorem(path: Path) -> Theorem:
    """Read a theorem file.

    Raises:
        BadInput: it is not one; the message says why.
    """
    if path.stat().st_size > MAX_BYTES:
        raise BadInput(f"{path} is larger than {MAX_BYTES} bytes")
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        claims = tuple(c for part in _listed(data["claim"]) for c in _claims({**data.get("common", {}), **part}))
        if not claims:
            raise BadInput("it states no claim")
        return Theorem(path, data["title"], data["statement"], data["source"], data["expected"], claims)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise BadInput(f"{path} is not a theorem file: {error!r}") from error


def _claims(data: Mapping[str, Any]) -> Iterator[Claim | Derived]:
    if is_derived(data):
        yield from read_derived(data)
        return
    _only(data, {"property", "method", "family", "domain"})
    method = _method(data["method"])
    given: Any = data["family"].get("n")
    for n in _listed(given):
        family = _family({**data["family"], "n": n} if n is not None else data["family"])
        yield Claim(_property(data["property"]), method, family, _domain(data.get("domain", {}), family.n))


def _listed(value: Any) -> Sequence[Any]:
    """A list as it is, anything else as a list of one."""
    return value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType] (from a file)


def _only(data: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(data) - known):
        raise BadInput(f"unknown entries {', '.join(unknown)}; known are {', '.join(sorted(known))}")


def _method(data: Any) -> Method:
    return get_method(data) if isinstance(data, str) else get_method(**data)


def _property(data: Any) -> Property:
    match data:
        case str():
            return get_property(data)
        case {"agreement": other}:
            return agrees_with(_method(other))
        case {"formula": texts}:
            return has_formula([_term(t) for t in texts])
        case _:
            raise BadInput(f"a property is a name, an agreement or a formula; got {data!r}")


def _term(text: str) -> Term:
    return parse_term(text)


def _family(data: Mapping[str, Any]) -> Family:
    match data:
        case {"kind": "text", "model": str(text)}:
            _only(data, {"kind", "model", "inputs", "parameters"})
            return Given(parse_model(text, data.get("inputs"), data.get("parameters", ())))
        case {"kind": "dense"}:
            return family_from_json({"bias": True, "final_relu": False} | dict(data))
        case _:
            return family_from_json(data)


def _domain(data: Mapping[str, Any], n: int) -> Domain:
    def point(value: Any) -> tuple[Fraction, ...]:
        return (Fraction(0),) * n if value == "zero" else tuple(rational(v) for v in value)

    _only(data, {"x", "baselines", "lower", "upper", "features", "positive"})
    features = tuple(data["features"]) if "features" in data else None
    x, lower, upper = (point(data[k]) if k in data else None for k in ("x", "lower", "upper"))
    baselines: Sequence[Any] | None = data.get("baselines")
    around = None if baselines is None else tuple(point(b) for b in baselines)
    return Domain(x, around, lower, upper, features, tuple(_term(t) for t in data.get("positive", ())))


def theorems(folder: Path) -> list[Theorem]:
    """All theorem files below a folder, in order."""
    return [read_theorem(p) for p in sorted(folder.rglob("*.toml"))]


def contents(folder: Path) -> str:
    """A page that lists the theorems of a folder with their verdicts, in Markdown."""
    head = "# Theorems and refutations\n\nWritten by `attrtheory prove`; re-check with `attrtheory check`.\n\n"
    rows = (
        f"| [{t.title.replace('|', '/')}]({t.path.relative_to(folder).as_posix()}) | {t.expected} | {len(t.claims)} |"
        for t in theorems(folder)
    )
    return head + "| statement | verdict | claims |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def certificate_path(folder: Path, claim: Claim | Derived) -> Path:
    """Where the certificate of a claim lies."""
    return folder / "certificates" / f"{claim.digest[:32]}.json"


def prove_theorem(theorem: Theorem, folder: Path) -> Iterator[tuple[Claim | Derived, Verdict]]:
    """Settle each claim and write its certificate; the expected verdict is compared, never assumed.

    Raises:
        BadInput: a verdict differs from the expected one.
    """
    for claim in theorem.claims:
        about_models = isinstance(claim, Claim)
        verdict = prove(claim) if about_models else settle(claim)
        if verdict.name != theorem.expected:
            raise BadInput(f"{theorem.path}: expected {theorem.expected}, found {verdict} for {claim}")
        text = to_certificate(claim, verdict) if about_models else derived_certificate(claim, verdict)
        write(certificate_path(folder, claim), text)
        yield claim, verdict


def check_theorem(theorem: Theorem, folder: Path) -> Iterator[Checked]:
    """Re-check the certificates of a theorem.

    Raises:
        BadCertificate: one is missing, rejected, or says something else than the theorem.
    """
    for claim in theorem.claims:
        path = certificate_path(folder, claim)
        if not path.is_file():
            raise BadCertificate(
                f"{theorem.path}: no certificate {path.name} for {claim}; run attrtheory prove {folder}"
            )
        checked = check(path, claim)
        if checked.verdict.name != theorem.expected:
            raise BadCertificate(
                f"{theorem.path} expects {theorem.expected}; the certificate says {checked.verdict.name}"
            )
        yield checked
