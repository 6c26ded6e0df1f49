"""How long the proofs take that a user would try first."""

import random
from fractions import Fraction

import pytest

from attrtheory import Claim, Every, Fn, Given, get_method, get_property, prove, relu, var
from attrtheory.expr import total


def dense(sizes: list[int]) -> Fn:
    rng = random.Random(1)
    values = [var(f"x{k + 1}") for k in range(sizes[0])]
    for fan_out in sizes[1:]:
        rows = [[Fraction(rng.randint(-8, 8), 4) * v for v in values] for _ in range(fan_out)]
        z = [total([*row, Fraction(rng.randint(-4, 4), 4)]) for row in rows]
        values = [relu(t) for t in z] if fan_out != 1 else z
    return Fn(tuple(f"x{k + 1}" for k in range(sizes[0])), values[0])


@pytest.mark.benchmark(group="proofs")
@pytest.mark.parametrize("name", ["completeness", "linearity", "dummy", "symmetry"])
def test_shapley_for_every_model_with_2_to_6_features(benchmark, name):
    claims = [Claim(get_property(name), get_method("shapley"), Every(n)) for n in range(2, 7)]
    assert all(v.name == "Proved" for v in benchmark(lambda: [prove(c) for c in claims]))


@pytest.mark.benchmark(group="proofs")
@pytest.mark.parametrize("sizes", [[4, 16, 16, 1], [8, 32, 32, 1]], ids=str)
def test_completeness_of_integrated_gradients_on_one_network(benchmark, sizes):
    claim = Claim(get_property("completeness"), get_method("integrated_gradients"), Given(dense(sizes)))
    assert benchmark.pedantic(lambda: prove(claim), rounds=1).name == "Proved"
