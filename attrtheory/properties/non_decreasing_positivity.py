"""Non-decreasing positivity."""

from attrtheory.properties.statement import Relation, Scene, Statement


def non_decreasing_positivity(s: Scene) -> Statement:
    r"""Moving up a non-decreasing model, no feature gets a negative attribution.

    Statement:
        if $f$ is non-decreasing in every feature and $x \ge x^0$, then $\phi_i(f, x) \ge 0$ for all $i$.

    Source: Lundstrom, Huang, Razaviyayn 2022, arXiv 2202.11912.
    """
    above = tuple(
        Relation(p - q, ">=", 0, f"feature {i}")
        for b in s.baselines
        for i, (p, q) in enumerate(zip(s.x, b, strict=True))
    )
    model = s.program(s.f)
    return Statement(
        tuple(Relation(s.phi(model, s.x, s.baselines, i), ">=", 0, f"feature {i}") for i in s.features), above
    )
