"""`attrtheory explain` on files of forests."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import attrtheory as at
from attrtheory.cli import app

DUMPS = Path(__file__).parent / "dumps"
ROWS = np.array(json.loads((DUMPS / "margins.json").read_text("utf-8"))["rows"])


def run(tmp_path: Path, name: str, *options: str):
    np.savez(tmp_path / "rows.npz", x=ROWS)
    command = ["explain", str(DUMPS / name), "--data", str(tmp_path / "rows.npz"), *options]
    return CliRunner().invoke(app, command, env={"COLUMNS": "400"})


def test_values_in_the_file_are_those_of_explain(tmp_path):
    np.savez(tmp_path / "other.npz", x=ROWS[::-1])
    cases = {
        "shapley": ("--baseline", str(tmp_path / "other.npz")), "path_dependent_shapley": (),
        "marginal_shapley": ("--background", str(tmp_path / "other.npz")),
    }  # fmt: skip
    for method, options in cases.items():
        done = run(tmp_path, "lightgbm.txt", "-m", method, *options, "--rows", "1,4", "-o", str(tmp_path / "out"))
        assert done.exit_code == 0, done.output
        written = json.loads((tmp_path / "out" / "attributions.json").read_text("utf-8"))
        base = {"shapley": ROWS[::-1][[1, 4]], "marginal_shapley": ROWS[::-1]}.get(method)
        expected = at.explain(at.from_lightgbm(DUMPS / "lightgbm.txt"), ROWS[[1, 4]], method, baselines=base)
        assert [row["values"] for row in written["rows"]] == expected.values.tolist()
        assert len(written["baselines"]) == {"shapley": 2, "marginal_shapley": 12}.get(method, 0)
        assert (tmp_path / "out" / "attributions.png").stat().st_size > 1000


@pytest.mark.parametrize("name, options, message", [
    ("xgboost-classes.json", ("-m", "shapley", "--baseline", "0"), "name the one to explain"),
    ("xgboost.json", ("-m", "shapley"), "no default baseline"),
    ("xgboost.json", (), "slope of a forest is 0"),
    ("xgboost.json", ("-m", "shapley", "--baseline", "0", "--samples", "9"), "no --groups"),
    ("margins.json", ("-m", "shapley", "--baseline", "0"), "has no 'learner'"),
])  # fmt: skip
def test_wrong_commands_are_one_line(tmp_path, name, options, message):
    done = run(tmp_path, name, *options)
    assert done.exit_code == 2
    assert message in done.output
    assert "Traceback" not in done.output
