import random
from fractions import Fraction as Q

import pytest
import torch
from metrics.small import by_all_exact_fits, point, small

from attrtheory.errors import BadInput, SideCondition
from attrtheory.metrics import check_optimum, infidelity
from attrtheory.models.dsl import parse_model


def law(n: int, seed: int, count: int):
    r = random.Random(seed)
    rows = [[Q(r.randint(-2, 2)) for _ in range(n)] for _ in range(count)]
    shares = [Q(r.randint(1, 4)) for _ in range(count)]
    return rows, [w / sum(shares) for w in shares]


def by_definition(f, x, rows, weights, a):
    total = Q(0)
    for weight, row in zip(weights, rows, strict=True):
        lost = f(x) - f([p - q for p, q in zip(x, row, strict=True)])
        total += weight * (sum(p * q for p, q in zip(row, a, strict=True)) - lost) ** 2
    return total


def descended(metric, n):
    """The optimum by conjugate gradients from 0, with slopes from autograd."""

    def slope(a):
        a = a.clone().requires_grad_()
        return torch.autograd.grad(metric.loss(a), a)[0]

    a = torch.zeros(n, dtype=torch.float64)
    g = slope(a)
    way = -g
    for _ in range(3 * n):
        bend = slope(a + way) - slope(a)
        if not way @ bend > 1e-12:
            break
        a = a - (g @ way) / (way @ bend) * way
        g, before = slope(a), g
        way = (g @ g) / (before @ before) * way - g
    return float(metric.loss(a))


@pytest.mark.parametrize("seed", range(100))
def test_the_optimum_is_the_one_of_an_exhaustive_search_and_descent_reaches_it(seed):
    n = 2 + seed % 3
    model, x = small(n, seed), point(n, seed)
    rows, weights = law(n, seed, n + 3)
    targets = [model(x) - model([p - q for p, q in zip(x, row, strict=True)]) for row in rows]
    expected = by_all_exact_fits(rows, targets, weights)
    metric = infidelity(model.fn, x, rows, weights)
    best = metric.optimum()
    assert best.value == by_definition(model, x, rows, weights, best.attribution) == metric.value(best.attribution)
    assert best.unique == (expected is not None)
    if expected is not None:
        assert list(best.attribution) == expected
    assert descended(metric, n) == pytest.approx(float(best.value), rel=1e-9, abs=1e-9)
    assert check_optimum(best.certificate, metric).value == best.value


def test_one_feature_at_a_time_is_occlusion_and_masks_with_the_shapley_kernel_are_shapley_values():
    model, x = small(3, 5), [Q(2), Q(-1), Q(3)]
    one = infidelity(model.fn, x, [[2, 0, 0], [0, -1, 0], [0, 0, 3]], baseline=[0, 0, 0])
    lost = [v * s for v, s in zip(one.optimum().attribution, x, strict=True)]
    assert tuple(lost) == one.at.attributions("occlusion")
    # I = 1_S on a model of masks: f(x) - f(x - I) is what is lost without S
    game = small(3, 8)
    sets = [[k >> i & 1 for i in range(3)] for k in range(1, 7)]
    metric = infidelity(game.fn, [1, 1, 1], sets, [Q(1, 6)] * 6, baseline=[0, 0, 0])  # d = 3: the kernel is constant
    assert metric.optimum(complete=True).attribution == metric.at.attributions("shapley")


def test_for_the_whole_displacement_every_complete_attribution_is_an_optimum():
    metric = infidelity(parse_model("x1*x2**2"), [1, 1], [[1, 1]], baseline=[0, 0])
    for a in (["1/3", "2/3"], ["1/2", "1/2"], [9, -8], "integrated_gradients"):
        assert metric.value(a) == 0
    best = metric.optimum()
    assert (best.attribution, best.unique) == ((Q(1, 2), Q(1, 2)), False)  # the shortest, said not to be the only one
    ((p, q),) = best.directions
    assert p + q == 0 != p


def test_an_optimum_that_violates_dummy_and_completeness():
    f = parse_model("x1*x2", ["x1", "x2", "x3"])
    sets = [[k >> i & 1 for i in range(3)] for k in range(1, 8)]
    metric = infidelity(f, [1, 1, 1], sets, baseline=[0, 0, 0])
    best = metric.optimum()
    assert by_all_exact_fits(
        [[Q(v) for v in row] for row in sets], [Q(1) - (1 - a) * (1 - b) for a, b, _ in sets], [Q(1, 7)] * 7
    ) == [Q(5, 8), Q(5, 8), Q(1, 8)]
    assert best.attribution == (Q(5, 8), Q(5, 8), Q(1, 8))  # the third feature is not in the model
    assert sum(best.attribution) == Q(11, 8) != f(1, 1, 1).payload
    kept = metric.optimum(complete=True, zero=[2])
    assert kept.attribution == (Q(1, 2), Q(1, 2), 0)
    assert kept.value > best.value
    assert metric.gap([Q(1, 2), Q(1, 2), 0]) == kept.value - best.value
    assert metric.gap([Q(1, 2), Q(1, 2), 0], complete=True, zero=[2]) == 0


