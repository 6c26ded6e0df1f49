"""A finished design: measures that meet the wishes, with the proof that none do better."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from attrtheory.errors import BadCertificate
from attrtheory.metrics.design.constraints import program_of
from attrtheory.metrics.design.family import Family
from attrtheory.metrics.design.objectives import Objective, Variation
from attrtheory.metrics.design.quadratic import check_least_squares, is_only_minimum
from attrtheory.metrics.elimination import Solutions, solutions
from attrtheory.metrics.programs import Optimum, Program, check_optimum, is_only


@dataclass(frozen=True, eq=False)
class Design(Family):
    """The best measures.

    `certificate`: their weights, the multipliers that show that none are better, and the metric's value. `freedom`: how many
    degrees of freedom the wishes leave. `unique`: no other measures do as well (None: not known).
    """

    metric: Objective
    certificate: Optimum
    freedom: int
    unique: bool | None

    def __repr__(self) -> str:
        wishes = ", ".join(w.name for w in self.wishes) or "no wishes"
        return f"Design({wishes}; {self.metric} {self.value}; {self.support}; freedom {self.freedom}, trust exact)"

    @property
    def value(self) -> Fraction:
        """The metric's least value."""
        return self.certificate.value

    def check(self) -> None:
        """Checks weights and multipliers on equations made again from support and wishes, without search.

        Raises:
            BadCertificate: the weights miss a wish, the multipliers prove nothing, or `freedom` or `unique` are not so.
        """
        super().check()
        program = program_of(self.support, self.wishes, self.metric)
        if self.certificate.solution != self.solution:
            raise BadCertificate("the certificate is for other weights")
        if isinstance(self.metric, Variation):
            check_optimum(program, self.certificate)
        else:
            check_least_squares(self.metric, self.support, program.rows, program.right, self.certificate)
        found = solutions(program.rows, program.right, program.width)
        if found is None or len(found.free) != self.freedom:
            raise BadCertificate(f"the wishes do not leave {self.freedom} degrees of freedom")
        if self.unique and found.free and not self._is_only(program, found):
            raise BadCertificate("that no other measures do as well is not shown")

    def _is_only(self, program: Program, feasible: Solutions) -> bool:
        if isinstance(self.metric, Variation):
            return is_only(program, self.certificate)
        return is_only_minimum(self.metric, self.support, feasible)
