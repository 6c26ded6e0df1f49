"""Models seen from outside: a term, an unknown function, another program of a model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from attrtheory.errors import BadInput
from attrtheory.expr import term as t
from attrtheory.expr.algebra import Free, fold
from attrtheory.expr.binder import mean01
from attrtheory.expr.forms import relu
from attrtheory.expr.syntax import postorder
from attrtheory.expr.term import Scalar, Term, lift
from attrtheory.expr.views import Combination, FnView
from attrtheory.semantics.derive import derivative, substitute


@dataclass(frozen=True, eq=False)
class Fn:
    """The model `names -> body`. Variables of the body that are no inputs are parameters (symbolic weights).

    >>> from attrtheory.expr import relu, var
    >>> f = Fn(("x1", "x2"), relu(var("x1") - 2 * var("x2")))
    >>> f(3, 1)
    1
    """

    names: tuple[str, ...]
    body: Term
    _slopes: dict[int, Term] = field(default_factory=dict[int, Term], repr=False)
    mean01 = staticmethod(mean01)

    def __post_init__(self) -> None:
        text = all(isinstance(name, str) for name in self.names)  # pyright: ignore[reportUnnecessaryIsInstance] (from a file)
        if not text or not self.names or len(set(self.names)) != len(self.names):
            raise BadInput(f"a model needs at least one input, and distinct names; got {self.names}")

    @property
    def n(self) -> int:
        return len(self.names)

    def _env(self, point: Sequence[Scalar]) -> dict[str, Term]:
        if len(point) != self.n:
            raise BadInput(f"the model has {self.n} features; got a point with {len(point)}")
        return dict(zip(self.names, map(lift, point), strict=True))

    def __call__(self, *point: Scalar) -> Term:
        return substitute(self.body, self._env(point))

    def slope(self, i: int) -> Term:
        """The branch derivative in feature `i`, as a term in the inputs."""
        if i not in self._slopes:
            self._slopes[i] = derivative(self.body, t.var(self.names[i]))
        return self._slopes[i]

    def partial(self, i: int, *point: Scalar) -> Term:
        return substitute(self.slope(i), self._env(point))

    def mirrored(self) -> Fn:
        """The same function written the other way round: `ite(g, a, b)` as `ite(-g, b, a)`, where branches meet on g = 0."""
        return Fn(self.names, fold(self.body, Mirror()))


class Mirror(Free):
    """Turns every guard round. The function stays the same only if the branches of each `ite` meet on its guard."""

    def ite(self, g: Term, a: Term, b: Term) -> Term:
        return t.ite(-g, b, a)


def function(view: FnView, names: Sequence[str]) -> Fn:
    """A model made of models, written out as one term."""
    return Fn(tuple(names), lift(view(*map(t.var, names))))


@dataclass(frozen=True)
class Unknown:
    """Any model at all, with `n` features: its values and branch derivatives are opaque."""

    name: str
    n: int
    mean01 = staticmethod(mean01)

    def __call__(self, *point: Scalar) -> Term:
        return t.call(self.name, (), self._args(point))

    def partial(self, i: int, *point: Scalar) -> Term:
        return t.call(self.name, (i,), self._args(point))

    def _args(self, point: Sequence[Scalar]) -> tuple[Term, ...]:
        if len(point) != self.n:
            raise BadInput(f"the model has {self.n} features; got a point with {len(point)}")
        return tuple(map(lift, point))


@dataclass(frozen=True)
class AnyProgram:
    """Any program of the function that `model` computes: the same values, branch derivatives of its own."""

    model: FnView
    name: str
    mean01 = staticmethod(mean01)

    @property
    def n(self) -> int:
        return self.model.n

    def __call__(self, *point: Scalar) -> Term:
        return lift(self.model(*point))

    def partial(self, i: int, *point: Scalar) -> Term:
        return t.call(self.name, (i,), tuple(map(lift, point)))


def disguised(model: FnView, z: Fn) -> FnView:
    """Another program of the same function: `model + z - relu(z) + relu(-z)`, whose last three terms add up to 0."""
    zero = Fn(z.names, z.body - relu(z.body) + relu(-z.body))
    return Combination(((1, model), (1, zero)))


def variables(term: Term) -> list[str]:
    """The names of the variables in a term, sorted."""
    return sorted(u.payload for u in postorder(term) if u.op == "var")


_DECIMAL = re.compile(
    r"\s*[+-]?(\d{1,400}(\.\d{0,400})?|\.\d{1,400})([eE][+-]?\d{1,3})?(/[1-9]\d{0,400})?\s*", re.ASCII
)


def decimal(text: str) -> Fraction:
    """The exact value of text such as '3/4', '0.1' or '1e-9'; lengths and exponents are bounded."""
    if not _DECIMAL.fullmatch(text) or ("/" in text and any(c in text for c in ".eE")):
        raise BadInput(
            f"{text[:40]!r} is not a rational number such as 3/4, 0.1 or 1e-9 (400 digits, exponents to 999)"
        )
    return Fraction(text)


def rational(value: object) -> Fraction:
    """An exact number from an int, a Fraction or text such as '3/4' or '0.1'; a float is refused."""
    if isinstance(value, str):
        return decimal(value)
    q = lift(value)
    if q.op != "const":
        raise BadInput(f"a number is asked for; got the term {q!r}")
    return q.payload
