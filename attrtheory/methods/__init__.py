"""The methods: one definition each. Adding one is a file, a line below, rows in the corpus and a replica."""

from collections.abc import Sequence
from difflib import get_close_matches
from fractions import Fraction
from typing import Any

from attrtheory.errors import BadInput
from attrtheory.expr.term import var
from attrtheory.methods.coalitions import banzhaf, shapley
from attrtheory.methods.equal_split import equal_split
from attrtheory.methods.gradient import gradient, gradient_x_displacement, gradient_x_input
from attrtheory.methods.least_squares import mask_lime
from attrtheory.methods.marginals import (
    axis_integral,
    axis_value,
    conditional_expectation,
    marginal_shapley,
    partial_dependence,
    uniform_partial_dependence,
)
from attrtheory.methods.method import Method
from attrtheory.methods.occlusion import occlusion
from attrtheory.methods.owen import owen
from attrtheory.methods.paths import expected_gradients, integrated_gradients, path_gradients
from attrtheory.methods.smoothing import cube_lime, gaussian_lime, infidelity_optimum, smoothgrad

METHODS = (
    Method("gradient", gradient),
    Method("gradient_x_input", gradient_x_input),
    Method("gradient_x_displacement", gradient_x_displacement),
    Method("occlusion", occlusion),
    Method("integrated_gradients", integrated_gradients),
    Method("path_gradients", path_gradients, (("via", "axes"),)),
    Method("expected_gradients", expected_gradients, background=2),
    Method("shapley", shapley),
    Method("banzhaf", banzhaf),
    Method("owen", owen, (("unions", "pairs"),)),
    Method("equal_split", equal_split),
)

# Methods that average over a law: what is decided of them is decided on their functional (see `measures`).
AVERAGES = (
    Method("marginal_shapley", marginal_shapley, background=2),
    Method("mask_lime", mask_lime, (("kernel", "near"),)),
    Method("gaussian_lime", gaussian_lime, (("sigma", var("sigma")),)),
    Method("cube_lime", cube_lime, (("half_width", var("h")),)),
    Method("smoothgrad", smoothgrad, (("sigma", var("sigma")),)),
    Method("infidelity_optimum", infidelity_optimum, (("sigma", var("sigma")),)),
    Method("conditional_expectation", conditional_expectation, (("shared", var("q")), ("own", var("r")))),
    Method("partial_dependence", partial_dependence, background=2),
    Method("uniform_partial_dependence", uniform_partial_dependence),
    Method("axis_integral", axis_integral),
    Method("axis_value", axis_value),
)


def get_method(
    name: str,
    *,
    via: str | Sequence[Sequence[Any]] | None = None,
    background: int | None = None,
    unions: str | Sequence[int] | None = None,
) -> Method:
    """A method by name. `via`: the turns of a path method; `background`: how many baseline points; `unions`: of Owen.

    >>> str(get_method("path_gradients", via=[["0", "1/2"]]))
    'path_gradients(via=((Fraction(0, 1), Fraction(1, 2)),))'
    """
    base = next((m for m in METHODS if m.name == name), None)
    if base is None:
        if any(m.name == name for m in AVERAGES):
            raise BadInput(
                f"{name} is known by its functional alone (`attrtheory functional {name}`); on a network, "
                f"attrtheory.lower.functionals.functional_values(functional_of(get_functional_method({name!r}), n), model, "
                f"at=..) runs it. Here are {_names(METHODS)}"
            )
        raise _unknown(name, METHODS)
    if via is not None:
        if base.define is not path_gradients:
            raise BadInput(f"{name} takes no path; only path_gradients has the parameter via")
        turns = via if isinstance(via, str) else _turns(via)
        if isinstance(turns, str) and turns != "axes":
            raise BadInput(f"via is 'axes' or a list of points; got {via!r}")
        base = Method(name, base.define, (("via", turns),), base.background)
    if unions is not None:
        if base.define is not owen:
            raise BadInput(f"{name} knows no unions; only owen has them")
        base = Method(name, base.define, (("unions", _unions(unions)),), base.background)
    if background is not None:
        if base.background is None:
            raise BadInput(f"{name} takes one baseline; only expected_gradients averages over a background")
        if type(background) is not int or not 1 <= background <= 10_000:
            raise BadInput(f"a background has 1 to 10000 points; got {background}")
        base = Method(name, base.define, base.parameters, background)
    return base


def get_functional_method(name: str) -> Method:
    """A method that has a functional, with the parameters of the lists above: one of METHODS or of AVERAGES."""
    found = next((m for m in (*METHODS, *AVERAGES) if m.name == name), None)
    if found is None:
        raise _unknown(name, (*METHODS, *AVERAGES))
    return found


# What methods are called elsewhere, in small letters and without separators.
ALIASES = {
    "featureablation": ("occlusion",),
    "ig": ("integrated_gradients",),
    "inputxgradient": ("gradient_x_input",),
    "kernelshap": ("shapley", "marginal_shapley"),
    "lime": ("mask_lime", "gaussian_lime"),
    "saliency": ("gradient",),
    "shap": ("shapley", "marginal_shapley"),
}


def _unknown(name: Any, methods: Sequence[Method]) -> BadInput:
    """The error that says which names are near, and which there are."""
    names = {_squeezed(m.name): m.name for m in (*METHODS, *AVERAGES)}
    plain = _squeezed(str(name))
    same = [names[plain]] if plain in names else None
    near = same or ALIASES.get(plain) or [names[close] for close in get_close_matches(plain, names, n=2, cutoff=0.7)]
    hint = f"did you mean {' or '.join(near)}? There" if near else "there"
    return BadInput(f"no method {name!r}; {hint} are {_names(methods)}")


def _squeezed(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def _names(methods: Sequence[Method]) -> str:
    return ", ".join(m.name for m in methods)


def _turns(points: Sequence[Sequence[Any]]) -> tuple[tuple[Fraction, ...], ...]:
    try:
        return tuple(tuple(Fraction(q) for q in t) for t in points)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise BadInput(f"via is 'axes' or a list of points, each a list of numbers; got {str(points)[:80]}") from error


def _unions(unions: str | Sequence[int]) -> str | tuple[int, ...]:
    if isinstance(unions, str):
        if unions != "pairs":
            raise BadInput(f"unions are 'pairs' or a list of numbers; got {unions!r}")
        return unions
    numbers = tuple(unions)
    if not numbers or any(type(k) is not int for k in numbers) or set(numbers) != set(range(max(numbers) + 1)):
        raise BadInput(f"unions are whole numbers 0 to m - 1, all of them, one for each feature; got {unions!r}")
    return numbers


__all__ = ["METHODS", "Method", "get_method"]
