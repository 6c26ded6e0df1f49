"""What an audit finds, as plain data; `report` makes a page of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from attrtheory.prove.verdict import Verdict


@dataclass(frozen=True)
class LayerRow:
    """One layer: its name, what it does in words, and the shape that comes out."""

    name: str
    what: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class NetworkFacts:
    """What the network is."""

    name: str
    digest: str
    input_shape: tuple[int, ...]
    outputs: int
    units: int
    parameters: int
    layers: tuple[LayerRow, ...]
    accuracy: float | None = None


@dataclass(frozen=True, eq=False)
class MethodValues:
    """A method's attributions of one input; `values` has the input's shape, or one number for each group of features.

    `trust`: "float", "enclosed" or "exact"; `kinks`: guards that vanish on the path, in words; `gap`: what completeness
    lacks, `sum(values) - (f(x) - f(x0))`.
    """

    method: str
    values: np.ndarray
    trust: str
    gap: float
    kinks: tuple[str, ...] = ()
    groups: np.ndarray | None = None  # for each feature the number of its group, in the input's shape
    bound: float | None = None  # an upper bound of the error of every value, where one is known
    pieces: int | None = None  # pieces of the path on which the network is affine


@dataclass(frozen=True, eq=False)
class AuditedInput:
    """One input with its attributions. `label` is the true class where the data has one."""

    row: int
    x: np.ndarray
    baseline: np.ndarray
    target: int
    label: int | None
    output: float
    baseline_output: float
    attributions: tuple[MethodValues, ...]


@dataclass(frozen=True)
class Quadrature:
    """An approximate Integrated Gradients against the exact one, over the audited inputs (largest values)."""

    name: str
    steps: int
    gap: float  # |sum - (f(x) - f(x0))| / |f(x) - f(x0)|
    error: float  # max |approximate - exact| / max |exact|
    exact_gap: float  # the same gap of the exact values


@dataclass(frozen=True, eq=False)
class NetworkWitness:
    """A counterexample on the network: the points as arrays, and the same failure in torch float64."""

    x: np.ndarray
    baseline: np.ndarray
    values: np.ndarray | None  # the method's attributions there, in the input's shape (or one for each group)
    features: tuple[int, ...]  # the features that the failing relation is about
    relation: str
    lhs: str  # exact, as text
    rhs: str
    torch_lhs: float
    torch_rhs: float


@dataclass(frozen=True, eq=False)
class Finding:
    """A method x property verdict on this network.

    `scope`: in words, for which inputs, baselines and features it is claimed. `certificate`: the file's name.
    """

    method: str
    property: str
    verdict: Verdict
    scope: str
    witness: NetworkWitness | None = None
    certificate: str | None = None


@dataclass(frozen=True, eq=False)
class AuditResult:
    """Everything that a report shows."""

    network: NetworkFacts
    inputs: tuple[AuditedInput, ...]
    findings: tuple[Finding, ...]
    quadrature: tuple[Quadrature, ...]
    seconds: Mapping[str, float] = field(default_factory=dict[str, float])
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
