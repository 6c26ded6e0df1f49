"""What every optimum has: its value, what that rests on, and a certificate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction
from typing import Any


class Optimum(ABC):
    """The best of a class of attributions for a metric.

    `exact`: its value in rationals; `value`: the same, rounded to a float where the model is known by floats only.
    """

    metric: Any

    def __repr__(self) -> str:  # evidence is long
        return f"{type(self).__name__}(value {self.value}, trust {self.trust})"

    @property
    @abstractmethod
    def exact(self) -> Fraction: ...

    @abstractmethod
    def evidence(self) -> dict[str, Any]:
        """What the certificate holds besides the metric."""

    @property
    def value(self) -> Fraction | float:
        return self.metric.at.labelled(self.exact)

    @property
    def statement(self) -> str:
        """What is proved, in words: of all attributions, or of the class that the evidence names."""
        held = self.evidence()
        complete = " among complete attributions" * bool(held.get("complete"))
        zero = f" with 0 at features {', '.join(map(str, held['zero']))} (from 0)" if held.get("zero") else ""
        return f"the optimum of {self.metric.to_json()['name']}{complete}{zero} is {self.exact}"

    @property
    def trust(self) -> str:
        return self.metric.at.trust

    @property
    def certificate(self) -> str:
        """The text that `check_optimum` re-checks; exact models only."""
        from attrtheory.metrics.certificate import optimum_certificate

        return optimum_certificate(self)
