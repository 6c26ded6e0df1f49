"""The language: terms, the fold, derived forms, text, and the views a method has of a model. Standard library only."""

from attrtheory.expr.algebra import Algebra, Free, fold
from attrtheory.expr.binder import mean01
from attrtheory.expr.forms import (
    absolute,
    box,
    clip,
    half_space,
    leaky_relu,
    least,
    most,
    orthant,
    relu,
    step,
    total,
)
from attrtheory.expr.syntax import dumps, infix, loads, postorder
from attrtheory.expr.term import Term, call, const, ite, lift, var
from attrtheory.expr.views import FnView, Point, Value

__all__ = [
    "Algebra", "FnView", "Free", "Point", "Term", "Value", "absolute", "box", "call", "clip", "const", "dumps", "fold",
    "half_space", "infix", "ite", "leaky_relu", "least", "lift", "loads", "mean01", "most", "orthant", "postorder",
    "relu", "step", "total", "var",
]  # fmt: skip
