"""Metrics of attributions: exact values, optima with proofs, torch forms to train with, and methods designed for wishes."""

from attrtheory.metrics.certificate import check_optimum
from attrtheory.metrics.curves import deletion, insertion
from attrtheory.metrics.fidelity import all_masks, fidelity, kernel_shap, local_fidelity
from attrtheory.metrics.infidelity import infidelity
from attrtheory.metrics.max_sensitivity import max_sensitivity
from attrtheory.metrics.over_box import max_sensitivity_over_box
from attrtheory.metrics.sensitivity_n import sensitivity_n, sensitivity_n_correlation

__all__ = [
    "all_masks", "check_optimum", "deletion", "fidelity", "infidelity", "insertion", "kernel_shap", "local_fidelity",
    "max_sensitivity", "max_sensitivity_over_box", "sensitivity_n", "sensitivity_n_correlation",
]  # fmt: skip
