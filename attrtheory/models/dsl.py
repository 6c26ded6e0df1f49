"""Models as text: `relu(x1 - 2*x2) + 1/2`. Read with Python's grammar; nothing is executed."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from attrtheory.errors import BadInput
from attrtheory.expr import forms
from attrtheory.expr.term import Term, const, ite, var
from attrtheory.models.fn import Fn, decimal, variables

FUNCTIONS = {
    "relu": (forms.relu, 1), "step": (forms.step, 1), "abs": (forms.absolute, 1), "max": (forms.most, 2),
    "min": (forms.least, 2), "leaky_relu": (forms.leaky_relu, 2), "clip": (forms.clip, 3), "ite": (ite, 3),
}  # fmt: skip
MAX_CHARACTERS = 20_000
MAX_POWER = 16


def parse_model(text: str, names: Sequence[str] | None = None, parameters: Sequence[str] = ()) -> Fn:
    """A model from text; the inputs are `names`, or the text's variables in sorted order. `parameters` are no inputs.

    Operators + - * / and ** with a small whole power; functions relu, step, abs, max, min, leaky_relu, clip, ite(guard,
    then, else). Decimals are read exactly: 0.1 is 1/10.

    >>> f = parse_model("relu(x1 - 2*x2) + 0.5")
    >>> f.names, f(3, 1)
    (('x1', 'x2'), 3/2)

    Raises:
        BadInput: anything else.
    """
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise BadInput(f"a model is text such as 'relu(x1 - 2*x2)'; got {type(text).__name__}")
    if len(text) > MAX_CHARACTERS:
        raise BadInput(
            f"a model's text may have {MAX_CHARACTERS} characters; got {len(text)}. Build it in Python instead."
        )
    body = parse_term(text)
    found = variables(body)
    inputs = tuple(names) if names is not None else tuple(v for v in found if v not in parameters)
    if both := sorted(set(inputs) & set(parameters)):
        raise BadInput(f"{', '.join(both)} cannot be both an input and a parameter")
    if missing := sorted(set(found) - set(inputs) - set(parameters)):
        raise BadInput(f"the model reads {', '.join(missing)}, which is not among its inputs {', '.join(inputs)}")
    return Fn(inputs, body)


def parse_term(text: str) -> Term:
    """The term that a model's text stands for."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
        return _read(tree.body, text.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BadInput(f"cannot read the model {text[:80]!r}: {error}") from error


def _read(node: ast.expr, text: str) -> Term:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return const(decimal(ast.get_source_segment(text, node) or str(value)))
        case ast.Name(id=name) if name not in FUNCTIONS:
            return var(name)
        case ast.UnaryOp(op=ast.USub(), operand=a):
            return -_read(a, text)
        case ast.UnaryOp(op=ast.UAdd(), operand=a):
            return _read(a, text)
        case ast.BinOp(left=a, op=ast.Pow(), right=ast.Constant(value=int() as k)) if 0 <= k <= MAX_POWER:
            base, power = _read(a, text), const(Fraction(1))
            for _ in range(k):
                power = power * base
            return power
        case ast.BinOp(left=a, op=op, right=b) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_read(a, text), _read(b, text))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            build, arity = FUNCTIONS[name]
            if len(args) != arity:
                raise BadInput(f"{name} takes {arity} argument(s); got {len(args)}")
            return build(*(_read(a, text) for a in args))
        case _:
            raise BadInput(
                f"{ast.get_source_segment(text, node)!r} is not part of the language; write numbers, names, + - * / **, "
                f"and {', '.join(FUNCTIONS)}"
            )


_OPERATORS: dict[type[ast.operator], Any] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}
