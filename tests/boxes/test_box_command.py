"""The command: boxes from text and from files, tables, one statement, certificates that re-check."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from lower.nets import chain, linear
from typer.testing import CliRunner

from attrtheory import jobs
from attrtheory.cli import app
from attrtheory.models.ops import Relu

# relu(x1 - x2) + 3 relu(x2)
BEND = chain((2,), linear([[1.0, -1.0], [0.0, 1.0]]), Relu(), linear([[1.0, 3.0]]))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(jobs, "read_model", lambda path: BEND)
    monkeypatch.chdir(tmp_path)

    def invoke(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, list(words))
        return result.exit_code, result.output

    return invoke


def test_a_table_of_signs_with_certificates(run, tmp_path: Path):
    np.savez(tmp_path / "boxes.npz", x=np.array([[[9, 9], [9, 9]], [[-1, 1], [3, 2]]], dtype=float))
    code, text = run("box", "net.onnx", "--data", "boxes.npz", "--row", "1", "-o", "out")
    assert code == 0
    assert [line.split("│")[1:3] for line in text.splitlines() if line.startswith("│")] == [
        [" x[0]    ", " >= 0 "], [" x[1]    ", " +    "],
    ]  # fmt: skip
    rows = json.loads((tmp_path / "out" / "box.json").read_text())
    assert [(r["feature"], r["relation"], r["verdict"]) for r in rows] == [(0, ">=", "Proved"), (1, ">=", "Proved")]
    code, text = run("check", "out")
    assert code == 0
    assert "2 certificates re-checked; 0 rejected" in text


def test_one_statement_and_its_witness(run, tmp_path: Path):
    code, text = run("box", "net.onnx", "--box", "0,0:1,1", "--ask", "0 > 1/2", "-o", "out")
    assert code == 0
    assert "Refuted: the attribution of x[0] is 0, not > 1/2 (0.5), at x[0] = " in text
    (row,) = json.loads((tmp_path / "out" / "box.json").read_text())
    assert row["value"] == "0"
    assert "Refuted" in run("check", str(next((tmp_path / "out" / "certificates").iterdir())))[1]


@pytest.mark.parametrize(
    "words, message",
    [
        (["--box", "0,0"], "a colon and upper ends"),
        (["--box", "0,0:1"], "shape"),
        (["--box", "0,0:a,1"], "a"),
        (["--box", "1,1:0,0"], "smaller end first"),
        ([], "give the box as --box"),
        (["--box", "0,0:1,1", "--ask", "0 is 1"], "there are > >= < <="),
        (["--box", "0,0:1,1", "--ask", "first > 0"], "such as '3 > 0'"),
        (["--box", "0,0:1,1", "--method", "shapley"], "integrated_gradients"),
        (["--box", "0,0:1,1", "--parts", "0"], "parts"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(run, words: list[str], message: str):
    code, text = run("box", "net.onnx", *words)
    assert code == 2
    assert message in text
    assert "Traceback" not in text
