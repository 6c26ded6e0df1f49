"""Verdicts: plain data that carry what a sceptic would check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar

from attrtheory.expr.syntax import infix, loads


@dataclass(frozen=True)
class Proof:
    """A rule by name, the data that its check needs, and what must be trusted."""

    rule: str
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])

    TRUST: ClassVar[Mapping[str, str]] = {
        "normal form": "exact: the fold and the indicator ring",
        "fundamental theorem": "exact: the fold, the indicator ring, and the fundamental theorem along a segment",
        "half-line": "exact: the fold, the indicator ring, and the integral of an indicator along a segment",
        "decided guards": "exact: the fold, the indicator ring, an indicator's integral, and sums of the hypotheses",
        "cases": "exact: the fold, the indicator ring, and sums of the hypotheses in each case of some guards' signs",
        "non-negative combination": "exact: the fold and the indicator ring; signs of variables and increments",
        "true derivative": "exact: the fold and the indicator ring; branch derivatives are derivatives off guards",
        "instance of a schematic theorem": "exact: the schematic proof, and the hypothesis checked on the network",
        "unsatisfiable hypotheses": "exact: the fold and the indicator ring",
        "branch and bound": "exact: affine forms in whole numbers, rounded outwards, on parts that cover the box",
        "solver": "rests on a solver, not re-checked here",
    }

    @property
    def trust(self) -> str:
        return self.TRUST[self.rule]

    def __post_init__(self) -> None:
        if self.rule not in self.TRUST:
            raise ValueError(f"no rule {self.rule!r}; there are {', '.join(self.TRUST)}")


@dataclass(frozen=True)
class Witness:
    """A counterexample in exact rationals: values of the variables, the relation that fails, and both of its sides.

    `model` is the text of the model, where the claim is about every model.
    """

    values: Mapping[str, Fraction]
    relation: str
    lhs: Fraction
    rhs: Fraction
    model: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        at = ", ".join(f"{k} = {v}" for k, v in self.values.items()) or "every point"
        return f"{self.relation.removesuffix(': =')}: {self.lhs} against {self.rhs} at {at}{self._models()}"

    def _models(self) -> str:
        """Of which model, where the witness brings one."""
        texts = {k: loads(str(v)) for k, v in (self.model or {}).items() if k in ("f", "disguise")}
        if "disguise" in texts:
            z = infix(texts["disguise"])
            of = f", for f = {infix(texts['f'])}" if "f" in texts else ", for the model"
            return f"{of} with the zero z - relu(z) + relu(-z), z = {z}, added"
        return f", for f = {infix(texts['f'])}" if texts else ""


@dataclass(frozen=True)
class Proved:
    """Holds everywhere in the claim's domain."""

    proof: Proof
    name: ClassVar[str] = "Proved"

    def __str__(self) -> str:
        return f"Proved by {self.proof.rule} ({self.proof.trust})"


@dataclass(frozen=True)
class Refuted:
    """Fails at the witness."""

    witness: Witness
    name: ClassVar[str] = "Refuted"

    def __str__(self) -> str:
        return f"Refuted ({self.witness})"


@dataclass(frozen=True)
class Conditional:
    """Holds under `hypothesis`; `witness` shows what happens without it (None: not known to be needed)."""

    hypothesis: str
    proof: Proof
    witness: Witness | None
    name: ClassVar[str] = "Conditional"

    def __str__(self) -> str:
        without = f"without it: {self.witness}" if self.witness else "whether it is needed is not settled"
        return f"Conditional on: {self.hypothesis}; {self.proof.rule} ({self.proof.trust}); {without}"


@dataclass(frozen=True)
class Vacuous:
    """No point satisfies the hypotheses."""

    proof: Proof
    name: ClassVar[str] = "Vacuous"

    def __str__(self) -> str:
        return f"Vacuous: no point satisfies the hypotheses ({self.proof.trust})"


@dataclass(frozen=True)
class NotApplicable:
    """The property does not speak about this model or method."""

    reason: str
    name: ClassVar[str] = "NotApplicable"

    def __str__(self) -> str:
        return f"Not applicable: {self.reason}"


@dataclass(frozen=True)
class Unknown:
    """Neither proved nor refuted; an honest answer."""

    reason: str
    name: ClassVar[str] = "Unknown"

    def __str__(self) -> str:
        return f"Unknown: {self.reason}"


Verdict = Proved | Refuted | Conditional | Vacuous | NotApplicable | Unknown
