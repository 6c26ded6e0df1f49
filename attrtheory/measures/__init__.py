"""Measures and functionals: what an attribution weighs a model with, as data."""

from attrtheory.measures.extension import (
    Atoms,
    approximation,
    atoms_from_text,
    atoms_of_integrators,
    dual_sum,
    grid_sum,
    limit,
    measure_of_atoms,
    stieltjes,
    straight_path_atoms,
)
from attrtheory.measures.functional import Functional, functional_of, of_measure
from attrtheory.measures.law import Law, Part
from attrtheory.measures.measure import Measure, box, finite, gaussian, point, product, segment
from attrtheory.measures.parts import by_parts, divergence, integrated
from attrtheory.measures.same import Forms, collected, same
from attrtheory.measures.variation import Variation, variation

__all__ = [
    "Atoms", "Forms", "Functional", "Law", "Measure", "Part", "Variation", "approximation", "atoms_from_text",
    "atoms_of_integrators", "box", "by_parts", "collected", "divergence", "dual_sum", "finite", "functional_of",
    "gaussian", "grid_sum", "integrated", "limit", "measure_of_atoms", "of_measure", "point", "product", "same",
    "segment", "stieltjes", "straight_path_atoms", "variation",
]  # fmt: skip
