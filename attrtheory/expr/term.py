"""Immutable, interned terms over exact rationals: the nodes, their digests, and the sound constructors.

A term is one of nine nodes:

    const q | var name | bound level | affine q0 + sum q_k t_k | mul a b | div a b
    | ite g a b | mean01 level body | call name orders args

Equal structure is one object: the table is keyed by digest, and digests are the same in every process. The
constructors apply only what is true under total division: constant folding, zero, one, and merging of sums.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from hashlib import blake2b
from numbers import Rational
from typing import Any, NoReturn
from weakref import WeakValueDictionary

from attrtheory.errors import BadInput, NotExact

Scalar = Any  # a Term, or an exact number that `lift` accepts

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_NO_LEVELS: frozenset[int] = frozenset()


class Term:
    """One node. `levels`: bound variables open in it; `height`: how deeply means nest inside it."""

    __slots__ = ("__weakref__", "args", "digest", "height", "levels", "op", "payload")

    op: str
    args: tuple[Term, ...]
    payload: Any
    digest: bytes
    levels: frozenset[int]
    height: int

    def __add__(self, other: Scalar) -> Term:
        return affine(ZERO_Q, ((ONE_Q, self), (ONE_Q, lift(other))))

    def __radd__(self, other: Scalar) -> Term:
        return self + other

    def __sub__(self, other: Scalar) -> Term:
        return affine(ZERO_Q, ((ONE_Q, self), (-ONE_Q, lift(other))))

    def __rsub__(self, other: Scalar) -> Term:
        return lift(other) - self

    def __neg__(self) -> Term:
        return affine(ZERO_Q, ((-ONE_Q, self),))

    def __mul__(self, other: Scalar) -> Term:
        return mul(self, lift(other))

    def __rmul__(self, other: Scalar) -> Term:
        return mul(lift(other), self)

    def __truediv__(self, other: Scalar) -> Term:
        return div(self, lift(other))

    def __rtruediv__(self, other: Scalar) -> Term:
        return div(lift(other), self)

    def __bool__(self) -> NoReturn:
        raise TypeError("a Term has no truth value; write ite(guard, then, orelse) instead of if, and, or, max")

    def __eq__(self, other: object) -> NoReturn:  # pyright: ignore[reportIncompatibleMethodOverride] (raises always)
        raise TypeError("a Term has no ==; use `s is t` for the same term, prove() for the same function")

    __lt__ = __le__ = __gt__ = __ge__ = __bool__  # type: ignore[assignment]  # a comparison would be a truth value

    def __hash__(self) -> int:
        return id(self) >> 4

    def __copy__(self) -> Term:
        return self

    def __deepcopy__(self, memo: Any) -> Term:
        return self

    def __reduce__(self) -> Any:
        from attrtheory.expr.syntax import dumps, loads  # the text is the only form that leaves the process

        return loads, (dumps(self),)

    def __repr__(self) -> str:
        from attrtheory.expr.syntax import infix

        return infix(self)


_TABLE: WeakValueDictionary[bytes, Term] = WeakValueDictionary()


def intern(op: str, args: tuple[Term, ...], payload: Any) -> Term:
    """The one object with this structure."""
    state = blake2b(f"{op} {_text(payload)} {len(args)}|".encode(), digest_size=32)
    for a in args:
        state.update(a.digest)
    digest = state.digest()
    known = _TABLE.get(digest)
    if known is not None:
        return known
    term = object.__new__(Term)
    term.op, term.args, term.payload, term.digest = op, args, payload, digest
    levels = _NO_LEVELS
    for a in args:
        levels = levels | a.levels if a.levels else levels
    height = max((a.height for a in args), default=0)
    if op == "bound":
        levels = frozenset((payload,))
    elif op == "mean01":
        levels, height = levels - {payload}, max(height, payload + 1)
    term.levels, term.height = levels, height
    _TABLE[digest] = term
    return term


def _text(payload: Any) -> str:
    return ",".join(map(_text, payload)) + ";" if isinstance(payload, tuple) else str(payload)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def lift(value: Scalar) -> Term:
    """A term from a term or an exact number."""
    if isinstance(value, Term):
        return value
    if isinstance(value, bool) or not isinstance(value, Rational):
        raise NotExact(
            f"a Term holds exact numbers; got {value!r} ({type(value).__name__}). "
            "Use Fraction(x) for the float's exact value or Fraction('0.1') for the decimal."
        )
    return const(Fraction(int(value.numerator), int(value.denominator)))


def const(q: Fraction) -> Term:
    return intern("const", (), q)


def var(name: str) -> Term:
    """A real variable."""
    if not _NAME.fullmatch(name):
        raise BadInput(f"{name!r} is not a variable name; use letters, digits and _, not starting with a digit")
    return intern("var", (), name)


def bound(level: int) -> Term:
    return intern("bound", (), level)


def affine(constant: Fraction, summands: Iterable[tuple[Fraction, Term]]) -> Term:
    """`constant + sum q t`: nested sums are merged, like terms collected, in the order of digests."""
    total: dict[Term, Fraction] = {}
    for q, t in summands:
        if t.op == "const":
            constant += q * t.payload
        elif t.op == "affine":
            inner, coefficients = t.payload
            if inner:
                constant += q * inner
            for c, u in zip(coefficients, t.args, strict=True):
                scaled = c if q is ONE_Q else q * c
                known = total.get(u)
                total[u] = scaled if known is None else known + scaled
        else:
            known = total.get(t)
            total[t] = q if known is None else known + q
    terms = sorted((t for t, q in total.items() if q), key=lambda t: t.digest)
    if not terms:
        return const(constant)
    if len(terms) == 1 and not constant and total[terms[0]] == 1:
        return terms[0]
    return intern("affine", tuple(terms), (constant, tuple(total[t] for t in terms)))


def mul(a: Term, b: Term) -> Term:
    if a.op == "const":
        return affine(ZERO_Q, ((a.payload, b),))
    if b.op == "const":
        return affine(ZERO_Q, ((b.payload, a),))
    return intern("mul", (a, b) if a.digest <= b.digest else (b, a), None)


def div(a: Term, b: Term) -> Term:
    """`a / b`, total: 0 where b is 0. Nothing is cancelled."""
    if b.op == "const":
        return affine(ZERO_Q, ((1 / b.payload if b.payload else ZERO_Q, a),))
    return a if a is ZERO else intern("div", (a, b), None)


def ite(guard: Scalar, then: Scalar, orelse: Scalar) -> Term:
    """`then` where `guard > 0`, else `orelse`."""
    g, a, b = lift(guard), lift(then), lift(orelse)
    if g.op == "const":
        return a if g.payload > 0 else b
    return a if a is b else intern("ite", (g, a, b), None)


def call(name: str, orders: tuple[int, ...], args: tuple[Term, ...]) -> Term:
    """The unknown function `name`, differentiated once in each argument number listed in `orders`."""
    if not _NAME.fullmatch(name) or any(not 0 <= k < len(args) for k in orders):
        raise BadInput(f"cannot call {name!r} with derivative orders {orders} on {len(args)} arguments")
    return intern("call", args, (name, tuple(sorted(orders))))


ZERO_Q, ONE_Q = Fraction(0), Fraction(1)
ZERO, ONE = const(ZERO_Q), const(ONE_Q)
