"""Completeness (efficiency, local accuracy)."""

from attrtheory.expr.views import summed
from attrtheory.properties.statement import Relation, Scene, Statement


def completeness(s: Scene) -> Statement:
    r"""The attributions add up to the output difference.

    Statement:
        $\sum_i \phi_i(f, x) = f(x) - f(x^0)$; over a background, the mean of $f$ is subtracted.

    Source: Sundararajan, Taly, Yan 2017, arXiv 1703.01365; Lundberg and Lee 2017, arXiv 1705.07874.
    """
    total = summed(s.phi(s.f, s.x, s.baselines, i) for i in range(s.f.n))
    return Statement((Relation(total, "=", s.f(*s.x) - s.phi.reference(s.f, s.baselines), "sum"),))
