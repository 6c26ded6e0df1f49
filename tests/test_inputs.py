"""What may be put into a term or a model's text, and what a term refuses to be."""

from __future__ import annotations

import math
import operator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from attrtheory.errors import BadInput, NotExact
from attrtheory.expr import Term, ite, lift, var
from attrtheory.models.dsl import parse_model

Q = Fraction
x1, x2 = var("x1"), var("x2")


@pytest.mark.parametrize(
    "number",
    [
        0.1,
        1.0,
        math.nan,
        math.inf,
        np.float32(1),
        np.float64(0.5),
        np.bool_(True),
        True,
        False,
        Decimal("0.1"),
        1j,
        "1",
        None,
    ],
    ids=repr,
)
def test_what_is_not_an_exact_number_is_refused(number: Any):
    operations = [
        lambda: x1 + number,
        lambda: number * x1,
        lambda: ite(x1, number, 0),
        lambda: lift(number),
        lambda: x1 / number,
    ]
    for operation in operations:
        with pytest.raises(TypeError):
            operation()


@pytest.mark.parametrize("number", [np.int64(3), 3, Q(3)], ids=repr)
def test_exact_numbers_of_any_kind_are_the_same(number: Any):
    assert x1 * number is 3 * x1
    assert number + x1 is x1 + 3


QUESTIONS = {
    "bool": bool,
    "not": lambda t: not t,
    "and": lambda t: t and x2,
    "if": lambda t: [1 if t > 0 else 2],
    "==": lambda t: t == 1,
    "== from the left": lambda t: Q(1) == t,
    "== numpy": lambda t: t == np.float64(1),
    "!=": lambda t: t != x2,
    "<": lambda t: t < 1,
    ">= from the left": lambda t: operator.ge(1, t),
    "in": lambda t: t in [1, x2],
    "max": lambda t: max(t, x2),
    "sorted": lambda t: sorted([t, x2]),
    "abs": abs,
    "float": float,
    "int": int,
    "**": lambda t: t**2,
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_term_has_no_truth_value(name: str):
    with pytest.raises(TypeError):
        QUESTIONS[name](x1)


def test_not_exact_says_what_to_write():
    with pytest.raises(NotExact, match=r"Fraction\('0.1'\)"):
        x1 * 0.1
    assert x1 * Q(0.1) is not x1 * Q("0.1")


NO_MODELS = (
    "", "x1 +", "True", "x1 if x1 else 2", "x1 > 0", "f(x1)", "relu()", "relu(x1, x2)", "relu(z=x1)", "x1 ** x2",
    "x1 ** 17", "x1 ** -1", "__import__('os')", "x1.real", "x1[0]", "1j", "'1'", "nan", "x1 ** 0.5", "x1; x2",
    "lambda: 1", "x1 // 2", "0x10 * x1", "\u00e9", "x" * 20_001, "(" * 300 + "x1" + ")" * 300,
)  # fmt: skip


@pytest.mark.parametrize("text", NO_MODELS, ids=lambda t: t[:20])
def test_a_text_that_is_no_model_is_refused(text: str):
    with pytest.raises(BadInput):
        parse_model(text, ["x1", "x2"])


def test_decimals_are_read_exactly():
    def body(text: str) -> Term:
        return parse_model(text, ["x1"]).body

    assert body("0.1 * x1") is Q(1, 10) * x1
    assert body("1e-2 * x1") is Q(1, 100) * x1
    assert body("x1 / 3") is Q(1, 3) * x1
    assert body("2 ** 3 * x1 ** 2") is 8 * (x1 * x1)
    assert body("-x1 ** 2") is -(x1 * x1)
