"""What a user calls: derive, prove, check, explain, audit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np

from attrtheory.auditing.data import AuditResult
from attrtheory.errors import BadInput
from attrtheory.expr.term import Term
from attrtheory.lower.attribute import Attributed, Sample, attribute
from attrtheory.lower.given import to_graph
from attrtheory.lower.inputs import targets
from attrtheory.lower.layers import forward
from attrtheory.lower.request import asked_method, asked_sample, baseline_rows, baseline_words, described, fitted
from attrtheory.lower.trees.explain import attribute_rows
from attrtheory.lower.trees.request import asked_rows, forest_words, refused
from attrtheory.methods import Method, get_method
from attrtheory.models.dsl import parse_model
from attrtheory.models.families import Given
from attrtheory.models.fn import Fn
from attrtheory.models.graph import Graph
from attrtheory.models.trees.forest import Forest
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
    `output[k]`: f(x) of the target, at row k of `inputs`.
    `method`: with all its parameters, in words; `baselines`: rows, of the background for expected gradients;
    `baseline`: the same in words.
    """

    values: np.ndarray
    trust: tuple[str, ...]
    bound: tuple[np.ndarray | None, ...]
    kinks: tuple[tuple[str, ...], ...]
    target: tuple[int, ...]
    residual: tuple[float, ...]
    rows: tuple[Attributed, ...]
    inputs: np.ndarray
    output: tuple[float, ...]
    method: str
    baselines: np.ndarray
    baseline: str

    def __repr__(self) -> str:
        trust = ", ".join(sorted(set(self.trust)))
        return f"Attribution({self.method}, {self.baseline}, values {self.values.shape}, target {self.target}, trust {trust})"

    def to_shap(self, feature_names: Sequence[str] | None = None) -> Any:
        """A `shap.Explanation` of flat rows, for shap's plots: `base_values` are f(x0), or its mean over the background.

        Needs shap. Of groups of features it has no data.
        """
        from shap import Explanation  # pyright: ignore[reportMissingImports]

        n = len(self.values)
        values = self.values.reshape(n, -1)
        base = np.array([y - a.difference for y, a in zip(self.output, self.rows, strict=True)])
        grouped = self.values.shape != self.inputs.shape
        names = [f"{'group' if grouped else 'x'}{k + (not grouped)}" for k in range(values.shape[1])]
        if feature_names is not None and len(feature_names) != len(names):
            raise BadInput(f"feature_names: got {len(feature_names)} names for {len(names)} features")
        data = None if grouped else self.inputs.reshape(n, -1)
        return Explanation(values, base, data, feature_names=list(feature_names or names))


def derive(method: str | Method, model: str | Fn) -> tuple[Term, ...]:
    """The attributions of a model as terms in the input `x..` and the baseline `b..`.

    >>> derive("occlusion", "relu(x1 - x2)")
    (-relu(b1 - x2) + relu(x1 - x2), -relu(-b2 + x1) + relu(x1 - x2))
    """
    method = _method(method)
    fn = model if isinstance(model, Fn) else parse_model(model)
    x, baselines, _ = Claim(get_property("constants"), method, Given(fn)).points()
    return method.all(fn, x, baselines)


def _method(method: str | Method) -> Method:
    return method if isinstance(method, Method) else get_method(method)


