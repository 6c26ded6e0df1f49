"""What must be given to be explained, and that every output says what was."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from onnx_files import node, save
from typer.testing import CliRunner

import attrtheory as at
from attrtheory.cli import app
from attrtheory.errors import BadInput
from attrtheory.models.graph import Graph, Node
from attrtheory.models.ops import Linear, Relu

ROWS = np.array([[1.0, 1.0, 1.0], [2.0, 0.0, 1.0]])
# relu(x1 + x2 + x3 - 1) - relu(x1 + x2 + x3 - 2): 1 once two of three are on
LAYERS = [Linear(np.ones((2, 3)), np.array([-1.0, -2.0])), Relu(), Linear(np.array([[1.0, -1.0]]), np.zeros(1))]
GRAPH = Graph((3,), tuple(Node(op, (k,), f"layer{k}") for k, op in enumerate(LAYERS)))


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    constants = {
        "a": np.ones((3, 2), np.float32), "c": np.array([-1, -2], np.float32), "b": np.array([[1], [-1]], np.float32),
    }  # fmt: skip
    first = [node("MatMul", "x", "a", out="z"), node("Add", "z", "c", out="w")]
    nodes = [*first, node("Relu", "w", out="h"), node("MatMul", "h", "b")]
    np.savez(tmp_path / "rows.npz", x=ROWS)
    return save(tmp_path / "net.onnx", nodes, (3,), constants), tmp_path / "rows.npz"


def run(*arguments: object, code: int = 0) -> str:
    found = CliRunner().invoke(app, ["explain", *map(str, arguments)])
    assert found.exit_code == code, found.output
    return " ".join(found.output.split())


def test_owen_values_are_of_the_unions_that_are_given():
    found = at.explain(GRAPH, ROWS[0], "owen", unions=[0, 0, 1])
    np.testing.assert_allclose(found.values, [[0.5, 0.5, 0.0]], atol=1e-12)
    assert "owen(unions=[0, 0, 1]), baseline 0" in repr(found)
    with pytest.raises(BadInput, match="owen values need unions"):
        at.explain(GRAPH, ROWS[0], "owen")


def test_expected_gradients_need_a_background():
    with pytest.raises(BadInput, match="mean over a background"):
        at.explain(GRAPH, ROWS, "expected_gradients")
    rows = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    found = at.explain(GRAPH, ROWS, "expected_gradients", baselines=rows)
    each = [at.explain(GRAPH, ROWS, baselines=b).values for b in rows]
    np.testing.assert_allclose(found.values, np.mean(each, 0), atol=1e-12)
    assert found.baseline == "background of 2 rows"


REFUSED = {
    "an option": ({"n_steps": 5}, "no option n_steps; its options are baselines, target, groups, unions, via, sample"),
    "samples of a line": ({"sample": 5}, "is not sampled"),
    "samples in words": ({"method": "shapley", "sample": "5"}, "whole number of samples"),
    "unions of another method": ({"method": "shapley", "unions": [0, 0, 1]}, "knows no unions"),
    "fractions of unions": ({"method": "owen", "unions": [0, 0.5, 1]}, "unions are whole numbers"),
    "words": ({"baselines": "zero"}, "baselines"),
    "no number": ({"baselines": True}, "baselines"),
    "NaN": ({"baselines": float("nan")}, "NaN"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_options_that_make_no_sense(case: str):
    options, message = REFUSED[case]
    with pytest.raises(BadInput, match=message):
        at.explain(GRAPH, ROWS, **options)


def test_rows_and_numbers_that_fit():
    asked = at.explain(GRAPH, ROWS, baselines=np.full((1, 3), -1.0)).values
    for x in (ROWS.reshape(2, 3, 1), ROWS.reshape(2, 1, 1, 3).tolist()):
        np.testing.assert_array_equal(at.explain(GRAPH, x, baselines=-1).values, asked)
    with pytest.raises(BadInput, match="inputs"):
        at.explain(GRAPH, ROWS.reshape(3, 2))
    drawn = at.explain(GRAPH, ROWS, "shapley", sample=50)
    assert set(drawn.trust) == {"sampled"}
    assert "samples=50" in drawn.method


def read(out: Path) -> tuple[dict, list[dict[str, str]], dict[str, np.ndarray]]:
    with np.load(out / "attributions.npz") as arrays:
        saved = {k: arrays[k] for k in arrays.files}
    table = list(csv.DictReader((out / "attributions.csv").read_text().splitlines()))
    return json.loads((out / "attributions.json").read_text()), table, saved


def test_every_output_says_what_was_asked(files: tuple[Path, Path], tmp_path: Path):
    data = ["--data", files[1], "--rows", "all"]
    run(files[0], *data, "-m", "owen", code=2)
    said = run(files[0], *data, "-m", "owen", "--unions", "0,0,1", "--baseline", "0.5", "-o", tmp_path / "owen")
    assert "owen(unions=[0, 0, 1]) of output 0, baseline 0.5" in said
    document, table, arrays = read(tmp_path / "owen")
    assert document["method"] == str(arrays["method"]) == table[0]["method"] == "owen(unions=[0, 0, 1])"
    assert document["baselines"] == arrays["baselines"].tolist() == [[0.5, 0.5, 0.5]]
    assert table[0]["baseline"] == "0.5"


def test_a_background_and_groups_from_files(files: tuple[Path, Path], tmp_path: Path):
    rows = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    np.savez(tmp_path / "background.npz", x=rows)
    data = ["--data", files[1], "--rows", "all"]
    assert "--background" in run(files[0], *data, "-m", "expected_gradients", code=2)
    assert "--background" in run(files[0], *data, "-m", "expected_gradients", "--baseline", "0", code=2)
    assert "--background goes" in run(files[0], *data, "--background", tmp_path / "background.npz", code=2)
    said = run(
        files[0],
        *data,
        "-m",
        "expected_gradients",
        "--background",
        tmp_path / "background.npz",
        "-o",
        tmp_path / "mean",
    )
    assert "background of 2 rows" in said
    document, table, arrays = read(tmp_path / "mean")
    assert document["baselines"] == arrays["baselines"].tolist() == rows.tolist()
    assert table[0]["baseline"] == "background of 2 rows"
    assert np.allclose(arrays["values"], at.explain(GRAPH, ROWS, "expected_gradients", baselines=rows).values)
    run(files[0], *data, "-m", "shapley", "--groups", "0,0,1", "--samples", "50", "-o", tmp_path / "groups")
    document, table, arrays = read(tmp_path / "groups")
    assert arrays["values"].shape == (2, 2)
    assert document["groups"] == arrays["groups"].tolist() == [0, 0, 1]
    assert [line["feature"] for line in table] == ["group 0", "group 1"] * 2
    assert "samples=50" in table[0]["method"]


def test_a_baseline_for_each_row(files: tuple[Path, Path], tmp_path: Path):
    np.savez(tmp_path / "own.npz", x=ROWS / 2)
    run(files[0], "--data", files[1], "--row", 1, "--baseline", tmp_path / "own.npz", "-o", tmp_path / "own")
    document, _, arrays = read(tmp_path / "own")
    assert document["baselines"] == [[1.0, 0.0, 0.5]]
    np.testing.assert_allclose(arrays["values"], at.explain(GRAPH, ROWS[1], baselines=ROWS[1] / 2).values)


def test_a_failed_run_leaves_nothing_and_a_finished_one_is_kept(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    out = tmp_path / "new"
    run(files[0], "--data", files[1], "--target", 7, "-o", out, code=2)
    assert not out.exists()
    run(files[0], "--data", files[1], "--rows", "all", "-o", out)
    before = (out / "attributions.json").read_bytes()
    count = []
    monkeypatch.setattr(
        "attrtheory.api.attribute", lambda *a, real=at.api.attribute, **k: count.append(1) or real(*a, **k)
    )
    assert "2 rows kept from an earlier run" in run(files[0], "--data", files[1], "--rows", "all", "-o", out)
    assert not count
    assert (out / "attributions.json").read_bytes() == before
    run(files[0], "--data", files[1], "--rows", "all", "-o", out, "--fresh")
    assert len(count) == 2
