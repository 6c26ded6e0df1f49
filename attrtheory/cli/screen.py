"""What every command has: the application, the screen, progress, and errors in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from attrtheory.errors import AttrTheoryError
from attrtheory.methods import METHODS

HELP = "Claims about feature attribution, settled: derive, prove, check, functional, explain, box, regions, audit, demo."
app = typer.Typer(no_args_is_help=True, add_completion=False, help=HELP, pretty_exceptions_enable=False)
console = Console(soft_wrap=True)
COLOURS = {"Proved": "green", "Refuted": "red", "Conditional": "yellow", "Vacuous": "magenta"}

MethodName = Annotated[str, typer.Option("--method", "-m", help=", ".join(m.name for m in METHODS))]


@contextmanager
def plain_errors() -> Iterator[None]:
    """An error on purpose is one line, not a traceback."""
    try:
        yield
    except AttrTheoryError as error:
        fail(str(error))
    except OSError as error:  # a file that cannot be read, or a place where nothing can be written
        fail(f"{error.strerror or error}: {error.filename or 'no file'}")
    except KeyboardInterrupt:
        fail("interrupted; what was written is complete, run the command again to go on")


def fail(message: str, code: int = 2) -> NoReturn:
    Console(stderr=True, soft_wrap=True).print(f"[red]error:[/red] {escape(message)}")
    raise typer.Exit(code)


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
