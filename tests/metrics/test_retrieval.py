"""Recall, precision and F1: values by counting, optima by an exhaustive search that shares nothing with the optimiser."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score, precision_score, recall_score

import attrtheory.metrics.retrieval_optimum as module
from attrtheory.errors import BadCertificate, BadInput, SideCondition
from attrtheory.metrics.retrieval import Retrieval, retrieval
from attrtheory.metrics.retrieval_optimum import best_retrieval
from attrtheory.metrics.retrieval_training import TrainableBarycentres

Q = Fraction
METRICS: tuple[Any, ...] = ("recall", "precision", "f1")


def random_question(rng: random.Random, *, intercept: bool) -> Retrieval:
    w = [Q(rng.randint(-4, 4), 2) for _ in range(rng.randint(1, 3))]
    return retrieval(w, Q(rng.randint(0, 4), 2), Q(rng.randint(1, 8), 2), Q(rng.randint(-6, 6), 2) if intercept else 0)


def candidates(q: Retrieval) -> set[Fraction]:
    """Values of a feature at the vertices of the cube and where an edge crosses 0: every answer is among these."""
    vertices = list(product((0, 1), repeat=q.n))
    value = {v: sum((w * c for w, c in zip(q.weights, v, strict=True)), q.intercept) for v in vertices}
    edges = [(u, v) for u in vertices for v in vertices if sum(a != b for a, b in zip(u, v, strict=True)) == 1]
    crossed = any(value[u] * value[v] < 0 for u, v in edges)
    return set(value.values()) | ({Q(0)} if crossed else set())


def exhaustive(q: Retrieval, metric: str, empty: Fraction) -> Fraction:
    """The best of all choices of a candidate for each feature, by counting."""
    relevant = [abs(w) > q.tau for w in q.weights]
    best = Q(-1)
    for values in product(candidates(q), repeat=q.n):
        passing = [abs(v) >= q.alpha for v in values]
        hits, r, p = sum(a and b for a, b in zip(relevant, passing, strict=True)), sum(relevant), sum(passing)
        part, whole = {"recall": (hits, r), "precision": (hits, p), "f1": (2 * hits, r + p)}[metric]
        best = max(best, Q(part, whole) if whole else empty)
    return best


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("intercept", [False, True])
def test_the_optimum_is_that_of_an_exhaustive_search_on_random_models(metric: Any, intercept: bool):
    rng, seen = random.Random(f"{metric}{intercept}"), set[Fraction]()
    for k in range(40 if intercept else 100):
        q, empty = random_question(rng, intercept=intercept), Q(k % 2)
        best = best_retrieval(q, metric, empty)
        best.check()
        assert best.value == exhaustive(q, metric, empty)
        seen.add(best.value)
    assert len(seen) > 1


def test_full_recall_is_possible_iff_the_larger_part_of_the_weights_reaches_alpha():
    rng = random.Random(5)
    for _ in range(30):
        q = random_question(rng, intercept=False)
        larger = max(sum(w for w in q.weights if w > 0), sum(-w for w in q.weights if w < 0))
        assert best_retrieval(q, "recall", 0).value == (1 if q.relevant and larger >= q.alpha else 0)


def test_one_barycentre_serves_every_relevant_feature():
    best = best_retrieval(retrieval([3, -1, 2, -4], tau=1, alpha=5), "recall")
    assert best.value == 1
    assert {best.barycentres[j] for j in best.question.relevant} == {(1, 0, 1, 0)}
    assert best.question.recall([best.passing] * 4) == 1  # the same measure for all: nothing says which feature it is of


def test_a_family_of_best_recall_may_violate_dummy():
    q = retrieval([3, 0, 2], tau=1, alpha=5)
    best = best_retrieval(q, "recall")
    shared = [best.passing] * 3
    assert q.recall(shared) == best.value == 1
    assert q.attributions(shared)[1] == 5  # feature 1 has weight 0
    assert best_retrieval(q, "precision").value == q.precision(best.barycentres) == 1 > q.precision(shared)


def test_with_an_intercept_an_inner_point_may_be_needed_where_vertices_are_not_enough():
    q = retrieval([10, 0], tau=20, alpha=1, intercept=-5)  # vertices give -5 and 5, which pass
    assert best_retrieval(q, "f1", empty=1).value == 1
    assert best_retrieval(q, "f1", empty=1).barycentres[0][0] == Q(1, 2)


def test_values_agree_with_scikit_learn():
    rng = random.Random(3)
    for _ in range(60):
        q = random_question(rng, intercept=True)
        m = [[Q(rng.randint(0, 4), 4) for _ in range(q.n)] for _ in range(q.n)]
        relevant = [abs(float(w)) > float(q.tau) for w in q.weights]
        w, b = np.array(q.weights, float), float(q.intercept)
        passing = (np.abs(np.array(m, float) @ w + b) >= float(q.alpha)).tolist()  # halves and quarters: no rounding
        for mine, theirs in ((q.recall, recall_score), (q.precision, precision_score), (q.f1, f1_score)):
            assert float(mine(m, empty=0)) == pytest.approx(theirs(relevant, passing, zero_division=0))


def test_thresholds_are_strict_for_relevance_and_not_for_passing():
    q = retrieval([1, -1, 2], tau=1, alpha=2)
    assert q.relevant == {2}
    assert q.passing([[0, 0, 1], [0, 1, 0], [1, 1, 1]]) == {0, 2}


def test_numbers_of_every_kind_are_read_exactly():
    rows = np.asfortranarray(np.array([[0.5, 0.25], [0, 1]], dtype=np.float32))
    q = retrieval(torch.tensor([1.0, 2.0]), "1/2", np.float64(0.5))
    assert q.attributions(rows) == (1, 2) == q.attributions(rows.T.copy().T)
    assert retrieval([0.1], 0, 1).weights == (Q(0.1),) != (Q("0.1"),)


@pytest.mark.parametrize(
    "weights, tau, alpha",
    [
        ([], 1, 1), ([float("nan")], 1, 1), ([1], -1, 1), ([1], 1, 0), ([1], 1, float("inf")), ("12", 1, 1), (3, 1, 1),
        ([[1, 2]], 1, 1), ([True], 1, 1), ([1j], 1, 1),
    ],
)  # fmt: skip
def test_bad_questions_are_refused(weights: Any, tau: Any, alpha: Any):
    with pytest.raises(BadInput):
        retrieval(weights, tau, alpha)


def test_bad_barycentres_and_shares_of_nothing_are_refused():
    q = retrieval([1, 1], 5, 1)
    for bad in ([[0, 0]], [[0, 0], [0]], [[0, 0], [0, 2]], [[0, 0], [0, -1]], [], [[0, float("nan")], [0, 0]]):
        with pytest.raises(BadInput):
            q.recall(bad, empty=0)
    with pytest.raises(SideCondition, match="no feature is relevant"):
        q.recall([[0, 0], [0, 0]])
    with pytest.raises(BadInput, match="0 to 1"):
        q.recall([[0, 0], [0, 0]], empty=2)


@pytest.mark.parametrize("metric", ["accuracy", "Recall", "", None, ["recall"], "passing"])
def test_metrics_that_do_not_exist_are_refused(metric: Any):
    with pytest.raises(BadInput, match="recall, precision, f1; got"):
        best_retrieval(retrieval([3, -1], tau=1, alpha=2), metric)


def test_forged_optima_are_rejected():
    best = best_retrieval(retrieval([3, -1, 2], tau=1, alpha=5), "recall")
    for forged in (
        replace(best, value=Q(1, 2)),
        replace(best, metric="f1", value=Q(1), barycentres=(best.passing,) * 3),
        replace(best, high=best.low),
        replace(best, question=retrieval([3, -1, 2], tau=1, alpha=6)),
        replace(best, high=replace(best.high, multipliers=(Q(0),) * 3)),
    ):
        with pytest.raises(BadCertificate):
            forged.check()


def test_a_wrong_rule_for_failing_features_is_caught(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_inside", lambda ends, values, alpha: ends[0])
    with pytest.raises(AssertionError):
        test_the_optimum_is_that_of_an_exhaustive_search_on_random_models("f1", True)


def test_training_reaches_the_proved_optimum():
    q = retrieval([3, -1, 2, Q(1, 2)], tau=1, alpha=4)
    trained = TrainableBarycentres(4, seed=1)
    optimiser = torch.optim.Adam(trained.parameters(), lr=0.2)
    for _ in range(60):
        optimiser.zero_grad()
        loss = trained.hinge([q])
        loss.backward()
        optimiser.step()
    assert q.f1(trained.exact()) == best_retrieval(q, "f1").value == 1
    with pytest.raises(BadInput):
        trained.hinge([retrieval([1], 0, 1)])
