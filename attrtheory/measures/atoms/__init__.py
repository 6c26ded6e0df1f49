"""Attributions of indicators: of boxes, half-spaces, orthants and polytopes, for every method that has a functional."""

from attrtheory.measures.atoms.cases import Cases, equal_by_cases
from attrtheory.measures.atoms.crossings import Requirement
from attrtheory.measures.atoms.derive import atom
from attrtheory.measures.atoms.masses import measure_of
from attrtheory.measures.atoms.result import Atom, NoAtom
from attrtheory.measures.atoms.sets import Face, Region, box, half_space, orthant, polytope

__all__ = [
    "Atom", "Cases", "Face", "NoAtom", "Region", "Requirement", "atom", "box", "equal_by_cases", "half_space", "measure_of",
    "orthant", "polytope",
]  # fmt: skip
