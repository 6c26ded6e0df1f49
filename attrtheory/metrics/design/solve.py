r"""Measures on a finite support that have the wanted properties, and are the best such ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from attrtheory.errors import BadInput, Unsupported
from attrtheory.metrics.design.conflict import ContradictoryWishes, conflict_of
from attrtheory.metrics.design.constraints import program_of
from attrtheory.metrics.design.objectives import Objective, SumOfSquares, Variation
from attrtheory.metrics.design.quadratic import least_squares
from attrtheory.metrics.design.result import Design
from attrtheory.metrics.design.supports import Support
from attrtheory.metrics.design.wishes import Wish, wished
from attrtheory.metrics.elimination import solutions
from attrtheory.metrics.programs import Farkas, is_only, minimised


def design(
    support: Support,
    properties: Sequence[str | Wish],
    metric: Objective | Literal["variation"] = "variation",
    *,
    progress: Callable[[str], None] | None = None,
) -> Design:
    r"""Measures $\mu_1..\mu_n$ on the support with all of the properties, with the least value of the metric.

    The answer is in rationals and carries its proof: the weights meet every equation, and multipliers show that no others do
    better. Where the properties leave no choice, `freedom` is 0.

    Args:
        support: `hybrids(n)`, `grid(n, steps)` for a method that runs at any input; `hybrid_points(x, baseline)`,
            `points_at(x, baseline, points)` for one input.
        properties: names or wishes, see `wishes`.
        metric: `Variation()`, or a sum of squares: `mean_infidelity(..)`, `mean_fidelity(..)`, `energy(n)`.
        progress: is told what is being done.

    >>> from attrtheory.metrics.design import hybrids
    >>> found = design(hybrids(2), ["completeness", "dummy", "symmetry"])
    >>> found.freedom, [str(w) for w in found.weights[0]]  # of (0,0), (0,1), (1,0), (1,1): the Shapley value
    (0, ['-1/2', '-1/2', '1/2', '1/2'])

    Raises:
        ContradictoryWishes: no measures on the support have the properties; it names those that clash, with the proof.
        BadInput: an unknown property, or points, data or models that do not fit.
        TooLarge: more weights than are solved.
        Unsupported: least squares over measures that are to be positive.
    """
    if not isinstance(support, Support):
        raise BadInput(f"a support is made by hybrids(n), grid(n, steps) or points_at(x, baseline, points); got {support!r}")
    objective = Variation() if metric == "variation" else metric
    if not isinstance(objective, Variation | SumOfSquares):
        raise BadInput(
            f"a metric is 'variation', priced(..), mean_infidelity(..), mean_fidelity(..) or energy(n); got {metric!r}"
        )
    wishes, tell = wished(properties), progress or (lambda _: None)
    program = program_of(support, wishes, objective)
    tell(f"{len(program.rows)} equations in {program.width} weights")
    feasible = solutions(program.rows, program.right, program.width)
    if feasible is None:
        raise ContradictoryWishes(conflict_of(support, wishes, tell))
    tell(f"{objective} over {len(feasible.free)} degrees of freedom")
    if isinstance(objective, SumOfSquares):
        if program.positive:
            raise Unsupported("least squares over positive measures; take metric='variation', or leave out 'positive'")
        optimum, unique = least_squares(objective, support, program.rows, program.right, feasible)
        return Design(support, wishes, optimum.solution, objective, optimum, len(feasible.free), unique)
    found = minimised(program, consistent=True)
    if isinstance(found, Farkas):
        raise ContradictoryWishes(conflict_of(support, wishes, tell))
    unique = not feasible.free or is_only(program, found)
    return Design(support, wishes, found.solution, objective, found, len(feasible.free), unique or None)
