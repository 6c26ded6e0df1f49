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


def _sizes(text: str) -> list[int]:
    """Numbers of features, each once."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and len(part) < 3 for part in parts):
        raise BadInput(f"--features is how many features a model has, such as 2, or 2,3 for both; got {text!r}")
    return list(dict.fromkeys(map(int, parts)))


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
        if method is None and not every:
            raise BadInput(f"name a method, or ask for --all; the methods are {NAMES}")
        if method is not None and every:
            raise BadInput(f"{method} and --all: ask for one method or for all of them")
        if json and latex:
            raise BadInput("print --json or --latex, not both; --output writes both")
        from attrtheory.report.recovery_files import functional_report

        form = "json" if json else "latex" if latex else "text"
        with bar() as progress:
            text = functional_report(method, _sizes(features), form, output, progress=steps(progress))
    if form == "text":
        console.print(escape(text), highlight=False)
    else:
        print(text)
