"""The text of a term, interning, and size."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import subprocess
import sys
import tracemalloc
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import terms

from attrtheory.errors import BadInput
from attrtheory.expr import Free, Term, dumps, fold, ite, loads, mean01, relu, var
from attrtheory.expr.term import _TABLE, call
from attrtheory.semantics.derive import derivative
from attrtheory.semantics.exact import evaluate

ROOT = Path(__file__).parents[2]
DEPTH = 100_000


@given(terms())
def test_text_gives_the_same_object_back(t: Term):
    assert loads(dumps(t)) is t


@given(terms())
def test_pickle_and_deepcopy_give_the_same_object_back(t: Term):
    assert pickle.loads(pickle.dumps(t)) is t
    assert copy.deepcopy(t) is t
    assert copy.copy(t) is t
    assert copy.deepcopy([t, {"t": t}])[1]["t"] is t


def test_unknown_functions_and_means_survive_text():
    x = var("x")
    t = mean01(lambda a: call("f", (0, 1), (x + a, x)) * a) + call("f", (), (x,))
    assert loads(dumps(t)) is t


@settings(max_examples=2)
@given(st.lists(terms(), min_size=25, max_size=25))
def test_digest_and_text_do_not_depend_on_the_process(many: list[Term]):
    code = (
        "import sys; from attrtheory.expr import loads, dumps\n"
        "for text in sys.stdin.read().split('|'):\n"
        "    t = loads(text) * 1 + 0; print(t.digest.hex(), dumps(t), sep='\\n', end='|')"
    )
    text = "|".join(map(dumps, many))
    for seed in ("1", "4711"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        run = subprocess.run(
            [sys.executable, "-c", code], input=text, env=env, capture_output=True, text=True, check=True
        )
        assert run.stdout == "".join(f"{t.digest.hex()}\n{dumps(t)}|" for t in many)


@pytest.mark.parametrize(
    "text",
    [
        "", "x y", "%0", "#0.5", "#1/0", "#2/4", "#+1", "#nan", "@0", "%0 = affine 0 1 x\n%0", "%0 = affine 1 1 x  1 y\n%0",
        "%0 = affine 1 1 x\n%1", "%1 = affine 1 1 x\n%1", "%0 = mul y x z\n%0", "%0 = ite x x\n%0", "%0 = div x #2\n%0",
        "%0 = mul #2 x\n%0", "%0 = call f [1] x\n%0", "%0 = call f (0) x\n%0", "%0 = pow x x\n%0", "%0 = affine 1 1 x\nx",
        "%0 = affine 1 1 x\n%0\n", " x", "x1\x00",
    ],
)  # fmt: skip
def test_other_text_is_refused(text: str):
    with pytest.raises(BadInput):
        loads(text)


@pytest.mark.parametrize(
    "text",
    [
        "%0 = mean01 0 x\n%0",  # what does not vary stands outside a mean
        "%0 = mean01 0 @0\n%0",  # the mean of the parameter is 1/2
        "%0 = affine 1 2 @0\n%1 = mean01 0 %0\n%1",  # a mean of a sum is a sum of means
        "%0 = mul @3 @3\n%1 = mean01 3 %0\n%1",  # the level is the lowest free one
        "%0 = div #1 @0\n%1 = mean01 0 %0\n%1",  # this integral does not exist
        "%0 = mul @0 @0\n%1 = div x %0\n%2 = mean01 0 %1\n%2",
    ],
)
def test_means_that_no_term_has_are_refused(text: str):
    with pytest.raises((BadInput, NotImplementedError)):
        loads(text)


def test_terms_are_collected():
    def build() -> list[bytes]:
        t = relu(var("only_here") * 7 + 3) * var("only_there")
        return [u.digest for u in (t, *t.args, var("only_here"))]

    digests = build()
    gc.collect()
    assert not [d for d in digests if d in _TABLE]


def test_equal_structure_is_one_object_and_nothing_else_is():
    x, y = var("x"), var("y")
    assert relu(x + y) is relu(y + x)
    assert x * y is y * x
    assert mean01(lambda a: relu(a - x) * y) is mean01(lambda b: relu(b - x)) * y
    assert x / y is not y / x
    assert relu(x) is not relu(-x)


def test_depth_is_no_limit():
    x = t = var("x")
    for _ in range(DEPTH):
        t = ite(t, 0, x)  # x, 0, x, 0, ... where x > 0
    assert fold(t, Free()) is t
    assert loads(dumps(t)) is t
    assert evaluate(t, {"x": Fraction(3)}) == 3
    assert evaluate(derivative(t, x), {"x": Fraction(3)}) == 1
    assert len(repr(t)) < 5000
    del t
    gc.collect()


def test_repr_of_a_deep_term_needs_little_memory():
    x = t = var("x")
    for _ in range(10_000):
        t = x - relu(t)  # as a tree it has 2^10000 leaves
    tracemalloc.start()
    assert len(repr(t)) < 5000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 2**20
