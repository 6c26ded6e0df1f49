"""The rows as pictures."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

from benchmarks.rows import Row
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

SCALING = ("scaling-width", "scaling-depth", "scaling-batch")


def draw(rows: list[Row], folder: Path) -> list[Path]:
    """Error against time, and times against size; only what there are rows for."""
    made: list[Path] = []
    lines = [r for r in rows if r.work == "integrated-gradients"]
    if lines:
        made.append(_save(error_against_time(lines), folder / "error-against-time.png"))
    if scaled := [r for r in rows if r.work in SCALING]:
        made.append(_save(scaling(scaled), folder / "scaling.png"))
    if games := [r for r in rows if r.work == "shapley"]:
        made.append(_save(shapley(games), folder / "shapley.png"))
    return made


def error_against_time(rows: list[Row]) -> Figure:
    """One panel per network: the exact sweep and its enclosure as points, captum's numbers of nodes as a curve."""
    networks = list(dict.fromkeys(r.network for r in rows))
    columns = min(3, len(networks))
    lines = -(-len(networks) // columns)
    figure = Figure(figsize=(4 * columns, 3 * lines), layout="constrained")
    for k, network in enumerate(networks):
        axes, some = figure.add_subplot(lines, columns, k + 1), [r for r in rows if r.network == network]
        peers = {r.peer: (r.peer_s, r.error_peer) for r in some}
        for ending, label in (("", "captum, float32"), ("-float64", "captum, float64")):
            points = [v for name, v in peers.items() if name and name.endswith("-float64") == bool(ending)]
            if points:
                axes.plot(*zip(*points, strict=True), "o-", markersize=4, label=label)
        for method, mark in (("exact", "*"), ("exact-enclosed", "D")):
            if found := next((r for r in some if r.method == method), None):
                error = max(found.error_ours or 0, 1e-17)
                axes.plot([found.ours_s], [error], mark, markersize=9, label=f"{method}, {found.pieces} pieces")
        axes.set(title=network, xscale="log", yscale="log", xlabel="seconds per input", ylabel="relative error")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.legend(fontsize=6)
        axes.grid(alpha=0.3)
    return figure


def scaling(rows: list[Row]) -> Figure:
    """Seconds per input as one size grows, for the exact sweep and for captum at 50 nodes; pieces on the right."""
    works = list(dict.fromkeys(r.work for r in rows))
    figure = Figure(figsize=(4.5 * len(works), 3.2), layout="constrained")
    for k, (work, some) in enumerate(groupby(rows, key=lambda r: r.work)):
        axes, listed = figure.add_subplot(1, len(works), k + 1), list(some)
        size = [_size(r) for r in listed]
        axes.plot(size, [r.ours_s for r in listed], "*-", label="exact")
        axes.plot(size, [r.peer_s for r in listed], "o-", label=str(listed[0].peer))
        axes.set(title=work, xscale="log", yscale="log", xlabel=work.removeprefix("scaling-"), ylabel="seconds per input")
        axes.legend(fontsize=7)
        other = axes.twinx()
        other.plot(size, [r.pieces for r in listed], ":", color="grey")
        other.set_ylabel("pieces (dotted)")
    return figure


def _size(r: Row) -> int:
    """The number that a scaling run varies, from the network's name he_64_WIDTHxDEPTH_10_batchN."""
    width, depth = r.network.split("_")[2].split("x")
    return {"scaling-width": int(width), "scaling-depth": int(depth), "scaling-batch": r.batch}[r.work]


def shapley(rows: list[Row]) -> Figure:
    """Seconds against players, ours and every peer."""
    figure = Figure(figsize=(5, 3.5), layout="constrained")
    axes: Any = figure.add_subplot()
    players = lambda r: int(r.network.split("_")[1])
    ours = {players(r): r.ours_s for r in rows}
    axes.plot(list(ours), list(ours.values()), "*-", label="ours")
    for peer in dict.fromkeys(r.peer for r in rows if r.peer):
        some = [r for r in rows if r.peer == peer]
        axes.plot([players(r) for r in some], [r.peer_s for r in some], "o-", label=peer)
    axes.set(title="exact Shapley values", yscale="log", xlabel="players", ylabel="seconds")
    axes.legend(fontsize=7)
    axes.grid(alpha=0.3)
    return figure


def _save(figure: Figure, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    return path
