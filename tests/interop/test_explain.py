"""`explain` and `attrtheory explain`: several rows, files, interruptions, and other libraries' plots."""

from __future__ import annotations

import csv
import json
import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from onnx_files import node, save
from torch import nn
from typer.testing import CliRunner

import attrtheory as at
from attrtheory import jobs
from attrtheory.api import explain
from attrtheory.cli import app
from attrtheory.errors import BadInput

ROWS = np.array([[1.0, 0.0, 2.0], [0.5, -1.0, 0.25], [3.0, 1.0, -1.0], [1.0, 1.0, 1.0]])
# relu(x1 - 2 x2) and relu(2 x1 + x2 - x3); their sum and their difference
CONSTANTS = {
    "a": np.array([[1, 2], [-2, 1], [0, -1]], dtype=np.float32), "b": np.array([[1, 1], [1, -1]], dtype=np.float32),
}  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    nodes = [node("MatMul", "x", "a", out="z"), node("Relu", "z", out="h"), node("MatMul", "h", "b")]
    np.savez(tmp_path / "rows.npz", x=ROWS)
    return save(tmp_path / "net.onnx", nodes, (3,), CONSTANTS), tmp_path / "rows.npz"


def by_hand(x: np.ndarray, target: int) -> list[Fraction]:
    """From 0 both units are linear in t: their slopes where they are positive at x."""
    q = [Fraction(v) for v in x.tolist()]
    units = [[Fraction(1), Fraction(-2), Fraction(0)], [Fraction(2), Fraction(1), Fraction(-1)]]
    on = [sum(w * v for w, v in zip(unit, q, strict=True)) > 0 for unit in units]
    return [v * (on[0] * a + (1 - 2 * target) * on[1] * b) for v, a, b in zip(q, *units, strict=True)]


def run(*arguments: object, code: int = 0) -> str:
    found = CliRunner().invoke(app, ["explain", *map(str, arguments)])
    assert found.exit_code == code, found.output
    return found.output


def test_rows_are_written_as_every_kind_of_file(files: tuple[Path, Path], tmp_path: Path):
    network, data = files
    out = tmp_path / "made"
    said = run(network, "--data", data, "--rows", "2,0-1", "--target", 1, "--exact", "-o", out)
    assert next(line for line in said.splitlines() if line.startswith("row ")).startswith("row 2: integrated_gradients of")
    assert sorted(p.name for p in out.iterdir()) == [f"attributions.{s}" for s in ("csv", "json", "npz", "png")]
    read = json.loads((out / "attributions.json").read_text())
    assert [r["row"] for r in read["rows"]] == [2, 0, 1]
    assert read["input_shape"] == [3]
    table = list(csv.DictReader((out / "attributions.csv").read_text().splitlines()))
    with np.load(out / "attributions.npz") as arrays:
        saved = {k: arrays[k] for k in arrays.files}
    for k, r in enumerate(read["rows"]):
        exact = by_hand(ROWS[r["row"]], 1)
        assert [Fraction(v) for v in r["exact"]] == exact
        assert r["values"] == saved["values"][k].tolist() == [float(v) for v in exact]
        assert (r["trust"], r["target"], r["residual"]) == ("exact", 1, 0.0)
        assert [Fraction(line["exact"]) for line in table[3 * k : 3 * k + 3]] == exact
        assert [float(line["input"]) for line in table[3 * k : 3 * k + 3]] == ROWS[r["row"]].tolist()
    assert saved["rows"].tolist() == [2, 0, 1]
    assert (out / "attributions.png").read_bytes().startswith(b"\x89PNG")


def test_bounds_kinks_and_pieces_are_in_the_file(files: tuple[Path, Path], tmp_path: Path):
    network, data = files
    run(network, "--data", data, "--rows", "all", "-o", tmp_path / "all.json")
    rows = json.loads((tmp_path / "all.json").read_text())["rows"]
    assert [r["row"] for r in rows] == [0, 1, 2, 3]
    for r in rows:
        assert r["trust"] in ("enclosed", "exact")
        assert isinstance(r["pieces"], int)
        exact = by_hand(ROWS[r["row"]], r["target"])
        low, high = r["lower"] or r["values"], r["upper"] or r["values"]
        assert all(a <= v <= b for a, v, b in zip(low, exact, high, strict=True))


def test_one_row_prints_its_largest_features(files: tuple[Path, Path]):
    said = run(files[0], "--data", files[1], "--row", 3, "--exact", "--target", 0)
    assert "feature 0: +2 = 2" in said
    assert "feature 2: -1 = -1" in said


