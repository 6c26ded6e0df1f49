"""The benchmarks' own parts: what they compare must be the same network, and what they report must be what was found."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import permutations
from math import factorial
from pathlib import Path

import numpy as np
import pytest
import torch
from benchmarks import timing
from benchmarks.coalitions import by_definition
from benchmarks.figures import draw
from benchmarks.lines import captum, errors, largest, line_rows
from benchmarks.modules import as_module
from benchmarks.networks import FOLDER, PUBLISHED, cases, he, mixtures, published
from benchmarks.rows import Row, Store, Unit
from benchmarks.tables import show
from benchmarks.timing import Machine
from lower.nets import chain, conv, linear, random_conv, random_linear
from rich.console import Console

from attrtheory.errors import Unsupported
from attrtheory.lower.integrated_gradients import integrated_gradients_line
from attrtheory.lower.layers import forward
from attrtheory.models.graph import Graph, Node
from attrtheory.models.ops import AvgPool2d, Combine, LeakyRelu, MaxPool2d, Relu, Reshape, Scale

REQUIRED = {"work", "network", "method", "ours_s", "peer", "peer_s", "ratio", "error_ours", "error_peer", "pieces"}


def every_layer() -> Graph:
    """A network with each kind of layer: two branches that meet in a weighted sum."""
    rng = np.random.default_rng(0)
    ops = [
        (random_conv(rng, 2, 4), 0), (Scale(rng.uniform(1, 2, (4, 1, 1)), rng.normal(size=(4, 1, 1))), 1), (Relu(), 2),
        (random_conv(rng, 4, 4, groups=2), 3), (LeakyRelu(0.25), 4), (Combine((1.0, -0.5)), (3, 5)),
        (MaxPool2d((3, 3), (2, 2), (1, 1, 1, 1), (1, 1)), 6), (AvgPool2d((2, 2), (1, 1), (1, 1, 1, 1), False), 7),
        (Reshape((64,)), 8), (random_linear(rng, 64, 3), 9),
    ]  # fmt: skip
    return Graph((2, 6, 6), tuple(Node(op, i if isinstance(i, tuple) else (i,), f"n{k}") for k, (op, i) in enumerate(ops)))


def test_a_module_computes_what_the_graph_says():
    graph, x = every_layer(), torch.randn(5, 2, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = as_module(graph, torch.float64)(x)
    assert torch.allclose(found, forward(graph, x), rtol=1e-12, atol=1e-12)
    assert not torch.allclose(found, found.roll(1, 0))


@pytest.mark.parametrize("stem", PUBLISHED)
def test_a_module_computes_what_onnxruntime_does(stem: str):
    if not (FOLDER / f"{stem}.onnx").is_file():
        pytest.skip("the published networks are not here")
    runtime = pytest.importorskip("onnxruntime")
    graph, x = published(FOLDER, stem)
    session = runtime.InferenceSession(FOLDER / f"{stem}.onnx")
    entry = session.get_inputs()[0]
    batch = [np.reshape(row, [d if isinstance(d, int) else 1 for d in entry.shape]) for row in x]
    expected = np.stack([np.ravel(session.run(None, {entry.name: row})[0]) for row in batch])
    found = as_module(graph, torch.float32)(torch.tensor(x)).numpy()
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()


def test_a_layer_that_torch_cannot_pad_is_refused():
    with pytest.raises(Unsupported, match="both sides"):
        as_module(chain((1, 4, 4), conv(np.ones((1, 1, 2, 2)), padding=(0, 0, 1, 1))), torch.float32)


def test_both_sides_explain_the_same_output():
    """captum with very many nodes comes close to the exact values, with another target it does not."""
    graph = he((8,), 16, 2, 3)
    x = np.random.default_rng(3).random((4, 8), dtype=np.float32)
    target = largest(graph, x)
    settled = integrated_gradients_line(graph, x, target=target)
    found = captum(graph, x, target, 400, torch.float64, "cpu")()
    assert max(errors(found, settled, proved=False)) < 1e-2
    other = captum(graph, x, [(k + 1) % 3 for k in target], 200, torch.float64, "cpu")()
    assert min(errors(other, settled, proved=False)) > 0.1


def test_errors_are_relative_and_with_the_width_where_they_claim_a_proof():
    (line,) = integrated_gradients_line(he((3,), 4, 1, 1), np.ones((1, 3)))
    scale = np.abs(line.values).max()
    wide = replace(line, trust="enclosed", lower=line.values - scale / 4, upper=line.values + scale / 2)
    off = line.values + np.array([0, 0, -scale / 8])
    assert errors(off[None], [wide], proved=False) == pytest.approx([1 / 8])
    assert errors(off[None], [wide], proved=True) == pytest.approx([5 / 8])
    assert errors(np.stack([off, off]), [wide], proved=False) == pytest.approx([1 / 8])  # only what is settled


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    x = np.random.default_rng(4).random((3, 5), dtype=np.float32)
    return line_rows("integrated-gradients", "small", he((5,), 8, 2, 2), x, nodes=(50, 400), seconds=0.5)


def test_rows_say_what_was_measured(rows: list[Row]):
    assert [(r.method, r.peer) for r in rows] == [
        (m, p) for m in ("exact", "exact-enclosed") for p in ("captum-50", "captum-400")
    ]
    for r in rows:
        data = json.loads(json.dumps(r.to_json()))
        assert set(data) >= REQUIRED
        assert data["ratio"] == pytest.approx(r.ours_s / r.peer_s)
        assert r.error_ours < 1e-12 < r.median_error_peer <= r.error_peer < 1
        assert 1 < r.pieces < 40
        assert r.reference == "exact, 3 inputs"


def test_tables_and_figures_take_all_rows(rows: list[Row], tmp_path: Path):
    console = Console(record=True, width=160)
    alone = replace(rows[0], work="shapley", network="he_20_64_64_1", peer=None, peer_s=None, error_peer=None, pieces=None)
    scaled = replace(rows[0], work="scaling-width", network="he_64_8x2_10_batch3", error_ours=None, error_peer=None)
    listed = [*rows, alone, replace(scaled, median_error_peer=None)]
    show(console, listed, Machine(1e9, 1e9))
    text = console.export_text()
    assert "captum-400" in text
    assert "floor" in text
    assert {p.name for p in draw(listed, tmp_path)} == {"error-against-time.png", "scaling.png", "shapley.png"}


def test_finished_work_is_kept_until_settings_change(rows: list[Row], tmp_path: Path):
    unit = Unit("integrated-gradients", "small", lambda: rows)
    store = Store(tmp_path, "quick")
    assert store.get(unit) is None
    store.put(unit, rows)
    assert Store(tmp_path, "quick").get(unit) == rows
    assert Store(tmp_path, "full").get(unit) is None
    published = json.loads(store.publish(rows).read_text())
    assert published[0]["peer"] == "captum-50"


def test_calls_are_timed_in_turns_within_their_share(monkeypatch: pytest.MonkeyPatch):
    now, order, cost = [0.0], [], {"cheap": 1.0, "dear": 40.0}
    monkeypatch.setattr(timing, "perf_counter", lambda: now[0])

    def call(name: str) -> str:
        order.append(name)
        now[0] += cost[name] + 5.0 * (order.count(name) == 1)  # the first call warms up
        return name

    told = timing.interleaved({name: lambda name=name: call(name) for name in cost}, 20.0)
    assert order == ["cheap", "dear"] + ["cheap"] * 10
    assert (told["cheap"].seconds, told["cheap"].calls, told["cheap"].result) == (1.0, 10, "cheap")
    assert (told["dear"].seconds, told["dear"].calls) == (45.0, 1)


def test_a_call_that_holds_memory_is_seen():
    told = timing.interleaved({"small": lambda: torch.ones(1000), "large": lambda: torch.ones(2**25).sum()}, 0.1)
    if told["large"].memory is not None:
        assert told["large"].memory > 1.2e8
        assert told["small"].memory < 5e7


def test_the_floor_is_the_larger_of_two():
    assert Machine(multiply_adds=10.0, bytes=4.0).floor(20, 4) == 2
    assert Machine(multiply_adds=10.0, bytes=4.0).floor(20, 16) == 4


def test_the_reference_for_shapley_values_is_the_mean_over_orders():
    graph, x = he((4,), 6, 1, 1), np.array([1.0, -2.0, 0.5, 3.0])
    f = lambda members: forward(graph, torch.tensor(np.where(members, x, 0.0))[None]).item()
    phi = np.zeros(4)
    for order in permutations(range(4)):
        members = np.zeros(4, dtype=bool)
        for i in order:
            before = f(members)
            members[i] = True
            phi[i] += (f(members) - before) / factorial(4)
    assert np.allclose(by_definition(graph, x, rows=3).astype(float), phi, rtol=1e-12, atol=1e-14)


def test_mixtures_begin_with_the_inputs_and_differ():
    x = np.random.default_rng(5).random((15, 3), dtype=np.float32)
    mixed = mixtures(x, 64)
    assert mixed.shape == (64, 3)
    assert (mixed[:15] == x).all()
    assert len(np.unique(mixed, axis=0)) == 64


def test_cases_do_without_the_published_networks(tmp_path: Path):
    names = [case.name for case in cases(tmp_path)]
    assert names == ["digits_mlp", "digits_cnn", "one_hidden_784_256_10"]
    graph, x = cases(tmp_path)[-1].load()
    assert x.shape == (15, *graph.input_shape)


def test_a_wrong_weight_is_seen(monkeypatch: pytest.MonkeyPatch):
    """Teeth: a module that drops a bias no longer passes for the graph."""
    graph = chain((2,), linear([[1, 2], [3, 4]], [1, 0]), Relu(), linear([[1, 1]]))
    module = as_module(graph, torch.float64)
    module.layers[0].bias.data.zero_()
    x = torch.ones(1, 2, dtype=torch.float64)
    assert not torch.allclose(module(x), forward(graph, x))
