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
    mixed = Combination(((p, s.f), (q, s.g)))

    def of(i: int) -> Relation:
        apart = p * s.phi(s.f, s.x, s.baselines, i) + q * s.phi(s.g, s.x, s.baselines, i)
        return Relation(s.phi(mixed, s.x, s.baselines, i), "=", apart, f"feature {i}")

    return Statement(tuple(of(i) for i in s.features))
