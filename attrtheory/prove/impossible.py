"""What cannot be recovered, and why: entries with claims that the engine settles and a witness in rationals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from attrtheory.expr.forms import absolute, clip
from attrtheory.expr.term import lift, var
from attrtheory.methods import get_method
from attrtheory.models.families import Given
from attrtheory.models.fn import Fn
from attrtheory.prove.claim import Claim, Domain
from attrtheory.prove.discharge import prove
from attrtheory.prove.layer_rules import Layers, Vector, deeplift_rescale, lrp_zplus, network
from attrtheory.prove.names import has_formula
from attrtheory.prove.relations import Relations, labelled
from attrtheory.prove.settle import Derived, settle
from attrtheory.prove.verdict import Verdict


@dataclass(frozen=True)
class TwoPrograms:
    """Two networks that compute one function, an input, a baseline, and the two attributions."""

    first: Layers
    second: Layers
    x: Vector
    baseline: Vector
    attributions: tuple[Vector, Vector]

    def __str__(self) -> str:
        at, values = _shown(self.x), " against ".join(map(_shown, self.attributions))
        return f"{values} at {at} from {_shown(self.baseline)}, of {self.first} and of {self.second}"

    def to_json(self) -> dict[str, Any]:
        return {
            "programs": [str(self.first), str(self.second)],
            "x": _texts(self.x),
            "baseline": _texts(self.baseline),
            "attributions": [*map(_texts, self.attributions)],
        }


@dataclass(frozen=True)
class Vanishing:
    """Models whose size tends to 0 while their attribution of one feature stays: in the variable e > 0."""

    model: Fn
    size: str
    x: Vector
    baseline: Vector
    attributions: Vector

    def __str__(self) -> str:
        return (
            f"f = {self.model.body!r} is at most {self.size} in absolute value, and gets {_shown(self.attributions)} "
            f"at {_shown(self.x)} from {_shown(self.baseline)} for every e > 0"
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "model": repr(self.model.body),
            "size": self.size,
            "x": _texts(self.x),
            "baseline": _texts(self.baseline),
            "attributions": _texts(self.attributions),
        }


@dataclass(frozen=True)
class Impossible:
    """`method` is not `what`, for `reason`: the witness, and the claims about it that are settled."""

    method: str
    what: str
    reason: str
    witness: TwoPrograms | Vanishing
    claims: tuple[Claim | Derived, ...]

    def verdicts(self) -> tuple[Verdict, ...]:
        """The claims settled, in their order: each is Proved."""
        return tuple(prove(c) if isinstance(c, Claim) else settle(c) for c in self.claims)

    def __str__(self) -> str:
        return f"{self.method} is not {self.what}: {self.reason}; {self.witness}"


MEASURE = "a measure"
FUNCTIONAL = "a functional of the function"
NOT_BOUNDED = "a finite measure gives a model that tends to 0 in the sup norm attributions that tend to 0"
NOT_INVARIANT = "two programs of one function get different attributions"


def impossible() -> tuple[Impossible, ...]:
    """The entries: Integrated Gradients and the gradient are no measures, DeepLIFT and LRP no functionals.

    >>> for entry in impossible():
    ...     print(entry.method, "is not", entry.what)
    integrated_gradients is not a measure
    gradient is not a measure
    deeplift_rescale is not a functional of the function
    lrp_zplus is not a functional of the function
    """
    return (_vanishing("integrated_gradients", 2), _vanishing("gradient", 1), rescale(), zplus())


def _vanishing(method: str, n: int) -> Impossible:
    """clip(x1 - x2, -e, e) along the diagonal, or clip(x1, -e, e) at 0."""
    e, xs = var("e"), [var(f"x{k + 1}") for k in range(n)]
    model = Fn(tuple(f"x{k + 1}" for k in range(n)), clip(xs[0] - (xs[1] if n == 2 else 0), -e, e))
    at = (Fraction(n - 1),) * n
    values = tuple(Fraction((-1) ** k) for k in range(n))
    small = Relations((labelled(e, ">=", absolute(model.body)),), (labelled(e, ">", lift(0)),))
    domain = Domain(at, ((Fraction(0),) * n,), positive=(e,))
    stays = Claim(has_formula([lift(v) for v in values]), get_method(method), Given(model), domain)
    witness = Vanishing(model, "e", at, (Fraction(0),) * n, values)
    return Impossible(method, MEASURE, NOT_BOUNDED, witness, (small, stays))


def rescale() -> Impossible:
    """The rescale rule of DeepLIFT on the pair of networks of Sundararajan, Taly, Yan 2017, arXiv 1703.01365."""
    first = network([[1, 0, 0], [0, 1, 0]], [[1, -1, -1]], final_relu=True)
    second = network([[1, 0, -1], [0, 1, 0]], [[1, -1, 0]], final_relu=True)
    return _two_programs("deeplift_rescale", first, second, (3, 1), deeplift_rescale)


def zplus() -> Impossible:
    """LRP's z+ rule where a unit and its negative cancel: a feature that does not matter gets relevance."""
    first = network([[1, 0, 0]], [[1, 0]])
    second = network([[1, 0, 0], [0, 1, 0], [0, 1, 0]], [[1, 1, -1, 0]])
    return _two_programs("lrp_zplus", first, second, (2, 1), lambda net, x, _: lrp_zplus(net, x))


def _two_programs(
    name: str, first: Layers, second: Layers, at: tuple[int, ...], rule: Callable[[Layers, Vector, Vector], Vector]
) -> Impossible:
    x, zero = tuple(map(Fraction, at)), (Fraction(0),) * len(at)
    witness = TwoPrograms(first, second, x, zero, (rule(first, x, zero), rule(second, x, zero)))
    same = Relations((labelled(first.fn().body, "=", second.fn().body),))
    return Impossible(name, FUNCTIONAL, NOT_INVARIANT, witness, (same,))


def _shown(point: Vector) -> str:
    return f"({', '.join(map(str, point))})"


def _texts(point: Vector) -> list[str]:
    return [str(q) for q in point]
