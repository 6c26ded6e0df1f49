"""Commands on trained networks: explain, box, audit, demo, regions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer
from rich.markup import escape

from attrtheory.cli.screen import MethodName, app, bar, console, plain_errors, steps


@app.command()
def explain(
    model: Annotated[Path, typer.Argument(help="an .onnx file, or a forest: .json or .txt")],
    data: Annotated[Path, typer.Option(help="inputs: an .npz or .csv file")],
    method: MethodName = "integrated_gradients",
    rows: Annotated[str, typer.Option("--rows", "--row", help="which inputs: all, or such as 0,3,5-8")] = "0",
    target: Annotated[Optional[int], typer.Option(help="which output; the largest by default")] = None,  # noqa: UP045 (typer)
    exact: Annotated[bool, typer.Option(help="compute in exact rationals")] = False,
    array: Annotated[Optional[str], typer.Option(help="the name of the array in the npz file")] = None,  # noqa: UP045 (typer)
    output: Annotated[Optional[Path], typer.Option("--output", "-o", help="a .png, .csv, .json or .npz file, or a folder for all")] = None,  # noqa: UP045, E501 (typer)
    baseline: Annotated[Optional[str], typer.Option(help="a number, or a file of one row or a row for each input")] = None,  # noqa: UP045 (typer)
    background: Annotated[Optional[Path], typer.Option(help="of expected_gradients: an .npz or .csv file")] = None,  # noqa: UP045 (typer)
    groups: Annotated[Optional[str], typer.Option(help="for each feature the number of its group: 0,0,1 or a file")] = None,  # noqa: UP045 (typer)
    unions: Annotated[Optional[str], typer.Option(help="of owen: for each feature the number of its union")] = None,  # noqa: UP045 (typer)
    samples: Annotated[Optional[int], typer.Option(help="of shapley, banzhaf, owen: how many orders are drawn")] = None,  # noqa: UP045 (typer)
    fresh: Annotated[bool, typer.Option("--fresh", help="compute rows of an earlier run again")] = False,
) -> None:
    """Attributions of inputs of a trained network, with what they are worth. An interrupted run goes on where it stopped."""
    with plain_errors():
        from attrtheory.jobs import explain_job

        asked: dict[str, Any] = {"baseline": baseline, "background": background, "groups": groups, "unions": unions}
        asked |= {"samples": samples, "fresh": fresh}
        with bar() as progress:
            tell = steps(progress)
            lines = list(
                explain_job(model, data, method, rows, target, exact=exact, array=array, output=output, progress=tell, **asked)
            )
        for line in lines:
            console.print(escape(line), highlight=False)


@app.command()
def box(
    model: Annotated[Path, typer.Argument(help="an .onnx file")],
    ends: Annotated[Optional[str], typer.Option("--box", help="lower ends, a colon, upper ends: 0,-1:1,2")] = None,  # noqa: UP045 (typer)
    data: Annotated[Optional[Path], typer.Option(help="boxes [lower, upper] in an .npz file")] = None,  # noqa: UP045 (typer)
    array: Annotated[Optional[str], typer.Option(help="the name of the array in the npz file")] = None,  # noqa: UP045 (typer)
    row: Annotated[int, typer.Option(help="which box of the array")] = 0,
    method: Annotated[str, typer.Option("--method", "-m", help="gradient, gradient_x_input or integrated_gradients")] = (
        "gradient"
    ),
    target: Annotated[Optional[int], typer.Option(help="which output, where there are several")] = None,  # noqa: UP045 (typer)
    ask: Annotated[Optional[str], typer.Option(help="one statement, such as '3 > 0' of feature 3; else all signs")] = None,  # noqa: UP045 (typer)
    parts: Annotated[int, typer.Option(help="parts of the box that the search may look at")] = 20_000,
    output: Annotated[Optional[Path], typer.Option("--output", "-o", help="folder for box.json and certificates")] = None,  # noqa: UP045 (typer)
) -> None:
    """Settle the signs of attributions, or one statement, for all inputs of a box."""
    with plain_errors():
        from attrtheory.jobs import box_job

        with bar() as progress:
            found = box_job(
                model, ends, data, array, row, method, target, ask, parts=parts, output=output, progress=steps(progress)
            )
        for shown in found:
            console.print(shown, highlight=False)


@app.command()
def audit(
    model: Annotated[Path, typer.Argument(help="an .onnx file")],
    data: Annotated[Path, typer.Option(help="inputs: an .npz or .csv file")],
    output: Annotated[Path, typer.Option("--output", "-o", help="folder for report.html and certificates")] = Path(
        "out/audit"
    ),
    rows: Annotated[int, typer.Option(help="how many inputs to show")] = 4,
    array: Annotated[Optional[str], typer.Option(help="the name of the array in the npz file")] = None,  # noqa: UP045 (typer)
) -> None:
    """Audit a trained network: exact attributions, and what is proved and refuted of them on that very network."""
    with plain_errors(), bar() as progress:
        from attrtheory.jobs import audit_job

        page = audit_job(model, data, output, rows=rows, array=array, progress=steps(progress))
    console.print(str(page), highlight=False)


@app.command()
def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="folder for the reports")] = Path("out/digits"),
) -> None:
    """Train a small MLP and a small CNN on scikit-learn's digits and audit both."""
    with plain_errors(), bar() as progress:
        from attrtheory.jobs import demo_job

        pages = demo_job(output, progress=steps(progress))
    for page in pages:
        console.print(str(page), highlight=False)


@app.command()
def regions(
    model: Annotated[Path, typer.Argument(help="an .onnx file")],
    data: Annotated[Path, typer.Option(help="inputs: an .npz or .csv file")],
    rows: Annotated[str, typer.Option(help="three inputs: the plane through them is shown")] = "0,1,2",
    target: Annotated[Optional[int], typer.Option(help="which output; the first input's largest by default")] = None,  # noqa: UP045 (typer)
    feature: Annotated[Optional[int], typer.Option(help="show the gradient in this feature")] = None,  # noqa: UP045 (typer)
    margin: Annotated[float, typer.Option(help="how far beyond the three inputs, relative to their distance")] = 0.25,
    array: Annotated[Optional[str], typer.Option(help="the name of the array in the npz file")] = None,  # noqa: UP045 (typer)
    output: Annotated[Path, typer.Option("--output", "-o", help="the picture")] = Path("out/slice.png"),
) -> None:
    """Draw the linear regions of a trained network on the plane through three inputs."""
    with plain_errors():
        from attrtheory.jobs import regions_job

        found = regions_job(model, data, rows, output, target=target, feature=feature, margin=margin, array=array)
    console.print(escape(found), highlight=False)
