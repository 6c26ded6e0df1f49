r"""The functional of a method: what it weighs a model's values and slopes with, read off its run on an unknown model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol, TypeGuard

from attrtheory.errors import BadInput, Unsupported
from attrtheory.expr import term as t
from attrtheory.expr.algebra import Free, fold
from attrtheory.expr.special import SPECIAL
from attrtheory.expr.term import ONE, ZERO, Scalar, Term, lift, var
from attrtheory.measures.averaging import averaged
from attrtheory.measures.law import Law, Part
from attrtheory.measures.measure import Measure
from attrtheory.models.fn import Unknown

Value = Any  # a Term or a Functional


@dataclass(frozen=True, eq=False)
class Functional:
    r"""$f \mapsto \int f\,d\mu + \sum_k \int \partial_k f\,d\nu_k$: `values` is $\mu$, `slopes[k]` is $\nu_k$."""

    values: Measure
    slopes: tuple[Measure, ...]

    def __post_init__(self) -> None:
        if len(self.slopes) != self.n or any(nu.n != self.n for nu in self.slopes):
            raise BadInput(f"a functional on {self.n} features has as many kernels on them; got {len(self.slopes)}")

    @property
    def n(self) -> int:
        return self.values.n

    def __add__(self, other: Functional) -> Functional:
        pairs = zip(self.slopes, other.slopes, strict=True)
        return Functional(self.values + other.values, tuple(a + b for a, b in pairs))

    def __sub__(self, other: Functional) -> Functional:
        return self + -1 * other

    def __mul__(self, factor: Scalar) -> Functional:
        return Functional(self.values * factor, tuple(nu * factor for nu in self.slopes))

    def __rmul__(self, factor: Scalar) -> Functional:  # a Term stands on the right, for it takes no functionals
        return self * factor

    @property
    def differentiates(self) -> bool:
        return any(nu.parts for nu in self.slopes)


def of_measure(mu: Measure) -> Functional:
    r"""$f \mapsto \int f\,d\mu$."""
    return Functional(mu, (Measure(mu.n),) * mu.n)


def nothing(n: int) -> Functional:
    return of_measure(Measure(n))


class Definition(Protocol):
    """What is asked of a method."""

    @property
    def name(self) -> str: ...
    @property
    def background(self) -> int | None: ...
    def all(self, f: Any, x: Sequence[Any], baselines: Sequence[Sequence[Any]]) -> tuple[Any, ...]: ...


def functional_of(
    method: Definition,
    n: int,
    x: Sequence[Scalar] | None = None,
    baselines: Sequence[Sequence[Scalar]] | None = None,
) -> tuple[Functional, ...]:
    """The functional of each feature's attribution on models with n features.

    `x`, `baselines`: exact numbers or terms; by default the variables x1.., and b1.. (b1_1.. of a background).

    >>> from attrtheory.methods import get_method
    >>> occlusion = functional_of(get_method("occlusion"), 2)
    >>> [(p.weight, p.law.origin) for p in occlusion[0].values.parts]
    [(-1, (b1, x2)), (1, (x1, x2))]

    Raises:
        Unsupported: the method is not linear in the model, differentiates twice, or runs along a curve.
    """
    if type(n) is not int or n < 1:
        raise BadInput(f"a model has 1 feature or more; got {n!r}")
    if x is None:
        x = [var(f"x{k + 1}") for k in range(n)]
    if baselines is None:
        tags = [""] if method.background is None else [f"_{k + 1}" for k in range(method.background)]
        baselines = [[var(f"b{k + 1}{tag}") for k in range(n)] for tag in tags]
    found = method.all(Unknown("f", n), [lift(p) for p in x], [[lift(p) for p in b] for b in baselines])
    return tuple(read(lift(value), n) for value in found)


def read(value: Term, n: int) -> Functional:
    """The functional that a term in the unknown model `f` stands for."""
    found = fold(value, Reading("f", n))
    if _is_functional(found):
        return _tidied(found)
    if found is ZERO:
        return nothing(n)
    raise Unsupported(f"not linear in the model: without it the attribution is {found!r}, not 0")


class Reading(Free):
    """The algebra in which calls of the model are functionals, and all else stays a term."""

    def __init__(self, model: str, n: int) -> None:
        self.model = model
        self.n = n

    def affine(self, constant: Fraction, coefficients: Sequence[Fraction], values: Sequence[Value]) -> Value:
        rows = list(zip(coefficients, values, strict=True))
        scalar = t.affine(constant, [(q, v) for q, v in rows if not _is_functional(v)])
        out = [v * q for q, v in rows if _is_functional(v)]
        if not out:
            return scalar
        if scalar is not ZERO:
            raise Unsupported(f"not linear in the model: {scalar!r} is added to its values")
        measures = [(p for f in out for p in f.values.parts)]
        slopes = [[p for f in out for p in f.slopes[k].parts] for k in range(self.n)]
        return Functional(Measure(self.n, tuple(measures[0])), tuple(Measure(self.n, tuple(s)) for s in slopes))

    def mul(self, a: Value, b: Value) -> Value:
        if _is_functional(a) and _is_functional(b):
            raise Unsupported("not linear in the model: two of its values are multiplied")
        if _is_functional(b):
            return b * a
        return a * b

    def div(self, a: Value, b: Value) -> Value:
        if _is_functional(b):
            raise Unsupported("not linear in the model: something is divided by its values")
        return a * (ONE / b) if _is_functional(a) else t.div(a, b)

    def ite(self, g: Value, a: Value, b: Value) -> Value:
        if _is_functional(g):
            raise Unsupported("not linear in the model: a decision depends on its values")
        if not _is_functional(a) and not _is_functional(b):
            return t.ite(g, a, b)
        yes, no = self.mul(t.ite(g, ONE, ZERO), a), self.mul(t.ite(g, ZERO, ONE), b)
        return self.affine(Fraction(0), (Fraction(1), Fraction(1)), (yes, no))

    def mean01(self, level: int, body: Value) -> Value:
        if not _is_functional(body):
            return super().mean01(level, body)
        return Functional(averaged(body.values, level), tuple(averaged(nu, level) for nu in body.slopes))

    def call(self, name: str, orders: tuple[int, ...], args: Sequence[Value]) -> Value:
        if any(_is_functional(a) for a in args):
            raise Unsupported("not linear in the model: it is evaluated at its own values")
        if name in SPECIAL:
            return super().call(name, orders, args)
        if name != self.model or len(orders) > 1:
            raise Unsupported(f"a functional of order {len(orders)}; values and first derivatives have one here")
        here = Measure(self.n, (Part(ONE, Law(tuple(args))),))
        none = Measure(self.n)
        if not orders:
            return Functional(here, (none,) * self.n)
        return Functional(none, tuple(here if k == orders[0] else none for k in range(self.n)))


def _is_functional(value: Value) -> TypeGuard[Functional]:
    return isinstance(value, Functional)


def _tidied(found: Functional) -> Functional:
    from attrtheory.measures.same import collected

    return Functional(collected(found.values), tuple(map(collected, found.slopes)))
