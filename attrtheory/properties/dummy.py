"""Dummy (null player, sensitivity(b))."""

from attrtheory.expr.views import Ignoring
from attrtheory.properties.statement import Relation, Scene, Statement


def dummy(s: Scene) -> Statement:
    r"""A feature that the model ignores gets zero.

    Statement:
        for each $i$: if $f$ does not depend on $x_i$, then $\phi_i(f, x) = 0$.
        Stated for any program of $f$ with feature $i$ held at 0, which covers every model that ignores $i$.

    Source: Friedman 2004; Sundararajan, Taly, Yan 2017, arXiv 1703.01365.
    """

    def of(i: int) -> Relation:
        return Relation(s.phi(s.program(Ignoring(s.f, i)), s.x, s.baselines, i), "=", 0, f"feature {i}")

    return Statement(tuple(of(i) for i in s.features))
