"""On a sum of ridge functions (one hidden layer): closed forms neuron by neuron, enclosed or exact."""

from __future__ import annotations

from collections.abc import Sequence

from attrtheory.errors import SideCondition, TooLarge, Unsupported
from attrtheory.lower.functionals.numbers import Row, Summand, symbolic
from attrtheory.lower.functionals.result import Share
from attrtheory.measures.ridges import Ridges
from attrtheory.semantics.balls import Enclosure, enclose

MOST_CORNERS = 2**12
BITS = 60


def by_ridges(ridges: Ridges, rows: Sequence[Row], *, exact: bool) -> Share:
    """Sums over neurons of their closed forms.

    Raises:
        SideCondition: the model jumps where a measure has mass, or a path keeps to a jump.
        TooLarge: alternating sums over more than 4096 corners.
        Unsupported: exact values with special functions.
    """
    for s in (s for row in rows for s in row):
        if 2 ** len(s.law.uniform) > MOST_CORNERS:
            raise TooLarge(
                f"a closed form over 2^{len(s.law.uniform)} corners (a #P-hard problem); up to {MOST_CORNERS:,} are summed"
            )
        _check_jumps(ridges, s)
    found = [_value(ridges, row) for row in rows]
    rational = all(not e.width for e in found)
    if exact and not rational:
        raise Unsupported("the values have special functions and are irrational; exact=False gives rigorous bounds")
    words = f"closed forms, neuron by neuron, {len(ridges.ridges)}"
    lower, upper, middle = (tuple(getattr(e, name) for e in found) for name in ("lower", "upper", "middle"))
    return Share(lower, upper, middle, "exact" if rational else "enclosed", words)


def _value(ridges: Ridges, row: Row) -> Enclosure:
    closed = ridges.of(symbolic(row, len(ridges.weights)))
    for condition in closed.nonzero:
        if not enclose(condition, {}, BITS).upper:
            raise SideCondition(
                "a path or law of slopes keeps to a level of a step of the model: whether it crosses the jump is not defined. "
                "Move the input or the baseline, or explain a continuous model"
            )
    return enclose(closed.value, {}, BITS)


def _check_jumps(ridges: Ridges, s: Summand) -> None:
    """A point mass on a jump, and a path of slopes that ends on one, have no value."""
    if len(s.law.columns) > (s.feature is not None) or s.law.normal:
        return
    ends = [s.law.origin, *(tuple(o + c for o, c in zip(s.law.origin, column, strict=True)) for column in s.law.uniform)]
    for r in (r for r in ridges.ridges if r.power == 0):
        for end in ends:
            level = r.bias + sum(w * v for w, v in zip(r.weights, end, strict=True))
            if not enclose(level, {}, BITS).upper and not enclose(level, {}, BITS).lower:
                raise SideCondition(
                    f"the model jumps at {[str(v) for v in end]}, where the functional has mass: the value is a matter of "
                    "convention. Move the point off the jump"
                )
