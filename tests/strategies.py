"""Random numbers, points, terms and networks; ties and zero denominators are likely."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from hypothesis import strategies as st

from attrtheory.expr import Term, absolute, clip, ite, least, lift, mean01, most, relu, step, total, var
from attrtheory.models.fn import Fn

Q = Fraction
NAMES = ("x", "y", "z")
INPUTS = ("x1", "x2", "x3")

small = st.sampled_from([Q(q) for q in ("0", "1", "-1", "2", "1/2", "-1/2", "-2", "3", "1/3", "-3/2")])
nonzero = small.filter(bool)
dyadic = st.sampled_from([Q(q) for q in ("0", "1", "-1", "2", "1/2", "-1/2", "-2", "3", "3/4", "-5/8")])


def points(
    names: Sequence[str] = NAMES, number: st.SearchStrategy[Fraction] = small
) -> st.SearchStrategy[dict[str, Fraction]]:
    """Values of the variables; often some are equal."""
    free = st.fixed_dictionaries(dict.fromkeys(names, number))
    tied = number.map(lambda q: dict.fromkeys(names, q))
    return st.one_of(free, free, tied)


def terms(
    names: Sequence[str] = NAMES,
    *,
    division: bool = True,
    means: bool = True,
    number: st.SearchStrategy[Fraction] = small,
    leaves: int = 8,
) -> st.SearchStrategy[Term]:
    """Terms with every node; guards and denominators are often differences of equal things."""

    def extend(inner: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
        pair, triple = (inner, inner), (inner, inner, inner)
        kinds = [
            st.builds(lambda p, a, q, b, c: p * a + q * b + c, number, inner, number, inner, number),
            st.builds(lambda a, b: a * b, *pair),
            st.builds(ite, *triple),
            st.builds(lambda a, b, c, d: ite(a - b, c, d), *triple, inner),
            st.builds(lambda a, b: relu(a) - relu(b), *pair),
            st.builds(lambda a, b: step(a) * b, *pair),
            st.builds(most, *pair),
            st.builds(least, *pair),
            st.builds(absolute, inner),
            st.builds(lambda a, p, q: clip(a, min(p, q), max(p, q)), inner, number, number),
        ]
        if division:
            kinds += [st.builds(lambda a, b: a / b, *pair), st.builds(lambda a, b, c: a / (b - c), *triple)]
        if means:
            kinds += [along(inner)]
        return st.one_of(kinds)

    leaf = st.one_of(st.sampled_from(names).map(var), number.map(lift))
    return st.recursive(leaf, extend, max_leaves=leaves)


def along(inner: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    """Means along a path: guards affine in the parameter, inside other guards too, with and without jumps."""

    def build(kind: int, p: Term, q: Term, r: Term, s: Term, u: Term) -> Term:
        bodies = (
            lambda a: ite(p + a * q, r + a * s, u * a * a),
            lambda a: ite(p + a * q, a * r, 0) * ite(s - a, a + 1, u),
            lambda a: ite(ite(p + a * q, r - a, s + a), u, a * r),
            lambda a: relu(relu(p + a * q) - r) + step(relu(s - a * u) - 1),
        )
        return mean01(bodies[kind])

    flat = inner.map(lambda t: t if t.height == 0 else lift(1))  # the walk does not see kinks of a mean inside a mean
    return st.builds(build, st.integers(0, 3), flat, flat, flat, flat, flat)


Weights = list[tuple[list[list[Fraction]], list[Fraction]]]  # per layer: a row for each unit, and the biases


@st.composite
def weights(draw: st.DrawFn, inputs: int = 2, number: st.SearchStrategy[Fraction] = small, widest: int = 3) -> Weights:
    """The weights of a small ReLU network with one output."""
    sizes = [inputs, *draw(st.lists(st.integers(1, widest), max_size=2)), 1]
    return [
        ([[draw(number) for _ in range(m)] for _ in range(n)], [draw(number) for _ in range(n)])
        for m, n in pairwise(sizes)
    ]


def network_fn(layers: Weights) -> Fn:
    """The network as a model of terms."""
    names = tuple(f"x{k + 1}" for k in range(len(layers[0][0][0])))
    values = [var(name) for name in names]
    for k, (rows, biases) in enumerate(layers):
        z = [
            total([*(w * v for w, v in zip(row, values, strict=True)), b]) for row, b in zip(rows, biases, strict=True)
        ]
        values = [relu(t) for t in z] if k + 1 < len(layers) else z
    return Fn(names, values[0])


def network_points(n: int = 2, number: st.SearchStrategy[Fraction] = small) -> st.SearchStrategy[list[Fraction]]:
    """Points; often with equal coordinates, so that the path runs inside a kink."""
    return st.one_of(st.lists(number, min_size=n, max_size=n), number.map(lambda q: [q] * n))
