"""A witness, once more, in torch float64: what a user of ordinary libraries would see."""

from __future__ import annotations

import torch

from attrtheory.errors import BadInput
from attrtheory.expr.term import lift
from attrtheory.prove.claim import Claim
from attrtheory.prove.refute import question
from attrtheory.prove.verdict import Witness
from attrtheory.semantics.paths import close_means
from attrtheory.semantics.tensor import run


def replay_in_torch(claim: Claim, witness: Witness) -> tuple[float, float]:
    """Both sides of the failing relation at the witness, from the same terms, in float64.

    Means are closed first: the kernel has no quadrature.
    """
    statement = question(claim, witness.model).statement
    relation = next((r for r in statement.conclusions if f"{r.label}: {r.kind}" == witness.relation), None)
    if relation is None:
        raise BadInput(f"the claim has no relation {witness.relation!r}")
    env = {name: torch.tensor(float(q), dtype=torch.float64) for name, q in witness.values.items()}
    env = env or {"x1": torch.zeros((), dtype=torch.float64)}
    lhs, rhs = (run(close_means(lift(side)), env) for side in (relation.lhs, relation.rhs))
    return float(lhs), float(rhs)
