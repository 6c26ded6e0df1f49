"""A claim: a property of a method on a family of models, over a domain. The terms are generated from it, never stored."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from itertools import count
from typing import Any

from attrtheory.errors import BadInput
from attrtheory.expr.syntax import dumps, loads, postorder, read_rational
from attrtheory.expr.term import Term, lift, var
from attrtheory.expr.views import FnView
from attrtheory.methods import Method
from attrtheory.models.families import Family, family_from_json
from attrtheory.models.fn import AnyProgram, Fn, disguised, variables
from attrtheory.properties import Property, Relation, Scene, Statement
from attrtheory.prove.names import (
    canonical,
    method_from_json,
    method_to_json,
    property_from_json,
    property_to_json,
)  # fmt: skip

Point = tuple[Fraction, ...]


@dataclass(frozen=True)
class Domain:
    """Where a claim is made. What is None is arbitrary: every input, every baseline.

    `lower`, `upper`: a box for the input; `features`: those for which the property is stated, else all;
    `positive`: terms in the claim's variables (inputs, baselines, a model's parameters) that are > 0.
    """

    x: Point | None = None
    baselines: tuple[Point, ...] | None = None
    lower: Point | None = None
    upper: Point | None = None
    features: tuple[int, ...] | None = None
    positive: tuple[Term, ...] = ()

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            k: [str(q) for q in v] for k in ("x", "lower", "upper") if (v := getattr(self, k)) is not None
        }
        if self.baselines is not None:
            data["baselines"] = [[str(q) for q in b] for b in self.baselines]
        if self.features is not None:
            data["features"] = list(self.features)
        if self.positive:
            data["positive"] = [dumps(p) for p in self.positive]
        return data

    @builtins.property
    def restricts_points(self) -> bool:
        """Whether some inputs or baselines are left out."""
        return bool(self.positive) or any(v is not None for v in (self.x, self.baselines, self.lower, self.upper))

    def __str__(self) -> str:
        def shown(p: Point) -> str:
            return f"({', '.join(map(str, p))})"

        parts = [f"x = {shown(self.x)}"] if self.x is not None else []
        if self.lower is not None and self.upper is not None:
            parts.append(f"x between {shown(self.lower)} and {shown(self.upper)}")
        if self.baselines is not None:
            parts.append(f"baseline {' and '.join(map(shown, self.baselines))}")
        if self.features is not None:
            parts.append(f"features {', '.join(map(str, self.features))}")
        parts += [f"{p!r} > 0" for p in self.positive]
        return ", ".join(parts)

    def check(self, n: int, background: int) -> None:
        points = [p for p in (self.x, self.lower, self.upper, *(self.baselines or ())) if p is not None]
        if any(len(p) != n for p in points):
            raise BadInput(f"points of a claim on {n} features need {n} numbers; got {[len(p) for p in points]}")
        if self.baselines is not None and len(self.baselines) != background:
            raise BadInput(f"the method takes {background} baseline point(s); got {len(self.baselines)}")
        distinct = self.features is None or len(set(self.features)) == len(self.features) > 0
        if self.features is not None and not (distinct and all(type(i) is int and 0 <= i < n for i in self.features)):
            raise BadInput(
                f"features of a claim on {n} features are different whole numbers from 0 to {n - 1}; got {self.features}"
            )
        if (self.lower is None) != (self.upper is None) or (self.lower is not None and self.x is not None):
            raise BadInput("a domain is a point x, or a box with both lower and upper, or neither")


EVERYWHERE = Domain()


@dataclass(frozen=True, eq=False)
class Claim:
    """`property` holds for `method` on `family` over `domain`."""

    property: Property
    method: Method
    family: Family
    domain: Domain = EVERYWHERE

    def __post_init__(self) -> None:
        self.domain.check(self.family.n, self.method.background or 1)
        if self.property.moves_points and self.domain.restricts_points:
            raise BadInput(
                f"{self.property} sets coordinates of the input or the baseline equal, so it is claimed for all points; "
                "leave x, baselines, the box and positive terms out"
            )
        if self.domain.positive:
            self._check_positive(self.domain.positive)

    def _check_positive(self, terms: Sequence[Term]) -> None:
        """They speak of the claim's variables and of nothing else."""
        x, baselines, _ = self.points()
        known = self._taken() | {p.payload for point in (x, *baselines) for p in point if p.op == "var"}
        if strange := sorted({name for p in terms for name in variables(p)} - known):
            raise BadInput(f"positive: the claim has no variable {', '.join(strange)}; it has {', '.join(sorted(known))}")
        if any(p.levels or any(u.op == "call" for u in postorder(p)) for p in terms):
            raise BadInput("positive: terms without open bound variables and unknown functions")

    def points(self) -> tuple[Sequence[Term], Sequence[Sequence[Term]], list[Relation]]:
        """The input, the baselines, and the box and the positive terms as hypotheses."""
        d, names = self.domain, self.family.names
        taken = self._taken()
        background = self.method.background
        x = [lift(q) for q in d.x] if d.x is not None else [var(name) for name in names]
        tags = [""] if background is None else [f"_{k + 1}" for k in range(background)]
        if d.baselines is not None:
            baselines = [[lift(q) for q in b] for b in d.baselines]
        else:
            baselines = [[fresh(f"b{k + 1}{tag}", taken) for k in range(len(names))] for tag in tags]
        box = [
            Relation(lhs, ">=", rhs, "box")
            for p, low, high in zip(x, d.lower or (), d.upper or (), strict=False)
            for lhs, rhs in ((p, low), (high, p))
        ]
        return x, baselines, [*box, *(Relation(p, ">", 0, "positive") for p in d.positive)]

    def statement(self, *, smooth: bool = False, as_written: bool = False, disguise: Fn | None = None) -> Statement:
        """What is claimed, as terms.

        A hypothesis on a function covers all programs of it, whose branch derivatives are opaque. `smooth` takes them to
        be the function's derivatives. To look for a counterexample, `as_written` takes the one program at hand, whose
        twin is its mirror image, and `disguise` adds the zero `z - relu(z) + relu(-z)` to it.
        """
        f, g = self.family.models()
        x, baselines, box = self.points()
        taken = self._taken()
        letters: dict[str, Term] = {}
        names = count(1)

        def letter(name: str) -> Term:
            return letters.setdefault(name, fresh(name, taken))

        def program(model: FnView) -> FnView:
            if disguise is not None:
                return disguised(model, disguise)
            return model if smooth or as_written else AnyProgram(model, f"program{next(names)}")

        twin = f.mirrored() if isinstance(f, Fn) and as_written and disguise is None else program(f)
        scene = Scene(
            self.method, f, g, program, twin, x, baselines, self.domain.features or range(self.family.n), letter
        )
        stated = self.property.state(scene)
        return Statement(stated.conclusions, (*box, *stated.hypotheses))

    def _taken(self) -> frozenset[str]:
        """Names that a model uses, for inputs or parameters."""
        views = self.family.models()
        bodies = [v.body for v in views if isinstance(v, Fn)]
        used = {u.payload for body in bodies for u in postorder(body) if u.op == "var"}
        return frozenset(used) | frozenset(self.family.names)

    def to_json(self) -> dict[str, Any]:
        return {
            "property": property_to_json(self.property),
            "method": method_to_json(self.method),
            "family": self.family.to_json(),
            "domain": self.domain.to_json(),
        }

    @builtins.property
    def digest(self) -> str:
        """The same for equal claims, in every process."""
        return sha256(canonical(self.to_json()).encode()).hexdigest()

    def __str__(self) -> str:
        return f"{describe_property(self.property)} of {self.method} on {describe(self.family)}{self._where()}"

    def _where(self) -> str:
        background = f"a background of {self.method.background} points" if self.method.background else ""
        where = ", ".join(filter(None, (str(self.domain), background)))
        return f" ({where})" if where else ""


