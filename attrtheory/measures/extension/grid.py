r"""Tagged sums over the cells of a grid, and how far they are from their limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from attrtheory.errors import BadInput, TooLarge, Unsupported
from attrtheory.expr.syntax import postorder
from attrtheory.expr.term import lift
from attrtheory.expr.views import FnView
from attrtheory.measures.extension.atoms import Atoms, Point
from attrtheory.measures.extension.construct import charge
from attrtheory.models.fn import Fn, function, rational
from attrtheory.semantics.continuity import lipschitz
from attrtheory.semantics.exact import evaluate

MAX_GRID = 100_000
Tag = Callable[[Point, Point], Sequence[Fraction]]
TAGS: dict[str, Tag] = {
    "lower": lambda lower, upper: lower,
    "upper": lambda lower, upper: upper,
    "centre": lambda lower, upper: [(a + b) / 2 for a, b in zip(lower, upper, strict=True)],
}


def cells(n: int, steps: int) -> Iterator[tuple[Point, Point]]:
    """The boxes of the grid with `steps` equal intervals in each of n coordinates, as (lower, upper).

    Raises:
        TooLarge: more boxes than are summed over.
    """
    if type(steps) is not int or steps < 1:
        raise BadInput(f"a grid has a whole number of steps from 1 on; got {steps!r}")
    if steps**n > MAX_GRID:
        raise TooLarge(f"a grid of {steps} steps in {n} coordinates has {steps**n} boxes; up to {MAX_GRID} are summed over")
    for index in product(range(steps), repeat=n):
        yield tuple(Fraction(j, steps) for j in index), tuple(Fraction(j + 1, steps) for j in index)


def grid_sum(f: FnView, atoms: Atoms, steps: int, tags: str | Tag = "lower") -> tuple[Fraction, ...]:
    r"""The attributions of the step function that is $f(y_R)$ on each box R of a grid.

    Definition:
        $\sum_R f(y_R)\, a_i(R)$ over the $\text{steps}^n$ boxes; the tag $y_R$ is the `lower` or `upper` corner, the
        `centre`, or what a function of (lower, upper) returns in the closed box.

    It is a number whether or not it has a limit; `approximation` says how near to the limit it is.

    >>> from attrtheory.models.dsl import parse_model
    >>> from attrtheory.measures.extension import atoms_from_text
    >>> atoms = atoms_from_text(["length2 * x1_in", "length1 * x2_in"]).at([1, 1])
    >>> [str(q) for q in grid_sum(parse_model("x1 + x2"), atoms, 4)]
    ['9/8', '9/8']

    Raises:
        BadInput: a tag outside its box, or a model with another number of features.
    """
    atoms.require_fixed()
    if f.n != atoms.n:
        raise BadInput(f"the atoms are on {atoms.n} features, the model on {f.n}")
    if isinstance(tags, str) and tags not in TAGS:
        raise BadInput(f"tags are {', '.join(TAGS)} or a function of the lower and the upper corner; got {tags!r}")
    choose = TAGS[tags] if isinstance(tags, str) else tags
    model = as_function(f)
    sums = [Fraction(0)] * atoms.n
    for lower, upper in cells(atoms.n, steps):
        values = [atoms.value(i, lower, upper) for i in range(atoms.n)]
        if any(values):
            tag = [rational(q) for q in choose(lower, upper)]
            if len(tag) != atoms.n or not all(a <= q <= b for a, q, b in zip(lower, tag, upper, strict=True)):
                raise BadInput(f"the tag {[*map(str, tag)]} lies outside its box from {lower} to {upper}")
            height = evaluate(model.body, dict(zip(model.names, tag, strict=True)))
            sums = [s + height * v for s, v in zip(sums, values, strict=True)]
    return tuple(sums)


def grid_variation(atoms: Atoms, i: int, steps: int) -> Fraction:
    r"""$\sum_R |a_i(R)|$ over a grid: a lower bound on the variation $V(a_i)$, which is infinite if these have no bound."""
    return sum((abs(atoms.value(i, lower, upper)) for lower, upper in cells(atoms.n, steps)), Fraction(0))


@dataclass(frozen=True)
class Approximation:
    """A grid sum, and how far it is at most from the attribution that it tends to."""

    value: Fraction
    bound: Fraction


def approximation(f: FnView, atoms: Atoms, steps: int, tags: str | Tag = "lower") -> tuple[Approximation, ...]:
    r"""The attribution of a continuous model by a user's atoms, as a grid sum with the proved bound on its error.

    Definition:
        $\bigl|\sum_R f(y_R)\,a_i(R) - \varphi_i(f)\bigr| \le V(a_i)\,\omega$, where $\omega$ is the most that f changes in a
        box: $\omega \le \sum_k L_k / \text{steps}$ with bounds $L_k$ on the slopes of f on the cube, exact rationals. This
        is at most $\lVert L\rVert_2\,\sqrt n\,/\,\text{steps}$, the bound by the diameter of a box.

    Raises:
        SideCondition: the atoms are not additive, or the model is not known to be continuous: there need be no limit.
        Unsupported: the variation of the atoms, or a slope of the model, is not known to be finite.
    """
    model = as_function(f)
    slopes = lipschitz(model.body, {name: (Fraction(0), Fraction(1)) for name in model.names})
    sums = grid_sum(f, atoms, steps, tags)
    change = sum(slopes.values(), Fraction(0)) / steps
    return tuple(Approximation(s, charge(atoms, i).variation().upper * change) for i, s in enumerate(sums))


def as_function(f: FnView) -> Fn:
    """The model as one term in its inputs, without parameters and unknown functions."""
    model = f if isinstance(f, Fn) else function(f, [f"x{k + 1}" for k in range(f.n)])
    free = sorted({u.payload for u in postorder(lift(model.body)) if u.op == "var"} - set(model.names))
    if free or any(u.op == "call" for u in postorder(model.body)):
        raise Unsupported(f"a model of known numbers is asked for; {', '.join(free) or 'an unknown function'} has no value")
    return model
