"""One output of a trained network, as a family of one model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from attrtheory.errors import BadInput, TooLarge
from attrtheory.models.graph import Graph
from attrtheory.models.serial import graph_digest


@dataclass(frozen=True, eq=False)
class Network:
    """Output `target` of a network. It is not written out as terms: claims are settled at points, or for every model."""

    graph: Graph
    target: int
    level: Literal["instance"] = "instance"

    def __post_init__(self) -> None:
        if not 0 <= self.target < self.graph.outputs:
            raise BadInput(f"{self.graph.name!r} has outputs 0 to {self.graph.outputs - 1}; got target {self.target}")

    @property
    def n(self) -> int:
        return self.graph.features

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"x{k + 1}" for k in range(self.n))

    def models(self) -> Any:
        raise TooLarge(
            f"{self.graph.name!r} with {self.graph.units:,} piecewise units is not written out as terms; "
            "use settle_on_network, or to_terms for a small network"
        )

    def to_json(self) -> dict[str, Any]:
        return {"kind": "network", "digest": graph_digest(self.graph), "target": self.target}
