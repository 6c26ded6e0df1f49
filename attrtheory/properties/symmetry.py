"""Symmetry preservation."""

from itertools import combinations

from attrtheory.expr.views import symmetrised
from attrtheory.properties.statement import Relation, Scene, Statement, with_coordinate


def symmetry(s: Scene) -> Statement:
    r"""Interchangeable features with equal values get equal attributions.

    Statement:
        for each pair $i, j$: if $f$ is unchanged by exchanging $x_i$ and $x_j$, $x_i = x_j$ and $x^0_i = x^0_j$, then
        $\phi_i(f, x) = \phi_j(f, x)$. Stated for any program of $(f + f\circ\text{swap}_{ij})/2$, which covers
        every symmetric model.

    Source: Shapley 1953; Sundararajan, Taly, Yan 2017, arXiv 1703.01365.
    """

    def of(i: int, j: int) -> Relation:
        x = with_coordinate(s.x, j, s.x[i])
        baselines = [with_coordinate(b, j, b[i]) for b in s.baselines]
        model = s.program(symmetrised(s.f, i, j))
        return Relation(s.phi(model, x, baselines, i), "=", s.phi(model, x, baselines, j), f"features {i} and {j}")

    return Statement(tuple(of(i, j) for i, j in combinations(s.features, 2)))
