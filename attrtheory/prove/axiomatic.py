r"""Claims about an unknown method: what the axioms that it satisfies say about its attributions of named models.

A model is a term in y1, ..., yn; it may use an unknown function `f` (of y1, ..., yn) or `shape(y2)` (of one feature), a
model named before it, and the values of such at points: `f_at_x` is $f(x)$, `d1_f_at_p` is $\partial_1 f(p)$. Points
are x (the input), b (the baseline) and any other letter, with coordinates x1, ..., xn; parameters are real numbers.
`phi1_f` is the attribution of feature 1 of the model f, at the input x. Every letter is arbitrary, but where `points`
fixes it.

    completeness                      $\sum_j \phi_j(m) = m(x) - m(b)$
    completeness for every baseline   the same for b and for a, with $\phi$ independent of the baseline
    dummy                             $\phi_j(m) = 0$ if m does not depend on $y_j$
    local dummy                       $\phi_j(m) = 0$ if m does not depend on $y_j$ while $|y_k - x_k| < 1/4$ for all k
    linearity                         $\phi_j(\sum_k c_k m_k) = \sum_k c_k \phi_j(m_k)$
    Lipschitz                         $|\phi_j(m)| \le L B$ if $|m(y)| \le B$ for all y, which `bounds` supposes of m

The axioms are used on the models that are named, and on no other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from hashlib import sha256
from typing import Any

from attrtheory.errors import BadInput
from attrtheory.expr.algebra import fold
from attrtheory.expr.forms import total
from attrtheory.expr.special import SPECIAL
from attrtheory.expr.syntax import dumps, loads, postorder, read_rational
from attrtheory.expr.term import Term, call, lift, var
from attrtheory.models.fn import variables
from attrtheory.properties import Relation, Statement
from attrtheory.prove.names import canonical
from attrtheory.prove.order import Decided
from attrtheory.prove.relations import read_relations, relations_to_json, shown
from attrtheory.semantics.derive import derivative, substitute
from attrtheory.semantics.ring import equal

AXIOMS = (
    "completeness", "completeness for every baseline", "dummy", "local dummy", "linearity", "Lipschitz",
)  # fmt: skip
NEAR = Fraction(1, 4)
MAX_LOCAL = 4
_UNKNOWN = re.compile(r"([^()]+)(?:\(y([1-9]\d*)\))?")
_MODEL = re.compile(r"(?![a-z]\d+$)[A-Za-z][A-Za-z0-9]*")
_ATTRIBUTION = re.compile(r"phi([1-9]\d*)_(\w+)")
_VALUE = re.compile(r"(?:d([1-9]\d*)_)?(\w+)_at_(\w+)")
_POINT = re.compile(r"[a-xz]")
_COORDINATE = re.compile(r"[a-z][1-9]\d*")


@dataclass(frozen=True, eq=False)
class Axiomatic:
    """Every method on `n` features that satisfies `axioms` on `models` satisfies all of `conclusions`.

    `unknown`: arbitrary functions, `f` of y1, ..., yn or `shape(y2)` of one feature.
    `bounds`: for a model m a term B with |m(y)| <= B for all y.
    """

    n: int
    axioms: tuple[str, ...]
    unknown: tuple[str, ...]
    models: tuple[tuple[str, Term], ...]
    conclusions: tuple[Relation, ...]
    points: tuple[tuple[str, tuple[Fraction, ...]], ...] = ()
    bounds: tuple[tuple[str, Term], ...] = ()

    kind = "axioms"
    squares = ()

    def __post_init__(self) -> None:
        if type(self.n) is not int or not 1 <= self.n <= 16:
            raise BadInput(f"a claim about an unknown method has 1 to 16 features; got {self.n!r}")
        if unknown := sorted(set(self.axioms) - set(AXIOMS)):
            raise BadInput(f"no axiom {', '.join(unknown)}; there are {', '.join(AXIOMS)}")
        names = [*self.arguments, *(name for name, _ in self.models)]
        distinct = len(set(names)) == len(self.unknown) + len(self.models) > 0
        if not distinct or not all(_MODEL.fullmatch(name) and name not in SPECIAL for name in names):
            raise BadInput(f"models have distinct names, without _ and unlike a coordinate y1; got {', '.join(names)}")
        if not self.conclusions or any(len(q) != self.n or not _POINT.fullmatch(c) for c, q in self.points):
            raise BadInput("a claim about an unknown method has a conclusion, and points with a number for each feature")
        if "local dummy" in self.axioms and self.n > MAX_LOCAL:
            raise BadInput(f"local dummy is decided for up to {MAX_LOCAL} features; got {self.n}")
        if strange := sorted(name for name, _ in self.bounds if name not in self.functions):
            raise BadInput(f"bounds of {', '.join(strange)}, which no model is called")
        for _, bound in self.bounds:
            self._meaning(lift(bound))
        for r in self.conclusions:
            self._meaning(lift(r.lhs) - lift(r.rhs))

    @cached_property
    def arguments(self) -> dict[str, tuple[Term, ...]]:
        """What each unknown function is a function of."""
        found: dict[str, tuple[Term, ...]] = {}
        for text in self.unknown:
            named = _UNKNOWN.fullmatch(text)
            if named is None or int(named[2] or 1) > self.n:
                raise BadInput(f"an unknown function is written f, or shape(y2) with one of {self.n} features; got {text!r}")
            found[named[1]] = self.point("y") if named[2] is None else (var(f"y{named[2]}"),)
        return found

    @cached_property
    def functions(self) -> dict[str, Term]:
        """Each model as a term in y1, ..., yn, with the models inside it written out."""
        found = {name: call(name, (), of) for name, of in self.arguments.items()}
        for name, term in self.models:
            if any(u.op == "call" for u in postorder(term)):
                raise BadInput(f"the model {name} calls a function; write its name alone")
            if later := sorted({n for n, _ in self.models} & set(variables(term)) - set(found)):
                raise BadInput(f"the model {name} is made of {', '.join(later)}; a model uses models named before it")
            found[name] = self._with_values(substitute(term, found), found)
        return found

    def point(self, letter: str) -> tuple[Term, ...]:
        """The coordinates of a point, where it is not fixed."""
        fixed = dict(self.points).get(letter)
        return tuple(map(lift, fixed)) if fixed else tuple(var(f"{letter}{k + 1}") for k in range(self.n))

    def _with_values(self, term: Term, functions: Mapping[str, Term]) -> Term:
        """The term with `f_at_x` and `d1_f_at_x` written out, and fixed points put in."""
        fixed = {f"{c}{k + 1}": lift(q) for c, p in self.points for k, q in enumerate(p)}
        found: dict[str, Term] = {}
        for name in variables(term):
            if (named := _VALUE.fullmatch(name)) is not None:
                slope, of, letter = named.groups()
                if of not in functions or (slope and (of not in self.unknown or int(slope) > self.n)):
                    raise BadInput(f"{name}: values are of models named before, slopes of unknown functions of all features")
                if not _POINT.fullmatch(letter):
                    raise BadInput(f"{name}: a point is called by one letter, which is not y")
                at = self.point(letter)
                known = substitute(functions[of], dict(zip((f"y{k + 1}" for k in range(self.n)), at, strict=True)))
                found[name] = known if slope is None else call(of, (int(slope) - 1,), at)
            elif _COORDINATE.fullmatch(name) and int(name[1:]) > self.n:
                raise BadInput(f"{name}: points have {self.n} coordinates")
        return substitute(term, fixed | found)

    def _meaning(self, term: Term) -> Term:
        """A side of a conclusion: its values written out, its attributions left as they are."""
        for name in variables(term):
            found = _ATTRIBUTION.fullmatch(name)
            if found is not None and (int(found[1]) > self.n or found[2] not in self.functions):
                raise BadInput(f"{name}: there are {self.n} features, and models {', '.join(self.functions)}")
            if name in self.functions or (_COORDINATE.fullmatch(name) and name[0] == "y"):
                raise BadInput(f"a conclusion speaks of numbers, not of the function {name}; write {name}_at_x")
        return self._with_values(term, self.functions)

    def statement(self) -> Statement:
        """The conclusions, and as hypotheses the instances of the axioms."""
        meant = [(r, self._meaning(lift(r.lhs)), self._meaning(lift(r.rhs))) for r in self.conclusions]
        conclusions = tuple(Relation(lhs, r.kind, rhs, r.label) for r, lhs, rhs in meant)
        return Statement(conclusions, tuple(self.instances()))

    def instances(self) -> Iterator[Relation]:
        """What the axioms say about the models; the side condition of each is decided by normal form."""
        for name, f in self.functions.items():
            attributions = [var(f"phi{j + 1}_{name}") for j in range(self.n)]
            if "completeness" in self.axioms:
                yield self._complete(name, attributions, "b", f"completeness on {name}")
            if "completeness for every baseline" in self.axioms:
                yield self._complete(name, attributions, "b", f"completeness on {name}, baseline b")
                yield self._complete(name, attributions, "a", f"completeness on {name}, baseline a")
            for j, phi in enumerate(attributions):
                if "dummy" in self.axioms and self._ignores(f, j):
                    yield Relation(phi, "=", 0, f"dummy: feature {j + 1} of {name}")
                if "local dummy" in self.axioms and self._ignores(self._near(f), j):
                    yield Relation(phi, "=", 0, f"local dummy: feature {j + 1} of {name}")
        if "linearity" in self.axioms:
            yield from self._linear()
        if "Lipschitz" in self.axioms:
            for name, bound in self.bounds:
                for j in range(self.n):
                    size = var("L") * self._meaning(bound)
                    yield Relation(size, ">=", var(f"phi{j + 1}_{name}"), f"Lipschitz: feature {j + 1} of {name}")
                    yield Relation(var(f"phi{j + 1}_{name}"), ">=", -size, f"Lipschitz: feature {j + 1} of -{name}")

    def _complete(self, name: str, attributions: list[Term], baseline: str, label: str) -> Relation:
        gain = self._meaning(var(f"{name}_at_x") - var(f"{name}_at_{baseline}"))
        return Relation(total(attributions), "=", gain, label)

    def _ignores(self, f: Term, j: int) -> bool:
        """Whether a function visibly does not depend on a feature: with 0 in its place it has the same normal form."""
        return equal(f, substitute(f, {f"y{j + 1}": lift(0)}))

    def _near(self, f: Term) -> Term:
        """The function near the input: guards that have one sign there take their branch."""
        pairs = list(zip(self.point("y"), self.point("x"), strict=True))
        box = [Relation(g, ">", 0) for y, x in pairs for g in (y - x + NEAR, x + NEAR - y)]
        return fold(f, Decided(box))

    def _linear(self) -> Iterator[Relation]:
        for name, term in self.models:
            used = [v for v in variables(term) if v in self.functions]
            weights = {v: derivative(term, var(v)) for v in used}
            free = all(v not in self.functions and v[0] != "y" for w in weights.values() for v in variables(w))
            if used and free and equal(term, total(w * var(v) for v, w in weights.items())):
                for j in range(self.n):
                    parts = [self._meaning(w) * var(f"phi{j + 1}_{v}") for v, w in weights.items()]
                    yield Relation(var(f"phi{j + 1}_{name}"), "=", total(parts), f"linearity: feature {j + 1} of {name}")

    def to_json(self) -> dict[str, Any]:
        return {
            "n": self.n,
            "axioms": list(self.axioms),
            "unknown": list(self.unknown),
            "models": [[name, dumps(term)] for name, term in self.models],
            "conclusions": relations_to_json(self.conclusions),
            "points": [[letter, [str(q) for q in p]] for letter, p in self.points],
            "bounds": [[name, dumps(term)] for name, term in self.bounds],
        }

    @property
    def digest(self) -> str:
        """The same for equal claims, in every process."""
        return sha256(canonical(self.to_json()).encode()).hexdigest()

    def __str__(self) -> str:
        models = ", ".join([*(f"{f} arbitrary" for f in self.unknown), *(f"{m} = {t!r}" for m, t in self.models)])
        supposed = "".join(f", |{m}| <= {b!r}" for m, b in self.bounds)
        at = "".join(f", {c} = ({', '.join(map(str, p))})" for c, p in self.points)
        return (
            f"every method on {self.n} features with {' and '.join(self.axioms)} gives "
            f"{', '.join(map(shown, self.conclusions))} for {models}{supposed}{at}"
        )


def axiomatic_from_json(data: Mapping[str, Any]) -> Axiomatic:
    """The claim that `to_json` wrote; anything else is refused."""
    try:
        claim = Axiomatic(
            data["n"],
            tuple(data["axioms"]),
            tuple(data["unknown"]),
            tuple((name, loads(term)) for name, term in data["models"]),
            read_relations(data["conclusions"]),
            tuple((letter, tuple(read_rational(q) for q in p)) for letter, p in data["points"]),
            tuple((name, loads(term)) for name, term in data["bounds"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"not a claim about an unknown method: {error!r}") from error
    if claim.to_json() != data:
        raise BadInput("a claim with unknown, missing or unreduced entries")
    return claim
