"""Entries of what cannot be recovered: the claims are proved, and the layer rules agree with captum and with enumeration."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch

from attrtheory.prove.impossible import Impossible, TwoPrograms, Vanishing, impossible, rescale, zplus
from attrtheory.prove.layer_rules import Layers, deeplift_rescale, lrp_zplus, network
from attrtheory.semantics.exact import evaluate

Q = Fraction
ENTRIES = impossible()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.method)
def test_every_claim_of_an_entry_is_proved(entry: Impossible):
    assert [v.name for v in entry.verdicts()] == ["Proved"] * len(entry.claims)
    assert entry.method in str(entry)
    assert entry.witness.to_json()


def test_the_pairs_are_those_of_the_theory():
    assert rescale().witness.attributions == ((Q(3, 2), Q(-1, 2)), (Q(2), Q(-1)))
    assert zplus().witness.attributions == ((Q(2), Q(0)), (Q(4, 3), Q(2, 3)))
    assert str(rescale().witness).endswith("of relu(relu(x1) - relu(x2) - 1) and of relu(relu(x1 - 1) - relu(x2))")
    assert str(zplus().witness).endswith("of relu(x1) and of relu(x1) + relu(x2) - relu(x2)")


@pytest.mark.parametrize("entry", [rescale(), zplus()], ids=lambda e: e.method)
def test_the_programs_compute_one_function(entry: Impossible):
    assert isinstance(entry.witness, TwoPrograms)
    rng = random.Random(1)
    for _ in range(200):
        x = [Q(rng.randint(-12, 12), 3) for _ in range(2)]
        assert entry.witness.first.run(x)[-1] == entry.witness.second.run(x)[-1]
    assert entry.witness.attributions[0] != entry.witness.attributions[1]


@pytest.mark.parametrize("entry", ENTRIES[:2], ids=lambda e: e.method)
@pytest.mark.parametrize("e", [Q(1), Q(1, 7), Q(1, 10**9)])
def test_models_vanish_and_attributions_stay(entry: Impossible, e: Fraction):
    """The attribution by difference quotients on the path, the size on a grid: from the formula of clip by hand."""
    assert isinstance(entry.witness, Vanishing)
    n = entry.witness.model.n
    clip = lambda u: min(max(u, -e), e)
    value = lambda y: clip(y[0] - (y[1] if n == 2 else 0))
    rng = random.Random(2)
    for _ in range(50):
        y = [Q(rng.randint(-9, 9), 4) for _ in range(n)]
        assert evaluate(entry.witness.model.body, {"e": e} | {f"x{k + 1}": v for k, v in enumerate(y)}) == value(y)
        assert abs(value(y)) <= e
    for a in (Q(0), Q(1, 3), Q(1)):
        y = [a * v for v in entry.witness.x]
        for j, expected in enumerate(entry.witness.attributions):
            moved = [v + (k == j) * e / 2 for k, v in enumerate(y)]
            assert (value(moved) - value(y)) / (e / 2) == expected


# the layer rules ----------------------------------------------------------------------------------------------------------
def drawn(rng: random.Random, sizes: tuple[int, ...]) -> Layers:
    layers = [[[rng.randint(-3, 3) for _ in range(a + 1)] for _ in range(b)] for a, b in pairwise(sizes)]
    return network(*layers)


def module(net: Layers) -> torch.nn.Sequential:
    parts: list[torch.nn.Module] = []
    for k, layer in enumerate(net.layers):
        linear = torch.nn.Linear(len(layer[0][0]), len(layer)).double()
        with torch.no_grad():
            linear.weight.copy_(torch.tensor([[float(w) for w in row] for row, _ in layer]))
            linear.bias.copy_(torch.tensor([float(b) for _, b in layer]))
        parts += [linear, torch.nn.ReLU()] if k + 1 < len(net.layers) else [linear]
    return torch.nn.Sequential(*parts)


@pytest.mark.filterwarnings("ignore:Setting forward, backward hooks")
@pytest.mark.parametrize("seed", range(8))
def test_rescale_is_that_of_captum(seed: int):
    from captum.attr import DeepLift

    rng = random.Random(seed)
    net = drawn(rng, (3, 5, 4, 1))
    x, x0 = ([Q(rng.randint(-9, 9), 4) for _ in range(3)] for _ in range(2))
    ours = deeplift_rescale(net, x, x0)
    tensor = lambda v: torch.tensor([[float(q) for q in v]], dtype=torch.float64)
    theirs = DeepLift(module(net)).attribute(tensor(x).requires_grad_(), tensor(x0))[0]
    assert np.allclose([float(q) for q in ours], theirs.detach().numpy(), atol=1e-6)
    value = lambda v: net.run(v)[-1][0][0]
    assert sum(ours) == value(x) - value(x0)


@pytest.mark.parametrize("seed", range(8))
def test_zplus_by_sums_over_paths(seed: int):
    """Every path from the output to an input carries the product of its shares: summed path by path."""
    rng = random.Random(seed)
    net = drawn(rng, (3, 4, 3, 1))
    x = [Q(rng.randint(-9, 9), 4) for _ in range(3)]
    seen = net.run(x)

    def carried(layer: int, unit: int, relevance: Fraction) -> dict[int, Fraction]:
        if layer < 0:
            return {unit: relevance}
        row, _ = net.layers[layer][unit]
        positive = [max(w * a, Q(0)) for w, a in zip(row, seen[layer][0], strict=True)]
        out: dict[int, Fraction] = {}
        for i, part in enumerate(positive):
            if part:
                for j, r in carried(layer - 1, i, relevance * part / sum(positive)).items():
                    out[j] = out.get(j, Q(0)) + r
        return out

    paths = carried(len(net.layers) - 1, 0, seen[-1][0][0])
    assert list(lrp_zplus(net, x)) == [paths.get(j, Q(0)) for j in range(3)]


def test_rescale_takes_the_slope_where_nothing_changes():
    net = network([[1, -1, 0]], [[1, 0]])
    assert deeplift_rescale(net, (Q(2), Q(1)), (Q(1), Q(0))) == (Q(1), Q(-1))  # z = 1 at both: slope 1
    assert deeplift_rescale(net, (Q(1), Q(2)), (Q(0), Q(1))) == (Q(0), Q(0))  # z = -1 at both: slope 0


def test_one_hidden_layer_has_no_such_pair():
    """There the rescale rule is Integrated Gradients, which sees the function off kinks: equal on 40 random networks."""
    from attrtheory.methods import get_method

    rng = random.Random(3)
    for _ in range(40):
        net = drawn(rng, (2, 3, 1))
        x, x0 = ([Q(rng.randint(-9, 9), 4) for _ in range(2)] for _ in range(2))
        z, z0 = net.run(x)[0][1], net.run(x0)[0][1]
        if all(a != b for a, b in zip(z, z0, strict=True)):
            exact = get_method("integrated_gradients").all(net.fn(), x, [x0])
            assert deeplift_rescale(net, x, x0) == tuple(evaluate(t, {}) for t in exact)
