"""From a user's atoms to an attribution: measures, grid sums, Stieltjes integrals, and where no limit exists."""

from attrtheory.measures.extension.atoms import Atoms, atoms_from_text, atoms_of_integrators, inside
from attrtheory.measures.extension.charge import Charge
from attrtheory.measures.extension.construct import charge, measure_of_atoms

__all__ = ["Atoms", "Charge", "atoms_from_text", "atoms_of_integrators", "charge", "inside", "measure_of_atoms"]
