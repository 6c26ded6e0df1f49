"""Attributions of rows of data as files: PNG, CSV, JSON and NPZ; each is written as a whole or not at all."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from io import BytesIO, StringIO
from math import ceil
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from attrtheory.auditing.data import MethodValues
from attrtheory.errors import BadInput
from attrtheory.prove.certificate import write_bytes
from attrtheory.report.panel import Panel
from attrtheory.report.panels import attribution_panels
from attrtheory.report.plots import INK, draw_panel, plain, render

SUFFIXES = (".png", ".csv", ".json", ".npz")
DRAWN = 16  # rows of a picture


@dataclass(frozen=True)
class Explained:
    """The attributions of one row, feature by feature in row-major order, with all that is known of them."""

    row: int
    target: int
    trust: str
    residual: float
    difference: float
    values: list[float]
    lower: list[float] | None = None
    upper: list[float] | None = None
    exact: list[str] | None = None
    kinks: tuple[str, ...] = ()
    pieces: int | None = None


@dataclass(frozen=True, eq=False)
class Explanation:
    """Attributions of rows of a data file by one method."""

    model: str
    digest: str
    method: str
    inputs: np.ndarray  # all rows of the data, in the network's input shape
    rows: Sequence[Explained]
    told: str  # the method with all its parameters
    baselines: np.ndarray  # one row, a row for each row of the data, or the rows of a background
    baseline: str  # the same in words
    groups: np.ndarray | None  # for each feature the number of its group
    question: dict[str, Any]  # what was asked for

    def baseline_of(self, row: int) -> np.ndarray | None:
        """The baseline of a row; of a background, none."""
        if self.baseline.startswith("background"):
            return None
        return self.baselines[row if len(self.baselines) > 1 else 0]


def files(output: Path) -> list[Path]:
    """What is written for an output: a file of a known suffix, or all four in a folder."""
    if output.suffix in SUFFIXES:
        return [output]
    if output.suffix and not output.is_dir():
        raise BadInput(
            f"{output}: attributions are written as {', '.join(SUFFIXES)}, or all four into a folder (no suffix)"
        )
    return [output / f"attributions{suffix}" for suffix in SUFFIXES]


def write_explanation(found: Explanation, output: Path) -> list[Path]:
    """Write the files of an output; returns their paths."""
    made = {".png": picture, ".csv": table, ".json": document, ".npz": arrays}
    paths = files(output)
    for path in paths:
        write_bytes(path, made[path.suffix](found))
    return paths


def document(found: Explanation) -> bytes:
    """JSON, a line for each row. Every number is written so that it reads back as the same float64."""
    text = lambda data: json.dumps(data, allow_nan=False, ensure_ascii=False)
    head = {
        "model": found.model, "digest": found.digest, "method": found.told, "input_shape": found.inputs.shape[1:],
        "baseline": found.baseline, "baselines": _baselines(found).reshape(-1, found.inputs[0].size).tolist(),
        "groups": None if found.groups is None else found.groups.ravel().tolist(), "question": found.question,
    }  # fmt: skip
    rows = ",\n".join(text(asdict(r)) for r in found.rows)
    return f'{text(head)[:-1]}, "rows": [\n{rows}\n]}}\n'.encode()


def _baselines(found: Explanation) -> np.ndarray:
    """The baselines of the rows that are written: one for all, one for each, or the background."""
    own = [found.baseline_of(r.row) for r in found.rows]
    kept = [b for b in own if b is not None]
    return found.baselines if len(found.baselines) == 1 or len(kept) < len(own) else np.stack(kept)


def table(found: Explanation) -> bytes:
    """CSV, one line for each row and feature; for groups of features, for each group, without input and baseline."""
    text = StringIO()
    write = csv.writer(text, lineterminator="\n").writerow
    write(["row", "target", "trust", "feature", "input", "value", "lower", "upper", "exact", "baseline", "method"])
    for r in found.rows:
        unknown, base = [""] * len(r.values), found.baseline_of(r.row)
        inputs = unknown if found.groups is not None else found.inputs[r.row].ravel().tolist()
        around = [found.baseline] * len(r.values) if base is None or found.groups is not None else base.ravel().tolist()
        columns = (inputs, r.values, r.lower or unknown, r.upper or unknown, r.exact or unknown, around)
        for k, entries in enumerate(zip(*columns, strict=True)):
            name = k if found.groups is None else f"group {k}"
            write([r.row, r.target, r.trust, name, *entries, found.told])
    return text.getvalue().encode()


def arrays(found: Explanation) -> bytes:
    """NPZ: an array for each field of the rows, and what was asked for.

    `rows`, `targets`, `inputs`, `values`, `lower`, `upper` (NaN where no bound is known), `residual`, `trust`; `method`
    with its parameters, `baselines` (one, one for each row, or the background), `groups` where there are any.
    """
    shape = found.inputs.shape[1:] if found.groups is None else (len(found.rows[0].values),)
    numbers = lambda lists: np.array([[np.nan] * int(np.prod(shape)) if v is None else v for v in lists])
    more: dict[str, Any] = {} if found.groups is None else {"groups": found.groups}
    target = BytesIO()
    np.savez_compressed(
        target,
        rows=np.array([r.row for r in found.rows]),
        targets=np.array([r.target for r in found.rows]),
        inputs=found.inputs[[r.row for r in found.rows]],
        values=numbers([r.values for r in found.rows]).reshape(-1, *shape),
        lower=numbers([r.lower for r in found.rows]).reshape(-1, *shape),
        upper=numbers([r.upper for r in found.rows]).reshape(-1, *shape),
        residual=np.array([r.residual for r in found.rows]),
        trust=np.array([r.trust for r in found.rows]),
        method=np.array(found.told),
        baseline=np.array(found.baseline),
        baselines=_baselines(found),
        **more,
    )
    return target.getvalue()


def picture(found: Explanation) -> bytes:
    """PNG: every row's input beside its attributions, the first 16 rows."""
    shape, drawn = found.inputs.shape[1:], found.rows[:DRAWN]
    lines = [_panels(found, r) for r in drawn]
    image, room = lines[0][0].rgb is not None, max(len(p.labels) for line in lines for p in line)
    wide, tall = (2.55, 3.0) if image else (3.6, 1.1 + 0.24 * room)
    across = min(3 if image else 2, ceil(len(lines) ** 0.5))
    down = -(-len(lines) // across)
    figure = Figure(figsize=(2 * wide * across, tall * down + 0.3), layout="constrained")
    figure.get_layout_engine().set(wspace=0.06, hspace=0.05)  # type: ignore[union-attr]
    axes = figure.subplots(down, 2 * across, squeeze=False).reshape(-1, 2)
    for pair, line in zip(axes, lines, strict=False):
        for ax, p in zip(pair, line, strict=True):
            draw_panel(ax, p, room)
    for pair in axes[len(lines) :]:
        for ax in pair:
            ax.set_axis_off()
    left = f"; the first {DRAWN} of {len(found.rows)} rows" if len(found.rows) > DRAWN else ""
    if shape:
        what = "\n".join(
            wrap(f"{found.model}: {found.told}, {found.baseline}{left}", int(22 * wide * across), max_lines=3)
        )
        figure.suptitle(plain(what), fontsize=10, color=INK)
    return render(figure)


def _panels(found: Explanation, r: Explained) -> list[Panel]:
    x = found.inputs[r.row].astype(np.float64)
    groups = None if found.groups is None else found.groups.reshape(x.shape)
    values = np.array(r.values) if groups is not None else np.array(r.values).reshape(x.shape)
    shown = MethodValues(found.method, values, r.trust, r.residual, r.kinks, groups)
    given, attributed = attribution_panels(x, [shown])
    return [replace(given, title=f"row {r.row}"), replace(attributed, title=f"{attributed.title} of output {r.target}")]
