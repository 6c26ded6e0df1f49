r"""Atoms of a straight path: which face of a box it enters and leaves through.

The path from the baseline to the input is inside the k-th interval $(l_k, u_k]$ from the time $(l_k - b_k)/(x_k - b_k)$ on to
$(u_k - b_k)/(x_k - b_k)$ (the other way round where it runs down). It enters a box when the last coordinate arrives, and
leaves it when the first one departs. An interval from 0 owns 0, so the path is in it from the start; one that begins at
$l_k = b_k > 0$ is entered at time 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from attrtheory.errors import SideCondition
from attrtheory.expr.forms import step
from attrtheory.expr.term import ONE, ZERO, Scalar, Term, const, ite, var
from attrtheory.measures.extension.atoms import Atoms
from attrtheory.models.fn import rational


def straight_path_atoms(x: Sequence[Scalar], baseline: Sequence[Scalar] | None = None) -> Atoms:
    r"""The atoms of Integrated Gradients: 1 to the feature whose face the path enters a box by, -1 by whose it leaves it.

    Definition:
        $a_i(R) = 1[\text{enters by an } i\text{-face}] - 1[\text{leaves by an } i\text{-face}]$; a path that begins or
        ends inside enters or leaves by no face there.

    Convention: where crossing times tie, coordinates are crossed in their order, as on a path pushed a little towards the
    first coordinates; so the atoms stay additive. Source: Sundararajan, Taly, Yan 2017, arXiv 1703.01365, for the path.

    Raises:
        SideCondition: a coordinate does not rise from the baseline (0 by default) to the input.
    """
    ends = [rational(p) for p in x]
    starts = [Fraction(0)] * len(ends) if baseline is None else [rational(p) for p in baseline]
    if len(starts) != len(ends) or not all(0 <= b < p <= 1 for b, p in zip(starts, ends, strict=True)):
        raise SideCondition(
            "these crossings are of a path that rises in every coordinate, 0 <= baseline < input <= 1; got "
            f"{[*map(str, starts)]} to {[*map(str, ends)]}"
        )
    rows = list(enumerate(zip(starts, ends, strict=True), start=1))
    arrivals = [ite(var(f"lower{k}"), (var(f"lower{k}") - b) / const(p - b), -1) for k, (b, p) in rows]
    departures = [(var(f"upper{k}") - b) / const(p - b) for k, (b, p) in rows]
    crossed = lambda times, i: _crossed(times[i], i, arrivals, departures)
    return Atoms(tuple(crossed(arrivals, i) - crossed(departures, i) for i in range(len(ends))))


def _crossed(time: Term, i: int, arrivals: list[Term], departures: list[Term]) -> Term:
    """1 where an i-face is crossed at a time in [0, 1) after all other arrivals and before all other departures, else 0."""
    out = _before(ZERO, time, strict=False) * _before(time, ONE, strict=True)
    for k, (arrival, departure) in enumerate(zip(arrivals, departures, strict=True)):
        if k != i:
            out = out * _before(arrival, time, strict=k > i) * _before(time, departure, strict=i > k)
    return out


def _before(first: Term, second: Term, *, strict: bool) -> Term:
    """1 where the first time is less than the second (`strict`), or at most it."""
    return step(second - first) if strict else 1 - step(first - second)
