"""Families of models: every model, an architecture with symbolic weights, one model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from math import prod
from typing import Any, Literal, Protocol

from attrtheory.errors import BadInput
from attrtheory.expr.forms import relu, total
from attrtheory.expr.syntax import dumps, loads, postorder
from attrtheory.expr.term import Term, lift, var
from attrtheory.expr.views import FnView
from attrtheory.models.fn import Fn, Unknown

Level = Literal["schematic", "architecture", "instance"]
MAX_WEIGHTS = 20_000
MAX_FEATURES = 20_000


@dataclass(frozen=True)
class Every:
    """Every model with `n` features."""

    n: int
    level: Level = "schematic"

    def __post_init__(self) -> None:
        if type(self.n) is not int or not 1 <= self.n <= MAX_FEATURES:
            raise BadInput(f"a model has 1 to {MAX_FEATURES} features; got {self.n!r}")

    def models(self) -> tuple[FnView, FnView]:
        """The model, and another one."""
        return Unknown("f", self.n), Unknown("g", self.n)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"x{k + 1}" for k in range(self.n))

    def to_json(self) -> dict[str, Any]:
        return {"kind": "every", "n": self.n}


@dataclass(frozen=True)
class Dense:
    """Every fully connected ReLU network of these layer sizes, the last one 1: weights and biases are symbolic.

    `final_relu` puts a ReLU on the output too: `Dense((n, 1), final_relu=True)` is one neuron.
    """

    sizes: tuple[int, ...]
    bias: bool = True
    final_relu: bool = False
    level: Level = "architecture"

    def __post_init__(self) -> None:
        whole = all(type(s) is int for s in self.sizes)
        if not whole or len(self.sizes) < 2 or self.sizes[-1] != 1 or min(self.sizes) < 1:
            raise BadInput(f"layer sizes are positive and end with 1; got {self.sizes}")
        if sum(prod(p) for p in zip(self.sizes, self.sizes[1:], strict=False)) > MAX_WEIGHTS:
            raise BadInput(f"an architecture may have {MAX_WEIGHTS} symbolic weights; got sizes {self.sizes}")

    @property
    def n(self) -> int:
        return self.sizes[0]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"x{k + 1}" for k in range(self.n))

    def fn(self, tag: str = "") -> Fn:
        """The network as a term; `tag` tells the weights of two networks apart."""
        values: list[Term] = [var(name) for name in self.names]
        layers = list(zip(self.sizes, self.sizes[1:], strict=False))
        for k, (fan_in, fan_out) in enumerate(layers, start=1):
            z = [
                total(
                    [
                        *(var(f"w{k}{tag}_{i + 1}_{j + 1}") * values[i] for i in range(fan_in)),
                        *([var(f"c{k}{tag}_{j + 1}")] if self.bias else []),
                    ]
                )
                for j in range(fan_out)
            ]
            values = [relu(t) for t in z] if k < len(layers) or self.final_relu else z
        return Fn(self.names, values[0])

    def models(self) -> tuple[Fn, Fn]:
        return self.fn(), self.fn("g")

    def to_json(self) -> dict[str, Any]:
        return {"kind": "dense", "sizes": list(self.sizes), "bias": self.bias, "final_relu": self.final_relu}


@dataclass(frozen=True)
class Multilinear:
    """Every multilinear polynomial in `n` features: one symbolic coefficient for each set of features."""

    n: int
    level: Level = "architecture"

    def __post_init__(self) -> None:
        if not 1 <= self.n <= 10:
            raise BadInput(f"a generic multilinear model has 1 to 10 features; got {self.n}")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"x{k + 1}" for k in range(self.n))

    def fn(self, tag: str = "") -> Fn:
        subsets = (s for size in range(self.n + 1) for s in combinations(range(self.n), size))
        terms = [
            prod((var(self.names[k]) for k in s), start=var("m" + tag + "_".join(["", *(str(k + 1) for k in s)])))
            for s in subsets
        ]
        return Fn(self.names, total(terms))

    def models(self) -> tuple[Fn, Fn]:
        return self.fn(), self.fn("g")

    def to_json(self) -> dict[str, Any]:
        return {"kind": "multilinear", "n": self.n}


@dataclass(frozen=True, eq=False)
class Given:
    """One model, as a term; `other` is a second one, where a property speaks about two."""

    model: Fn
    other: Fn | None = None
    level: Level = "instance"

    def __post_init__(self) -> None:
        if any(u.op == "call" for f in self.models() for u in postorder(f.body)):
            raise BadInput("a given model has no unknown functions; claim it of Every(n), or put a model in their place")

    @property
    def n(self) -> int:
        return self.model.n

    @property
    def names(self) -> tuple[str, ...]:
        return self.model.names

    def models(self) -> tuple[Fn, Fn]:
        return self.model, self.other or Fn(self.names, lift(0))

    def to_json(self) -> dict[str, Any]:
        other = {"other": dumps(self.other.body)} if self.other else {}
        return {"kind": "given", "inputs": list(self.names), "body": dumps(self.model.body), **other}


class Family(Protocol):
    """What a claim is about: `n` features called `names`, at a level of generality."""

    @property
    def n(self) -> int: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def level(self) -> Level: ...
    def models(self) -> tuple[FnView, FnView]: ...
    def to_json(self) -> dict[str, Any]: ...


def family_from_json(data: Mapping[str, Any]) -> Family:
    """The family that `to_json` wrote.

    Raises:
        BadInput: anything else.
    """
    try:
        match data:
            case {"kind": "every", "n": int(n)}:
                family: Family = Every(n)
            case {"kind": "dense", "sizes": list(sizes), "bias": bool(bias), "final_relu": bool(final)}:
                family = Dense(tuple(int(s) for s in sizes), bias, final)
            case {"kind": "multilinear", "n": int(n)}:
                family = Multilinear(n)
            case {"kind": "given", "inputs": list(names), "body": str(body)}:
                other = Fn(tuple(names), loads(data["other"])) if "other" in data else None
                family = Given(Fn(tuple(names), loads(body)), other)
            case _:
                raise BadInput(f"no such family of models: {str(data)[:80]}")
    except (TypeError, ValueError) as error:
        raise BadInput(f"not a family of models: {error}") from error
    if family.to_json() != data:
        raise BadInput("a family of models with unknown or missing entries")
    return family
