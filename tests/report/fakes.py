"""Audits made by hand: every kind of verdict, every shape of input, and names that try to break out of the page."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from attrtheory.auditing.data import (
    AuditedInput,
    AuditResult,
    Finding,
    LayerRow,
    MethodValues,
    NetworkFacts,
    NetworkWitness,
    Quadrature,
)  # fmt: skip
from attrtheory.expr import relu, var
from attrtheory.expr.syntax import dumps
from attrtheory.prove.verdict import (
    Conditional,
    NotApplicable,
    Proof,
    Proved,
    Refuted,
    Unknown,
    Vacuous,
    Verdict,
    Witness,
)

HOSTILE = "<script>alert(1)</script>\"' onload=x {{ 7*7 }} $\\frac$ \x1b[31m\u202e\ud800"
PATH = Proof("fundamental theorem")
LONG = "-" + "7" * 90 + "/" + "3" * 85


def witness(model: bool = False) -> Witness:
    values = {"x1": Fraction(1, 3), "x2": Fraction(-2), "b1": Fraction(0)}
    text = {"f": dumps(relu(var("x1") - 1))} if model else None
    return Witness(values, "sum: =", Fraction(1, 3), Fraction(-1, 2), text)


VERDICTS: dict[str, Verdict] = {
    "proved": Proved(PATH),
    "by solver": Proved(Proof("solver")),
    "refuted": Refuted(witness()),
    "refuted on every model": Refuted(witness(model=True)),
    "conditional": Conditional("no guard vanishes on the path", PATH, witness()),
    "conditional without witness": Conditional(HOSTILE, PATH, None),
    "vacuous": Vacuous(Proof("unsatisfiable hypotheses")),
    "not applicable": NotApplicable("the method has one baseline, the property asks for two"),
    "unknown": Unknown(f"gave up after 1000 steps {HOSTILE}"),
}


def network(shape: tuple[int, ...] = (1, 8, 8), name: str = "digits") -> NetworkFacts:
    layers = (
        LayerRow("conv1", "3 × 3 convolution, 8 channels", (8, 6, 6)),
        LayerRow(HOSTILE, f"ReLU {HOSTILE}", (8, 6, 6)),
    )
    return NetworkFacts(name, "ab" * 32, shape, 10, 288, 12345, layers, accuracy=0.971)


def audited(
    shape: tuple[int, ...], *, groups: np.ndarray | None = None, baseline: float | None = 0.0, row: int = 3
) -> AuditedInput:
    draw = np.random.default_rng(0)
    x = draw.random(shape)
    b = draw.random(shape) if baseline is None else np.full(shape, baseline)
    values = draw.normal(size=shape)
    methods = [
        MethodValues("gradient", 5 * values, "float", 0.3),
        MethodValues(
            "integrated_gradients",
            values,
            "enclosed",
            -1e-16,
            ("relu 3 of layer conv1", HOSTILE),
            bound=2e-15,
            pieces=41,
        ),
        MethodValues(HOSTILE, values[::-1] / 2, "exact", 0.0),
    ]
    if groups is not None:
        methods.append(MethodValues("shapley", draw.normal(size=int(groups.max()) + 1), "exact", 0.0, groups=groups))
    return AuditedInput(row, x, b, 7, None if row else 1, 3.25, -0.5, tuple(methods))


def squares(shape: tuple[int, ...], side: int) -> np.ndarray:
    """Groups: squares of an image, all channels together."""
    h, w = shape[-2:]
    tile = np.arange(h)[:, None] // side * (-(-w // side)) + np.arange(w) // side
    return np.broadcast_to(tile, shape).copy()


def network_witness(
    shape: tuple[int, ...], *, values: bool = True, features: tuple[int, ...] = (0, 3)
) -> NetworkWitness:
    draw = np.random.default_rng(1)
    phi = draw.normal(size=shape) if values else None
    return NetworkWitness(
        draw.random(shape), np.zeros(shape), phi, features, "features 0 and 3: =", LONG, "1/3", -2.3333, 0.33333
    )


def findings(shape: tuple[int, ...]) -> tuple[Finding, ...]:
    properties = ("completeness", "dummy", "symmetry", HOSTILE)
    rows: list[Finding] = []
    for k, (what, verdict) in enumerate(VERDICTS.items()):
        on_network = network_witness(shape) if what in {"refuted", "conditional"} else None
        method = ("gradient", "integrated_gradients", HOSTILE)[k % 3]
        certificate = f"{k:02}{HOSTILE}.json" if k % 2 else None
        rows.append(
            Finding(method, properties[k % 4], verdict, f"all inputs in a box {HOSTILE}", on_network, certificate)
        )
    return tuple(rows)


QUADRATURE = tuple(
    Quadrature(name, n, gap=float(n) ** -k, error=0.3 / n, exact_gap=0.0)
    for name, k in (("riemann left", 1), (HOSTILE, 4)) for n in (10, 100)
)  # fmt: skip


def audit(
    shape: tuple[int, ...] = (1, 8, 8),
    *,
    name: str = "digits",
    groups: np.ndarray | None = None,
    rows: Sequence[Quadrature] = (),
) -> AuditResult:
    inputs = (audited(shape, groups=groups), audited(shape, baseline=None, row=0))
    versions = {"attrtheory": "0.1.0", HOSTILE: HOSTILE}
    return AuditResult(
        network(shape, name), inputs, findings(shape), tuple(rows), {"attributions": 12.5, HOSTILE: 500.0}, versions
    )
