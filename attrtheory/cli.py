"""The command line: derive, prove, check, explain, box, regions, audit, demo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn, Optional

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from attrtheory.errors import AttrTheoryError, BadCertificate, BadInput
from attrtheory.methods import METHODS, get_method
from attrtheory.models.dsl import parse_model
from attrtheory.models.families import Dense, Every, Family, Given
from attrtheory.models.fn import rational
from attrtheory.properties import PROPERTIES, get_property
from attrtheory.prove.certificate import to_certificate, write
from attrtheory.prove.check import check as check_certificate
from attrtheory.prove.check import folder_graphs
from attrtheory.prove.claim import Claim, Domain
from attrtheory.prove.discharge import prove as settle
from attrtheory.prove.theorem import check_theorem, contents, prove_theorem, theorems
from attrtheory.prove.verdict import Conditional, Proved, Refuted, Vacuous

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
console = Console(soft_wrap=True)
COLOURS = {"Proved": "green", "Refuted": "red", "Conditional": "yellow", "Vacuous": "magenta"}

Model = Annotated[str, typer.Argument(help="a model as text, such as 'relu(x1 - 2*x2) + 1/2'")]
MethodName = Annotated[str, typer.Option("--method", "-m", help=", ".join(m.name for m in METHODS))]


@contextmanager
def plain_errors() -> Iterator[None]:
    """An error on purpose is one line, not a traceback."""
    try:
        yield
    except AttrTheoryError as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail("interrupted; what was written is complete, run the command again to go on")


def fail(message: str, code: int = 2) -> NoReturn:
    Console(stderr=True, soft_wrap=True).print(f"[red]error:[/red] {escape(message)}")
    raise typer.Exit(code)


@app.command()
def derive(
    model: Model,
    method: MethodName = "integrated_gradients",
    latex: Annotated[bool, typer.Option(help="print LaTeX")] = False,
) -> None:
    """Print the attributions of a model as formulas in the input x.. and the baseline b.."""
    with plain_errors():
        from attrtheory.api import derive as derived

        fn = parse_model(model)
        for name, term in zip(fn.names, derived(method, fn), strict=True):
            if latex:
                from attrtheory.semantics.reading import latex as to_latex

                print(rf"\phi_{{{name}}} = {to_latex(term)}")
            else:
                console.print(f"{name}: {escape(repr(term))}")


@app.command()
def prove(
    target: Annotated[str, typer.Argument(help="a folder or file of theorems (.toml), or a model as text, or 'every'")],
    property_name: Annotated[
        str, typer.Option("--property", "-p", help=", ".join(p.name for p in PROPERTIES))
    ] = "completeness",
    method: MethodName = "integrated_gradients",
    features: Annotated[int, typer.Option("--features", "-n", help="with 'every': number of features")] = 3,
    dense: Annotated[Optional[str], typer.Option(help="every ReLU network of these layer sizes, such as 2,2,1")] = None,  # noqa: UP045 (typer)
    baseline: Annotated[Optional[str], typer.Option(help="a baseline, such as 0,0; otherwise every baseline")] = None,  # noqa: UP045 (typer)
    output: Annotated[Optional[Path], typer.Option("--output", "-o", help="write the certificate here")] = None,  # noqa: UP045 (typer)
) -> None:
    """Settle a claim, or all theorems of a folder; certificates are written beside them."""
    with plain_errors():
        if len(target) < 256 and Path(target).exists():
            _prove_folder(Path(target))
            return
        family: Family = Every(features) if target == "every" else Given(parse_model(target))
        if dense is not None:
            sizes = [s.strip() for s in dense.split(",")]
            if not all(s.isdecimal() for s in sizes):
                raise BadInput(f"--dense takes layer sizes such as 2,2,1; got {dense!r}")
            family = Dense(tuple(map(int, sizes)))
        point = None if baseline is None else (tuple(rational(q.strip()) for q in baseline.split(",")),)
        claim = Claim(get_property(property_name), get_method(method), family, Domain(baselines=point))
        verdict = settle(claim)
        console.print(f"{escape(str(claim))}\n[{COLOURS.get(verdict.name, 'blue')}]{escape(str(verdict))}[/]")
        if isinstance(verdict, Refuted):
            from attrtheory.auditing.replay import replay_in_torch

            lhs, rhs = replay_in_torch(claim, verdict.witness)
            console.print(f"the same in torch float64: {lhs:.17g} against {rhs:.17g}", highlight=False)
        if output is not None:
            if not isinstance(verdict, Proved | Refuted | Conditional | Vacuous):
                fail(f"{verdict.name} has no certificate", 1)
            write(output, to_certificate(claim, verdict))


def _prove_folder(path: Path) -> None:
    folder = path if path.is_dir() else path.parent
    found = [t for t in theorems(folder) if path.is_dir() or t.path == path]
    if not found:
        raise BadInput(f"no theorem files (.toml) below {path}")
    with bar() as progress:
        task = progress.add_task("theorems", total=len(found))
        for theorem in found:
            for _, verdict in prove_theorem(theorem, folder):
                progress.console.print(
                    f"[{COLOURS[verdict.name]}]{verdict.name:12s}[/] {escape(theorem.title)}", highlight=False
                )
            progress.advance(task)
    if path.is_dir():
        write(folder / "README.md", contents(folder))


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="a certificate, or a folder with certificates/ (and models/)")],
) -> None:
    """Re-check certificates without search, solver, sympy or torch. Exit 1 if any is rejected."""
    with plain_errors():
        folder = path if path.is_dir() else path.parent.parent if path.parent.name == "certificates" else path.parent
        files = sorted((path / "certificates").glob("*.json")) if path.is_dir() else [path]
        if not files or not all(f.is_file() for f in files):
            raise BadInput(f"no certificates at {path}; give a .json file, or a folder with certificates/*.json")
        graphs, rejected, trusted = folder_graphs(folder), 0, 0
        with bar() as progress:
            task = progress.add_task("certificates", total=len(files))
            for file in files:
                try:
                    found = check_certificate(file, graphs=graphs)
                    trusted += found.on_trust
                    if len(files) == 1 or found.on_trust:
                        progress.console.print(escape(str(found)), highlight=False)
                except BadCertificate as error:
                    rejected += 1
                    progress.console.print(f"[red]rejected[/] {file.name}: {escape(str(error))}", highlight=False)
                progress.advance(task)
        if path.is_dir():
            rejected += _check_theorems(path)
        checked = max(len(files) - rejected - trusted, 0)
        note = f", {trusted} more rest on a solver, not re-checked here" if trusted else ""
        console.print(f"{checked} certificates re-checked{note}; {rejected} rejected", highlight=False)
        raise typer.Exit(1 if rejected else 0)


def _check_theorems(folder: Path) -> int:
    rejected = 0
    for theorem in theorems(folder):
        try:
            list(check_theorem(theorem, folder))
        except BadCertificate as error:
            rejected += 1
            console.print(f"[red]rejected[/] {escape(str(error))}", highlight=False)
    return rejected


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


def bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def steps(progress: Progress) -> Callable[[str, int, int], None]:
    """A progress callback: one bar for each stage."""
    tasks: dict[str, Any] = {}

    def tell(what: str, done: int, total: int) -> None:
        if what not in tasks:
            tasks[what] = progress.add_task(what, total=total)
        progress.update(tasks[what], completed=done)

    return tell
