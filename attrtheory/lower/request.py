"""What is asked for when rows are explained: inputs, baselines, a method with its parameters, samples; nothing is guessed."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from torch import Tensor

from attrtheory.errors import BadInput
from attrtheory.lower.attribute import COALITIONAL, Sample
from attrtheory.lower.inputs import Data, rows
from attrtheory.methods import Method, get_method
from attrtheory.methods.owen import owen
from attrtheory.methods.paths import expected_gradients
from attrtheory.models.graph import Graph


def fitted(graph: Graph, data: Data, what: str) -> np.ndarray:
    """Rows (n, *input shape); rows in another shape with as many entries are reshaped."""
    try:
        shape = tuple(np.shape(data))
    except ValueError:
        return rows(graph, data, what)
    if shape and graph.input_shape not in (shape, shape[1:]):
        given = data if isinstance(data, Tensor | np.ndarray) else np.asarray(data)
        if prod(shape[1:]) == graph.features or shape == (graph.features,):
            data = given.reshape(-1, *graph.input_shape)
    return rows(graph, data, what)


def baseline_rows(graph: Graph, method: Method, baselines: Data | None) -> np.ndarray:
    """Rows of baselines, of the background for expected gradients; a number stands for every entry, None for zeros."""
    if baselines is None:
        if method.background is not None:
            raise BadInput(
                f"{method.name} is a mean over a background, and none is given; give its rows as baselines=... "
                "(--background FILE)"
            )
        baselines = 0.0
    if isinstance(baselines, int | float | np.integer | np.floating) and not isinstance(baselines, bool):
        return rows(graph, np.full((1, *graph.input_shape), float(baselines)), "baselines")
    return fitted(graph, baselines, "baselines")


def asked_method(
    method: str | Method, unions: str | Sequence[int] | None = None, via: str | Sequence[Sequence[Any]] | None = None
) -> Method:
    """A method with its parameters; Owen values by name need unions, for there are none that go without saying."""
    if isinstance(method, Method):
        if unions is None and via is None:
            return method
        method = method.name
    if unions is not None and not isinstance(unions, str):
        unions = whole_numbers(unions, "unions")
    chosen = get_method(method, unions=unions, via=via)
    if chosen.define is owen and unions is None:
        raise BadInput(
            "owen values need unions: give unions=[0, 0, 1] (--unions 0,0,1), for each feature, or each group, the number of "
            "its union"
        )
    return chosen


def whole_numbers(given: Any, what: str) -> list[int]:
    """A list, array or tensor of whole numbers as a list."""
    listed = np.asarray(given).tolist() if isinstance(given, np.ndarray | Tensor) else given
    if not isinstance(listed, Sequence) or any(
        isinstance(k, bool) or not isinstance(k, int | np.integer) for k in listed
    ):
        raise BadInput(f"{what} are whole numbers, such as [0, 0, 1]; got {str(given)[:80]}")
    return [int(k) for k in listed]


def asked_sample(method: Method, sample: Sample | int | None) -> Sample | None:
    """How many samples of a coalition method, or how they are drawn."""
    if sample is not None and method.define not in COALITIONAL:
        raise BadInput(f"{method} is not sampled; sample goes with shapley, banzhaf and owen")
    if sample is None or isinstance(sample, Sample):
        return sample
    if isinstance(sample, bool) or not isinstance(sample, int):
        raise BadInput(f"sample is a whole number of samples, such as sample=1000, or a Sample; got {sample!r}")
    return Sample(sample)


def described(method: Method, sample: Sample | None = None, groups: int | None = None) -> str:
    """A method with all its parameters, in words: `owen(unions=[0, 0, 1])`."""
    found = {k: list(v) if k == "unions" and not isinstance(v, str) else v for k, v in method.parameters}
    if groups is not None:
        found["groups"] = groups
    if sample is not None:
        found |= {"samples": sample.samples, "confidence": sample.confidence, "seed": sample.seed}
    inside = ", ".join(f"{k}={v}" for k, v in found.items())
    return f"{method.name}({inside})" if inside else method.name


def baseline_words(method: Method, baselines: np.ndarray) -> str:
    """The baselines in words: `baseline 0`, `background of 20 rows`."""
    if method.define is expected_gradients:
        return f"background of {len(baselines)} row{'s' * (len(baselines) > 1)}"
    if np.ptp(baselines) == 0:
        return f"baseline {baselines.flat[0]:g}"
    return "one baseline row" if len(baselines) == 1 else "a baseline for each row"
