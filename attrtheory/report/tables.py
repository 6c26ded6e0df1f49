"""Tables for the terminal. Names are `Text`, so that nothing in them is read as markup or as a control sequence."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from attrtheory.auditing.data import AuditedInput, AuditResult, Finding, NetworkFacts
from attrtheory.report.counterexample import coordinates, sides
from attrtheory.report.evidence import matrix
from attrtheory.report.numbers import number, visible
from attrtheory.report.wording import LOOKS, by_solver, look, proof_of, spoken, trust

STYLES = {
    "Proved": "bold blue", "Refuted": "bold red", "Conditional": "cyan", "NotApplicable": "dim", "Unknown": "yellow",
    "Vacuous": "magenta",
}  # fmt: skip


def findings_table(result: AuditResult) -> Table:
    """Verdicts as symbols, a row for each method; properties are numbered columns, so that it fits a narrow terminal."""
    grid = matrix(result)
    kinds = [name for name in LOOKS if any(f.verdict.name == name for f in result.findings)]
    key = [f"{LOOKS[name].symbol} {LOOKS[name].label.lower()}" for name in kinds]
    starred = ["* by a solver, not re-checked"] if any(by_solver(f.verdict) for f in result.findings) else []
    numbered = [f"{k} {spoken(p)}" for k, p in enumerate(grid.properties, start=1)]
    caption = "\n".join([", ".join(numbered), "   ".join([*key, *starred])]) if key else "no property was audited"
    table = Table(title=_text(f"Verdicts on {result.network.name}"), caption=_text(caption), caption_justify="left")
    table.add_column("method", overflow="fold", min_width=12)
    for k in range(len(grid.properties)):
        table.add_column(str(k + 1), justify="center", no_wrap=True)
    for m in grid.methods:
        table.add_row(_text(spoken(m)), *(_cell([f for _, f in grid.cells.get((m, p), [])]) for p in grid.properties))
    return table


def verdict_lines(finding: Finding, network: NetworkFacts) -> list[Text]:
    """A finding in a few lines: the verdict, its scope, what it rests on, and where a refutation fails."""
    verdict, shape = finding.verdict, look(finding.verdict)
    head = Text.assemble(
        (f"{shape.symbol} {shape.label}", STYLES[verdict.name]), f": {spoken(visible(finding.property))}"
    )
    lines = [head + Text(f" of {spoken(visible(finding.method))}"), _text(f"  scope: {finding.scope}")]
    said = {what: getattr(verdict, what, None) for what in ("hypothesis", "reason")}
    lines += [_text(f"  {what}: {words}") for what, words in said.items() if words is not None]
    if (proof := proof_of(verdict)) is not None:
        lines.append(_text(f"  proof: {proof.rule}"))
    lines.append(_text(f"  rests on: {trust(verdict)}"))
    if (failing := sides(finding, network)) is not None:
        about = f" (about {failing.about})" if failing.about else ""
        lines.append(_text(f"  required, for {failing.required}; found: {failing.found}{about}"))
        if failing.torch is not None:
            lines.append(_text(f"  in torch float64: {failing.torch[0]} against {failing.torch[1]}"))
    if (at := coordinates(finding)) is not None and at.few:
        values = ", ".join(f"{name} = {q.full}" for name, q in at.values) or "the origin"
        lines.append(_text(f"  at: {values}; {at.zeros} variables are 0"))
    if finding.certificate is not None:
        lines.append(_text(f"  certificate: {finding.certificate}"))
    return lines


def attributions_table(audited: AuditedInput) -> Table:
    """Each method's attributions of one input in numbers."""
    shared = number(audited.output - audited.baseline_output)
    title = f"Row {audited.row}, output {audited.target}: {shared} to be shared out"
    table = Table(title=_text(title), caption=Text("gap: the sum less what was to be shared out"))
    table.add_column("method")
    for name in ("sum", "gap", "largest", "smallest", "error at most", "pieces", "kinks"):
        table.add_column(name, justify="right")
    table.add_column("trust")
    for m in audited.attributions:
        largest, smallest = float(m.values.max()), float(m.values.min())
        numbers = [number(float(m.values.sum())), number(m.gap), number(largest), number(smallest)]
        rest = [
            "" if m.bound is None else number(m.bound),
            "" if m.pieces is None else str(m.pieces),
            str(len(m.kinks)),
        ]
        table.add_row(_text(spoken(m.method)), *numbers, *rest, _text(m.trust))
    return table


def _cell(found: list[Finding]) -> Text:
    """One symbol for each finding; a star where it rests on a solver."""
    marks = [Text(look(f.verdict).symbol + "*" * by_solver(f.verdict), style=STYLES[f.verdict.name]) for f in found]
    return Text(" ").join(marks) if marks else Text("·", style="dim")


def _text(name: str) -> Text:
    return Text(visible(name))
