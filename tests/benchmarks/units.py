"""What is timed: the list of all units of work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from benchmarks.coalitions import shapley_rows
from benchmarks.forests import KINDS, forest_rows
from benchmarks.lines import line_rows
from benchmarks.networks import Case, cases, he, mixtures
from benchmarks.rows import Row, Unit

NODES = (20, 50, 200, 1000)
QUICK = ("digits_mlp", "digits_cnn", "one_hidden_784_256_10", "acasxu_1_1", "mnistfc_256x4")
RATIONAL = 4 * 10**9  # multiplications of a rational sweep that settles one input: minutes at most
ON_GPU = 64  # inputs at a time


def units(folder: Path, *, quick: bool, seconds: float) -> Iterator[Unit]:
    """In the order in which they are done: the tables that are asked for first, scaling last."""
    for case in cases(folder):
        if not quick or case.name in QUICK:
            yield Unit("integrated-gradients", case.name, lambda case=case: on_cpu(case, quick=quick, seconds=seconds))
    if torch.cuda.is_available():
        for case in cases(folder):
            yield Unit("integrated-gradients-cuda", case.name, lambda case=case: on_gpu(case, seconds=seconds))
    for d in (10, 12) if quick else (10, 12, 16, 20):
        yield Unit("shapley", f"he_{d}_64_64_1", lambda d=d: shapley_rows(d, seconds=seconds))
    for kind in KINDS:
        yield forest(kind, 20 if quick else 100, 6 if quick else 8, seconds)
    for width in (64, 256) if quick else (32, 64, 128, 256, 512, 1024):
        yield scaling("scaling-width", width, 3, 15, seconds)
    for depth in (2, 4) if quick else (1, 2, 4, 6, 8, 12):
        yield scaling("scaling-depth", 128, depth, 15, seconds)
    for batch in (1, 16) if quick else (1, 4, 16, 64, 256):
        yield scaling("scaling-batch", 128, 3, batch, seconds)


def forest(kind: str, trees: int, depth: int, seconds: float) -> Unit:
    """Ten inputs of one random forest."""
    run = lambda: forest_rows(trees, depth, kind, 10, seconds=seconds)
    return Unit(f"forest-{kind}", f"forest_{trees}x{depth}", run)


def on_cpu(case: Case, *, quick: bool, seconds: float) -> list[Row]:
    graph, x = case.load()
    if quick:
        return line_rows("integrated-gradients", case.name, graph, x, nodes=(50, 200), seconds=seconds)
    both = (torch.float32, torch.float64)
    full = {"nodes": NODES, "dtypes": both, "budget": RATIONAL}
    return line_rows("integrated-gradients", case.name, graph, x, seconds=seconds, **full)


def on_gpu(case: Case, *, seconds: float) -> list[Row]:
    graph, x = case.load()
    inputs = mixtures(x, ON_GPU)
    work = "integrated-gradients-cuda"
    return line_rows(work, case.name, graph, inputs, nodes=NODES, seconds=seconds, device="cuda", enclosed=False)


def scaling(work: str, width: int, depth: int, batch: int, seconds: float) -> Unit:
    """One random network beside captum at its default, without a reference: only times and pieces."""
    name = f"he_64_{width}x{depth}_10_batch{batch}"

    def run() -> list[Row]:
        graph, x = he((64,), width, depth, 10), np.random.default_rng(2).random((batch, 64), dtype=np.float32)
        return line_rows(work, name, graph, x, nodes=(50,), seconds=seconds / 4, enclosed=False, budget=None)

    return Unit(work, name, run)
