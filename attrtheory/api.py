"""What a user calls: derive, prove, check, explain, audit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from attrtheory.auditing.data import AuditResult
from attrtheory.errors import BadInput
from attrtheory.expr.term import Term
from attrtheory.lower.attribute import Attributed, attribute
from attrtheory.lower.inputs import rows, targets
from attrtheory.lower.layers import forward
from attrtheory.methods import Method, get_method
from attrtheory.models.dsl import parse_model
from attrtheory.models.families import Given
from attrtheory.models.fn import Fn
from attrtheory.models.graph import Graph
from attrtheory.properties import get_property
from attrtheory.prove.claim import Claim

Data = Any
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Attribution:
    """Attributions of a batch: `values` (n, *input shape), or (n, groups).

    `trust[k]`: "float" (float64), "enclosed" (`values[k]` is within `bound[k]`), or "exact" (rationals, rounded once).
    `kinks[k]`: guards that vanish on the path of row k, in words; the value depends on the convention there.
    `residual[k]`: sum of the values minus the output difference; small residuals prove nothing about the values.
    """

    values: np.ndarray
    trust: tuple[str, ...]
    bound: tuple[np.ndarray | None, ...]
    kinks: tuple[tuple[str, ...], ...]
    target: tuple[int, ...]
    residual: tuple[float, ...]
    rows: tuple[Attributed, ...]


def derive(method: str | Method, model: str | Fn) -> tuple[Term, ...]:
    """The attributions of a model as terms in the input `x..` and the baseline `b..`.

    >>> derive("occlusion", "relu(x1 - x2)")
    (-relu(b1 - x2) + relu(x1 - x2), -relu(-b2 + x1) + relu(x1 - x2))
    """
    method = get_method(method) if isinstance(method, str) else method
    fn = parse_model(model) if isinstance(model, str) else model
    x, baselines, _ = Claim(get_property("constants"), method, Given(fn)).points()
    return method.all(fn, x, baselines)


def to_graph(model: Any, like: Data | None = None) -> Graph:
    """A network from a Graph, an ONNX file's path, or a torch module (traced on inputs shaped as `like`)."""
    if isinstance(model, Graph):
        return model
    if isinstance(model, str | Path):
        from attrtheory.models.onnx_import import from_onnx

        return from_onnx(model)
    from attrtheory.models.torch_import import from_torch

    if like is None:
        raise BadInput(
            "a torch module is traced on an input; give inputs, or import it with from_torch(module, input_shape=...)"
        )
    try:
        shape = tuple(np.shape(like))
    except ValueError as error:
        raise BadInput(f"inputs: not an array of numbers ({error})") from error
    return from_torch(model, input_shape=shape[1:] if len(shape) > 1 else shape)


def explain(
    model: Any,
    inputs: Data,
    method: str | Method = "integrated_gradients",
    *,
    baselines: Data | None = None,
    target: int | Sequence[int] | None = None,
    groups: Data | None = None,
    exact: bool = False,
    progress: Progress | None = None,
) -> Attribution:
    """Attributions of each row of `inputs`, by the method's definition.

    Args:
        model: a Graph, a torch module in eval mode, or the path of an ONNX file.
        inputs: a batch (n, *input shape) of finite numbers, torch, numpy or lists; one input of a Graph or a file, or one
            row of numbers for a module, stands for a batch of one.
        method: a method or its name.
        baselines: None for zeros, one row for all inputs, or one for each; for expected_gradients the background.
        target: the output to explain, for all or for each row; None takes the largest output.
        groups: for each feature the number of its group (feature_mask); attributions are then of groups.
        exact: compute in rationals.
        progress: called with (rows done, rows).

    Raises:
        BadInput: NaN, infinity, wrong shapes, empty batches, targets out of range.
    """
    graph = to_graph(model, inputs)
    chosen = get_method(method) if isinstance(method, str) else method
    x = rows(graph, inputs, "inputs")
    base = np.zeros((1, *graph.input_shape)) if baselines is None else rows(graph, baselines, "baselines")
    if chosen.background is not None:
        chosen = get_method(chosen.name, background=len(base))
        per_row = [list(base)] * len(x)
    elif len(base) in (1, len(x)):
        per_row = [[base[k if len(base) > 1 else 0]] for k in range(len(x))]
    else:
        raise BadInput(f"baselines: got {len(base)} rows for {len(x)} inputs; give one row, or one for each input")
    classes = largest_output(graph, x) if target is None else targets(graph, target, len(x))
    mask = None if groups is None else np.asarray(groups)
    done: list[Attributed] = []
    for row, around, k in zip(x, per_row, classes, strict=True):
        done.append(attribute(graph, chosen, row, around, k, exact=exact, groups=mask))
        if progress:
            progress(len(done), len(x))
    return Attribution(
        np.stack([a.values for a in done]),
        tuple(a.trust for a in done),
        tuple(a.bound for a in done),
        tuple(a.kinks for a in done),
        tuple(classes),
        tuple(float(a.values.sum() - a.difference) for a in done),
        tuple(done),
    )


def largest_output(graph: Graph, x: np.ndarray) -> list[int]:
    """The number of the largest output, for each row."""
    import torch

    out = forward(graph, torch.tensor(x)).flatten(1)
    if not torch.isfinite(out).all():
        raise BadInput("the network's outputs overflow float64 on these inputs; name the target")
    return out.argmax(1).tolist()


def audit(model: Any, inputs: Data, labels: Data | None = None, *, folder: Path | str, **options: Any) -> AuditResult:
    """Audit a network on data and write `report.html`, certificates and the network's file into `folder`.

    See `attrtheory.auditing.run.audit_network` for the options.
    """
    from attrtheory.auditing.run import audit_network
    from attrtheory.report.page import write_report

    graph = to_graph(model, inputs)
    result = audit_network(graph, rows(graph, inputs, "inputs"), labels, folder=Path(folder), **options)
    write_report(result, Path(folder) / "report.html")
    return result
