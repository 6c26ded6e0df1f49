"""Functionals of methods, evaluated on trained networks and on terms: exactly where there is an algorithm, else sampled."""

from attrtheory.lower.functionals.evaluate import functional_values
from attrtheory.lower.functionals.result import FunctionalValues

__all__ = ["FunctionalValues", "functional_values"]
