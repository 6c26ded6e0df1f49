"""A design tool: wanted properties and a metric in, the best method on a finite support out, with its proof."""

from attrtheory.metrics.design.certificate import check_design, design_certificate
from attrtheory.metrics.design.conflict import Conflict, ContradictoryWishes
from attrtheory.metrics.design.family import Family
from attrtheory.metrics.design.objectives import (
    Demand,
    SumOfSquares,
    Variation,
    energy,
    mean_fidelity,
    mean_infidelity,
    priced,
    shapley_kernel,
)
from attrtheory.metrics.design.result import Design
from attrtheory.metrics.design.solve import design
from attrtheory.metrics.design.supports import Support, grid, hybrid_points, hybrids, joined, points_at
from attrtheory.metrics.design.wishes import WISHES, Wish, completeness_from, exact_on, moments, near

__all__ = [
    "WISHES",
    "Conflict",
    "ContradictoryWishes",
    "Demand",
    "Design",
    "Family",
    "SumOfSquares",
    "Support",
    "Variation",
    "Wish",
    "check_design",
    "completeness_from",
    "design",
    "design_certificate",
    "energy",
    "exact_on",
    "grid",
    "hybrid_points",
    "hybrids",
    "joined",
    "mean_fidelity",
    "mean_infidelity",
    "moments",
    "near",
    "points_at",
    "priced",
    "shapley_kernel",
]  # fmt: skip
