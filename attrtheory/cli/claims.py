"""Commands on claims: derive, prove, check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer
from rich.markup import escape

from attrtheory.cli.screen import COLOURS, MethodName, app, bar, console, fail, plain_errors
from attrtheory.errors import BadCertificate, BadInput
from attrtheory.methods import get_functional_method, get_method
from attrtheory.models.dsl import parse_model
from attrtheory.models.families import Dense, Every, Family, Given
from attrtheory.models.fn import rational
from attrtheory.properties import PROPERTIES, get_property
from attrtheory.prove.certificate import MAX_BYTES, to_certificate, unseal, write
from attrtheory.prove.check import check as check_certificate
from attrtheory.prove.check import folder_graphs
from attrtheory.prove.claim import Claim, Domain, Graphs
from attrtheory.prove.discharge import prove as settle
from attrtheory.prove.theorem import check_theorem, contents, prove_theorem, theorems
from attrtheory.prove.verdict import Conditional, Proved, Refuted, Vacuous

if TYPE_CHECKING:
    from attrtheory.measures.atoms import Atom

MAX_FEATURES = 8


@app.command()
def derive(
    model: Annotated[Optional[str], typer.Argument(help="a model as text, such as 'relu(x1 - 2*x2)'; with --atom, a method's name")] = None,  # noqa: UP045, E501 (typer)
    method: MethodName = "integrated_gradients",
    latex: Annotated[bool, typer.Option(help="print LaTeX")] = False,
    atom: Annotated[Optional[str], typer.Option(help="of the method named first: what the indicator of a set gets: box, half_space, orthant")] = None,  # noqa: UP045, E501 (typer)
    features: Annotated[int, typer.Option("--features", "-n", help="with --atom: how many features")] = 2,
) -> None:
    """Print the attributions of a model as formulas in the input x.. and the baseline b..

    With --atom: `attrtheory derive METHOD --atom box` prints the attributions of the indicator of a box, of every feature.
    """
    with plain_errors():
        if atom is not None:
            for a in _derived_atoms(model or method, atom, features):
                if latex:
                    print(rf"\varphi_{{{a.feature + 1}}} = {a.latex()}")
                else:
                    console.print(escape(str(a)), highlight=False)
            return
        if model is None:
            raise BadInput("derive takes a model as text, such as 'relu(x1 - 2*x2)'; or a method's name and --atom box")
        from attrtheory.api import derive as derived

        fn = parse_model(model)
        for name, term in zip(fn.names, derived(method, fn), strict=True):
            if latex:
                from attrtheory.semantics.reading import latex as to_latex

                print(rf"\phi_{{{name}}} = {to_latex(term)}")
            else:
                console.print(f"{name}: {escape(repr(term))}")


def _derived_atoms(method: str, region: str, features: int) -> tuple[Atom, ...]:
    from attrtheory.measures.atoms import atom
    from attrtheory.prove.functional import SCALES

    if region not in ("box", "half_space", "orthant"):
        raise BadInput(f"--atom is box, half_space or orthant; got {region!r}. Polytopes: attrtheory.measures.atoms.polytope")
    if not 1 <= features <= MAX_FEATURES:
        raise BadInput(f"--features: atoms are derived for 1 to {MAX_FEATURES} features; got {features}")
    return atom(get_functional_method(method), region, features, positive=SCALES)


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
                    found, on_trust = _rechecked(file, graphs)
                    trusted += on_trust
                    if len(files) == 1 or on_trust:
                        progress.console.print(escape(found), highlight=False)
                except BadCertificate as error:
                    rejected += 1
                    progress.console.print(f"[red]rejected[/] {file.name}: {escape(str(error))}", highlight=False)
                progress.advance(task)
        if path.is_dir():
            rejected += _check_theorems(path) + _check_tables(path)
        checked = max(len(files) - rejected - trusted, 0)
        note = f", {trusted} more rest on a solver, not re-checked here" if trusted else ""
        console.print(f"{checked} certificates re-checked{note}; {rejected} rejected", highlight=False)
        raise typer.Exit(1 if rejected else 0)


def _rechecked(file: Path, graphs: Graphs) -> tuple[str, bool]:
    """What a certificate establishes, in words, and whether it rests on a solver."""
    if file.stat().st_size > MAX_BYTES:
        raise BadCertificate(f"{file} is larger than {MAX_BYTES} bytes")
    match unseal(file.read_bytes()).get("kind"):
        case "optimum":
            from attrtheory.metrics.certificate import check_optimum

            return f"Proved: {check_optimum(file.read_bytes(), graphs=graphs).statement}", False
        case "design":
            from attrtheory.metrics.design.certificate import check_design

            design = check_design(file.read_bytes())
            wishes = ", ".join(w.name for w in design.wishes)
            return f"Proved: no measures that meet {wishes} have a value below {design.value}", False
        case _:
            found = check_certificate(file, graphs=graphs)
            return str(found), found.on_trust


def _check_tables(folder: Path) -> int:
    """A table of functionals beside the certificates is computed anew and compared."""
    if not (folder / "functionals.json").is_file():
        return 0
    from attrtheory.report.recovery_files import check_table

    try:
        wrong = check_table(folder)
    except BadCertificate as error:
        wrong = [str(error)]
    for words in wrong:
        console.print(f"[red]rejected[/] {escape(words)}", highlight=False)
    return len(wrong)


def _check_theorems(folder: Path) -> int:
    rejected = 0
    for theorem in theorems(folder):
        try:
            list(check_theorem(theorem, folder))
        except BadCertificate as error:
            rejected += 1
            console.print(f"[red]rejected[/] {escape(str(error))}", highlight=False)
    return rejected
