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
    phi = s.phi(s.program(Affine(weights, s.letter("c"), s.f)), s.x, s.baselines)

    def summand(i: int) -> Affine:
        return Affine(tuple(w if k == i else 0 for k, w in enumerate(weights)), 0, s.f)

    share = [(summand(i)(*s.x), s.phi.reference(summand(i), s.baselines)) for i in range(s.f.n)]
    return Statement(tuple(Relation(phi[i], "=", share[i][0] - share[i][1], f"feature {i}") for i in s.features))
