"""What was asked for, checked and put on the device; and what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attrtheory.errors import BadInput
from attrtheory.lower.given import to_graph
from attrtheory.lower.grouped import group_numbers
from attrtheory.lower.inputs import Data, paired, rows, targets
from attrtheory.lower.layers import Network, network

Target = int | Sequence[int] | None


@dataclass(frozen=True, eq=False)
class PointValues:
    """`values +- bound` contains the attributions in real arithmetic; trust "enclosed".

    Shapes: (n, *input_shape), or (n, groups); for target None with an axis of outputs after the first.
    `difference`: what complete attributions add up to, (n) or (n, outputs). `evaluations`: of the network, in all.
    """

    values: np.ndarray
    bound: np.ndarray
    difference: np.ndarray
    evaluations: int
    trust: str = "enclosed"


@dataclass(frozen=True, eq=False, kw_only=True)
class Estimates:
    """With probability `confidence` over the draws, all values of one input lie in [`lower`, `upper`]; trust "sampled"."""

    values: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    confidence: float
    samples: int
    seed: int
    evaluations: int
    trust: str = "sampled"


@dataclass(frozen=True, eq=False, kw_only=True)
class SampledValues(Estimates):
    """`difference`: what complete attributions add up to, (n). `standard_error`: of each value, as observed."""

    difference: np.ndarray
    standard_error: np.ndarray


@dataclass(frozen=True, eq=False)
class Problem:
    """Rows to explain, (n, *input_shape), each against baselines (n, m, *input_shape).

    `labels`: the player of each feature; `target`: the outputs asked for, (n, kept), `single` if one was named.
    `shape`: of the answer.
    """

    net: Network
    x: Tensor
    bases: Tensor
    labels: Tensor
    target: Tensor
    single: bool
    shape: tuple[int, ...]

    @property
    def players(self) -> int:
        return int(self.labels.max()) + 1

    def wrap(self, values: Tensor, bound: Tensor, difference: Tensor, evaluations: int) -> PointValues:
        """Results (n, kept, players) as arrays."""
        array = lambda t, shape: t.reshape(shape).cpu().numpy()
        lead = (len(self.x),) if self.single else difference.shape
        return PointValues(
            array(values, self.shape), array(bound, self.shape), array(difference, lead), evaluations
        )


def problem(
    model: Any, inputs: Data, baselines: Data | None = None, background: Data | None = None, target: Target = 0,
    groups: Data | None = None, device: str | torch.device = "cpu",
) -> Problem:  # fmt: skip
    """The problem of a Graph, a torch module or the path of an ONNX file."""
    graph = to_graph(model, inputs)
    x = rows(graph, inputs, "inputs")
    if background is not None and baselines is not None:
        raise BadInput("give baselines (one for each input) or a background (all of it for every input), not both")
    if background is None:
        bases = paired(graph, x, baselines)[:, None]
    else:
        around = rows(graph, background, "background")
        bases = np.broadcast_to(around, (len(x), *around.shape))
    labels = np.arange(graph.features) if groups is None else group_numbers(groups, graph.features)
    single = target is not None
    kept = [[k] for k in targets(graph, target, len(x))] if single else [list(range(graph.outputs))] * len(x)
    players = graph.input_shape if groups is None else (int(labels.max()) + 1,)
    shape = (len(x), *([] if single else [graph.outputs]), *players)
    on = lambda array: torch.tensor(np.array(array), device=device)
    return Problem(network(graph, device), on(x), on(bases), on(labels), on(kept), single, shape)
