"""Models that are sums of ridge functions, such as networks with one hidden layer: functionals of them, term by term."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from attrtheory.errors import BadInput, Unsupported
from attrtheory.expr import term as t
from attrtheory.expr.algebra import fold
from attrtheory.expr.forms import total
from attrtheory.expr.term import ONE, ZERO, Term, lift
from attrtheory.measures.functional import Functional
from attrtheory.measures.law import Vector, unit
from attrtheory.measures.ridge import ClosedForm, ridge
from attrtheory.measures.same import Forms
from attrtheory.models.fn import Fn

Q0, Q1 = Fraction(0), Fraction(1)


@dataclass(frozen=True, eq=False)
class Ridge:
    r"""$c\,P_q(w \cdot y + b)$: a half-space (q = 0) or a ReLU neuron (q = 1)."""

    coefficient: Term
    power: int
    weights: Vector
    bias: Term


@dataclass(frozen=True, eq=False)
class Ridges:
    r"""$f(y) = a \cdot y + c + \sum_k c_k P_{q_k}(w_k \cdot y + b_k)$."""

    weights: Vector
    constant: Term
    ridges: tuple[Ridge, ...] = ()

    def of(self, functional: Functional, *, generic: bool = False) -> ClosedForm:
        """The functional of this model: the sum over its neurons, at the cost of one each."""
        if functional.n != len(self.weights):
            raise BadInput(f"a model of {len(self.weights)} features and a functional on {functional.n}")
        mu = functional.values
        parts = [self.constant * mu.mass()]
        parts += [a * mu.moment(k) for k, a in enumerate(self.weights) if a is not ZERO]
        parts += [a * nu.mass() for a, nu in zip(self.weights, functional.slopes, strict=True) if a is not ZERO]
        nonzero: dict[Term, None] = {}
        for r in self.ridges:
            found = ridge(functional, r.weights, r.bias, r.power, generic=generic)
            parts.append(r.coefficient * found.value)
            nonzero |= dict.fromkeys(found.nonzero)
        return ClosedForm(total(parts), tuple(nonzero))

    def plus(self, other: Ridges, factor: Term = ONE) -> Ridges:
        added = (Ridge(factor * r.coefficient, r.power, r.weights, r.bias) for r in other.ridges)
        weights = tuple(a + factor * c for a, c in zip(self.weights, other.weights, strict=True))
        return Ridges(weights, self.constant + factor * other.constant, (*self.ridges, *added))

    @property
    def free(self) -> Term | None:
        """The value, if it depends on no input."""
        return None if self.ridges or any(a is not ZERO for a in self.weights) else self.constant


def ridges_of(model: Fn) -> Ridges:
    """A model whose branches are decided by affine functions of the inputs, one deep: `relu(w.x + b)`, leaky, steps.

    Parameters (symbolic weights) may stand anywhere but in guards without inputs.

    >>> from attrtheory.expr import relu, var
    >>> x, y = var("x"), var("y")
    >>> found = ridges_of(Fn(("x", "y"), 2 * relu(x - y) - y + 1))
    >>> [(r.coefficient, r.power, r.weights, r.bias) for r in found.ridges], found.weights, found.constant
    ([(2, 1, (1, -1), 0)], (0, -1), 1)

    Raises:
        Unsupported: branches within guards (a deep network), products of inputs.
    """
    return fold(model.body, _Decomposition(model.names))


class _Decomposition:
    """The algebra of sums of ridge functions."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self.none = (ZERO,) * len(names)

    def _plain(self, value: Term) -> Ridges:
        return Ridges(self.none, value)

    def const(self, q: Fraction) -> Ridges:
        return self._plain(t.const(q))

    def var(self, name: str) -> Ridges:
        if name not in self.names:
            return self._plain(t.var(name))
        return Ridges(unit(len(self.names), self.names.index(name)), ZERO)

    def bound(self, level: int) -> Ridges:
        return self._plain(t.bound(level))

    def affine(self, constant: Fraction, coefficients: Sequence[Fraction], values: Sequence[Ridges]) -> Ridges:
        out = self.const(constant)
        for q, v in zip(coefficients, values, strict=True):
            out = out.plus(v, lift(q))
        return out

    def mul(self, a: Ridges, b: Ridges) -> Ridges:
        if a.free is not None:
            return self._plain(ZERO).plus(b, a.free)
        if b.free is not None:
            return self._plain(ZERO).plus(a, b.free)
        raise Unsupported("a product of two functions of the inputs is no sum of ridge functions")

    def div(self, a: Ridges, b: Ridges) -> Ridges:
        if b.free is None:
            raise Unsupported("a quotient by a function of the inputs is no sum of ridge functions")
        return self._plain(ZERO).plus(a, ONE / b.free)

    def ite(self, g: Ridges, a: Ridges, b: Ridges) -> Ridges:
        """`b` plus, where g > 0, their difference: a multiple of g, or a jump."""
        gap = a.plus(b, lift(-1))
        if g.ridges or gap.ridges:
            raise Unsupported("a branch within a branch (a deep network or a deep tree) is no sum of ridge functions")
        if g.free is not None:
            raise Unsupported(f"a guard that depends on no input: {g.free!r}; put numbers in its place")
        if gap.free is not None:
            return b.plus(Ridges(self.none, ZERO, (Ridge(gap.free, 0, g.weights, g.constant),)))
        slope = _multiple((*gap.weights, gap.constant), (*g.weights, g.constant))
        return b.plus(Ridges(self.none, ZERO, (Ridge(slope, 1, g.weights, g.constant),)))

    def mean01(self, level: int, body: Ridges) -> Ridges:
        if body.free is None:
            raise Unsupported("a mean over functions of the inputs; close it first")
        from attrtheory.expr.binder import close

        return self._plain(close(level, body.free))

    def call(self, name: str, orders: tuple[int, ...], args: Sequence[Ridges]) -> Ridges:
        free = [a.free for a in args if a.free is not None]
        if len(free) < len(args):
            raise Unsupported(f"{name} of a function of the inputs is no sum of ridge functions")
        return self._plain(t.call(name, orders, tuple(free)))


def _multiple(v: Vector, w: Vector) -> Term:
    """The c with v = c w."""
    forms = Forms()
    lead = next(k for k, x in enumerate(w) if not forms.zero(x))
    q = forms.ratio(v[lead], w[lead])
    if q is None or any(not forms.zero(x - q * y) for x, y in zip(v, w, strict=True)):
        raise Unsupported("branches that differ by neither a constant nor a rational multiple of their guard")
    return lift(q)
