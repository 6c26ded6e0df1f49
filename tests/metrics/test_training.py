"""Trained measures: the wishes hold whatever is trained, and training ends at the proved optimum."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
import torch

from attrtheory.errors import BadCertificate, BadInput, SideCondition, Unsupported
from attrtheory.metrics.design import (
    ContradictoryWishes,
    Variation,
    completeness_from,
    design,
    energy,
    grid,
    hybrids,
    mean_fidelity,
    mean_infidelity,
)
from attrtheory.metrics.design.training import TrainableMeasures, loss_of
from attrtheory.models.dsl import parse_model

Q = Fraction
WISHES = ["completeness", "dummy"]


def test_every_value_of_the_parameters_meets_the_wishes_exactly():
    trained = TrainableMeasures(grid(2, 2), WISHES)
    for seed in range(3):
        with torch.no_grad():
            trained.free.copy_(torch.randn(len(trained.free), generator=torch.Generator().manual_seed(seed)) * 1e3)
        for denominator in (None, 7):
            family = trained.exact(denominator)
            family.check()
            model = parse_model("x1*x1*x2 + relu(x1 - x2)")
            assert sum(family.attribute(model, [3, 1], [0, 2])) == model(3, 1).payload - model(0, 2).payload


def test_training_on_the_energy_ends_at_shapley_which_is_proved_best():
    support, metric = hybrids(3), energy(3)
    trained, best = TrainableMeasures(support, WISHES), design(support, WISHES, metric)
    assert trained.fit(loss_of(metric, support)) == pytest.approx(float(best.value), abs=1e-8)
    gap = trained.exact().value_of(metric) - best.value
    assert 0 <= gap < Q(1, 10**6)
    assert trained.exact(1000).solution == best.solution  # rounding finds the rational weights themselves


def test_losses_are_the_metrics():
    support = hybrids(2)
    steps = [[1, 0], [0, 1], [1, 1]]
    models = [parse_model("x1*x2"), parse_model("x1 - x2")]
    metrics = [
        Variation(), energy(2), mean_fidelity(support, [0, 1, 2]), mean_infidelity(support, steps),
        mean_infidelity(support, steps, models=models),
    ]  # fmt: skip
    trained = TrainableMeasures(support, ["completeness"])
    with torch.no_grad():
        trained.free.copy_(torch.linspace(-1, 2, len(trained.free)))
    for metric in metrics:
        loss = loss_of(metric, support)(trained.weights())
        assert loss.item() == pytest.approx(float(trained.exact().value_of(metric)))
        trained.zero_grad()
        loss.backward()
        assert torch.isfinite(trained.free.grad).all()


def test_values_of_a_batch_of_models_give_their_attributions():
    trained = TrainableMeasures(hybrids(2), WISHES)
    models = [parse_model("x1*x2"), parse_model("x1 + 3*x2")]
    values = torch.tensor([[float(f(*p).payload) for p in trained.support.points] for f in models])
    found = trained(values)
    assert found.tolist() == [pytest.approx(trained.exact().attribute(f, [1, 1], [0, 0])) for f in models]
    with pytest.raises(BadInput, match="4 points"):
        trained(values[:, :3])


def test_a_family_that_misses_a_wish_is_rejected():
    family = TrainableMeasures(hybrids(2), WISHES).exact()
    for wrong in (tuple(2 * v for v in family.solution), family.solution[1:], (Q(0),) * 8):
        with pytest.raises(BadCertificate):
            replace(family, solution=wrong).check()


def test_a_wrong_direction_is_noticed():
    trained = TrainableMeasures(hybrids(2), WISHES)
    trained.directions = (tuple(v + (k == 0) for k, v in enumerate(trained.directions[0])),)
    with torch.no_grad():
        trained.free.fill_(1.0)
    with pytest.raises(BadCertificate, match="missed"):
        trained.exact()


def test_what_cannot_be_trained_is_said():
    with pytest.raises(SideCondition, match="one family only"):
        TrainableMeasures(hybrids(2), [*WISHES, "symmetry"])
    with pytest.raises(Unsupported, match="positive"):
        TrainableMeasures(hybrids(2), ["positive"])
    with pytest.raises(ContradictoryWishes):
        TrainableMeasures(hybrids(2), ["completeness", completeness_from([0, 1])])
    trained = TrainableMeasures(hybrids(2), WISHES)
    with pytest.raises(SideCondition, match="finite"):
        trained.fit(lambda weights: -weights.sum() * float("inf"))
