"""`make bench`: our kernels beside their peers. Finished work is kept, so an interrupted run goes on where it stopped."""

from __future__ import annotations

import os
import platform
import warnings
from pathlib import Path
from typing import Annotated

import torch
import typer
from benchmarks import networks
from benchmarks.figures import draw
from benchmarks.rows import Row, Store
from benchmarks.tables import show
from benchmarks.timing import machine
from benchmarks.units import units
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from attrtheory.errors import AttrTheoryError

WIDTH = 140  # of tables, where the output is no terminal


def main(
    quick: Annotated[bool, typer.Option(help="Small networks, few nodes, two minutes.")] = False,
    seconds: Annotated[float | None, typer.Option(help="For each unit of work; 120, or 6 with --quick.")] = None,
    only: Annotated[str, typer.Option(help="Only units with this in their name, such as shapley or cifar.")] = "",
    threads: Annotated[int, typer.Option(help="Of torch, for both sides.")] = torch.get_num_threads(),
    folder: Annotated[Path, typer.Option(help="The published networks and their inputs.")] = networks.FOLDER,
    out: Annotated[Path, typer.Option(help="Where bench.json and the figures go.")] = Path("out/bench"),
    fresh: Annotated[bool, typer.Option(help="Do finished work again.")] = False,
) -> None:
    """Time exact attributions beside captum, shapiq and shap, and compare their errors."""
    warnings.simplefilter("ignore")  # peers warn of their own affairs
    os.environ["TQDM_DISABLE"] = "1"
    torch.set_num_threads(threads)
    console, seconds = Console(), seconds or (6.0 if quick else 120.0)
    console.width = max(console.width, WIDTH)
    store, rows, stopped = Store(out, f"{quick} {seconds} {threads} {folder}"), list[Row](), False
    chosen = [u for u in units(folder, quick=quick, seconds=seconds) if only in u.name]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("", total=len(chosen))
            for unit in chosen:
                progress.update(task, description=unit.name)
                found = None if fresh else store.get(unit)
                progress.advance(task)
                try:
                    if found is None:
                        store.put(unit, found := unit.run())
                    rows += found
                except AttrTheoryError as error:
                    console.print(f"{unit.name}: no row, {error}")
    except KeyboardInterrupt:
        stopped = True
    console.print(f"torch {torch.__version__}, {threads} thread(s), {platform.processor() or platform.machine()}")
    show(console, rows, machine("cpu", torch.float64))
    console.print("written: " + ", ".join(map(str, [store.publish(rows), *draw(rows, out)])))
    if stopped:
        console.print("interrupted; the same command goes on from here")
        raise typer.Exit(130)


if __name__ == "__main__":
    typer.run(main)
