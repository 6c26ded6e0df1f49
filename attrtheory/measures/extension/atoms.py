r"""A user's atoms: what the indicator of each box is attributed, one rule for each feature.

Boxes are half-open, $R = \prod_k (l_k, u_k]$ in the unit cube, and a box that starts at $l_k = 0$ owns the face $y_k = 0$ too:
so the cube is itself a box. A rule is a term in

    lower1, upper1, ...   the ends of the box           x1, ... and b1, ...   the input and the baseline

and its text may use besides

    length1   upper1 - lower1          x1_in, b1_in   1 where x1 (b1) lies in the box's first interval, else 0
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from attrtheory.errors import BadInput, SideCondition, TooLarge
from attrtheory.expr.forms import step, total
from attrtheory.expr.term import Scalar, Term, const, ite, lift, var
from attrtheory.models.dsl import parse_term
from attrtheory.models.fn import rational, variables
from attrtheory.semantics.derive import substitute
from attrtheory.semantics.exact import evaluate

Point = tuple[Fraction, ...]
MAX_FEATURES = 10


def inside(p: Scalar, lower: Scalar, upper: Scalar) -> Term:
    """`1[lower < p <= upper]`, and 1 at p = lower = 0: for a coordinate p >= 0 and an interval of a box of the cube."""
    p, lower = lift(p), lift(lower)
    return ite(p - upper, 0, ite(p - lower, 1, 1 - step(lower)))


@dataclass(frozen=True, eq=False)
class Atoms:
    """The attribution of the indicator of every box to every feature, $a_i(R; x)$.

    >>> a = atoms_from_text(["length2 * x1_in", "length1 * x2_in"])
    >>> a.at([Fraction(1, 2), Fraction(1, 4)]).value(0, [0, 0], [1, Fraction(1, 3)])
    Fraction(1, 3)

    Raises:
        BadInput: a rule reads another variable.
    """

    rules: tuple[Term, ...]

    def __post_init__(self) -> None:
        allowed = {f"{stem}{k + 1}" for stem in ("lower", "upper", "x", "b") for k in range(self.n)}
        unknown = sorted({name for rule in self.rules for name in variables(rule)} - allowed)
        if unknown or not self.rules:
            raise BadInput(
                f"atoms need a rule for each feature, a term in lower1, upper1, x1, b1 to lower{self.n}, upper{self.n}, "
                f"x{self.n}, b{self.n}; got {self.n} rules" + (f" that read {', '.join(unknown)}" if unknown else "")
            )

    @property
    def n(self) -> int:
        return len(self.rules)

    def at(self, x: Sequence[Scalar], baseline: Sequence[Scalar] | None = None) -> Atoms:
        """The atoms at one input and, where the rules read it, one baseline, both in the unit cube."""
        known = _named("x", x, self.n) | ({} if baseline is None else _named("b", baseline, self.n))
        return Atoms(tuple(substitute(rule, known) for rule in self.rules))

    def __call__(self, i: int, lower: Sequence[Scalar], upper: Sequence[Scalar]) -> Term:
        """The rule of feature `i` for one box, whose ends may be terms."""
        return substitute(self.rules[i], ends(lower, upper))

    def value(self, i: int, lower: Sequence[Scalar], upper: Sequence[Scalar]) -> Fraction:
        """The attribution of one box of the cube with rational ends, at a fixed input.

        Raises:
            BadInput: no box of the cube; SideCondition: the input is not fixed.
        """
        a, b = [rational(q) for q in lower], [rational(q) for q in upper]
        if len(a) != self.n or len(b) != self.n or not all(0 <= p < q <= 1 for p, q in zip(a, b, strict=True)):
            raise BadInput(f"a box of the cube has {self.n} intervals with 0 <= lower < upper <= 1; got {lower} and {upper}")
        self.require_fixed()
        box = {f"{stem}{k + 1}": q for stem, corner in (("lower", a), ("upper", b)) for k, q in enumerate(corner)}
        return evaluate(self.rules[i], box)

    def require_fixed(self) -> None:
        """Refuse rules without a fixed input.

        Raises:
            SideCondition: a rule still reads the input or a baseline.
        """
        free = sorted({v for r in self.rules for v in variables(r) if v[0] in "xb"})
        if free:
            raise SideCondition(
                f"the atoms still depend on {', '.join(free)}; fix the point first, as in atoms.at([1, 1]) or "
                "atoms.at([1, 1], baseline=[0, 0])"
            )


def ends(lower: Sequence[Scalar], upper: Sequence[Scalar]) -> dict[str, Term]:
    """The ends of a box by the names that rules read."""
    named = zip(lower, upper, strict=True)
    return {name: lift(q) for k, (a, b) in enumerate(named, start=1) for name, q in ((f"lower{k}", a), (f"upper{k}", b))}


def _named(stem: str, point: Sequence[Scalar], n: int) -> dict[str, Term]:
    values = [rational(p) for p in point]
    if len(values) != n or not all(0 <= p <= 1 for p in values):
        raise BadInput(f"a point of the unit cube has {n} coordinates from 0 to 1; got {[str(p) for p in values]}")
    return {f"{stem}{k + 1}": const(p) for k, p in enumerate(values)}


def atoms_from_text(rules: Sequence[str]) -> Atoms:
    """Atoms from the text of one rule for each feature.

    >>> atoms_from_text(["x1_in", "x2_in"]).at([1, 1]).value(0, [0, 0], [1, Fraction(1, 2)])
    Fraction(1, 1)

    Raises:
        BadInput: a rule that cannot be read.
    """
    if isinstance(rules, str):
        raise BadInput(f"one rule for each feature is asked for, as in [{rules!r}]")
    short = _shorthand(len(rules))
    return Atoms(tuple(substitute(parse_term(text), short) for text in rules))


def _shorthand(n: int) -> Mapping[str, Term]:
    names: dict[str, Term] = {}
    for k in range(1, n + 1):
        lower, upper = var(f"lower{k}"), var(f"upper{k}")
        names[f"length{k}"] = upper - lower
        names |= {f"{p}{k}_in": inside(var(f"{p}{k}"), lower, upper) for p in "xb"}
    return names


def atoms_of_integrators(integrators: Sequence[Term]) -> Atoms:
    r"""The atoms whose integrators are given: terms in `t1`, ..., `tn`, where $G(t)$ is the atom of $\prod_k [0, t_k]$.

    Definition:
        $a(R) = \sum_{\varepsilon\in\{0,1\}^n} (-1)^{n-|\varepsilon|}\, G\bigl(l + \varepsilon\odot(u - l)\bigr)$

    A corner with $\varepsilon_k = 0$ where $l_k = 0$ is left out: the integrator is 0 below 0. The sign makes the upper corner
    positive in every dimension; $(-1)^{|\varepsilon|}$ would turn all attributions round where n is odd.

    Source: Taimeskhanov, Garreau 2025, arXiv 2505.24729.
    """
    n = require_integrators(integrators)
    return Atoms(tuple(increment(g, n) for g in integrators))


def require_integrators(integrators: Sequence[Term]) -> int:
    """The number of features that integrators are for.

    Raises:
        BadInput: an integrator reads another variable.
    """
    n = len(integrators)
    allowed = {f"{p}{k + 1}" for p in "txb" for k in range(n)}
    unknown = sorted({v for g in integrators for v in variables(g)} - allowed)
    if unknown or not n:
        raise BadInput(
            f"an integrator for each feature is asked for, a term in t1 to t{n}, x1 and b1 to x{n} and b{n}; got {n}"
            + (f" that read {', '.join(unknown)}" if unknown else "")
        )
    return n


def increment(integrator: Term, n: int) -> Term:
    """The signed sum of an integrator over the corners of a box.

    Raises:
        TooLarge: a box with more corners than are written out.
    """
    if n > MAX_FEATURES:
        raise TooLarge(f"a box in {n} coordinates has {2**n} corners; sums over corners take up to {MAX_FEATURES} features")
    corners = product((0, 1), repeat=n)
    return total(corner_sign(e) * _corner(integrator, e) for e in corners)


def corner_sign(corner: Sequence[int]) -> int:
    """(-1)^(number of lower ends)."""
    return (-1) ** (len(corner) - sum(corner))


def _corner(integrator: Term, corner: Sequence[int]) -> Term:
    at = {f"t{k + 1}": var(f"{'upper' if e else 'lower'}{k + 1}") for k, e in enumerate(corner)}
    value = substitute(integrator, at)
    for k, e in enumerate(corner):
        value = value if e else ite(var(f"lower{k + 1}"), value, 0)
    return value


def integrator_of(rule: Term, n: int) -> Term:
    r"""The integrator of a rule, $G(t) = a(\prod_k [0, t_k])$, in `t1`, ..., `tn`."""
    return substitute(rule, ends([0] * n, [var(f"t{k + 1}") for k in range(n)]))
