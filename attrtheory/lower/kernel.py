"""From terms to a torch kernel, and back: what was lowered is traced, read back, and must be the same terms."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import torch
from torch import fx

from attrtheory.errors import BadInput, EngineDisagreement, Unsupported
from attrtheory.expr import term as t
from attrtheory.expr.algebra import Free, fold
from attrtheory.expr.term import Term
from attrtheory.semantics.bounds import Size, bits, exponents_fit
from attrtheory.semantics.paths import close_means

Tensor = torch.Tensor


class _Rounded(Free):
    """The free algebra with every constant rounded to float64, as a kernel holds it."""

    def const(self, q: Fraction) -> Term:
        return t.const(_float(q))

    def affine(self, constant: Fraction, coefficients: Sequence[Fraction], values: Sequence[Term]) -> Term:
        return super().affine(_float(constant), [_float(q) for q in coefficients], values)


def _float(q: Fraction) -> Fraction:
    """The nearest float64."""
    try:
        return Fraction(q.numerator / q.denominator)
    except OverflowError as error:
        raise Unsupported("a constant beyond the range of float64 in a kernel; evaluate the term exactly") from error


class _Emit:
    """The algebra of fx nodes."""

    def __init__(self, graph: fx.Graph, inputs: Mapping[str, fx.Node]) -> None:
        self.graph, self.inputs = graph, inputs

    def _call(self, function: Any, *args: Any) -> fx.Node:
        return self.graph.call_function(function, args)

    def const(self, q: Fraction) -> fx.Node:
        return self._call(torch.full_like, next(iter(self.inputs.values())), float(_float(q)))

    def var(self, name: str) -> fx.Node:
        if name not in self.inputs:
            raise BadInput(f"the kernel has inputs {', '.join(self.inputs)}; the term also reads {name}")
        return self.inputs[name]

    def bound(self, level: int) -> fx.Node:
        raise Unsupported("a bound variable in a kernel; close the mean first")

    def affine(self, constant: Fraction, coefficients: Sequence[Fraction], values: Sequence[fx.Node]) -> fx.Node:
        out = self.const(constant)
        for q, v in zip(coefficients, values, strict=True):
            out = self._call(operator.add, out, self._call(operator.mul, v, float(_float(q))))
        return out

    def mul(self, a: fx.Node, b: fx.Node) -> fx.Node:
        return self._call(operator.mul, a, b)

    def div(self, a: fx.Node, b: fx.Node) -> fx.Node:
        ok = self._call(operator.ne, b, 0.0)  # a / b is 0 where b is 0, and never NaN on the way
        safe = self._call(torch.where, ok, b, self.const(Fraction(1)))
        return self._call(torch.where, ok, self._call(operator.truediv, a, safe), self.const(Fraction(0)))

    def ite(self, g: fx.Node, a: fx.Node, b: fx.Node) -> fx.Node:
        return self._call(torch.where, self._call(operator.gt, g, 0.0), a, b)

    def mean01(self, level: int, body: fx.Node) -> fx.Node:
        raise Unsupported("a mean in a kernel; close it first")

    def call(self, name: str, orders: tuple[int, ...], args: Sequence[fx.Node]) -> fx.Node:
        raise Unsupported(f"the unknown function {name!r} in a kernel; put a model in its place")


@dataclass(frozen=True, eq=False)
class Kernel:
    """A compiled graph: (batch, inputs) to (batch, outputs). `terms` are what it computes, constants rounded to float64.

    `exact_constants`: no constant was rounded, so `terms` are the terms that were lowered.
    """

    names: tuple[str, ...]
    terms: tuple[Term, ...]
    exact_constants: bool
    module: fx.GraphModule

    def __call__(self, x: Tensor) -> Tensor:
        if x.ndim != 2 or x.shape[1] != len(self.names):
            raise BadInput(f"the kernel takes a batch (n, {len(self.names)}); got shape {tuple(x.shape)}")
        if not torch.isfinite(x).all():
            raise BadInput("the kernel takes finite numbers; the batch has NaN or infinity")
        return torch.stack(self.module(*x.to(torch.float64).unbind(1)), 1)

    def bits(self, sizes: Mapping[str, Size]) -> int | None:
        """At most 53: float64 rounds nowhere for inputs of these sizes. None: not decided."""
        try:
            fits = all(exponents_fit(u, sizes) for u in self.terms)
            return max(bits(u, sizes) for u in self.terms) if fits else None
        except Unsupported:
            return None


def lower(terms: Sequence[Term], names: Sequence[str]) -> Kernel:
    """Close the means of some terms, compile them to one torch graph, and validate it by reading it back.

    Raises:
        EngineDisagreement: the traced graph is not the terms.
    """
    closed = [close_means(u) for u in terms]
    graph = fx.Graph()
    emit, memo = _Emit(graph, {name: graph.placeholder(name) for name in names}), dict[Term, fx.Node]()
    graph.output(tuple(fold(u, emit, memo) for u in closed))
    module = fx.GraphModule({}, graph)
    held = tuple(fold(u, _Rounded()) for u in closed)
    again = read_back(fx.symbolic_trace(module), names)
    if any(a is not b for a, b in zip(again, held, strict=True)):
        raise EngineDisagreement("the traced kernel is not the term that was lowered")
    return Kernel(tuple(names), held, all(a is b for a, b in zip(held, closed, strict=True)), module)


def read_back(module: fx.GraphModule, names: Sequence[str]) -> tuple[Term, ...]:
    """The terms that a traced kernel computes; an operation that no term has is refused."""
    meaning: dict[fx.Node, Term] = {}
    inputs = iter(names)

    def of(a: Any) -> Term:
        return meaning[a] if isinstance(a, fx.Node) else t.const(Fraction(a))

    for node in module.graph.nodes:
        match node.op, node.target:
            case "placeholder", _:
                meaning[node] = t.var(next(inputs))
            case "output", _:
                return tuple(of(a) for a in node.args[0])
            case "call_function", torch.full_like:
                meaning[node] = of(node.args[1])
            case "call_function", operator.add:
                meaning[node] = of(node.args[0]) + of(node.args[1])
            case "call_function", operator.mul:
                meaning[node] = of(node.args[0]) * of(node.args[1])
            case "call_function", operator.gt | operator.ne | operator.truediv:
                continue  # parts of a branch or of a quotient, read there
            case "call_function", torch.where:
                if (term := _where(node, of)) is not None:
                    meaning[node] = term
            case what:
                raise Unsupported(f"the traced kernel has {what}, which no term has")
    raise Unsupported("the traced kernel has no output")


def _where(node: fx.Node, of: Callable[[Any], Term]) -> Term | None:
    """A branch, or a whole quotient; None for the safe denominator inside a quotient."""
    condition: Any = node.args[0]
    if condition.target is operator.gt and condition.args[1] == 0.0:
        return t.ite(of(condition.args[0]), of(node.args[1]), of(node.args[2]))
    if condition.target is not operator.ne or condition.args[1] != 0.0:
        raise Unsupported(f"the traced kernel branches on {condition}, which no term does")
    b: Any = condition.args[0]
    then: Any = node.args[1]
    orelse: Any = node.args[2]
    if then is b and of(orelse) is t.ONE:
        return None
    safe: Any = then.args[1] if isinstance(then, fx.Node) and then.target is operator.truediv else None
    if safe is None or safe.args != (condition, b, safe.args[2]) or of(safe.args[2]) is not t.ONE or of(orelse) is not t.ZERO:
        raise Unsupported("the traced kernel divides in a way that no term does")
    return of(then.args[0]) / of(b)
