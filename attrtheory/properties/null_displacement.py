"""Null displacement."""

from attrtheory.properties.statement import Relation, Scene, Statement, with_coordinate


def null_displacement(s: Scene) -> Statement:
    r"""A feature that sits at its baseline value gets zero.

    Statement:
        for each $i$: if $x_i = x^0_i$, then $\phi_i(f, x) = 0$.

    Source: the hypothesis that sensitivity(a) needs beside completeness; Sundararajan, Taly, Yan 2017, arXiv 1703.01365.
    """

    def at(i: int) -> Relation:
        baselines = [with_coordinate(b, i, s.x[i]) for b in s.baselines]
        return Relation(s.phi(s.f, s.x, baselines, i), "=", 0, f"feature {i}")

    return Statement(tuple(at(i) for i in s.features))
