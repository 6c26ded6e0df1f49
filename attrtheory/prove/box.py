"""Statements about one attribution over a whole box: proved, refuted, or unknown with the bounds reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from attrtheory.lower.box.cells import Cell
from attrtheory.lower.box.exact import attributions_exact, enclosed, interval
from attrtheory.lower.box.gradient import engine
from attrtheory.lower.box.question import Box, Interval, Point, Question, Statement
from attrtheory.lower.box.reading import Data, read_number, read_point
from attrtheory.lower.box.samples import attributions, extremes, inside
from attrtheory.lower.box.search import Budget, advance, branch_and_bound, shortfall
from attrtheory.lower.box.tree import write_tree
from attrtheory.models.graph import Graph
from attrtheory.prove.box_claim import RULE, BoxClaim, box_certificate
from attrtheory.prove.verdict import Proof, Proved, Refuted, Unknown, Verdict

Progress = Callable[[str, int, int], None]
ROUNDS = 4  # of search, each followed by exact bounds of what was found
REPLAYS = 8  # candidates that are looked at exactly
TRIES = 2  # random points of each new part


@dataclass(frozen=True, eq=False)
class BoxAnswer:
    """A verdict on a claim about a box.

    `bounds`: proved ends of the attribution on the box, where the verdict is not Refuted; `parts`: how many parts of
    the box were looked at in the search, `leaves`: into how many it was cut.
    """

    claim: BoxClaim
    verdict: Verdict
    bounds: Interval | None
    parts: int
    leaves: int

    @property
    def certificate(self) -> str:
        """The text that `attrtheory check` re-checks.

        Raises:
            BadInput: the verdict is Unknown.
        """
        return box_certificate(self.claim, self.verdict)

    def __str__(self) -> str:
        if isinstance(self.verdict, Refuted):
            return f"{self.claim}\nRefuted: {self.claim.failure(self.verdict.witness)}"
        return f"{self.claim}\n{self.verdict}"


def question(
    graph: Graph, lower: Data, upper: Data, method: str, target: int, baseline: Data | None
) -> tuple[Question, Box]:
    """What is asked, read and checked."""
    base = (Fraction(0),) * graph.features if baseline is None else read_point(graph, baseline, "baseline")
    box = Box(read_point(graph, lower, "lower"), read_point(graph, upper, "upper"))
    return Question(graph, method, target, base), box


def box_query(
    graph: Graph,
    lower: Data,
    upper: Data,
    feature: int,
    relation: str = ">",
    bound: float | Fraction = 0,
    *,
    method: str = "gradient",
    target: int = 0,
    baseline: Data | None = None,
    parts: int = 20_000,
    seconds: float | None = None,
    progress: Progress | None = None,
) -> BoxAnswer:
    """Whether `attribution[feature] relation bound` for every input x with `lower <= x <= upper`.

    The attributions are those of output `target`: the gradient d_i f(x); gradient_x_input, x_i d_i f(x); or
    integrated_gradients from `baseline` (zeros by default). Proved holds for every convention at kinks (slopes of ReLUs
    in [0, 1], any winner of tied maxima); Refuted names an input where the statement fails by the package's convention.

    Candidates come from samples and from branch and bound in float64 over affine forms (zonotopes: Singh et al. 2018,
    "Fast and effective robustness certification"), forwards for values and backwards for slopes. Proved rests on the
    same bounds in whole numbers, rounded outwards, on every part of the box; Refuted on the attribution in rationals.

    Args:
        relation: one of > >= < <=.
        parts: parts of the box, and pieces of the path, that the search may look at.
        seconds: a limit besides; answers then depend on the machine.
        progress: called with (stage, done, total).

    Raises:
        BadInput: NaN, reversed ends, wrong shapes, unknown method, feature, target or relation.
        TooLarge: more ReLUs or features than the whole numbers have room for.
    """
    asked, box = question(graph, lower, upper, method, target, baseline)
    claim = BoxClaim(asked, box, Statement(feature, relation, read_number(bound, "bound")))
    return _Prover(claim, Budget(parts, seconds), progress).settle()


class _Prover:
    """Search for a proof or a counterexample, and the exact check of what was found."""

    def __init__(self, claim: BoxClaim, budget: Budget, progress: Progress | None) -> None:
        self.claim, self.budget, self.progress = claim, budget, progress
        self.engine = engine(claim.question.graph, np.float64)
        self.root = Cell(claim.box, [claim.question.span])
        self.known: dict[Cell, Interval] = {}
        self.replays, self.random = REPLAYS, np.random.default_rng(0)
        self.refuted: Verdict | None = None

    def settle(self) -> BoxAnswer:
        asked, statement = self.claim.question, self.claim.statement
        sign = -1 if statement.relation in (">", ">=") else 1
        (worst,) = extremes(self.engine, asked, self.claim.box, [(statement.feature, sign)])
        self._try([inside(self.claim.box, worst)])
        fresh = [self.root]
        for left in reversed(range(ROUNDS)):
            if self.refuted is None:
                branch_and_bound(
                    self.engine, asked, fresh, shortfall(asked, statement), statement.feature, self.budget,
                    self._stop, stage(self.progress, "search"),
                )  # fmt: skip
            if self.refuted is not None:
                return BoxAnswer(self.claim, self.refuted, None, self.budget.spent, 0)
            fails = self._enclose()
            if not fails:
                return self._answer(Proved(Proof(RULE, {"tree": write_tree(self.root)})))
            # parts are cut only for a further round, so that all of them have bounds in the end
            fresh = [] if self.budget.is_over or not left else self._reopened(fails)
            if not fresh:
                break
        return self._answer(Unknown(self._reason()))

    def _reopened(self, fails: list[Cell]) -> list[Cell]:
        """The halves of the parts where exact bounds don't hold, although those in floats may."""
        asked, feature = self.claim.question, self.claim.statement.feature
        return [part for cell in fails if cell.found for part in advance(asked, cell, feature)]

    def _enclose(self) -> list[Cell]:
        """Exact bounds on all parts; those where the statement does not hold."""
        asked, statement = self.claim.question, self.claim.statement
        leaves = self.root.leaves()
        fresh = [cell for cell in leaves if cell not in self.known]
        for cell, bounded in zip(fresh, enclosed(asked, fresh, stage(self.progress, "exact bounds")), strict=True):
            self.known[cell] = interval(asked, bounded, statement.feature)
        return [cell for cell in leaves if not statement.holds_between(*self.known[cell])]

    def _stop(self, cells: list[Cell]) -> bool:
        """Whether the statement fails somewhere in the cells: tried at their middles and at random."""
        asked, statement = self.claim.question, self.claim.statement
        if not cells:
            return False
        low, high = (np.array([getattr(c.box, end) for c in cells], dtype=np.float64) for end in ("lower", "upper"))
        share = np.concatenate([np.full((1, *low.shape), 0.5), self.random.random((TRIES, *low.shape))])
        x = (low + share * (high - low)).reshape(-1, low.shape[1])
        values = attributions(self.engine, asked, x)[:, statement.feature]
        gap = values - float(statement.bound) if statement.relation in (">", ">=") else float(statement.bound) - values
        worst = int(gap.argmin())
        if not statement.holds(values[worst]):
            self._try([inside(self.claim.box, x[worst])])
        return self.refuted is not None

    def _try(self, points: list[Point]) -> None:
        """Looks at candidates exactly."""
        for x in points[: max(self.replays, 0)]:
            self.replays -= 1
            value = attributions_exact(self.claim.question, x)[self.claim.statement.feature]
            if not self.claim.statement.holds(value):
                self.refuted = Refuted(self.claim.fails_at(x, value))
                return

    def _answer(self, verdict: Verdict) -> BoxAnswer:
        leaves = self.root.leaves()
        bounds = hull([self.known[cell] for cell in leaves])
        return BoxAnswer(self.claim, verdict, bounds, self.budget.spent, len(leaves))

    def _reason(self) -> str:
        low, high = hull([self.known[cell] for cell in self.root.leaves()])
        ends = f"the attribution of x[{self.claim.statement.feature}] lies in [{float(low):.6g}, {float(high):.6g}]"
        return f"{ends} on the box, proved on {len(self.root.leaves())} parts of it; {self.budget.spent} were looked at"


def stage(progress: Progress | None, name: str) -> Callable[[int, int], None] | None:
    """The progress of one stage."""

    def tell(done: int, total: int) -> None:
        if progress is not None:
            progress(name, done, total)

    return None if progress is None else tell


def hull(intervals: list[Interval]) -> Interval:
    return min(low for low, _ in intervals), max(high for _, high in intervals)
