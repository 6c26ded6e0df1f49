"""The fold, and running a method directly in an algebra."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch
import z3
from hypothesis import given
from hypothesis import strategies as st
from strategies import dyadic, network_fn, network_points, small, terms, weights

from attrtheory.expr import Free, Term, fold, var
from attrtheory.expr.views import Value as Any
from attrtheory.methods import METHODS, Method, get_method
from attrtheory.models.dsl import parse_model
from attrtheory.models.fn import Fn
from attrtheory.semantics.direct import DirectView, Value
from attrtheory.semantics.exact import Exact
from attrtheory.semantics.smt import Smt
from attrtheory.semantics.tensor import Batched

Q = Fraction
WITHOUT_MEANS = [
    m
    for m in METHODS
    if m.name
    in {
        "gradient", "gradient_x_input", "gradient_x_displacement", "occlusion", "shapley", "banzhaf", "owen", "equal_split",
    }
]  # fmt: skip
MODELS = ("relu(x1 - x2)", "max(x1, x2) * x2", "relu(relu(x1) - 1 - relu(x2))", "step(x1 - 1/2) + x1 / x2")  # fmt: skip


def names_of(f: Fn, background: int) -> list[list[str]]:
    return [[f"b{k}_{i}" for i in range(f.n)] for k in range(background)]


def run(method: Method, f: Fn, algebra: Any, values: Any) -> list[Any]:
    """The method on values of the algebra, not on terms."""
    view = DirectView(algebra, f.names, f.body, tuple(f.slope(i) for i in range(f.n)))
    x = [Value(algebra, values[name]) for name in f.names]
    baselines = [[Value(algebra, values[name]) for name in row] for row in names_of(f, method.background or 1)]
    return [Value(algebra, algebra.const(Q(0))).of(v) for v in method.all(view, x, baselines)]


def written(method: Method, f: Fn) -> list[Term]:
    """The method's terms."""
    baselines = [[var(name) for name in row] for row in names_of(f, method.background or 1)]
    return [
        v if isinstance(v, Term) else Fn(("x",), var("x"))(v)
        for v in method.all(f, [var(n) for n in f.names], baselines)
    ]


def all_names(method: Method, f: Fn) -> list[str]:
    return [*f.names, *(n for row in names_of(f, method.background or 1) for n in row)]


@given(terms())
def test_folding_in_the_free_algebra_gives_the_same_object(t: Term):
    assert fold(t, Free()) is t


@pytest.mark.parametrize("method", METHODS, ids=str)
@given(data=st.data())
def test_running_a_method_on_numbers_is_folding_its_term(method: Method, data: st.DataObject):
    f = network_fn(data.draw(weights()))
    values = {name: data.draw(small) for name in all_names(method, f)}
    assert run(method, f, Exact(values), values) == [fold(t, Exact(values)) for t in written(method, f)]


@given(via=st.lists(network_points(), max_size=3), layers=weights(), at=st.tuples(network_points(), network_points()))
def test_running_a_path_method_on_numbers_is_folding_its_term(via: Any, layers: Any, at: Any):
    method, f = get_method("path_gradients", via=via), network_fn(layers)
    values = dict(zip(all_names(method, f), [*at[0], *at[1]], strict=True))
    assert run(method, f, Exact(values), values) == [fold(t, Exact(values)) for t in written(method, f)]


@pytest.mark.parametrize("method", WITHOUT_MEANS, ids=str)
@pytest.mark.parametrize("text", MODELS)
def test_running_a_method_in_the_solver_is_folding_its_term(method: Method, text: str):
    f, smt = parse_model(text), Smt()
    values = {name: smt.var(name) for name in all_names(method, f)}
    pairs = zip(run(method, f, smt, values), [fold(t, smt) for t in written(method, f)], strict=True)
    differ = " ".join(f"(not (= {direct} {folded}))" for direct, folded in pairs)
    solver = z3.Solver(ctx=z3.Context())
    solver.from_string("\n".join([*smt.lines, f"(assert (or {differ}))"]))
    assert solver.check() == z3.unsat


@pytest.mark.parametrize("method", WITHOUT_MEANS, ids=str)
@pytest.mark.parametrize("text", MODELS)
def test_running_a_method_on_tensors_is_folding_its_term(method: Method, text: str):
    f, generator = parse_model(text), torch.Generator().manual_seed(0)
    values = {
        n: torch.randint(-8, 9, (64,), generator=generator, dtype=torch.float64) / 4 for n in all_names(method, f)
    }
    algebra = Batched(values, next(iter(values.values())))
    for direct, term in zip(run(method, f, algebra, values), written(method, f), strict=True):
        torch.testing.assert_close(direct, fold(term, algebra), rtol=0, atol=1e-12)


@given(layers=weights(number=dyadic), x=network_points(number=dyadic), b=network_points(number=dyadic))
def test_a_model_gives_the_same_number_called_on_numbers_and_read_from_its_term(layers: Any, x: Any, b: Any):
    f = network_fn(layers)
    env = dict(zip(f.names, x, strict=True))
    assert f(*x).payload == fold(f.body, Exact(env))
    assert [f.partial(i, *b).payload for i in range(2)] == [
        fold(f.slope(i), Exact(dict(zip(f.names, b, strict=True)))) for i in range(2)
    ]
