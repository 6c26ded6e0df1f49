"""Measures and functionals: what an attribution weighs a model with, as data."""

from attrtheory.measures.functional import Functional, functional_of, of_measure
from attrtheory.measures.law import Law, Part
from attrtheory.measures.measure import Measure, box, finite, gaussian, point, product, segment
from attrtheory.measures.parts import by_parts, integrated
from attrtheory.measures.same import Forms, collected, same
from attrtheory.measures.variation import Variation, variation

__all__ = [
    "Forms", "Functional", "Law", "Measure", "Part", "Variation", "box", "by_parts", "collected", "finite",
    "functional_of", "gaussian", "integrated", "of_measure", "point", "product", "same", "segment", "variation",
]  # fmt: skip
