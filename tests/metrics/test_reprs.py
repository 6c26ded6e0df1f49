"""What a result prints is a line: the value, what it is of, and its trust; evidence stays out of it."""

import pytest

from attrtheory import parse_model
from attrtheory.metrics import deletion, infidelity, max_sensitivity, sensitivity_n_correlation
from attrtheory.metrics.design import design, hybrids
from attrtheory.metrics.retrieval import retrieval
from attrtheory.metrics.retrieval_optimum import best_retrieval

F, X, B = parse_model("relu(2*x1 - x2)*x3 - x2 + x1"), [1, 1, 2], [0, 0, 0]
CURVE = deletion(F, X, B)
RESULTS = {
    "CurveOptimum(deletion, value -1/3, order (0, 2, 1), trust exact)": CURVE.optimum,
    "CurveBounds(deletion, value -1/3, bound -1/3, order (0, 2, 1), trust exact)": CURVE.bounds,
    "LeastSquaresOptimum(value 0, trust exact)": infidelity(F, X, [[1, 0, 0]]).optimum,
    "SensitivityOptimum(value 0, trust exact)": max_sensitivity(F, X, [[2, 1, 2]], "max", baseline=B).optimum,
    "CorrelationOptimum(value 1, trust exact)": sensitivity_n_correlation(F, X, B, 2).optimum,
    "BestRetrieval(f1, value 1, 3 features, trust exact)": lambda: best_retrieval(
        retrieval([3, -1, 2], tau=1, alpha=5), "f1"
    ),
    "Design(completeness, dummy; total variation 6; 8 points, relative to any input and baseline; freedom 5, trust exact)": (
        lambda: design(hybrids(3), ["completeness", "dummy"])
    ),
    "Design(no wishes; total variation 0; 4 points, relative to any input and baseline; freedom 8, trust exact)": (
        lambda: design(hybrids(2), [])
    ),
}


@pytest.mark.parametrize("line", RESULTS)
def test_a_result_prints_as_one_line(line):
    assert repr(RESULTS[line]()) == line


def test_float_models_say_so():
    curve = deletion(lambda rows: rows.sum(1), X, B)
    assert repr(curve.optimum()) == f"CurveOptimum(deletion, value {curve.optimum().value}, order (2, 0, 1), trust float)"
