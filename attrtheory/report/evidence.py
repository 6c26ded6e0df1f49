"""Findings in the order of the page: the matrix of verdicts, property by property, and what approximation costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attrtheory.auditing.data import AuditResult, Finding, Quadrature
from attrtheory.report.counterexample import has_witness
from attrtheory.report.wording import LOOKS


@dataclass(frozen=True)
class Property:
    """The findings on one property, each with its place in the result: with a counterexample to show, and without."""

    name: str
    shown: tuple[tuple[int, Finding], ...]
    stated: tuple[tuple[int, Finding], ...]


@dataclass(frozen=True)
class Matrix:
    """Findings by method (rows) and property (columns), in the order in which they first appear."""

    methods: tuple[str, ...]
    properties: tuple[str, ...]
    cells: dict[tuple[str, str], list[tuple[int, Finding]]]


def matrix(result: AuditResult) -> Matrix:
    cells: dict[tuple[str, str], list[tuple[int, Finding]]] = {}
    for k, f in enumerate(result.findings):
        cells.setdefault((f.method, f.property), []).append((k, f))
    return Matrix(tuple(dict.fromkeys(m for m, _ in cells)), tuple(dict.fromkeys(p for _, p in cells)), cells)


def by_property(result: AuditResult) -> list[Property]:
    """For the page: one statement, then every verdict on it."""
    found: dict[str, list[tuple[int, Finding]]] = {}
    for k, f in enumerate(result.findings):
        found.setdefault(f.property, []).append((k, f))
    return [
        Property(name, tuple(kf for kf in fs if has_witness(kf[1])), tuple(kf for kf in fs if not has_witness(kf[1])))
        for name, fs in found.items()
    ]


def counts(result: AuditResult) -> dict[str, int]:
    """How many verdicts of each kind."""
    return {name: n for name in LOOKS if (n := sum(f.verdict.name == name for f in result.findings))}


def lesson(rows: Sequence[Quadrature]) -> str:
    """The row whose completeness gap flatters it most, in words."""
    worst = max((q for q in rows if q.error > q.gap), key=lambda q: q.error / (q.gap or 5e-324), default=None)
    if worst is None:
        return "Here no error is larger than the gap beside it; elsewhere it may be, and nothing in the gap would tell."
    gap = (
        f"{worst.gap:.2g} and a true error {worst.error / worst.gap:.2g} times as large"
        if worst.gap
        else "0 and a true error that is not"
    )
    return f"Here {worst.name} with {worst.steps} steps has a completeness gap of {gap}, {worst.error:.2g}."
