"""What the command line is given, read: networks, rows, baselines, numbers, boxes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from attrtheory.auditing.files import read_data
from attrtheory.errors import BadInput
from attrtheory.models.graph import Graph

if TYPE_CHECKING:
    from attrtheory.models.trees import Forest


FORESTS = (".json", ".txt")


def read_forest(path: Path, target: int | None) -> Forest:
    """A forest from a file of XGBoost or LightGBM."""
    from attrtheory.models.trees import from_lightgbm, from_xgboost
    from attrtheory.models.trees.reading import parsed, text_of

    if path.suffix == ".txt":
        return from_lightgbm(path, target)
    data = parsed(text_of(path, ("{", "["), "forest"), "forest")
    return from_lightgbm(data, target) if isinstance(data, dict) and "tree_info" in data else from_xgboost(data, target)


def read_model(path: Path) -> Graph:
    """A network from an ONNX file; other files are refused with what to do instead."""
    if path.suffix in FORESTS:
        raise BadInput(f"{path}: a network is an .onnx file; forests ({', '.join(FORESTS)}) are read by explain")
    if path.suffix != ".onnx":
        raise BadInput(
            f"{path}: a model file is .onnx; a .pt file is a pickle and may hold code. Export with torch.onnx.export, or "
            "pass the module to attrtheory.audit in Python (weights: torch.load(..., weights_only=True))."
        )
    from attrtheory.models.onnx_import import from_onnx

    return from_onnx(path)


def shaped(graph: Graph | Forest, inputs: np.ndarray) -> np.ndarray:
    """Rows in the network's input shape; flat rows and rows with the same number of entries are reshaped."""
    if inputs.shape == graph.input_shape:
        inputs = inputs[None]
    if inputs[0].size != graph.features:
        raise BadInput(
            f"the model takes {graph.features} features {graph.input_shape}; the data has rows of shape {inputs.shape[1:]}"
        )
    return inputs.reshape(-1, *graph.input_shape)


def row_numbers(text: str, count: int) -> list[int]:
    """Rows named as `all`, or as numbers and ranges such as `0,3,5-8`; each once, in the order given."""
    if text.strip() == "all":
        return list(range(count))
    found: dict[int, None] = {}
    for part in text.split(","):
        ends = [e.strip() for e in part.split("-")]
        if len(ends) > 2 or not all(e.isdecimal() and len(e) < 10 for e in ends):
            raise BadInput(f"rows are 'all', or numbers and ranges such as 0,3,5-8; got {text!r}")
        first, last = int(ends[0]), int(ends[-1])
        if not first <= last < count:
            raise BadInput(f"the data has rows 0 to {count - 1}; got {part.strip()}")
        found.update(dict.fromkeys(range(first, last + 1)))
    return list(found)


def listed_numbers(text: str, what: str) -> list[int]:
    """Whole numbers from text such as `0,0,1`, or from a data file."""
    if Path(text).suffix in (".npz", ".csv"):
        found = read_data(Path(text))[0].ravel().tolist()
        if not all(abs(v) < 2**31 and v == int(v) for v in found):
            raise BadInput(f"{what}: {text} holds numbers that are not whole")
        return [int(v) for v in found]
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and len(part) < 10 for part in parts):
        raise BadInput(f"{what} takes whole numbers such as 0,0,1, or a file of them (.npz, .csv); got {text!r}")
    return [int(part) for part in parts]


def given_baseline(graph: Graph | Forest, baseline: str | None, background: Path | None, averages: bool) -> Any:
    """A number, rows of a file, or None."""
    if averages and baseline is not None:
        raise BadInput("this method is a mean over a background: give --background FILE in the place of --baseline")
    if not averages and background is not None:
        raise BadInput(
            "--background goes with expected_gradients (of forests, marginal_shapley and partial_dependence); other methods "
            "take --baseline, a number or a file"
        )
    if background is not None:
        return shaped(graph, read_data(background)[0])
    if baseline is None:
        return None
    try:
        return float(baseline)
    except ValueError:
        return shaped(graph, read_data(Path(baseline))[0])


def box_of(ends: str | None, data: Path | None, array: str | None, row: int) -> tuple[Any, Any]:
    """Lower and upper ends, from text or from an array of boxes."""
    from attrtheory.models.fn import rational

    if (ends is None) == (data is None):
        raise BadInput("give the box as --box lower:upper, such as 0,-1:1,2, or as --data with an array of boxes")
    if ends is not None:
        sides = [[rational(v.strip()) for v in side.split(",")] for side in ends.split(":")]
        if len(sides) != 2:
            raise BadInput(f"--box takes lower ends, a colon and upper ends; got {ends!r}")
        return sides[0], sides[1]
    boxes = read_data(Path(data or ""), array)[0]
    if boxes.ndim < 3 or boxes.shape[1] != 2:
        raise BadInput(f"the array of boxes has shape {boxes.shape}; give (boxes, 2, features): lower and upper ends")
    if not 0 <= row < len(boxes):
        raise BadInput(f"the data has boxes 0 to {len(boxes) - 1}; got {row}")
    return boxes[row][0], boxes[row][1]
