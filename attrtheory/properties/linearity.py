"""Linearity in the model."""

from attrtheory.expr.views import Combination
from attrtheory.properties.statement import Relation, Scene, Statement


def linearity(s: Scene) -> Statement:
    r"""The attributions of a weighted sum of models are the weighted sums of their attributions.

    Statement:
        $\phi_i(p f + q g, x) = p\,\phi_i(f, x) + q\,\phi_i(g, x)$ for all reals $p$, $q$.

    Source: Sundararajan, Taly, Yan 2017, arXiv 1703.01365.
    """
    p, q = s.letter("p"), s.letter("q")
    mixed = s.phi(Combination(((p, s.f), (q, s.g))), s.x, s.baselines)
    of_f, of_g = s.phi(s.f, s.x, s.baselines), s.phi(s.g, s.x, s.baselines)
    return Statement(tuple(Relation(mixed[i], "=", p * of_f[i] + q * of_g[i], f"feature {i}") for i in s.features))
