import random
from fractions import Fraction as Q
from itertools import permutations

import pytest
import torch
from metrics.small import area, best_of_all_orders, cheapest_path, curve, point, small

from attrtheory.errors import BadInput, SideCondition, TooLarge
from attrtheory.metrics import check_optimum, curve_bounds, deletion, insertion
from attrtheory.models.dsl import parse_model


@pytest.fixture(params=[1, curve_bounds.MOST_SETS])
def tried(request, monkeypatch):
    monkeypatch.setattr(curve_bounds, "MOST_SETS", request.param)


@pytest.mark.parametrize("seed", range(8))
def test_no_order_of_six_features_passes_the_bounds(seed, tried):
    model, x, base = small(6, seed), point(6, seed), point(6, seed + 500)
    for metric in (deletion(model.fn, x, base), insertion(model.fn, x, base)):
        bounds = metric.bounds()
        assert metric.sign * bounds.bound <= metric.sign * metric.optimum().value <= metric.sign * bounds.attained
        assert metric.value(bounds.attribution) == bounds.attained


@pytest.mark.parametrize("seed", range(100))
def test_the_best_orders_are_those_of_a_search_through_all_orders(seed):
    n = 1 + seed % 6  # at most 720 orders
    model, x, base = small(n, seed), point(n, seed), point(n, seed + 500)
    out, into = deletion(model.fn, x, base), insertion(model.fn, x, base)
    assert out.optimum().value == best_of_all_orders(model, x, base, min)
    assert into.optimum().value == best_of_all_orders(model, base, x, max)
    for metric, start, stop in ((out, x, base), (into, base, x)):
        best = metric.optimum()
        assert area(curve(model, start, stop, best.order)) == best.value == metric.value(best.attribution)
        assert check_optimum(best.certificate, metric).value == best.value


@pytest.mark.parametrize("seed", range(100))
def test_deletion_of_twelve_features_is_that_of_the_cheapest_path_through_the_sets(seed):
    model, r = small(12, seed, units=2, pairs=2), random.Random(seed)
    x, base = [r.randint(-3, 3) for _ in range(12)], [0] * 12
    best = deletion(model.fn, x, base).optimum()
    assert best.value == cheapest_path(model, x, base) == area(curve(model, x, base, best.order))


def test_for_affine_models_sorting_by_effect_is_optimal_in_any_number_of_features():
    w = [3, -2, 5, 0, 1, -4, 2, 7]
    f = parse_model(" + ".join(f"({c})*x{k + 1}" for k, c in enumerate(w)) + " + 1", [f"x{k + 1}" for k in range(8)])
    assert deletion(f, [1] * 8, [0] * 8).gap(w) == 0 == insertion(f, [1] * 8, [0] * 8).gap(w)
    names = [f"x{k + 1}" for k in range(24)]
    long = parse_model(" + ".join(f"({(7 * k) % 41 - 20})*{name}" for k, name in enumerate(names)), names)
    for metric in (deletion(long, [2] * 24, [1] * 24), insertion(long, [2] * 24, [1] * 24)):
        bounds = metric.bounds()
        assert bounds.is_optimal
        assert metric.value([(7 * k) % 41 - 20 for k in range(24)]) == bounds.bound
        assert check_optimum(bounds.certificate, metric).is_optimal
        with pytest.raises(TooLarge, match="bounds"):
            metric.optimum()


def test_bounds_of_twenty_features_hold_for_random_orders():
    model = small(20, 3, units=4)
    metric = deletion(model.fn, point(20, 1), [0] * 20)
    bounds, r = metric.bounds(), random.Random(0)
    for _ in range(20):
        order = r.sample(range(20), 20)
        assert bounds.bound <= metric.of_order(order)
    assert bounds.bound <= bounds.attained
    assert check_optimum(bounds.certificate, metric).bound == bounds.bound


TIED = [Q(2), Q(1), Q(2), Q(1), Q(1)]


def test_ties_follow_the_convention_that_is_named():
    model, x, base = small(5, 4), point(5, 3), point(5, 9)
    metric = deletion(model.fn, x, base)
    orders = [(*p, *q) for p in permutations([0, 2]) for q in permutations([1, 3, 4])]
    areas = [area(curve(model, x, base, order)) for order in orders]
    assert metric.value(TIED, "mean") == sum(areas) / 12
    assert (metric.value(TIED, "best"), metric.value(TIED, "worst")) == (min(areas), max(areas))
    assert metric.value(TIED, "index") == area(curve(model, x, base, [0, 2, 1, 3, 4]))
    rising = insertion(model.fn, x, base)
    areas = [area(curve(model, base, x, order)) for order in orders]
    assert (rising.value(TIED, "best"), rising.value(TIED, "worst")) == (max(areas), min(areas))
    with pytest.raises(SideCondition, match="equal attributions"):
        metric.value(TIED)
    with pytest.raises(BadInput, match="ties"):
        metric.value(TIED, "first")


