import random
from fractions import Fraction as Q
from itertools import product

import pytest
import torch
from metrics.small import point, small

from attrtheory.errors import BadInput
from attrtheory.methods import get_method
from attrtheory.metrics import check_optimum, max_sensitivity, max_sensitivity_over_box
from attrtheory.models.dsl import parse_model
from attrtheory.prove.verdict import Unknown

NORMS = {
    "max": lambda v: max(map(abs, v)),
    "sum": lambda v: sum(map(abs, v)),
    "squares": lambda v: sum(q * q for q in v),
}


@pytest.mark.parametrize("norm", NORMS)
def test_no_complete_table_changes_less_than_equal_shares(norm):
    r = random.Random(1)
    for seed in range(4):
        model, x, base = small(3, seed), point(3, seed), point(3, seed + 7)
        near = [[v + Q(r.randint(-4, 4), 4) for v in x] for _ in range(4)]
        metric = max_sensitivity(model.fn, x, near, norm, baseline=base)
        best = metric.optimum(complete=True)
        size = max(abs(model(y) - model(x)) for y in near)
        assert best.value == {"max": size / 3, "sum": size, "squares": size * size / 3}[norm] == metric.value("equal_split")
        for _ in range(10):
            table = []
            for y in (x, *near):
                a = [Q(r.randint(-9, 9), 5), Q(r.randint(-9, 9), 5)]
                table.append([*a, model(y) - model(base) - sum(a)])
            changes = [NORMS[norm]([p - q for p, q in zip(row, table[0], strict=True)]) for row in table[1:]]
            assert metric.value(table) == max(changes) >= best.value
            rounded = torch.tensor([[float(v) for v in row] for row in table], dtype=torch.float64)
            assert float(metric.loss(rounded)) == pytest.approx(float(max(changes)))
        assert metric.gap("equal_split", complete=True) == 0
        assert metric.optimum().value == 0 == metric.value([[1, 2, 3]] * 5)  # a constant map
        for found in (best, metric.optimum()):
            assert check_optimum(found.certificate, metric).value == found.value


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("method", ["gradient", "occlusion", "shapley", "integrated_gradients"])
def test_bounds_over_a_box_hold_at_the_points_of_a_grid(norm, method):
    model = small(2, 21, units=2, pairs=1) if method != "integrated_gradients" else small(2, 21, units=0, pairs=2)
    f, x, base = model.fn, [Q(1), Q(-1)], [Q(0), Q(1, 3)]
    found = max_sensitivity_over_box(f, x, method, [0, -2], [2, 0], norm=norm, baseline=base, parts=64)
    grid = [[Q(i, 4), Q(j, 4) - 2] for i, j in product(range(9), repeat=2)]
    seen = max_sensitivity(f, x, grid, norm, baseline=base).value(method)
    assert seen <= found.upper
    assert found.lower <= found.upper
    assert max_sensitivity(f, x, [found.at], norm, baseline=base).value(method) == found.lower
    more = max_sensitivity_over_box(f, x, method, [0, -2], [2, 0], norm=norm, baseline=base, parts=4)
    assert found.upper <= more.upper


def test_an_exact_answer_and_an_honest_unknown():
    f = parse_model("x1**2 + relu(x2)")
    found = max_sensitivity_over_box(f, [1, 1], "gradient", ["1/2", "-1/2"], [2, 2], norm="max")
    assert (found.lower, found.upper, found.trust) == (2, 2, "exact")
    box = ([1, -1], [2, 1])
    assert isinstance(max_sensitivity_over_box(parse_model("x1/x2"), [1, 1], "gradient", *box), Unknown)
    assert max_sensitivity_over_box(parse_model("x1/x2"), [1, 1], "gradient", [1, 1], [2, 2], norm="max").upper >= 1
    assert max_sensitivity_over_box(f, [1, 1], "gradient", [1, 1], [1, 1]).upper == 0


def test_bad_input():
    f = parse_model("x1*x2")
    for options in (
        {"norm": "l2"}, {"neighbours": []}, {"neighbours": [[1]]}, {"neighbours": [[1, float("nan")]]},
    ):  # fmt: skip
        with pytest.raises(BadInput):
            max_sensitivity(f, [1, 1], **{"neighbours": [[1, 2]], **options})
    metric = max_sensitivity(f, [1, 1], [[1, 2]])
    for table in ([[1, 2]], [[1], [2]], "no method", "shapley"):
        with pytest.raises(BadInput):
            metric.value(table)
    with pytest.raises(BadInput, match="table"):
        metric.loss(torch.zeros(3, 2))
    for lower, upper in (([2, 2], [1, 1]), ([1], [2])):
        with pytest.raises(BadInput):
            max_sensitivity_over_box(f, [1, 1], "gradient", lower, upper)
    with pytest.raises(BadInput, match="baseline"):
        max_sensitivity_over_box(f, [1, 1], get_method("shapley"), [0, 0], [2, 2])
    with pytest.raises(BadInput, match="term"):
        max_sensitivity_over_box(lambda y: y, [1, 1], "gradient", [0, 0], [2, 2])
