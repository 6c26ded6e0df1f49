"""Data files: npz and csv, read as data only. Objects are refused, sizes are bounded, every error names the file."""

from __future__ import annotations

import csv
import zipfile
import zlib
from pathlib import Path

import numpy as np

from attrtheory.errors import BadInput

MAX_BYTES = 2**30
BROKEN = (zipfile.BadZipFile, zlib.error, csv.Error)
INPUTS, LABELS = ("x", "inputs", "X", "data"), ("y", "labels", "label", "target")


def read_data(path: Path, array: str | None = None) -> tuple[np.ndarray, np.ndarray | None]:
    """Inputs, and labels where the file has them.

    An npz file holds an array named x, inputs, X or data (or `array`), and may hold labels named y, labels, label or
    target. A csv file has a row for each input and may have a header; a column named like labels holds them.

    Raises:
        BadInput: not such a file, empty, too large, or with something else than numbers.
    """
    if not path.is_file():
        raise BadInput(f"no data file {path}; give an .npz or .csv file")
    size = path.stat().st_size
    if not 0 < size <= MAX_BYTES:
        raise BadInput(f"{path} has {size} bytes; a data file has 1 to {MAX_BYTES}")
    try:
        if path.suffix == ".npz":
            inputs, labels = _npz(path, array)
        elif path.suffix == ".csv":
            inputs, labels = _csv(path)
        else:
            raise BadInput(f"{path}: the data is an .npz or a .csv file; got {path.suffix or 'no suffix'}")
    except (ValueError, OSError, AttributeError, MemoryError, RuntimeError, EOFError, *BROKEN) as error:
        raise error if isinstance(error, BadInput) else BadInput(f"cannot read {path}: {error}") from error
    if not inputs.size:
        raise BadInput(f"{path} has no inputs; give at least one row")
    return inputs, labels


def _npz(path: Path, array: str | None) -> tuple[np.ndarray, np.ndarray | None]:
    with zipfile.ZipFile(path) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
            raise BadInput(f"{path} unpacks to more than {MAX_BYTES} bytes")
    with np.load(path, allow_pickle=False) as data:
        name = array or next((k for k in INPUTS if k in data), None)
        if name is None or name not in data:
            raise BadInput(
                f"{path} has the arrays {', '.join(data.files) or 'none'}; name the inputs with --array, or call them x"
            )
        other = next((k for k in (*LABELS, f"{name}_label", f"{name}_labels") if k in data and k != name), None)
        return _numbers(path, data[name]), None if other is None else data[other]


def _numbers(path: Path, values: np.ndarray) -> np.ndarray:
    if values.dtype.kind not in "fiu" or values.ndim < 1:
        raise BadInput(f"{path}: inputs are real numbers; got an array of {values.dtype} with {values.ndim} axes")
    return values


def _csv(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    with path.open(newline="", encoding="utf-8") as file:
        table = [row for row in csv.reader(file) if row]
    if not table:
        raise BadInput(f"{path} is empty; give at least one row of numbers")
    header = None if any(map(_is_number, table[0])) else [name.strip() for name in table.pop(0)]
    if not table:
        raise BadInput(f"{path} has a header and no rows; give at least one row of numbers")
    if any(len(row) != len(header or table[0]) for row in table):
        raise BadInput(f"{path}: every row needs {len(header or table[0])} numbers")
    for k, row in enumerate(table, start=1):
        if bad := [cell for cell in row if not _is_number(cell)]:
            raise BadInput(f"{path}: {bad[0]!r} in row {k} is not a number")
    values = np.array([[float(cell) for cell in row] for row in table], dtype=np.float64).reshape(len(table), -1)
    column = next((k for k, name in enumerate(header or ()) if name in LABELS), None)
    if column is None:
        return values, None
    labels = values[:, column]
    if not np.isfinite(labels).all() or (labels != np.round(labels)).any() or (np.abs(labels) > 2**31).any():
        raise BadInput(f"{path}: labels are whole numbers; got {labels[:4].tolist()}")
    return np.delete(values, column, axis=1), labels.astype(np.int64)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell
