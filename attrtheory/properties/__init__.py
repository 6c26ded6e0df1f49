"""The properties: one statement each. Adding one is a file, a line below and its rows in the corpus."""

from attrtheory.errors import BadInput
from attrtheory.properties.affine_exactness import affine_exactness
from attrtheory.properties.affine_scale_invariance import affine_scale_invariance
from attrtheory.properties.completeness import completeness
from attrtheory.properties.constants import constants
from attrtheory.properties.dummy import dummy
from attrtheory.properties.implementation_invariance import implementation_invariance
from attrtheory.properties.linearity import linearity
from attrtheory.properties.non_decreasing_positivity import non_decreasing_positivity
from attrtheory.properties.null_displacement import null_displacement
from attrtheory.properties.statement import Property, Relation, Scene, Statement
from attrtheory.properties.symmetry import symmetry

PROPERTIES = (
    Property("completeness", completeness),
    Property("dummy", dummy),
    Property("null_displacement", null_displacement, moves_points=True),
    Property("linearity", linearity, ("p", "q")),
    Property("symmetry", symmetry, moves_points=True),
    Property("implementation_invariance", implementation_invariance),
    Property("affine_scale_invariance", affine_scale_invariance, ("c", "d")),
    Property("non_decreasing_positivity", non_decreasing_positivity, monotone=True),
    Property("affine_exactness", affine_exactness),
    Property("constants", constants, ("c",)),
)


def get_property(name: str) -> Property:
    """A property by name."""
    found = next((p for p in PROPERTIES if p.name == name), None)
    if found is None:
        raise BadInput(f"no property {name!r}; there are {', '.join(p.name for p in PROPERTIES)}")
    return found


__all__ = ["PROPERTIES", "Property", "Relation", "Scene", "Statement", "get_property"]