@pytest.mark.parametrize("kind", [{}, {"complete": True}, {"zero": (0,)}])
@pytest.mark.parametrize("singular", [False, True])
def test_the_optimum_is_a_signed_measure_that_serves_every_model(kind, singular):
    x, base, n = point(3, 2), [Q(0), Q(1), Q(-1)], 3
    rows, weights = law(n, 4, 2 if singular else 5)
    measures = infidelity(small(n, 0).fn, x, rows, weights, baseline=base).optimum(**kind).measure()
    for seed in range(1, 6):
        other = small(n, seed)
        integrals = [
            sum(part.weight.payload * other([v.payload for v in part.law.origin]) for part in mu.parts) for mu in measures
        ]
        assert tuple(integrals) == infidelity(other.fn, x, rows, weights, baseline=base).optimum(**kind).attribution


def test_the_weights_of_a_measure_can_be_trained_and_stay_where_the_closed_form_puts_them():
    x, (rows, weights) = point(3, 2), law(3, 4, 5)
    models = [small(3, seed) for seed in range(4)]
    measures = infidelity(models[0].fn, x, rows, weights).optimum().measure()
    points = [[v.payload for v in part.law.origin] for part in measures[0].parts]
    weight = lambda mu, y: sum(p.weight.payload for p in mu.parts if [v.payload for v in p.law.origin] == y)
    start = [[weight(mu, y) for y in points] for mu in measures]

    def loss(shares):
        total = torch.zeros((), dtype=torch.float64)
        for model in models:
            values = torch.tensor([float(model(y)) for y in points], dtype=torch.float64)
            total = total + infidelity(model.fn, x, rows, weights).loss(shares @ values)
        return total

    best = torch.tensor([[float(v) for v in row] for row in start], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(loss(best), best)
    assert slope.abs().max() < 1e-9
    trained = torch.zeros_like(best)
    for _ in range(50):
        trained.requires_grad_()
        (slope,) = torch.autograd.grad(loss(trained), trained)
        trained = trained.detach() - 1e-6 * slope
    assert loss(best.detach()) < loss(trained) < loss(torch.zeros_like(trained))


def test_an_empty_class_is_refused():
    metric = infidelity(parse_model("x1*x2"), [1, 1], [[1, 0]], baseline=[0, 0])
    with pytest.raises(SideCondition, match="empty"):
        metric.optimum(complete=True, zero=[0, 1])
    assert metric.optimum(zero=[0, 1]).attribution == (0, 0)


@pytest.mark.parametrize(
    "rows, weights, message",
    [
        ([], None, "at least one"),
        ([[1]], None, "2 numbers"),
        ([[1, 2], [3]], None, "2 numbers"),
        ([[1, float("nan")]], None, "finite"),
        ([[1, float("inf")]], None, "finite"),
        ([[1, 2]], [-1], "not negative"),
        ([[1, 2]], [0], "not all 0"),
        ([[1, 2]], [Q(1, 2)], "add up to 1/2"),
        ([[1, 2]], [1, 2], "1 numbers"),
        ([[True, 2]], None, "bool"),
        ("12", None, "list of points"),
    ],
)
def test_bad_laws(rows, weights, message):
    with pytest.raises(BadInput, match=message):
        infidelity(parse_model("x1*x2"), [1, 1], rows, weights)


def test_bad_models_inputs_and_attributions():
    f = parse_model("x1*x2")
    for model, x in (("x1", [1]), (f, [1]), (f, [1, "a"]), (f, [[1, 2], [3]]), (parse_model("a*x1", ["x1"], ["a"]), [1])):
        with pytest.raises(BadInput):
            infidelity(model, x, [[1] * len(x)])
    metric = infidelity(f, [1, 1], [[1, 0]])
    for a in ([1], [1, 2, 3], [1, float("nan")], "no such method", 3, None):
        with pytest.raises(BadInput):
            metric.value(a)
    with pytest.raises(BadInput, match="baseline"):
        metric.optimum(complete=True)
    with pytest.raises(BadInput, match="zero"):
        metric.optimum(zero=[2])