def test_an_interrupted_run_goes_on(files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    network, data = files
    asked = []

    def watched(graph, inputs, *args, **kwargs):
        asked.append(inputs.tolist())
        if len(asked) == 3:
            raise KeyboardInterrupt
        return explain(graph, inputs, *args, **kwargs)

    monkeypatch.setattr("attrtheory.api.explain", watched)
    out = tmp_path / "all.csv"
    said = run(network, "--data", data, "--rows", "all", "-o", out, code=2)
    assert "run the command again to go on" in said
    partial = tmp_path / "all.partial"
    assert partial.is_file()
    assert not out.exists()
    with partial.open("a") as file:
        file.write('{"row": 2, "targ')  # a line that was cut off
    run(network, "--data", data, "--rows", "all", "-o", out)
    assert asked[3:] == [[ROWS[2].tolist()], [ROWS[3].tolist()]]
    assert not partial.exists()
    whole = out.read_text()
    run(network, "--data", data, "--rows", "all", "-o", out)
    assert out.read_text() == whole


@pytest.mark.parametrize("change", ["method", "target", "data"])
def test_rows_of_another_question_are_not_taken_over(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
):
    network, data = files
    count = []

    def watched(*args, **kwargs):
        count.append(1)
        if len(count) == 2:
            raise KeyboardInterrupt
        return explain(*args, **kwargs)

    monkeypatch.setattr("attrtheory.api.explain", watched)
    out = tmp_path / "all.json"
    run(network, "--data", data, "--rows", "all", "-o", out, code=2)
    more = {"method": ["-m", "occlusion"], "target": ["--target", 1], "data": []}[change]
    if change == "data":
        np.savez(data, x=ROWS + 1)
    run(network, "--data", data, "--rows", "all", "-o", out, *more)
    assert len(count) == 2 + len(ROWS)


REFUSED = {
    "rows": (["--rows", "0,9"], "rows 0 to 3; got 9"),
    "a range": (["--rows", "3-1"], "rows 0 to 3; got 3-1"),
    "words": (["--rows", "first"], "such as 0,3,5-8"),
    "nothing": (["--rows", ""], "such as 0,3,5-8"),
    "suffix": (["-o", "x.pdf"], "into a folder"),
    "target": (["--target", "7"], "outputs 0 to 1"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_makes_no_sense_is_one_line(
    files: tuple[Path, Path], case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    arguments, message = REFUSED[case]
    said = run(files[0], "--data", files[1], *arguments, code=2)
    assert message in " ".join(said.split())
    assert not list(tmp_path.glob("*.partial"))


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from attrtheory.prove.certificate import write_bytes

    path = tmp_path / "a.json"
    write_bytes(path, b"old")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_row_numbers():
    assert jobs.row_numbers("all", 3) == [0, 1, 2]
    assert jobs.row_numbers("2, 0-1,1", 3) == [2, 0, 1]


class Squeezed(nn.Module):
    """One output without an axis of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.layer(x)).squeeze(-1) * 2


def test_an_output_without_an_axis():
    module = Squeezed()
    x = torch.tensor(ROWS, dtype=torch.float32)
    found = explain(module, x, baselines=np.full((1, 3), -2.0))
    assert found.values.shape == (4, 3)
    with torch.no_grad():
        change = module(x) - module(torch.full((1, 3), -2.0))
    np.testing.assert_allclose(found.values.sum(1), change.numpy(), atol=1e-5)
    np.testing.assert_allclose(found.output, module(x).detach().numpy(), atol=1e-5)


def test_shaps_plots_take_the_result(monkeypatch: pytest.MonkeyPatch):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # shap warns about what it imports
        shap = pytest.importorskip("shap")
        import matplotlib.pyplot as plt

        module = Squeezed()
        found = explain(module, ROWS, baselines=np.full((1, 3), -2.0))
        told = found.to_shap(["age", "height", "weight"])
        np.testing.assert_allclose(told.base_values + told.values.sum(1), found.output, atol=1e-12)
        assert told.base_values[0] == pytest.approx(module(torch.full((1, 3), -2.0)).item(), abs=1e-5)
        for draw in (shap.plots.bar, lambda e, show: shap.plots.waterfall(e[0], show=show)):
            draw(told, show=False)
            labels = " ".join(t.get_text() for t in plt.gcf().findobj(plt.Text))
            assert "height" in labels
            plt.close("all")
        grouped = explain(module, ROWS, "shapley", groups=[0, 0, 1]).to_shap()
        assert grouped.values.shape == (4, 2)
        shap.plots.waterfall(grouped[0], show=False)
        plt.close("all")
        with pytest.raises(BadInput, match="2 names for 3 features"):
            found.to_shap(["a", "b"])


def test_captums_pictures_take_the_result():
    from captum.attr import visualization
    from matplotlib.figure import Figure

    module = nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))
    image = torch.rand(1, 3, 4, 4)
    found = explain(module, image, target=1)
    figure, _ = visualization.visualize_image_attr(
        np.transpose(found.values[0], (1, 2, 0)), np.transpose(image[0].numpy(), (1, 2, 0)),
        method="blended_heat_map", sign="all", use_pyplot=False,
    )  # fmt: skip
    assert isinstance(figure, Figure)


RAW = {
    "a model": lambda: at.parse_model(5),  # type: ignore[arg-type]
    "a path": lambda: at.get_method("path_gradients", via=5),  # type: ignore[arg-type]
    "points of a path": lambda: at.get_method("path_gradients", via=[["a"]]),
    "terms": lambda: at.has_formula("x1"),  # type: ignore[arg-type]
    "no terms": lambda: at.has_formula(5),  # type: ignore[arg-type]
    "a method": lambda: at.derive(5, "x1"),  # type: ignore[arg-type]
    "a formula": lambda: at.derive("occlusion", 5),  # type: ignore[arg-type]
    "groups": lambda: explain(Squeezed(), ROWS, groups=[[0, 1], [0]]),
    "a method to explain": lambda: explain(Squeezed(), ROWS, 5),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("case", RAW)
def test_a_wrong_type_is_said_in_words(case: str):
    with pytest.raises(BadInput):
        RAW[case]()


@pytest.mark.parametrize(
    "inputs, options, message",
    [
        (ROWS, {"foo": 1}, "explain has no option foo; its options are baselines"),
        (ROWS, {"memory": 0}, "explain has no option memory"),
        (ROWS, {"method": "shapley", "sample": "many"}, "sample"),
        (torch.tensor(ROWS).to("meta"), {}, "on meta; give a dense tensor"),
    ],
)
def test_what_explain_does_not_take_is_named(files: tuple[Path, Path], inputs, options, message: str):
    with pytest.raises(BadInput, match=message):
        explain(files[0], inputs, **options)


@pytest.mark.parametrize("certificate", [None, 5, ["{}"]])
def test_what_is_no_certificate_is_named(certificate):
    with pytest.raises(BadInput, match="give the text of a certificate, or the path"):
        at.check(certificate)
