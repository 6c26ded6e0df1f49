"""Answers about boxes as a table, as JSON, and as certificates beside the network's file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from attrtheory.models.graph import Graph
from attrtheory.models.serial import graph_digest, graph_to_json
from attrtheory.prove.box import BoxAnswer
from attrtheory.prove.box_signs import SignAnswer
from attrtheory.prove.certificate import write
from attrtheory.prove.names import canonical
from attrtheory.prove.verdict import Refuted, Unknown

COLOURS = {"+": "green", ">= 0": "green", "0": "white", "-": "red", "<= 0": "red", "both": "yellow", "unknown": "blue"}


def sign_table(answers: Sequence[SignAnswer], title: str) -> Table:
    """One row for each feature: its sign on the box, proved bounds, and values found."""
    table = Table(title=title)
    for name in ("feature", "sign", "proved to lie in", "values found", "parts"):
        table.add_column(name, justify="right" if name == "parts" else "left")
    for a in answers:
        bounds = "" if a.bounds is None else f"[{float(a.bounds[0]):.5g}, {float(a.bounds[1]):.5g}]"
        found = ", ".join(f"{float(w.lhs):.5g}" for w in a.witnesses)
        sign = f"[{COLOURS[a.sign]}]{a.sign}[/]"
        table.add_row(rf"x\[{a.feature}]", sign, bounds.replace("[", r"\["), found, str(sum(b.parts for b in a.answers)))
    return table


def answer_to_json(answer: BoxAnswer) -> dict[str, Any]:
    """The claim, its verdict, the bounds and the witness; rationals as text."""
    bounds = None if answer.bounds is None else [str(v) for v in answer.bounds]
    data = {**answer.claim.to_json(), "verdict": answer.verdict.name, "bounds": bounds, "parts": answer.parts}
    if isinstance(answer.verdict, Refuted):
        data["x"] = [str(v) for v in answer.verdict.witness.values.values()]
        data["value"] = str(answer.verdict.witness.lhs)
    return data


def write_answers(folder: Path, graph: Graph, answers: Sequence[BoxAnswer]) -> None:
    """`box.json`, certificates/ and models/ as `attrtheory check` reads them."""
    write(folder / "models" / f"{graph_digest(graph)}.json", canonical(graph_to_json(graph)))
    for answer in answers:
        if not isinstance(answer.verdict, Unknown):
            write(folder / "certificates" / f"{answer.claim.digest[:32]}.json", answer.certificate)
    write(folder / "box.json", json.dumps([answer_to_json(a) for a in answers], indent=1) + "\n")