def test_no_method_that_is_additive_in_the_model_is_optimal_for_deletion():
    # values on the sets that are deleted: f prefers 1, 12; g prefers 3, 13; f + g prefers 2, 23
    def model(values):
        # x = 1, baseline = 0: y_i = 0 where deleted
        terms = []
        for deleted, value in values.items():
            factors = [f"(1 - x{i})" if str(i) in deleted else f"x{i}" for i in (1, 2, 3)]
            terms.append(f"({value})*{'*'.join(factors)}")
        return " + ".join(terms)

    f = model({"1": -3, "12": -3, "2": -2, "23": -2})
    g = model({"3": -3, "13": -3, "2": -2, "23": -2})
    orders = []
    for text in (f, g, f"{f} + {g}"):
        metric = deletion(parse_model(text), [1, 1, 1], [0, 0, 0])
        areas = {order: metric.of_order(order) for order in permutations(range(3))}
        best = metric.optimum()
        assert [order for order, v in areas.items() if v == min(areas.values())] == [best.order]  # the only one
        orders.append(best.order)
    assert orders == [(0, 1, 2), (2, 0, 1), (1, 2, 0)]
    # so an additive method would need a_1 > a_2 on f, a_1 > a_2 on g, and a_1 < a_2 on f + g


def test_a_deletion_optimum_that_breaks_a_symmetry_of_the_model():
    f = parse_model("x1 + x2 - 2*x1*x2", ["x1", "x2", "x3"])  # 1 and 2 alike, 3 not in the model
    metric = insertion(f, [1, 1, 1], [0, 0, 0])
    best = metric.optimum()
    assert set(best.order[::2]) == {0, 1}  # one of the two first, the other last
    assert best.value == Q(2, 3)
    for a in ([1, 1, 0], [-1, -1, 0]):
        assert metric.value(a, "best") == Q(1, 3)


def test_training_the_mean_over_random_orders_finds_the_optimum():
    metric = deletion(small(5, 11).fn, point(5, 4), [0] * 5)
    torch.manual_seed(0)
    a = torch.zeros(16, 5, dtype=torch.float64).normal_()  # 16 starts
    for _ in range(60):
        a.requires_grad_()
        (slope,) = torch.autograd.grad(metric.loss(a).sum(), a)
        a = a.detach() - 0.3 * slope / slope.norm(dim=-1, keepdim=True)
    assert min(metric.value(row) for row in a) == metric.optimum().value


def test_the_loss_is_the_mean_over_orders_and_tends_to_the_area():
    model, x, base = small(4, 2), point(4, 2), point(4, 7)
    for metric, start, stop in ((deletion(model.fn, x, base), x, base), (insertion(model.fn, x, base), base, x)):
        orders = list(permutations(range(4)))
        mean = sum(area(curve(model, start, stop, order)) for order in orders) / len(orders)
        a = torch.zeros(4, dtype=torch.float64)
        assert float(metric.loss(a)) == pytest.approx(metric.sign * float(mean))
        assert float(mean) == pytest.approx(float(metric.value([0] * 4, "mean")))
        a = torch.tensor([0.3, -1.0, 2.0, 0.5], dtype=torch.float64)
        weight = lambda order: torch.stack([a[order[k]].exp() / a[list(order[k:])].exp().sum() for k in range(4)]).prod()  # noqa: B023
        expected = sum(float(weight(order)) * float(area(curve(model, start, stop, order))) for order in orders)
        assert float(metric.loss(a)) == pytest.approx(metric.sign * expected)
        assert float(metric.loss(a, 0.01)) == pytest.approx(metric.sign * float(metric.value(a)))
        assert torch.autograd.gradcheck(metric.loss, a.clone().requires_grad_())


def test_bad_input():
    f = parse_model("x1*x2")
    with pytest.raises(BadInput, match="baseline"):
        deletion(f, [1, 1], None)
    metric = deletion(f, [1, 1], [0, 0])
    for order in ([0], [0, 0], [1, 2]):
        with pytest.raises(BadInput, match="order"):
            metric.of_order(order)
    for a in (torch.zeros(3), torch.zeros(2, dtype=torch.long), [1.0, 2.0]):
        with pytest.raises(BadInput, match="attributions"):
            metric.loss(a)
    with pytest.raises(BadInput, match="temperature"):
        metric.loss(torch.zeros(2), temperature=0)
    with pytest.raises(BadInput, match="see the model"):
        deletion(lambda rows: rows.sum(1), [1] * 30, [0] * 30).bounds()