def fresh(name: str, taken: frozenset[str]) -> Term:
    """A variable whose name no model uses."""
    while name in taken:
        name += "_"
    return var(name)


def describe_property(p: Property) -> str:
    """A property in words."""
    match property_to_json(p):
        case {"agreement": other}:
            return f"agreement with {method_from_json(other)}"
        case {"formula": _}:
            return "closed form"
        case name:
            return str(name)


def describe(family: Family) -> str:
    """A family in words."""
    data = family.to_json()
    match data["kind"]:
        case "every":
            return f"every model with {family.n} features"
        case "dense":
            bias = "" if data["bias"] else "bias-free "
            return f"every {bias}ReLU network {'-'.join(map(str, data['sizes']))}{' with a final ReLU' * data['final_relu']}"
        case "multilinear":
            return f"every multilinear model with {family.n} features"
        case "network":
            return f"output {data['target']} of network {data['digest'][:12]}"
        case _:
            bodies = [repr(f.body) for f in family.models() if isinstance(f, Fn)][: 2 if "other" in data else 1]
            return f"{' and '.join(bodies)} with inputs {', '.join(family.names)}"


Graphs = Callable[[str], Any]  # a network by the digest of its content


def read_family(data: Mapping[str, Any], graphs: Graphs | None) -> Any:
    """A family from a claim; networks are looked up by their digest."""
    if data.get("kind") != "network":
        return family_from_json(data)
    if graphs is None:
        raise BadInput("the claim is about a network; give the folder that holds it, not the certificate alone")
    from attrtheory.models.network import Network  # needs numpy; claims on terms do not

    family = Network(graphs(str(data["digest"])), int(data["target"]))
    if family.to_json() != data or type(data["target"]) is not int:
        raise BadInput("the network found is not the one that the claim is about")
    return family


def claim_from_json(data: Mapping[str, Any], graphs: Graphs | None = None) -> Claim:
    """The claim that `to_json` wrote; anything else is refused."""
    try:
        d = data["domain"]
        points = {k: tuple(read_rational(q) for q in d[k]) for k in ("x", "lower", "upper") if k in d}
        if "baselines" in d:
            points["baselines"] = tuple(tuple(read_rational(q) for q in b) for b in d["baselines"])  # type: ignore[assignment]
        if "features" in d:
            points["features"] = tuple(int(i) for i in d["features"])  # type: ignore[assignment]
        if "positive" in d:
            points["positive"] = tuple(loads(p) for p in d["positive"])  # type: ignore[assignment]
        claim = Claim(
            property_from_json(data["property"]),
            method_from_json(data["method"]),
            read_family(data["family"], graphs),
            Domain(**points),  # type: ignore[arg-type]
        )
    except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise BadInput(f"not a claim: {error!r}") from error
    if claim.to_json() != data:
        raise BadInput("a claim with unknown, missing or unreduced entries")
    return claim
