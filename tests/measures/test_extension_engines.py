"""Two independent engines on random rules: proofs by cases and refutations against the cell-by-cell comparison."""

from __future__ import annotations

import random
from fractions import Fraction

from attrtheory.errors import SideCondition
from attrtheory.measures.extension import atoms_from_text, charge
from attrtheory.prove.atoms import additivity

Q = Fraction
FACTORS = [
    "x{k}_in", "length{k}", "b{k}_in", "(x{k}_in - b{k}_in)", "(upper{k}**2 - lower{k}**2)", "step(upper{k} - 1/2)",
    "(step(upper{k} - 1/3) - step(lower{k} - 1/3))", "(1 - step(lower{k}))", "upper{k}", "max(lower{k}, 1/3)",
    "(relu(upper{k} - 1/2) - relu(lower{k} - 1/2))",
]  # fmt: skip


def random_rule(rng: random.Random, n: int) -> str:
    summand = lambda: "*".join(rng.choice(FACTORS).format(k=k + 1) for k in range(n))
    return " + ".join(summand() for _ in range(rng.choice((1, 2))))


def test_the_engines_agree_on_random_rules():
    rng, seen = random.Random(7), {"Proved": 0, "Refuted": 0}
    for _ in range(14):
        n = rng.choice((1, 2))
        point = lambda n=n: [rng.choice((Q(0), Q(1, 3), Q(1, 2), Q(1))) for _ in range(n)]
        atoms = atoms_from_text([random_rule(rng, n), *["0"] * (n - 1)]).at(point(), point())
        try:
            charge(atoms, 0)
            by_cells = "Proved"
        except SideCondition:
            by_cells = "Refuted"
        assert additivity(atoms, solver=False)[0].name == by_cells, atoms.rules[0]
        seen[by_cells] += 1
    assert min(seen.values()) >= 3
