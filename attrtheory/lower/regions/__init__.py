"""Exact decomposition of piecewise linear networks in at most three dimensions, and attributions by regions."""

from attrtheory.lower.regions.attributions import (
    RegionAttribution,
    functional_attributions,
    kernel_attributions,
    measure_attributions,
)
from attrtheory.lower.regions.checks import check
from attrtheory.lower.regions.result import Regions, slice_regions
from attrtheory.lower.regions.slices import Slice, box, plane_through, segment

__all__ = [
    "RegionAttribution",
    "Regions",
    "Slice",
    "box",
    "check",
    "functional_attributions",
    "kernel_attributions",
    "measure_attributions",
    "plane_through",
    "segment",
    "slice_regions",
]
