"""Affine scale invariance."""

from attrtheory.expr.views import Rescaled
from attrtheory.properties.statement import Relation, Scene, Statement


def affine_scale_invariance(s: Scene) -> Statement:
    r"""Changing the unit and the zero of a feature, in the model and in the data, changes no attribution.

    Statement:
        for each $j$, reals $c \ne 0$ and $d$: with $T(y) = (\dots, c\,y_j + d, \dots)$,
        $\phi_i(f\circ T, x) = \phi_i(f, T(x))$ for all $i$, baselines being transformed too.

    Source: Friedman 2004; Sundararajan, Taly, Yan 2017, arXiv 1703.01365.
    """
    c, d = s.letter("c"), s.letter("d")

    def of(i: int, j: int) -> Relation:
        changed = Rescaled(s.f, j, c, d)
        inside = s.phi(changed, s.x, s.baselines, i)
        outside = s.phi(s.f, changed.at(s.x), [changed.at(b) for b in s.baselines], i)
        return Relation(inside, "=", outside, f"feature {i}, unit of {j}")

    return Statement(tuple(of(i, j) for j in s.features for i in s.features), (Relation(c * c, ">", 0, "scale"),))
