"""Attributions of rows by a forest: which methods there are, what each needs, and how exact it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from attrtheory.errors import BadInput, TooLarge
from attrtheory.lower.attribute import Attributed
from attrtheory.lower.trees.exact import index_values, path_dependent_mean, path_dependent_values
from attrtheory.lower.trees.fast import fast_index_values
from attrtheory.lower.trees.fast_shares import fast_path_dependent_mean, fast_path_dependent_values
from attrtheory.lower.trees.indices import BANZHAF, OCCLUSION, PARTIAL_DEPENDENCE, SHAPLEY, Index, lime
from attrtheory.lower.trees.straight import straight_path_values
from attrtheory.methods import Method
from attrtheory.models.trees.forest import Forest

PATH_DEPENDENT, STRAIGHT = "path_dependent_shapley", "straight_path"
POINTS = {"shapley": SHAPLEY, "banzhaf": BANZHAF, "occlusion": OCCLUSION}
BACKGROUNDS = {"marginal_shapley": SHAPLEY, "partial_dependence": PARTIAL_DEPENDENCE}
FOREST_METHODS = (*POINTS, "mask_lime", *BACKGROUNDS, PATH_DEPENDENT, STRAIGHT)


def method_name(method: str | Method) -> str:
    """The name of a method that forests have."""
    name = method if isinstance(method, str) else method.name
    if name in FOREST_METHODS:
        return name
    slopes = name in ("gradient", "gradient_x_input", "gradient_x_displacement", "integrated_gradients", "path_gradients")
    why = f"; the slope of a forest is 0 almost everywhere, so {name} is: {STRAIGHT} credits its jumps" if slopes else ""
    raise BadInput(f"{name!r} is not a method for forests; there are {', '.join(FOREST_METHODS)}{why}")


def attribute_rows(
    forest: Forest, method: str | Method, inputs: np.ndarray, background: np.ndarray | None, *, exact: bool
) -> Iterator[Attributed]:
    """Attributions of all rows (n, features); the forest rounds rows as its library does.

    Args:
        forest: what is explained.
        method: one of FOREST_METHODS, by name or as a definition (of mask_lime, for its kernel).
        inputs: finite float64 rows.
        background: None for path-dependent values. For methods of BACKGROUNDS, the rows of the mean; for others the baseline,
            one row or one for each input.
        exact: in rationals; straight paths always are.
    """
    name = method_name(method)
    x = forest.rounded(inputs)
    if name == PATH_DEPENDENT:
        yield from _path_dependent(forest, x, exact=exact)
        return
    if background is None:
        raise BadInput(f"{name} of a forest needs baselines; only {PATH_DEPENDENT} takes none")
    z = forest.rounded(background)
    if name in BACKGROUNDS:
        yield from _by_index(forest, BACKGROUNDS[name], x, z, exact=exact)
        return
    index = POINTS.get(name) if name != "mask_lime" else lime(_kernel(method), forest.features)
    for rows, base in [(x, z)] if len(z) == 1 else [(x[k : k + 1], z[k : k + 1]) for k in range(len(x))]:
        if index is not None:
            yield from _by_index(forest, index, rows, base, exact=exact)
        else:
            for row in rows:
                yield _exactly(forest, straight_path_values(forest, row, base[0]), row, base)


def _kernel(method: str | Method) -> str | Sequence[Fraction]:
    if isinstance(method, str):
        raise BadInput("mask_lime needs a kernel: give Method('mask_lime', mask_lime, (('kernel', weights),)) of methods")
    return dict(method.parameters)["kernel"]


def _by_index(forest: Forest, index: Index, x: np.ndarray, z: np.ndarray, *, exact: bool) -> Iterator[Attributed]:
    if exact:
        yield from (_exactly(forest, index_values(forest, index, row.tolist(), z.tolist()), row, z) for row in x)
        return
    values, bound = fast_index_values(forest, index, x, z)
    difference = forest.values(x) - forest.values(z).mean()
    low, high = np.nextafter(values - bound, -np.inf), np.nextafter(values + bound, np.inf)
    for v, d, a, b in zip(values, difference, low, high, strict=True):
        yield Attributed(v, "enclosed", float(d), lower=a, upper=b)


def _exactly(
    forest: Forest, phi: tuple[Fraction, ...], x: np.ndarray, z: np.ndarray, mean: Fraction | None = None
) -> Attributed:
    if mean is None:
        mean = sum((forest(*row.tolist()) for row in z), Fraction(0)) / len(z)
    try:
        return Attributed(np.array([float(v) for v in phi]), "exact", float(forest(*x.tolist()) - mean), phi)
    except OverflowError as error:
        raise TooLarge("attributions that no float64 holds; scale the leaves") from error


def _path_dependent(forest: Forest, x: np.ndarray, *, exact: bool) -> Iterator[Attributed]:
    if exact:
        mean = path_dependent_mean(forest)
        yield from (_exactly(forest, path_dependent_values(forest, row.tolist()), row, x, mean) for row in x)
        return
    difference = forest.values(x) - fast_path_dependent_mean(forest)
    for v, d in zip(fast_path_dependent_values(forest, x), difference, strict=True):
        yield Attributed(v, "float", float(d))
