"""Equality by cases, where signs of guards are all that matters: finitely many orders of the numbers compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, product
from math import prod

from attrtheory.errors import SideCondition, TooLarge
from attrtheory.expr.term import Term
from attrtheory.semantics.exact import evaluate

Number = str | int | Fraction  # the name of a variable, or a fixed number
Env = dict[str, Fraction]
MAX_CASES = 200_000


@dataclass(frozen=True)
class Cases:
    """Whether two terms are equal, how many cases were compared, and one in which they differ."""

    equal: bool
    cases: int
    witness: Env | None = None


def equal_by_cases(
    lhs: Term,
    rhs: Term,
    groups: Sequence[Sequence[Number]],
    where: Callable[[Mapping[str, Fraction]], bool] = lambda env: True,
) -> Cases:
    """Whether two terms are equal wherever `where` is true, decided by all orders of the numbers in each group.

    *Proof.* Every guard of both terms is a positive multiple of a difference u - v of two members of one group, and outside
    of guards no variable occurs. So both values are determined by which of u > v hold, that is by the order, with ties,
    of each group; one point of each order is compared. Of orders of a group in which the same guards are positive one is
    enough. `where` must depend on the orders only: it is asked at the points compared, group by group, so it must
    be a conjunction of conditions each within one group, asked with the variables of that group alone.

    Raises:
        SideCondition: a guard is no difference of two members of a group, or a variable occurs outside of guards.
        TooLarge: more than 200,000 cases.

    >>> from attrtheory.expr import most, step, var
    >>> x, y = var("x"), var("y")
    >>> equal_by_cases(step(x - y), 1 - step(y - x), [["x", "y"]])
    Cases(equal=False, cases=3, witness={'x': Fraction(0, 1), 'y': Fraction(0, 1)})
    """
    guards = _guards(lhs, rhs)
    placed = [[pair for g in guards if (pair := _compared(g, group))] for group in groups]
    for g in guards:
        if not any(_compared(g, group) for group in groups):
            raise SideCondition(f"the guard {g!r} is no difference of two members of one of the groups {groups}")
    choices = [_representatives(group, own, where) for group, own in zip(groups, placed, strict=True)]
    count = prod(map(len, choices))
    if count > MAX_CASES:
        raise TooLarge(f"{count:,} cases; up to {MAX_CASES:,} are compared")
    difference = lhs - rhs
    for parts in product(*choices):
        env = {name: value for part in parts for name, value in part.items()}
        if evaluate(difference, env):
            return Cases(equal=False, cases=count, witness=env)
    return Cases(equal=True, cases=count)


def _guards(*terms: Term) -> list[Term]:
    """The guards; outside of them there must be numbers only."""
    found: dict[Term, None] = {}
    seen: set[Term] = set()
    stack = list(terms)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.op in ("var", "bound", "call", "mean01"):
            raise SideCondition(f"{node!r} occurs outside of guards: the value depends on more than an order")
        if node.op == "ite":
            found[node.args[0]] = None
        stack += node.args[1:] if node.op == "ite" else node.args
    return list(found)


def _compared(guard: Term, group: Sequence[Number]) -> tuple[Number, Number] | None:
    """(u, v) if a guard is a positive multiple of the difference u - v of two members."""
    known: Callable[[Number], bool] = lambda m: any(type(m) is type(u) and m == u for u in members)
    members = [m if isinstance(m, str) else Fraction(m) for m in group]
    if guard.op not in ("affine", "var") or any(u.op != "var" for u in guard.args):
        return None
    constant, (first, *more) = guard.payload if guard.op == "affine" else (Fraction(0), (Fraction(1),))
    names: list[Number] = [u.payload for u in guard.args] or [guard.payload]
    if not more:
        names.append(-constant / first)
    elif constant or more != [-first]:
        return None
    u, v = names if first > 0 else reversed(names)
    return (u, v) if known(u) and known(v) else None


def _representatives(
    group: Sequence[Number], pairs: Sequence[tuple[Number, Number]], where: Callable[[Mapping[str, Fraction]], bool]
) -> list[Env]:
    """One point for each set of guards that is positive in some order."""
    found: dict[tuple[bool, ...], Env] = {}
    for env in orders(group):
        at = lambda m, env=env: env[m] if isinstance(m, str) else Fraction(m)
        signs = tuple(at(u) > at(v) for u, v in pairs)
        if signs not in found and where(env):
            found[signs] = env
    return list(found.values())


def orders(group: Sequence[Number]) -> Iterator[Env]:
    """A point for each order, with ties, of some variables and fixed numbers.

    >>> [sorted(env.items()) for env in orders(["x", 0])]
    [[('x', Fraction(-1, 1))], [('x', Fraction(0, 1))], [('x', Fraction(1, 1))]]
    """
    fixed = sorted({Fraction(m) for m in group if not isinstance(m, str)})
    names = [m for m in group if isinstance(m, str)]

    def place(k: int, env: Env) -> Iterator[Env]:
        if k == len(names):
            yield env
            return
        taken = sorted({*fixed, *env.values()})
        between = [(p + q) / 2 for p, q in pairwise(taken)]
        outside = [taken[0] - 1, taken[-1] + 1] if taken else [Fraction(0)]
        for value in sorted([*taken, *between, *outside]):
            yield from place(k + 1, {**env, names[k]: value})

    yield from place(0, {})
