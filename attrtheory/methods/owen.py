r"""Owen values of the game `v(S) = f(x on S, baseline elsewhere)` with unions."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import combinations
from math import factorial

from attrtheory.errors import BadInput, TooLarge
from attrtheory.expr.views import FnView, Point, Value, summed

MAX_MARGINALS = 2**15


def owen(f: FnView, x: Point, x0: Point, i: int, unions: str | Sequence[int]) -> Value:
    r"""The mean marginal contribution over all orders of arrival in which the members of a union come together.

    Definition:
        $\phi_i = \sum_{R \subseteq M\setminus k}\ \sum_{T \subseteq U_k \setminus i}
        \frac{|R|!\,(m-|R|-1)!}{m!}\,\frac{|T|!\,(u-|T|-1)!}{u!}\,\bigl[v(R \cup T \cup i) - v(R \cup T)\bigr]$,
        where $U_k$ is the union of $i$, with $u$ members, $R$ runs over sets of the other $m - 1$ unions, and
        $v(S) = f(x_S, x^0_{-S})$

    `unions`: for each feature the number of its union, 0 to m - 1; "pairs" puts neighbours together, two by two.
    Conventions: one union, or unions of one feature each, give Shapley values.
    Source: Owen 1977, Values of games with a priori unions.
    Proved: completeness, dummy, null_displacement, linearity, symmetry (two features), implementation_invariance,
        affine_scale_invariance, non_decreasing_positivity, affine_exactness, constants.
    Refuted: symmetry (three features and more).
    """
    numbers = union_numbers(unions, f.n)
    union = [[k for k in range(f.n) if numbers[k] == u] for u in range(max(numbers) + 1)]
    fellows = [k for k in union[numbers[i]] if k != i]
    others = [u for u in range(len(union)) if u != numbers[i]]
    if 2 ** (len(fellows) + len(others)) > MAX_MARGINALS:
        raise TooLarge(
            f"{len(fellows) + 1} features in a union beside {len(others)} others make 2^{len(fellows) + len(others)} "
            f"coalitions; the definition is evaluated for up to {MAX_MARGINALS}"
        )

    def v(members: set[int]) -> Value:
        return f(*(x[k] if k in members else x0[k] for k in range(f.n)))

    def marginals() -> Iterable[Value]:
        for whole in _subsets(others):
            for part in _subsets(fellows):
                s = {k for u in whole for k in union[u]} | set(part)
                weight = _share(len(whole), len(others)) * _share(len(part), len(fellows))
                yield weight * (v(s | {i}) - v(s))

    return summed(marginals())


def union_numbers(unions: str | Sequence[int], n: int) -> list[int]:
    """The number of its union for each of n features."""
    numbers = [k // 2 for k in range(n)] if isinstance(unions, str) else list(unions)
    if len(numbers) != n:
        raise BadInput(f"unions on {n} features are {n} numbers; got {len(numbers)}")
    return numbers


def _share(size: int, others: int) -> Fraction:
    """How probable it is that just a given set of this size comes before a player, among the others."""
    return Fraction(factorial(size) * factorial(others - size), factorial(others + 1))


def _subsets(of: Sequence[int]) -> Iterable[tuple[int, ...]]:
    return (s for size in range(len(of) + 1) for s in combinations(of, size))
