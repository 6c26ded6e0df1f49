"""The same metric on a term, a network, a torch module and a function of arrays."""

import subprocess
import sys
from fractions import Fraction as Q

import numpy as np
import pytest
import torch

import attrtheory as at
from attrtheory import metrics
from attrtheory.errors import BadCertificate, BadInput
from attrtheory.expr.term import var
from attrtheory.metrics.columns import values_at
from attrtheory.models.fn import Fn
from attrtheory.models.serial import graph_digest
from attrtheory.models.terms import to_terms
from attrtheory.semantics.exact import evaluate


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(3)
    module = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.ReLU(), torch.nn.Linear(5, 2)).double().eval()
    return module, at.from_torch(module, input_shape=(4,))


X, BASE = [0.5, -1.0, 2.0, 0.25], [0.0, 0.0, 0.0, 0.0]


def every(model, **options):
    return [
        metrics.infidelity(model, X, np.eye(4), baseline=BASE, **options),
        metrics.fidelity(model, X, BASE, *metrics.kernel_shap(4), intercept=True, **options),
        metrics.sensitivity_n(model, X, BASE, 2, **options),
        metrics.sensitivity_n_correlation(model, X, BASE, 2, **options),
        metrics.deletion(model, X, BASE, **options),
        metrics.insertion(model, X, BASE, **options),
        metrics.max_sensitivity(model, X, np.eye(4), baseline=BASE, **options),
    ]


def test_a_network_and_its_term_have_the_same_exact_optima_and_a_module_the_same_up_to_rounding(network):
    module, graph = network
    names = ("x1", "x2", "x3", "x4")
    term = Fn(names, to_terms(graph, [var(n) for n in names], 1))
    rows = lambda y: module(torch.as_tensor(y))
    for of_term, of_graph, of_module, of_rows in zip(
        every(term), every(graph, target=1), every(module, target=1), every(rows, target=1), strict=True
    ):
        best = of_graph.optimum()
        assert best.value == of_term.optimum().value
        assert (best.trust, type(best.value)) == ("exact", Q)
        for metric in (of_module, of_rows):
            rough = metric.optimum()
            assert (rough.trust, type(rough.value)) == ("float", float)
            assert rough.value == pytest.approx(float(best.value), abs=1e-12)
            with pytest.raises(BadInput, match="exact model"):
                rough.certificate  # noqa: B018
        found = metrics.check_optimum(best.certificate, of_graph, graphs={graph_digest(graph): graph}.__getitem__)
        assert found.value == best.value
        with pytest.raises(BadCertificate, match="graphs"):
            metrics.check_optimum(best.certificate)


@pytest.mark.parametrize("method", ["gradient_x_input", "occlusion", "integrated_gradients", "shapley"])
def test_a_method_runs_exactly_on_a_network(network, method):
    _, graph = network
    names = ("x1", "x2", "x3", "x4")
    term = Fn(names, to_terms(graph, [var(n) for n in names], 0))
    assert metrics.deletion(graph, X, BASE).value(method) == metrics.deletion(term, X, BASE).value(method)
    with pytest.raises(BadInput, match="from_torch"):
        metrics.deletion(lambda rows: rows.sum(1), X, BASE).value(method)


@pytest.mark.parametrize(
    "model",
    [
        lambda rows: rows,
        lambda rows: rows.sum(1) * np.nan,
        lambda rows: np.full(len(rows), np.inf),
        lambda rows: [1.0],
        lambda rows: np.array(["a"] * len(rows)),
    ],
)
def test_functions_that_do_not_return_numbers(model):
    with pytest.raises(BadInput, match="one finite number"):
        metrics.deletion(model, X, BASE, target=7).value([4, 3, 2, 1])


@pytest.mark.parametrize("model, target", [("x1", 0), (None, 0), (at.parse_model("x1"), 1), (at.parse_model("x1"), True)])
def test_what_is_no_model_or_no_target(model, target):
    with pytest.raises(BadInput):
        metrics.deletion(model, [1], [0], target=target)


def test_inputs_may_be_floats_arrays_tensors_and_texts_at_their_exact_values():
    f = at.parse_model("x1*x2 + x1")
    column = np.array([[0.5, 9], [3, 9]])[:, 0]  # not contiguous
    given = [[0.5, 3], ["1/2", "3"], column, column.astype(np.float32), [np.float32(0.5), np.int64(3)], torch.tensor(column)]
    values = [metrics.deletion(f, x, [0, 0]).value([2, 1]) for x in given]
    assert values == [values[0]] * len(given)
    assert metrics.deletion(f, [0.1, 3], [0, 0]).at.x[0] == Q(0.1) != Q(1, 10)


@pytest.mark.parametrize(
    "text",
    [
        "x1*x2**3/7 - relu(x1 - x2)/3",
        "ite(x1 - x2, 10**15*x1, -(10**16)) * 10**9",
        "ite(x1, 1, 2)*10000000000 * ite(x2, 30000000000, 4)",
        "x1/x2 + x2/(x1 - x1)",
        "ite(1, x1, x2) + ite(0, 3, x1/3)",
        "5/3",
    ],
)
def test_values_at_many_points_are_the_reference_meaning(text):
    f = at.parse_model(text, ["x1", "x2"])
    points = [(Q(p, 3), Q(q, 2)) for p in range(-3, 4) for q in (-2, 0, 1, 5)]
    assert values_at(f, points) == [evaluate(f.body, {"x1": p, "x2": q}) for p, q in points]
    with_mean = Fn(f.names, at.mean01(lambda a: f(var("x1") * a, 3)))
    if "/" not in text:
        assert values_at(with_mean, points[:3]) == [evaluate(with_mean.body, {"x1": p, "x2": q}) for p, q in points[:3]]


def test_the_exact_metrics_need_no_torch():
    code = """
import sys
from attrtheory import metrics, parse_model
best = metrics.infidelity(parse_model("x1*x2"), [1, 1], [[1, 0], [0, 1]]).optimum()
metrics.check_optimum(best.certificate)
metrics.check_optimum(metrics.deletion(parse_model("x1*x2"), [1, 1], [0, 0]).optimum().certificate)
print("torch" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.stdout.strip(), run.stderr) == ("False", "")
