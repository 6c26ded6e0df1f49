"""Constants get zero."""

from attrtheory.expr.views import Affine
from attrtheory.properties.statement import Relation, Scene, Statement


def constants(s: Scene) -> Statement:
    r"""On a constant model every feature gets zero.

    Statement:
        for $f(y) = c$: $\phi_i(f, x) = 0$.

    Source: follows from dummy; stated by itself because measures with mass violate it, arXiv 2505.24729.
    """
    model = s.program(Affine((0,) * s.f.n, s.letter("c"), s.f))
    return Statement(tuple(Relation(s.phi(model, s.x, s.baselines, i), "=", 0, f"feature {i}") for i in s.features))
