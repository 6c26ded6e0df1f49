"""What the commands do: files in, files out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import combinations
from math import fsum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.markup import escape

from attrtheory.arguments import (
    FORESTS,
    box_of,
    given_baseline,
    listed_numbers,
    read_forest,
    read_model,
    row_numbers,
    shaped,
)
from attrtheory.auditing.files import read_data
from attrtheory.errors import BadInput

if TYPE_CHECKING:  # the command line starts quickly: torch and matplotlib are loaded by the commands that use them
    from attrtheory.api import Attribution
    from attrtheory.models.trees import Forest
    from attrtheory.report.explained import Explained

Progress = Callable[[str, int, int], None]


def explain_job(
    model: Path,
    data: Path,
    method: str,
    rows: str,
    target: int | None,
    *,
    exact: bool,
    array: str | None,
    output: Path | None,
    progress: Progress,
    baseline: str | None = None,
    background: Path | None = None,
    groups: str | None = None,
    unions: str | None = None,
    samples: int | None = None,
    fresh: bool = False,
) -> Iterator[str]:
    """Attributions of some rows of a data file, written to `output`; yields the lines that `attrtheory explain` prints."""
    from attrtheory.api import explain
    from attrtheory.lower.grouped import group_numbers
    from attrtheory.lower.request import asked_method, asked_sample, baseline_rows, baseline_words, described
    from attrtheory.models.serial import graph_digest
    from attrtheory.report.explained import Explanation, files, write_explanation
    from attrtheory.report.partial import Partial, finished

    if model.suffix in FORESTS:
        if fresh or any(option is not None for option in (groups, unions, samples)):
            raise BadInput("forests take no --groups, --unions or --samples, and no --fresh: they are always computed anew")
        forest = read_forest(model, target)
        yield from _explain_forest(forest, data, method, rows, exact, array, output, baseline, background)
        return
    graph = read_model(model)
    inputs = shaped(graph, read_data(data, array)[0])
    asked, paths = row_numbers(rows, len(inputs)), [] if output is None else files(output)
    chosen = asked_method(method, None if unions is None else listed_numbers(unions, "--unions"))
    drawn = asked_sample(chosen, samples)
    base = baseline_rows(graph, chosen, given_baseline(graph, baseline, background, chosen.background is not None))
    if chosen.background is None and len(base) not in (1, len(inputs)):
        raise BadInput(f"--baseline has {len(base)} rows for {len(inputs)} rows of data; give one row, or one for each")
    labels = None if groups is None else group_numbers(listed_numbers(groups, "--groups"), graph.features)
    told = described(chosen, drawn, None if labels is None else int(labels.max()) + 1)
    digest = graph_digest(graph)
    question = {
        "network": digest, "data": _digest(inputs), "method": told, "target": target, "exact": exact,
        "baselines": _digest(base), "groups": None if labels is None else labels.tolist(),
    }  # fmt: skip
    with Partial(paths[0].with_suffix(".partial") if paths else None, question, fresh=fresh) as partial:
        if not fresh:
            partial.done.update(finished(paths, question))
        if kept := sum(k in partial.done for k in asked):
            yield f"{kept} row{'s' * (kept > 1)} kept from an earlier run; --fresh computes all again"
        for count, k in enumerate(asked):
            progress("rows", count, len(asked))
            if k not in partial.done:
                around = base if chosen.background is not None or len(base) == 1 else base[k : k + 1]
                found = explain(
                    graph, inputs[k : k + 1], chosen, baselines=around, target=target, groups=labels, sample=drawn,
                    exact=exact,
                )  # fmt: skip
                partial.add(_explained(found, k))
        progress("rows", len(asked), len(asked))
        done = [partial.done[k] for k in asked]
        words = baseline_words(chosen, base)
        for r in done:
            yield from _lines(r, f"{told} of output {r.target}, {words}", features=10 if len(done) == 1 else 0)
        if output is not None:
            whole = Explanation(graph.name, digest, chosen.name, inputs, done, told, base, words, labels, question)
            yield from map(str, write_explanation(whole, output))


def _explain_forest(
    forest: Forest, data: Path, method: str, rows: str, exact: bool, array: str | None, output: Path | None,
    baseline: str | None, background: Path | None,
) -> Iterator[str]:  # fmt: skip
    from attrtheory.api import explain
    from attrtheory.lower.trees.explain import BACKGROUNDS
    from attrtheory.report.explained import Explanation, write_explanation

    inputs = shaped(forest, read_data(data, array)[0]).astype(np.float64)
    asked = row_numbers(rows, len(inputs))
    base = given_baseline(forest, baseline, background, method in BACKGROUNDS)
    each = isinstance(base, np.ndarray) and len(base) == len(inputs) and method not in BACKGROUNDS
    found = explain(forest, inputs[asked], method, baselines=base[asked] if each else base, exact=exact)
    done = [_explained(found, k, place) for place, k in enumerate(asked)]
    for r in done:
        yield from _lines(r, f"{method} of {forest.output}, {found.baseline}", features=10 if len(done) == 1 else 0)
    if output is not None:
        question = {"forest": forest.digest, "data": _digest(inputs), "method": method, "exact": exact}
        around, words = base if each else found.baselines, found.baseline
        whole = Explanation(forest.name, forest.digest, method, inputs, done, method, around, words, None, question)
        yield from map(str, write_explanation(whole, output))


def _digest(values: np.ndarray) -> str:
    return sha256(repr(values.shape).encode() + np.ascontiguousarray(values).tobytes()).hexdigest()


def _explained(found: Attribution, row: int, place: int = 0) -> Explained:
    from attrtheory.report.explained import Explained

    one = found.rows[place]
    listed = lambda v: None if v is None else v.ravel().tolist()
    exact = None if one.exact is None else [str(v) for v in one.exact]
    return Explained(
        row, found.target[place], one.trust, found.residual[place], one.difference, one.values.ravel().tolist(),
        listed(one.lower), listed(one.upper), exact, one.kinks, one.pieces,
    )  # fmt: skip


def _lines(r: Explained, what: str, *, features: int) -> Iterator[str]:
    """One line for a row, its kinks, and its largest attributions."""
    total = fsum(r.values)
    yield f"row {r.row}: {what}: sum {total:.6g}, residual {r.residual:.2e}, trust {r.trust}"
    yield from (f"kink: {k}" for k in r.kinks)
    for i in sorted(range(len(r.values)), key=lambda i: -abs(r.values[i]))[:features]:
        yield f"feature {i}: {r.values[i]:+.6g}" + (f" = {r.exact[i]}" if r.exact else "")


def box_job(
    model: Path,
    ends: str | None,
    data: Path | None,
    array: str | None,
    row: int,
    method: str,
    target: int | None,
    ask: str | None,
    *,
    parts: int,
    output: Path | None,
    progress: Progress,
) -> list[Any]:
    """What `attrtheory box` prints: a table of signs, or one verdict."""
    from attrtheory.models.fn import rational
    from attrtheory.prove.box import box_query
    from attrtheory.prove.box_signs import box_signs
    from attrtheory.report.boxes import sign_table, write_answers

    graph = read_model(model)
    if target is None and graph.outputs != 1:
        raise BadInput(f"the network has outputs 0 to {graph.outputs - 1}; name one with --target")
    target = target or 0
    lower, upper = box_of(ends, data, array, row)
    options: dict[str, Any] = {"method": method, "target": target, "parts": parts, "progress": progress}
    if ask is None:
        signs = list(box_signs(graph, lower, upper, **options))
        answers = [answer for sign in signs for answer in sign.answers]
        shown: list[Any] = [sign_table(signs, f"{method} of output {target} of {model.name}")]
    else:
        words = ask.split()
        if len(words) != 3 or not words[0].isdecimal():
            raise BadInput(f"--ask takes a feature, a relation and a bound, such as '3 > 0'; got {ask!r}")
        answers = [box_query(graph, lower, upper, int(words[0]), words[1], rational(words[2]), **options)]
        shown = [escape(str(answers[0]))]
    if output is not None:
        write_answers(output, graph, answers)
        shown.append(escape(str(output / "box.json")))
    return shown


def audit_job(model: Path, data: Path, output: Path, *, rows: int, array: str | None, progress: Progress) -> Path:
    """Audit an ONNX file on a data file; returns the page."""
    from attrtheory.api import audit

    graph = read_model(model)
    inputs, labels = read_data(data, array)
    audit(graph, shaped(graph, inputs), labels, folder=output, rows=rows, progress=progress)
    return output / "report.html"


def demo_job(output: Path, progress: Progress) -> list[Path]:
    """Train two networks on the digits and audit both."""
    import torch
    from sklearn.datasets import load_digits

    from attrtheory.api import audit
    from attrtheory.models.torch_import import from_torch

    digits: Any = load_digits()
    x, y = torch.tensor(digits.images / 16, dtype=torch.float32)[:, None], torch.tensor(digits.target)
    pages: list[Path] = []
    for name, network in small_networks().items():
        _train(network, x, y, lambda done, total, name=name: progress(f"training {name}", done, total))
        told = lambda what, done, total, name=name: progress(f"{name}: {what}", done, total)
        graph = from_torch(network, input_shape=(1, 8, 8), name=f"digits, {name}")
        audit(graph, x.numpy(), y.numpy(), folder=output / name, progress=told)
        pages.append(output / name / "report.html")
    return pages


def small_networks() -> dict[str, Any]:
    """A dense and a convolutional network for 8 x 8 images, with fixed initial weights."""
    from torch import manual_seed
    from torch.nn import Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential

    manual_seed(0)
    dense = Sequential(Flatten(), Linear(64, 32), ReLU(), Linear(32, 32), ReLU(), Linear(32, 10))
    convolutional = Sequential(
        Conv2d(1, 6, 3, padding=1), ReLU(), MaxPool2d(2), Conv2d(6, 8, 3), ReLU(), Flatten(), Linear(32, 10)
    )
    return {"mlp": dense, "cnn": convolutional}


def _train(network: Any, x: Any, y: Any, progress: Callable[[int, int], None], epochs: int = 15) -> None:
    """Adam on cross-entropy, in mini-batches, in a fixed order."""
    import torch

    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    torch.manual_seed(0)
    for epoch in range(epochs):
        for batch in torch.randperm(len(x)).split(128):
            loss = torch.nn.functional.cross_entropy(network(x[batch]), y[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        progress(epoch + 1, epochs)
    network.eval()


def regions_job(
    model: Path,
    data: Path,
    rows: str,
    picture: Path,
    *,
    target: int | None,
    feature: int | None,
    margin: float,
    array: str | None,
) -> str:
    """Draw the regions of a network on the plane through three rows of the data; says how many there are."""
    from attrtheory.api import largest_output
    from attrtheory.lower.regions import plane_through, slice_regions
    from attrtheory.prove.certificate import write_bytes
    from attrtheory.report.slices import figure

    graph = read_model(model)
    inputs = shaped(graph, read_data(data, array)[0]).reshape(-1, graph.features).astype(np.float64)
    chosen = [int(r) for r in rows.split(",") if r.strip().isdecimal()]
    if len(chosen) != 3 or max(chosen) >= len(inputs) or rows.count(",") != 2:
        raise BadInput(f"--rows takes three of the rows 0 to {len(inputs) - 1}, such as 0,1,2; got {rows!r}")
    for i, j in combinations(chosen, 2):
        if (inputs[i] == inputs[j]).all():
            raise BadInput(f"rows {i} and {j} are the same input, so they span no plane; name three different ones")
    a, b, c = inputs[chosen]
    found = slice_regions(graph, plane_through(a, b, c, margin=margin))
    marks = {f"row {r}": at for r, at in zip(chosen, [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)], strict=True)}
    number = largest_output(graph, a.reshape(1, *graph.input_shape))[0] if target is None else target
    axes = (f"from row {chosen[0]} to row {chosen[1]}", f"from row {chosen[0]} to row {chosen[2]}")
    write_bytes(picture, figure(found, target=number, feature=feature, marks=marks, title=graph.name, axes=axes))
    return f"{len(found):,} regions, trust {found.trust}; output {number} drawn in {picture}"
