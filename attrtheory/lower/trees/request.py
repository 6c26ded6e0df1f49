"""What is asked of a forest: rows, baselines, options; nothing is guessed."""

from __future__ import annotations

from typing import Any

import numpy as np

from attrtheory.errors import BadInput
from attrtheory.lower.inputs import Data, rows
from attrtheory.lower.request import described
from attrtheory.lower.trees.explain import BACKGROUNDS, PATH_DEPENDENT, method_name
from attrtheory.methods import Method
from attrtheory.models.trees.forest import Forest


def asked_rows(
    forest: Forest, method: str | Method, inputs: Data, baselines: Data | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Inputs, and the baseline, baselines or background that the method takes."""
    name = method_name(method)
    x = rows(forest, inputs, "inputs")
    if name == PATH_DEPENDENT:
        if baselines is not None:
            raise BadInput(f"{name} takes its shares from the trees' covers; leave baselines out, or ask for marginal_shapley")
        return x, None
    if baselines is None:
        kind = "the rows of a background" if name in BACKGROUNDS else "a baseline row, one for each input, or a number"
        raise BadInput(f"{name} of a forest has no default baseline; give baselines=...: {kind}")
    if isinstance(baselines, int | float | np.integer | np.floating) and not isinstance(baselines, bool):
        baselines = np.full((1, forest.features), float(baselines))
    base = rows(forest, baselines, "baselines")
    if name not in BACKGROUNDS and len(base) not in (1, len(x)):
        raise BadInput(
            f"baselines: got {len(base)} rows for {len(x)} inputs; give one row, or one for each input. For the mean over a "
            "background ask for marginal_shapley"
        )
    return x, base


def refused(**options: Any) -> None:
    """Options of `explain` that networks have and forests do not."""
    given = [name for name, value in options.items() if value is not None and (name, value) != ("target", 0)]
    if given:
        raise BadInput(
            f"explain of a forest has no option {', '.join(given)}; its output was chosen when it was imported "
            "(target=...), and it takes baselines, exact and progress"
        )


def forest_words(method: str | Method, base: np.ndarray | None, forest: Forest) -> tuple[str, np.ndarray, str]:
    """The method with its parameters, its baselines, and these in words."""
    told = method if isinstance(method, str) else described(method)
    if base is None:
        return told, np.zeros((0, forest.features)), "background: the trees' covers"
    if method_name(method) in BACKGROUNDS:
        return told, base, f"background of {len(base)} row{'s' * (len(base) > 1)}"
    if np.ptp(base) == 0:
        return told, base, f"baseline {base.flat[0]:g}"
    return told, base, "one baseline row" if len(base) == 1 else "a baseline for each row"
