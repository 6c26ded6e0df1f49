"""Rows done so far, kept beside the output until it is written: an interrupted run goes on where it stopped."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from attrtheory.report.explained import Explained, write_bytes


class Partial:
    """A file of one JSON line for each row, behind a line that says what the rows are of.

    Rows of other models, data or arguments are not taken over; a last line that was cut off is computed again.
    """

    def __init__(self, path: Path, question: dict[str, Any]) -> None:
        self.path, self.done = path, dict[int, Explained]()
        head = json.dumps(question, sort_keys=True)
        lines = path.read_text(encoding="utf-8").split("\n") if path.is_file() else []
        if lines[:1] == [head]:
            for line in lines[1:-1]:  # what stands behind the last end of line was cut off
                data = json.loads(line)
                r = Explained(**{**data, "kinks": tuple(data["kinks"])})
                self.done[r.row] = r
        kept = [head, *(json.dumps(asdict(r)) for r in self.done.values()), ""]
        write_bytes(path, "\n".join(kept).encode())
        self.file = path.open("a", encoding="utf-8", newline="\n")

    def add(self, r: Explained) -> None:
        self.done[r.row] = r
        self.file.write(json.dumps(asdict(r)) + "\n")
        self.file.flush()

    def close(self, *, finished: bool) -> None:
        self.file.close()
        if finished:
            self.path.unlink()
