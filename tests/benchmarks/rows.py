"""A row of `bench.json`, and the store that keeps finished work between runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import attrtheory

SOURCES = (Path(attrtheory.__file__).parent / "lower", Path(attrtheory.__file__).parent / "models", Path(__file__).parent)


@dataclass(frozen=True)
class Row:
    """Our time beside a peer's, per input and in seconds, in one process with the same threads.

    `ratio` = `ours_s` / `peer_s`. Errors are relative to the largest attribution. `error_ours`: the worst of the inputs
    that were settled; a proved bound where the reference is an enclosure. `error_peer`: the worst of the batch, `pieces`:
    the median. Memory: bytes above what was resident before.
    """

    work: str
    network: str
    method: str
    ours_s: float
    peer: str | None
    peer_s: float | None
    error_ours: float | None
    error_peer: float | None
    pieces: int | None
    batch: int
    device: str
    memory_ours: int | None
    memory_peer: int | None
    multiplications: int  # of one forward pass and one input
    entries: int  # numbers that one forward pass of one input writes
    median_error_peer: float | None
    reference: str | None  # what errors are measured against: "exact", "enclosed" or "extended precision"

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": None if self.peer_s is None else self.ours_s / self.peer_s}


@dataclass(frozen=True)
class Unit:
    """A piece of work that is done as a whole or again."""

    work: str
    network: str
    run: Callable[[], list[Row]]

    @property
    def name(self) -> str:
        return f"{self.work}, {self.network}"


class Store:
    """Finished units as files of one folder. Rows of other sources or other settings are not taken for these."""

    def __init__(self, folder: Path, settings: str) -> None:
        self.folder = folder
        digest = sha256(settings.encode())
        for path in sorted(p for source in SOURCES for p in source.rglob("*.py")):
            digest.update(path.read_bytes())
        self.tag = digest.hexdigest()[:16]

    def _path(self, unit: Unit) -> Path:
        return self.folder / "rows" / f"{unit.work}-{unit.network}-{self.tag}.json"

    def get(self, unit: Unit) -> list[Row] | None:
        path = self._path(unit)
        return [Row(**row) for row in json.loads(path.read_text("utf-8"))] if path.is_file() else None

    def put(self, unit: Unit, rows: Iterable[Row]) -> None:
        path = self._path(unit)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps([asdict(row) for row in rows]), "utf-8")
        part.replace(path)

    def publish(self, rows: Iterable[Row]) -> Path:
        """All rows as `bench.json`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "bench.json"
        path.write_text(json.dumps([row.to_json() for row in rows], indent=1) + "\n", "utf-8")
        return path
