"""Rows done so far, kept beside the output until it is written: an interrupted run goes on where it stopped."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from attrtheory.report.explained import Explained, write_bytes


class Partial:
    """A file of one JSON line for each row, behind a line that says what the rows are of; without a path, nothing.

    Rows of another model, other data or other arguments are not taken over; a last line that was cut off is computed again.
    The file is removed when the block ends without an error, or before any row is done.
    """

    def __init__(self, path: Path | None, question: dict[str, Any]) -> None:
        self.path, self.head, self.done = path, json.dumps(question, sort_keys=True), dict[int, Explained]()
        lines = path.read_text(encoding="utf-8").split("\n") if path is not None and path.is_file() else []
        if lines[:1] == [self.head]:
            for line in lines[1:-1]:  # what stands behind the last end of line was cut off
                data = json.loads(line)
                self.done[data["row"]] = Explained(**{**data, "kinks": tuple(data["kinks"])})

    def __enter__(self) -> Self:
        if self.path is not None:
            kept = [self.head, *(json.dumps(asdict(r)) for r in self.done.values()), ""]
            write_bytes(self.path, "\n".join(kept).encode())
        return self

    def add(self, r: Explained) -> None:
        self.done[r.row] = r
        if self.path is not None:
            with self.path.open("a", encoding="utf-8", newline="\n") as file:
                file.write(json.dumps(asdict(r)) + "\n")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.path is not None and (kind is None or not self.done):
            self.path.unlink()
