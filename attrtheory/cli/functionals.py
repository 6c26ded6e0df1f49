"""The command on functionals: what a method weighs a model with, and the table of all methods."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer
from rich.markup import escape

from attrtheory.cli.screen import app, bar, console, plain_errors, steps
from attrtheory.errors import BadInput
from attrtheory.methods import AVERAGES, METHODS

NAMES = ", ".join(m.name for m in (*METHODS, *AVERAGES))


@app.command()
def functional(
    method: Annotated[Optional[str], typer.Argument(help=NAMES)] = None,  # noqa: UP045 (typer)
    every: Annotated[bool, typer.Option("--all", help="the table of all methods")] = False,
    features: Annotated[str, typer.Option("--features", "-n", help="how many features a model has: 2, or 2,3 for both")] = "2",
    json: Annotated[bool, typer.Option("--json", help="data for machines: a list, one object a method")] = False,
    latex: Annotated[bool, typer.Option("--latex", help="a LaTeX document")] = False,
    output: Annotated[Optional[Path], typer.Option("--output", "-o", help="folder for the table (JSON, LaTeX), its certificates and pictures")] = None,  # noqa: UP045, E501 (typer)
) -> None:
    """Print what a method weighs a model's values and slopes with, for every model, and which properties follow."""
    with plain_errors():
        if every == (method is not None):
            raise BadInput(f"name one method, or ask for --all; the methods are {NAMES}")
        if json and latex:
            raise BadInput("print --json or --latex, not both; --output writes both")
        from attrtheory.arguments import listed_numbers
        from attrtheory.report.recovery_files import functional_report

        form = "json" if json else "latex" if latex else "text"
        with bar() as progress:
            text = functional_report(method, listed_numbers(features, "--features"), form, output, progress=steps(progress))
    if form == "text":
        console.print(escape(text), highlight=False)
    else:
        print(text)
