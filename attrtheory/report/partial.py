"""Rows done so far, kept beside the output until it is written: an interrupted run goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from attrtheory.prove.certificate import write_bytes
from attrtheory.report.explained import Explained


class Partial:
    """A file of one JSON line for each row, behind a line that says what the rows are of; without a path, nothing.

    Rows of another model, other data or other arguments are not taken over; a last line that was cut off is computed again.
    The file is made with the first row that is done, and removed when the block ends without an error.
    """

    def __init__(self, path: Path | None, question: dict[str, Any], *, fresh: bool = False) -> None:
        self.path, self.head, self.done = path, json.dumps(question, sort_keys=True), dict[int, Explained]()
        there = path is not None and path.is_file() and not fresh
        lines = path.read_text(encoding="utf-8").split("\n") if path is not None and there else []
        if lines[:1] == [self.head]:
            for line in lines[1:-1]:  # what stands behind the last end of line was cut off
                r = _read(json.loads(line))
                self.done[r.row] = r
        self._begun = False

    def __enter__(self) -> Self:
        return self

    def add(self, r: Explained) -> None:
        self.done[r.row] = r
        if self.path is None:
            return
        if not self._begun:  # an error before the first row leaves nothing behind
            kept = [self.head, *(json.dumps(asdict(r)) for r in self.done.values()), ""]
            write_bytes(self.path, "\n".join(kept).encode())
            self._begun = True
            return
        with self.path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(asdict(r)) + "\n")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.path is not None and kind is None:
            self.path.unlink(missing_ok=True)


def finished(paths: Sequence[Path], question: dict[str, Any]) -> dict[int, Explained]:
    """The rows of a finished run: those in the JSON file among its outputs, where it answers the same question."""
    for path in paths:
        if path.suffix == ".json" and path.is_file():
            try:
                data = json.loads(path.read_text(encoding="utf-8"))
                if data["question"] == question:
                    return {r["row"]: _read(r) for r in data["rows"]}
            except (ValueError, KeyError, TypeError):  # another file of this name
                return {}
    return {}


def _read(data: dict[str, Any]) -> Explained:
    return Explained(**{**data, "kinks": tuple(data["kinks"])})
