"""Agreement of two methods, and agreement of a method with a formula."""

from collections.abc import Sequence

from attrtheory.errors import BadInput
from attrtheory.expr.views import Value
from attrtheory.properties.statement import Phi, Property, Relation, Scene, Statement


def agreement(other: Phi, name: str) -> Property:
    r"""Two methods give the same attributions.

    Statement:
        $\phi_i(f, x) = \psi_i(f, x)$ for all $i$, with $\psi$ the method `other`.
    """

    def state(s: Scene) -> Statement:
        def of(i: int) -> Relation:
            return Relation(s.phi(s.f, s.x, s.baselines, i), "=", other(s.f, s.x, s.baselines, i), f"feature {i}")

        return Statement(tuple(of(i) for i in s.features))

    return Property(name, state)


def formula(values: Sequence[Value], name: str) -> Property:
    r"""A method's attributions have a closed form.

    Statement:
        $\phi_i(f, x) = $ `values[i]` for all $i$.
    """

    def state(s: Scene) -> Statement:
        if len(values) != s.f.n:
            raise BadInput(f"a closed form on {s.f.n} features needs {s.f.n} terms; got {len(values)}")
        return Statement(
            tuple(Relation(s.phi(s.f, s.x, s.baselines, i), "=", values[i], f"feature {i}") for i in s.features)
        )

    return Property(name, state)