def explain(
    model: Any,
    inputs: Data,
    method: str | Method = "integrated_gradients",
    *,
    baselines: Data | None = None,
    target: int | Sequence[int] | None = None,
    groups: Data | None = None,
    unions: str | Sequence[int] | None = None,
    via: str | Sequence[Sequence[Any]] | None = None,
    sample: Sample | int | None = None,
    exact: bool = False,
    progress: Progress | None = None,
    **unknown: Any,
) -> Attribution:
    """Attributions of each row of `inputs`, by the method's definition.

    Args:
        model: a Graph, a torch module in eval mode, or the path of an ONNX file; or a Forest, see `explain_forest`.
        inputs: a batch (n, *input shape) of finite numbers, torch, numpy or lists; rows of a Graph or a file with as many
            entries in another shape are reshaped. One input of a Graph or a file, or one row of numbers for a module, is
            a batch of one.
        method: a method or its name.
        baselines: a number for all entries, one row for all inputs, or one for each; zeros by default. For
            expected_gradients the rows of the background, which must be given.
        target: the output to explain, for all or for each row; None takes the largest output.
        groups: for each feature the number of its group (feature_mask); attributions are then of groups.
        unions: of Owen values, which need them: for each feature, or each group, the number of its union.
        via: of path_gradients: the turns of the path, "axes" by default.
        sample: of Shapley, Banzhaf and Owen values: how many orders of arrival are drawn instead of all coalitions.
        exact: compute in rationals.
        progress: called with (rows done, rows).

    Raises:
        BadInput: NaN, infinity, wrong shapes, empty batches, targets out of range, options that do not exist.
    """
    import torch

    if unknown:
        known = ", ".join(k for k in signature(explain).parameters if k not in ("model", "inputs", "method", "unknown"))
        raise BadInput(f"explain has no option {', '.join(unknown)}; its options are {known}")
    if isinstance(model, Forest):
        refused(target=target, groups=groups, unions=unions, via=via, sample=sample)
        return explain_forest(model, inputs, method, baselines=baselines, exact=exact, progress=progress)
    graph = to_graph(model, inputs)
    chosen = asked_method(method, unions, via)
    drawn = asked_sample(chosen, sample)
    x = fitted(graph, inputs, "inputs")
    base = baseline_rows(graph, chosen, baselines)
    if chosen.background is not None:
        chosen = get_method(chosen.name, background=len(base))
        per_row = [list(base)] * len(x)
    elif len(base) in (1, len(x)):
        per_row = [[base[k if len(base) > 1 else 0]] for k in range(len(x))]
    else:
        raise BadInput(f"baselines: got {len(base)} rows for {len(x)} inputs; give one row, or one for each input")
    classes = largest_output(graph, x) if target is None else targets(graph, target, len(x))
    try:
        mask = None if groups is None else np.asarray(groups)
    except ValueError as error:
        raise BadInput(f"groups: not an array of numbers ({error})") from error
    done: list[Attributed] = []
    for row, around, k in zip(x, per_row, classes, strict=True):
        done.append(attribute(graph, chosen, row, around, k, exact=exact, groups=mask, sample=drawn))
        if progress:
            progress(len(done), len(x))
    outputs = forward(graph, torch.tensor(x)).flatten(1)[torch.arange(len(x)), torch.tensor(classes)]
    return Attribution(
        np.stack([a.values for a in done]),
        tuple(a.trust for a in done),
        tuple(a.bound for a in done),
        tuple(a.kinks for a in done),
        tuple(classes),
        tuple(float(a.values.sum() - a.difference) for a in done),
        tuple(done),
        x,
        tuple(outputs.tolist()),
        described(chosen, drawn, None if mask is None else len(np.unique(mask))),
        base,
        baseline_words(chosen, base),
    )


def explain_forest(
    forest: Forest,
    inputs: Data,
    method: str | Method,
    *,
    baselines: Data | None = None,
    exact: bool = False,
    progress: Progress | None = None,
) -> Attribution:
    """Attributions of a sum of trees, through its leaves; `explain` comes here with a Forest.

    Args:
        forest: from `from_sklearn`, `from_xgboost` or `from_lightgbm`.
        inputs: rows (n, features) of finite numbers; they are rounded as the library rounds them before it compares.
        method: shapley, banzhaf, occlusion, mask_lime or straight_path, against one baseline row, or one for each input;
            marginal_shapley or partial_dependence, over the rows of a background; path_dependent_shapley, which takes none.
        baselines: rows, or a number for all entries; there is no default.
        exact: in rationals, as straight_path always is.
        progress: called with (rows done, rows).

    Raises:
        BadInput: NaN (missing values), infinity, wrong shapes, no baselines, methods that forests don't have.
        SideCondition: a straight path on which two features cross thresholds of a tree at once.
    """
    x, base = asked_rows(forest, method, inputs, baselines)
    done: list[Attributed] = []
    for found in attribute_rows(forest, method, x, base, exact=exact):
        done.append(found)
        if progress:
            progress(len(done), len(x))
    return Attribution(
        np.stack([a.values for a in done]),
        tuple(a.trust for a in done),
        tuple(a.bound for a in done),
        tuple(a.kinks for a in done),
        (0,) * len(x),
        tuple(float(a.values.sum() - a.difference) for a in done),
        tuple(done),
        x,
        tuple(forest.values(forest.rounded(x)).tolist()),
        *forest_words(method, base, forest),
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
    result = audit_network(graph, fitted(graph, inputs, "inputs"), labels, folder=Path(folder), **options)
    write_report(result, Path(folder) / "report.html")
    return result
