"""The audit of a trained network: facts, attributions, verdicts with certificates, and quadrature against exact values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch

from attrtheory.auditing.data import AuditedInput, AuditResult, Finding, MethodValues
from attrtheory.auditing.facts import network_facts, versions
from attrtheory.auditing.findings import Subject, finding
from attrtheory.auditing.quadrature import quadrature_table
from attrtheory.errors import BadInput, TooLarge
from attrtheory.lower.attribute import attribute, needs_groups
from attrtheory.lower.grouped import blocks
from attrtheory.lower.layers import forward
from attrtheory.methods import METHODS, Method
from attrtheory.methods.paths import path_gradients
from attrtheory.models.graph import Graph
from attrtheory.models.serial import graph_digest, graph_to_json
from attrtheory.properties import PROPERTIES
from attrtheory.prove.certificate import write
from attrtheory.prove.names import canonical

Progress = Callable[[str, int, int], None]
MAX_UNITS = 1_000_000
EXACT_UNITS = 2_000  # networks up to this size get their verdicts at exact points in a minute or so


def audit_network(
    graph: Graph,
    inputs: np.ndarray,
    labels: Any = None,
    *,
    folder: Path,
    rows: int = 4,
    methods: Sequence[Method] = METHODS,
    baseline: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    progress: Progress | None = None,
) -> AuditResult:
    """Audit `graph` on float64 rows `inputs`; `labels` are the true classes.

    Args:
        rows: how many inputs to attribute, the first of each class in turn.
        baseline: zeros by default.
        groups: feature groups for the methods with coalitions; blocks of neighbours by default.
        progress: called with (what, done, all).

    Raises:
        TooLarge: the network is beyond the stated size; the message has the estimate.
    """
    if graph.units > MAX_UNITS:
        raise TooLarge(f"{graph.name!r} has {graph.units:,} piecewise units; an audit takes up to {MAX_UNITS:,}")
    if type(rows) is not int or rows < 1:
        raise BadInput(f"rows: how many inputs to show, 1 or more; got {rows}")
    started, seconds = perf_counter(), dict[str, float]()
    classes = None if labels is None else _labels(labels, len(inputs))
    zero = (
        np.zeros(graph.input_shape)
        if baseline is None
        else np.asarray(baseline, dtype=np.float64).reshape(graph.input_shape)
    )
    mask = blocks(graph.input_shape) if groups is None else groups
    outputs = forward(graph, torch.tensor(inputs)).flatten(1)
    chosen = _spread(classes, len(inputs), rows)
    write(folder / "models" / f"{graph_digest(graph)}.json", canonical(graph_to_json(graph)))

    audited: list[AuditedInput] = []
    for done, k in enumerate(chosen):
        target = int(outputs[k].argmax())
        background = [inputs[j] for j in chosen if j != k][:2] or [zero]
        values = tuple(_attributed(graph, m, inputs[k], zero, background, target, mask) for m in methods)
        label = None if classes is None else int(classes[k])
        out, out0 = float(outputs[k, target]), float(forward(graph, torch.tensor(zero)[None]).flatten()[target])
        audited.append(AuditedInput(k, inputs[k], zero, target, label, out, out0, values))
        _tell(progress, "attributions", done + 1, len(chosen))
    seconds["attributions"] = perf_counter() - started

    started = perf_counter()
    subject = Subject(graph, audited, inputs, mask, folder)
    findings = list(_findings(subject, methods, progress))
    seconds["verdicts"], started = perf_counter() - started, perf_counter()
    table = quadrature_table(graph, audited)
    seconds["quadrature"] = perf_counter() - started
    accuracy = None if classes is None else float((outputs.argmax(1).numpy() == classes).mean())
    return AuditResult(network_facts(graph, accuracy), tuple(audited), tuple(findings), table, seconds, versions())


def _findings(subject: Subject, methods: Sequence[Method], progress: Progress | None) -> Iterator[Finding]:
    for m, method in enumerate(methods):
        for p, property_ in enumerate(PROPERTIES):
            yield finding(subject, method, property_)
            _tell(progress, "verdicts", m * len(PROPERTIES) + p + 1, len(methods) * len(PROPERTIES))


def _attributed(
    graph: Graph,
    method: Method,
    x: np.ndarray,
    zero: np.ndarray,
    background: list[np.ndarray],
    target: int,
    mask: np.ndarray,
) -> MethodValues:
    """One method on one input; methods that need coalitions or many segments act on groups."""
    on_groups = needs_groups(method, graph.features) or (method.define is path_gradients and graph.features > 16)
    baselines = [zero] if method.background is None else (background * 2)[: method.background]
    found = attribute(graph, method, x, baselines, target, groups=mask if on_groups else None)
    bound = None if found.bound is None else float(found.bound.max())
    gap = float(found.values.sum() - found.difference)
    return MethodValues(
        method.name, found.values, found.trust, gap, found.kinks, mask if on_groups else None, bound, found.pieces
    )


def _labels(labels: Any, n: int) -> np.ndarray:
    array = np.asarray(labels).ravel()
    if array.shape != (n,) or array.dtype.kind not in "iu":
        raise BadInput(
            f"labels: one whole number for each of {n} inputs; got shape {np.shape(labels)} of {array.dtype}"
        )
    return array


def _spread(classes: np.ndarray | None, n: int, rows: int) -> list[int]:
    """The first row of each class in turn; without classes the first rows."""
    if classes is None:
        return list(range(min(rows, n)))
    first = [int(np.flatnonzero(classes == c)[0]) for c in dict.fromkeys(classes.tolist())]
    return (first + [k for k in range(n) if k not in first])[: min(rows, n)]


def _tell(progress: Progress | None, what: str, done: int, total: int) -> None:
    if progress:
        progress(what, done, total)
