"""What is lowered is what was proved: the traced kernel reads back as the same term, and runs bit for bit where it can."""

from __future__ import annotations

import operator
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from strategies import terms

from attrtheory import get_method, parse_model
from attrtheory.errors import BadInput, EngineDisagreement
from attrtheory.expr import relu, var
from attrtheory.expr.syntax import postorder
from attrtheory.expr.term import Term
from attrtheory.lower import kernel
from attrtheory.lower.kernel import lower, read_back
from attrtheory.models.fn import variables
from attrtheory.semantics.exact import evaluate
from attrtheory.semantics.paths import close_means

Q = Fraction


def attributions(method: str, text: str) -> tuple[list[str], tuple[Term, ...]]:
    f = parse_model(text)
    x, x0 = [var(n) for n in f.names], [var("b" + n) for n in f.names]
    phi = get_method(method).all(f, x, [x0])
    return sorted({v for t in phi for v in variables(t)} | set(f.names)), phi


@settings(max_examples=60)
@given(t=terms(leaves=6))
def test_the_kernel_of_a_random_term_reads_back(t: Term):
    names = ["x", "y", "z"]
    closed = close_means(t)
    if set(variables(closed)) <= set(names):
        k = lower([t], names)
        assert k.terms[0] is closed or not k.exact_constants


@pytest.mark.parametrize("method", ["gradient_x_input", "occlusion", "integrated_gradients", "shapley"])
@pytest.mark.parametrize("text", ["relu(x1 - 2*x2) + 0.5", "max(x1, x2)*x1", "relu(relu(x1 + x2) - relu(x2) - 1/4)"])
def test_kernels_compute_the_exact_values(method: str, text: str):
    names, phi = attributions(method, text)
    k = lower(phi, names)
    grid = torch.randint(-8, 9, (50, len(names)), generator=torch.Generator().manual_seed(1)).double() / 4
    out = k(grid)
    for row, values in zip(grid.tolist(), out.tolist(), strict=True):
        env = dict(zip(names, map(Q, row), strict=True))
        exact = [evaluate(t, env) for t in phi]
        if (bits := k.bits(dict.fromkeys(names, (16, -2)))) is not None and bits <= 53:
            assert [Q(v) for v in values] == exact
        else:
            assert all(abs(Q(v) - e) <= Q(1, 10**12) * (1 + abs(e)) for v, e in zip(values, exact, strict=True))


def test_float64_does_not_round_where_the_bits_say_so():
    names, phi = attributions("shapley", "relu(x1 - 2*x2) + relu(x2 - x1/2)")
    k = lower(phi, names)
    assert k.exact_constants
    assert (k.bits(dict.fromkeys(names, (2 ** 10, -4))) or 99) <= 53
    assert (k.bits(dict.fromkeys(names, (2 ** 60, -4))) or 99) > 53


def test_a_constant_that_float64_rounds_is_reported():
    assert not lower([var("x") / 3], ["x"]).exact_constants
    assert lower([var("x") / 4], ["x"]).exact_constants


def test_a_tampered_kernel_does_not_read_back_as_the_term():
    t = relu(var("x") - 1) * var("y")
    module = lower([t], ["x", "y"]).module
    for node in module.graph.nodes:
        if node.target is operator.mul:
            node.target = operator.add
    module.recompile()
    assert read_back(module, ["x", "y"])[0] is not t


def test_a_wrong_emitter_is_caught(monkeypatch: pytest.MonkeyPatch):
    def swapped(self, g, a, b):
        return self._call(torch.where, self._call(operator.gt, g, 0.0), b, a)

    monkeypatch.setattr(kernel._Emit, "ite", swapped)
    with pytest.raises(EngineDisagreement):
        lower([relu(var("x"))], ["x"])


def test_bad_batches_give_no_numbers():
    k = lower([relu(var("x"))], ["x"])
    for batch in (torch.tensor([[float("nan")]]), torch.tensor([[float("inf")]]), torch.zeros(3), torch.zeros(2, 2)):
        with pytest.raises(BadInput):
            k(batch)


def test_no_node_is_lost():
    t = relu(var("x") - relu(var("y")))
    assert len(postorder(lower([t], ["x", "y"]).terms[0])) == len(postorder(t))
