r"""Linear programs with answers in exact rationals, each with a certificate that is checked without search.

    minimise  sum_j p_j |v_j|  subject to  A v = b,  v_j >= 0 for j in `positive`;       p_j >= 0 for the others
    maximise  b y              subject to  |(y A)_j| <= p_j, (y A)_j <= p_j for j in `positive`

scipy's HiGHS finds which entries vanish and which inequalities are tight; the two systems of equations that this gives are
solved by flint. What is returned was checked: v and y satisfy their constraints exactly and the two values are equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack

from attrtheory.errors import BadCertificate, BadInput, EngineDisagreement, TooLarge
from attrtheory.metrics.elimination import ZERO, Row, along, contradiction, solutions, transposed
from attrtheory.metrics.numbers import Vector, dot

MAX_ENTRIES = 4_000_000  # of the matrix, zeros included: exact elimination is dense
TOLERANCES = (1e-9, 1e-7, 1e-5)  # what counts as 0 in an answer of HiGHS


@dataclass(frozen=True)
class Program:
    """The program above; a row maps columns to coefficients."""

    rows: tuple[Row, ...]
    right: Vector
    prices: Vector
    positive: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if len(self.rows) * len(self.prices) > MAX_ENTRIES:
            raise TooLarge(
                f"{len(self.rows)} constraints on {len(self.prices)} weights; exact elimination is done up to "
                f"{MAX_ENTRIES:,} entries. Take fewer points"
            )
        if any(p < 0 for j, p in enumerate(self.prices) if j not in self.positive):
            raise BadInput("prices of weights of both signs are not negative")

    @property
    def width(self) -> int:
        return len(self.prices)


@dataclass(frozen=True)
class Optimum:
    """A solution v, the multipliers y that show that no other is better, and the value of both."""

    solution: Vector
    multipliers: Vector
    value: Fraction


@dataclass(frozen=True)
class Farkas:
    """Multipliers y with `y b > 0`, `(y A)_j = 0`, and `(y A)_j <= 0` for j in `positive`: no solution exists."""

    multipliers: Vector


def minimised(program: Program, *, consistent: bool = False) -> Optimum | Farkas:
    """The optimum, or the reason that there is none, in rationals and checked. `consistent`: A v = b has a solution.

    Raises:
        TooLarge: numbers or sizes beyond what is solved.
        EngineDisagreement: the float answer could not be made exact.
    """
    if not consistent and solutions(program.rows, program.right, program.width) is None:
        clash = contradiction(program.rows, program.right, program.width)
        if clash is None:
            raise EngineDisagreement("a system without solutions has no contradiction")
        return check_farkas(program, Farkas(clash))
    return _optimum(program) or _infeasible(program)


def _optimum(program: Program) -> Optimum | None:
    """The optimum, checked; None where HiGHS finds no solution."""
    guess = _highs(program)
    if guess is None:
        return None
    v, y = guess
    for tolerance in TOLERANCES:
        for optimum in _made_exact(program, v, y, tolerance):
            if _fault(program, optimum) is None:
                return optimum
    raise EngineDisagreement(
        f"no exact optimum was found near the float answer of {program.width} weights and {len(program.rows)} constraints. "
        "Numbers of very different sizes do this: rescale the points"
    )


def optimal(program: Program) -> Optimum:
    """The optimum of a program that has a solution.

    Raises:
        BadInput: it has none.
    """
    found = minimised(program)
    if isinstance(found, Farkas):
        raise BadInput("the constraints contradict each other")
    return found


def check_optimum(program: Program, optimum: Optimum) -> Optimum:
    """The optimum, after checking v, y and their values in rationals.

    Raises:
        BadCertificate: something does not hold.
    """
    fault = _fault(program, optimum)
    if fault:
        raise BadCertificate(fault)
    return optimum


def check_farkas(program: Program, farkas: Farkas) -> Farkas:
    """The contradiction, after checking it in rationals.

    Raises:
        BadCertificate: it is none.
    """
    y = farkas.multipliers
    if len(y) != len(program.rows):
        raise BadCertificate(f"{len(y)} multipliers for {len(program.rows)} constraints")
    if dot(program.right, y) <= 0:
        raise BadCertificate("the multipliers do not separate: y b is not positive")
    for j, column in enumerate(transposed(program.rows, program.width)):
        value = along(column, y)
        if value > 0 or (value < 0 and j not in program.positive):
            raise BadCertificate(f"the multipliers give column {j} the value {value}")
    return farkas


def is_only(program: Program, optimum: Optimum) -> bool:
    """Is it shown that no other solution is as good?

    Every optimum vanishes where the multipliers leave room; if the other columns are independent, there is only one.
    """
    columns = transposed(program.rows, program.width)
    slopes = [along(column, optimum.multipliers) for column in columns]
    priced = enumerate(zip(slopes, program.prices, strict=True))
    tight = [j for j, (s, p) in priced if s == p or (s == -p and j not in program.positive)]
    place = {j: k for k, j in enumerate(tight)}
    rows = [{place[j]: q for j, q in row.items() if j in place} for row in program.rows]
    found = solutions(rows, program.right, len(tight))
    return found is not None and not found.free


def _fault(program: Program, optimum: Optimum) -> str | None:
    """What is wrong with an optimum, if anything is."""
    v, y = optimum.solution, optimum.multipliers
    if len(v) != program.width or len(y) != len(program.rows):
        return f"{len(v)} weights and {len(y)} multipliers for {program.width} weights and {len(program.rows)} constraints"
    for k, (row, b) in enumerate(zip(program.rows, program.right, strict=True)):
        if along(row, v) != b:
            return f"constraint {k} is missed: {along(row, v)} is not {b}"
    for j, (column, price) in enumerate(zip(transposed(program.rows, program.width), program.prices, strict=True)):
        slope = along(column, y)
        if j in program.positive and v[j] < 0:
            return f"weight {j} is negative: {v[j]}"
        if slope > price or (j not in program.positive and slope < -price):
            return f"the multipliers are not dual feasible: column {j} has {slope}, its price is {price}"
    primal = sum((p * abs(q) for p, q in zip(program.prices, v, strict=True)), ZERO)
    dual = dot(program.right, y)
    if not primal == dual == optimum.value:
        return f"the value {optimum.value} is not both that of the weights, {primal}, and that of the multipliers, {dual}"
    return None


def _highs(program: Program) -> tuple[np.ndarray, np.ndarray] | None:
    """Weights and multipliers in float64; None where HiGHS finds no solution. Rows are scaled to largest entry 1."""
    scales = [max(map(abs, row.values()), default=Fraction(1)) for row in program.rows]
    free = [j for j in range(program.width) if j not in program.positive]
    try:
        scaled = enumerate(zip(program.rows, scales, strict=True))
        entries = [(k, j, float(q / s)) for k, (row, s) in scaled for j, q in row.items()]
        right = np.array([float(b / s) for b, s in zip(program.right, scales, strict=True)])
        prices = np.array([float(p) for p in program.prices])
        units = np.array([float(1 / s) for s in scales])
    except OverflowError as error:
        raise TooLarge("numbers of the program are beyond float64: rescale the points") from error
    k, j, q = zip(*entries, strict=True) if entries else ((), (), ())
    A = csr_array((np.array(q, float), (np.array(k, int), np.array(j, int))), shape=(len(right), program.width))
    both = hstack([A, -A[:, free]])
    cost = np.concatenate([prices, prices[free]])
    found = linprog(cost, A_eq=both if len(right) else None, b_eq=right if len(right) else None, method="highs-ds")
    if found.status == 3:
        raise BadInput("the program is unbounded: a negative price is met by no constraint")
    if found.status == 2:
        return None
    if found.status != 0:
        raise EngineDisagreement(f"HiGHS gave up: {found.message}")
    v = found.x[: program.width].copy()
    v[free] -= found.x[program.width :]
    return v, (found.eqlin.marginals * units if len(right) else np.zeros(0))


def _made_exact(program: Program, v: np.ndarray, y: np.ndarray, tolerance: float) -> Iterator[Optimum]:
    """Exact answers with the same zero entries and tight inequalities: vertices first, then points beside the float ones."""
    columns = transposed(program.rows, program.width)
    used = np.flatnonzero(np.abs(v) > tolerance * max(1.0, np.abs(v).max())).tolist()
    place = {j: k for k, j in enumerate(used)}
    slopes = [sum(float(q) * y[k] for k, q in column.items()) for column in columns]
    tight = dict[int, Fraction]()
    for j, (slope, price) in enumerate(zip(slopes, program.prices, strict=True)):
        room = tolerance * max(1.0, float(price))
        if slope > float(price) - room or (j in place and v[j] > 0):
            tight[j] = price
        elif j not in program.positive and (slope < room - float(price) or j in place):
            tight[j] = -price
    restricted = [{place[j]: q for j, q in row.items() if j in place} for row in program.rows]
    for near in (False, True):
        weights = _near(restricted, program.right, v[used], near=near)
        multipliers = _near([columns[j] for j in tight], list(tight.values()), y, near=near)
        if weights is not None and multipliers is not None:
            whole = [ZERO] * program.width
            for j, k in place.items():
                whole[j] = weights[k]
            yield Optimum(tuple(whole), multipliers, dot(program.right, multipliers))


def _near(rows: Sequence[Row], right: Sequence[Fraction], start: np.ndarray, *, near: bool) -> Vector | None:
    """A solution of the equations: with free entries 0, or with free entries as they are at `start`, rounded."""
    at = [Fraction(s).limit_denominator(10**6) if near else ZERO for s in start.tolist()]
    step = solutions(rows, [b - along(row, at) for row, b in zip(rows, right, strict=True)], len(at))
    return None if step is None else tuple(a + s for a, s in zip(at, step.one(), strict=True))


def _infeasible(program: Program) -> Farkas:
    """Multipliers of least sum, from the program: minimise sum |y_k| where y b = 1, y A + s = 0, s >= 0 on `positive`."""
    m, rows = len(program.rows), transposed(program.rows, program.width)
    positive = sorted(program.positive)
    for k, j in enumerate(positive):
        rows[j][m + k] = Fraction(1)
    dual = Program(
        (*rows, dict(enumerate(program.right))),
        (*([ZERO] * program.width), Fraction(1)),
        (*([Fraction(1)] * m), *([ZERO] * len(positive))),
        frozenset(range(m, m + len(positive))),
    )
    found = _optimum(dual)
    if found is None:
        raise EngineDisagreement("HiGHS finds no solution, and no multipliers show that there is none")
    return check_farkas(program, Farkas(found.solution[:m]))
