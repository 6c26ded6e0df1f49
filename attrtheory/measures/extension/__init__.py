"""From a user's atoms to an attribution: measures, grid sums, Stieltjes integrals, and where no limit exists."""

from attrtheory.measures.extension.atoms import Atoms, atoms_from_text, atoms_of_integrators, inside
from attrtheory.measures.extension.charge import Charge
from attrtheory.measures.extension.construct import charge, measure_of_atoms
from attrtheory.measures.extension.credits import (
    occlusion_credit,
    partial_dependence_credit,
    shapley_credit,
    straight_path_credit,
)
from attrtheory.measures.extension.crossings import straight_path_atoms
from attrtheory.measures.extension.dual import Credit, dual_sum
from attrtheory.measures.extension.grid import Approximation, approximation, grid_sum, grid_variation
from attrtheory.measures.extension.limits import integral, limit, stieltjes

__all__ = [
    "Approximation", "Atoms", "Charge", "Credit", "approximation", "atoms_from_text", "atoms_of_integrators", "charge",
    "dual_sum", "grid_sum", "grid_variation", "inside", "integral", "limit", "measure_of_atoms", "occlusion_credit",
    "partial_dependence_credit", "shapley_credit", "stieltjes", "straight_path_atoms", "straight_path_credit",
]  # fmt: skip
