"""The indicator normal form: polynomials over Q in variables, idempotent indicators and opaque atoms.

Equal normal forms prove that two terms are equal everywhere; unequal normal forms prove nothing. The laws used:

    s = 1[h > 0]:  s s = s                       e = 1[h = 0]:  e e = e,  e s = 0,  e h = 0
    1[-h > 0] = 1 - s - e                        r = 1/h:       h r = 1 - e,  e r = 0
    mean of a^k over a in [0, 1] = 1/(k+1)       guards and denominators are scaled by rationals, guards by positive ones
    1[a h > 0] = 1[h > 0] for a bound variable a: it is positive almost everywhere in its mean

`e h = 0` and `h r = 1 - e` rewrite the leading monomial of h, in a fixed order of monomials, so reduction ends.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from fractions import Fraction

from attrtheory.errors import TooLarge
from attrtheory.expr.algebra import fold
from attrtheory.expr.term import Term

Monomial = tuple[tuple[int, int], ...]  # (atom, power), by atom
Poly = dict[Monomial, Fraction]
ONE: Monomial = ()
MAX_WORK = 5_000_000  # fifty times what completeness on an 8-32-32-1 network takes
Q0, Q1 = Fraction(0), Fraction(1)


class Ring:
    """The algebra of normal forms. Forms are comparable only within one ring."""

    def __init__(self) -> None:
        self.ids: dict[Hashable, int] = {}
        self.levels: list[frozenset[int]] = []  # bound variables open in each atom
        self.flat: set[int] = set()  # idempotent atoms
        self.parameters: set[int] = set()  # bound variables
        self.exclusive: dict[int, set[int]] = {}  # atoms whose product is 0
        self.rules: dict[int, tuple[Monomial, Poly]] = {}  # atom u, with lead * u = replacement
        self.work = 0  # products of monomials so far

    # the nodes ------------------------------------------------------------------------------------------------------
    def const(self, q: Fraction) -> Poly:
        return {ONE: q} if q else {}

    def var(self, name: str) -> Poly:
        return self._atom(("var", name), frozenset())

    def bound(self, level: int) -> Poly:
        parameter = self._atom(("bound", level), frozenset((level,)))
        self.parameters.add(self.ids["bound", level])
        return parameter

    def affine(self, constant: Fraction, coefficients: Sequence[Fraction], values: Sequence[Poly]) -> Poly:
        out = self.const(constant)
        for q, p in zip(coefficients, values, strict=True):
            _add(out, q, p)
        return out

    def mul(self, a: Poly, b: Poly) -> Poly:
        out: Poly = {}
        self.work += len(a) * len(b)
        if self.work > MAX_WORK:
            raise TooLarge(f"a normal form takes more than {MAX_WORK:,} products of monomials; state a smaller claim")
        if len(a) > len(b):
            a, b = b, a
        for m, c in a.items():
            for n, d in b.items():
                self._put(out, self._times(m, n), c * d)
        return out

    def div(self, a: Poly, b: Poly) -> Poly:
        if not b:
            return {}
        if set(b) == {ONE}:
            return self.affine(Q0, (1 / b[ONE],), (a,))
        h, lead, c = self._monic(b)
        return self.affine(Q0, (1 / c,), (self.mul(a, self._inverse(h, lead)),))

    def ite(self, g: Poly, a: Poly, b: Poly) -> Poly:
        if not g or set(g) == {ONE}:
            return a if g.get(ONE, Q0) > 0 else b
        difference = self.affine(Q0, (Q1, -Q1), (a, b))
        return self.affine(Q0, (Q1, Q1), (b, self.mul(self._step(g), difference))) if difference else b

    def mean01(self, level: int, body: Poly) -> Poly:
        out: Poly = {}
        parameter = self.ids.get(("bound", level))
        for m, c in body.items():
            inside = tuple((i, k) for i, k in m if level in self.levels[i])
            outside = tuple((i, k) for i, k in m if level not in self.levels[i])
            if not inside:
                self._put(out, outside, c)
            elif len(inside) == 1 and inside[0][0] == parameter:
                self._put(out, outside, c / (inside[0][1] + 1))
            else:
                open_levels = frozenset[int]().union(*(self.levels[i] for i, _ in inside)) - {level}
                for n, d in self._atom(("mean", level, inside), open_levels).items():
                    self._put(out, self._times(outside, n), c * d)
        return out

    def call(self, name: str, orders: tuple[int, ...], args: Sequence[Poly]) -> Poly:
        levels = frozenset[int]().union(*(self._open(a) for a in args))
        return self._atom(("call", name, orders, tuple(_key(a) for a in args)), levels)

    # atoms ----------------------------------------------------------------------------------------------------------
    def _atom(self, key: Hashable, levels: frozenset[int], *, flat: bool = False) -> Poly:
        return {((self._id(key, levels, flat=flat), 1),): Q1}

    def _id(self, key: Hashable, levels: frozenset[int], *, flat: bool = False) -> int:
        if key not in self.ids:
            self.ids[key] = len(self.ids)
            self.levels.append(levels)
            if flat:
                self.flat.add(self.ids[key])
        return self.ids[key]

    def _step(self, g: Poly) -> Poly:
        """`1[g > 0]`, by the one orientation of g whose leading coefficient is positive."""
        h, lead, c = self._monic(self._without_parameters(g))
        s = self._id(("step", _key(h)), self._open(h), flat=True)
        if c > 0:
            return {((s, 1),): Q1}
        return {ONE: Q1, ((s, 1),): -Q1, ((self._zero(h, lead), 1),): -Q1}

    def _without_parameters(self, g: Poly) -> Poly:
        """A guard without the bound variables that divide all of it: they are positive almost everywhere."""
        for i in [i for i, _ in next(iter(g)) if i in self.parameters]:
            least = min(dict(m).get(i, 0) for m in g)
            if least:
                g = {tuple((j, k - least * (j == i)) for j, k in m if k > least * (j == i)): c for m, c in g.items()}
        return g

    def _zero(self, h: Poly, lead: Monomial) -> int:
        """The atom `1[h = 0]` of a monic h."""
        key = _key(h)
        e = self._id(("zero", key), self._open(h), flat=True)
        if e not in self.rules:
            rest = {m: -c for m, c in h.items() if m != lead}
            self.rules[e] = (lead, self._raw_product(rest, e))
            s = self._id(("step", key), self._open(h), flat=True)
            self.exclusive[e] = {s}
        return e

    def _inverse(self, h: Poly, lead: Monomial) -> Poly:
        """The atom `1/h` of a monic h."""
        r = self._id(("inverse", _key(h)), self._open(h))
        if r not in self.rules:
            e = self._zero(h, lead)
            rest = {m: -c for m, c in h.items() if m != lead}
            self.rules[r] = (lead, {ONE: Q1, ((e, 1),): -Q1} | self._raw_product(rest, r))
            self.exclusive[e].add(r)
        return {((r, 1),): Q1}

    def _raw_product(self, p: Poly, atom: int) -> Poly:
        return {self._times(m, ((atom, 1),)): c for m, c in p.items()}

    def _monic(self, g: Poly) -> tuple[Poly, Monomial, Fraction]:
        """(g / c, leading monomial, c) with c the leading coefficient."""
        lead = max(g, key=_order)
        c = g[lead]
        return {m: q / c for m, q in g.items()}, lead, c

    def _open(self, p: Poly) -> frozenset[int]:
        return frozenset[int]().union(*(self.levels[i] for m in p for i, _ in m))

    # products -------------------------------------------------------------------------------------------------------
    def _times(self, m: Monomial, n: Monomial) -> Monomial:
        if not m or not n:
            return m or n
        powers = dict(m)
        for i, k in n:
            powers[i] = 1 if i in self.flat else powers.get(i, 0) + k
        return tuple(sorted(powers.items()))

    def _put(self, out: Poly, m: Monomial, c: Fraction) -> None:
        """Add `c m` to `out`, reduced by the rules."""
        todo = [(m, c)]
        while todo:
            m, c = todo.pop()
            rule = self._applicable(m) if self.rules else None
            if rule is None:
                _add(out, c, {m: Q1})
            else:
                rest, replacement = rule
                todo.extend((self._times(rest, n), c * d) for n, d in replacement.items())

    def _applicable(self, m: Monomial) -> tuple[Monomial, Poly] | None:
        """(cofactor, replacement) of the first rule that rewrites m; a product of exclusive atoms becomes 0."""
        powers = dict(m)
        for i, _ in m:
            if not self.exclusive.get(i, set()).isdisjoint(powers):
                return ONE, {}
            if i in self.rules:
                lead, replacement = self.rules[i]
                if all(powers.get(j, 0) >= k for j, k in lead):
                    left = dict(powers)
                    for j, k in (*lead, (i, 1)):
                        left[j] -= k
                    return tuple((j, k) for j, k in left.items() if k), replacement
        return None


def _order(m: Monomial) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Graded lexicographic: it is kept by products, so rewriting a leading monomial ends."""
    return sum(k for _, k in m), tuple((-i, k) for i, k in m)


def _add(out: Poly, q: Fraction, p: Poly) -> None:
    for m, c in p.items():
        total = out.get(m, Q0) + q * c
        if total:
            out[m] = total
        else:
            out.pop(m, None)


def _key(p: Poly) -> frozenset[tuple[Monomial, Fraction]]:
    return frozenset(p.items())


def equal(lhs: Term, rhs: Term) -> bool:
    """Whether two terms have one normal form; if so, they are equal at every point."""
    ring = Ring()
    memo: dict[Term, Poly] = {}
    return fold(lhs, ring, memo) == fold(rhs, ring, memo)
