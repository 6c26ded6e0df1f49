"""Implementation invariance."""

from attrtheory.properties.statement import Relation, Scene, Statement


def implementation_invariance(s: Scene) -> Statement:
    r"""Two programs of the same function get the same attributions.

    Statement:
        if $f$ and $\tilde f$ are equal at every point, then $\phi_i(f, x) = \phi_i(\tilde f, x)$.

    For a given program, $\tilde f$ is its mirror image: every `ite(g, a, b)` whose branches meet on its guard is written
    `ite(-g, b, a)`. A method that only evaluates the model is invariant; one that differentiates is so where no guard
    vanishes on a whole piece of its path (at its point, for a gradient).

    Source: Sundararajan, Taly, Yan 2017, arXiv 1703.01365.
    """

    def of(i: int) -> Relation:
        return Relation(s.phi(s.f, s.x, s.baselines, i), "=", s.phi(s.twin, s.x, s.baselines, i), f"feature {i}")

    return Statement(tuple(of(i) for i in s.features))
