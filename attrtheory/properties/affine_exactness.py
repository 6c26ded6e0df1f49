"""Exactness on affine models."""

from attrtheory.expr.views import Affine
from attrtheory.properties.statement import Relation, Scene, Statement


def affine_exactness(s: Scene) -> Statement:
    r"""On an affine model every feature gets its weight times its displacement.

    Statement:
        for $f(y) = w\cdot y + c$: $\phi_i(f, x) = w_i\,(x_i - x^0_i)$; over a background, the mean of $x^0_i$.

    Source: Shrikumar, Greenside, Kundaje 2017, arXiv 1704.02685; Ancona et al. 2018, arXiv 1711.06104.
    """
    weights = tuple(s.letter(f"w{k + 1}") for k in range(s.f.n))
    model = s.program(Affine(weights, s.letter("c"), s.f))

    def of(i: int) -> Relation:
        summand = Affine(tuple(w if k == i else 0 for k, w in enumerate(weights)), 0, s.f)
        share = summand(*s.x) - s.phi.reference(summand, s.baselines)
        return Relation(s.phi(model, s.x, s.baselines, i), "=", share, f"feature {i}")

    return Statement(tuple(of(i) for i in s.features))
