"""Inputs and attributions as pixels: which shapes are images, which colour a value gets, PNG bytes."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from math import prod
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.image import imsave

from attrtheory.errors import BadInput

SIGNED = "RdBu_r"  # red above 0, white at 0, blue below; told apart by colour-blind readers
LEAST = 224  # pixels of a picture's longer side: every feature becomes a square of whole pixels
MOST_STRETCHED = 8  # longer strips are drawn as bars

NO_VERSION: Any = {
    "Software": None
}  # matplotlib writes its version into a PNG; without it equal pictures are equal bytes
Rgb = np.ndarray  # (h, w, 3), uint8


def is_image(shape: tuple[int, ...]) -> bool:
    """Whether features of this shape are drawn as a grid: (h, w) or (c, h, w).

    >>> is_image((1, 8, 8)), is_image((5,)), is_image((1, 40))
    (True, False, False)
    """
    if len(shape) not in {2, 3}:
        return False
    low, high = sorted(shape[-2:])
    return low >= 2 and high <= MOST_STRETCHED * low


def finite(values: np.ndarray, what: str) -> np.ndarray:
    """The values as float64.

    Raises:
        BadInput: there are none, or some are NaN or infinite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0:
        raise BadInput(f"{what} of shape {array.shape} has no values; there is nothing to draw")
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise BadInput(
            f"{what} holds {bad} value(s) that are NaN or infinite; a picture would hide them, so none is drawn"
        )
    return array


def largest(arrays: Sequence[np.ndarray]) -> float:
    """The end of a colour scale that is centred on 0; 1 where all values are 0."""
    return max((float(np.abs(finite(a, "attributions")).max()) for a in arrays), default=0.0) or 1.0


def on_grid(values: np.ndarray) -> np.ndarray:
    """Attributions of an image as (h, w): of several channels, their sum."""
    return values.sum(axis=0) if values.ndim == 3 else values


def painted(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """One number for each group, on the grid of an image; a pixel whose channels are in several groups gets their sum."""
    stack = np.sort(groups[None] if groups.ndim == 2 else groups, axis=0)
    once = np.ones(stack.shape, dtype=bool)
    once[1:] = stack[1:] != stack[:-1]
    return (values[stack] * once).sum(axis=0)


def signed(grid: np.ndarray, scale: float) -> Rgb:
    """Colours of signed values on a grid, from -scale (blue) to +scale (red)."""
    grid = finite(grid, "attributions")
    return _rgb(mpl.colormaps[SIGNED](np.clip(0.5 + grid / (2 * scale), 0, 1))[..., :3])


def photo(x: np.ndarray, low: float, high: float) -> Rgb:
    """An input as a picture: three channels in colour, one in grey, any other number as its mean; low is black, high white."""
    values = (finite(x, "input") - low) / ((high - low) or 1.0)
    if values.ndim == 2:
        values = values[None]
    if len(values) != 3:
        values = np.repeat(values.mean(axis=0, keepdims=True), 3, axis=0)
    return _rgb(np.clip(np.moveaxis(values, 0, -1), 0, 1))


def _rgb(colours: np.ndarray) -> Rgb:
    return np.rint(colours * 255).astype(np.uint8)


def shades(arrays: Sequence[np.ndarray]) -> tuple[float, float]:
    """What is black and what is white: 0 and 1 for values between them, else the smallest and the largest."""
    low = min(float(finite(a, "input").min()) for a in arrays)
    high = max(float(a.max()) for a in arrays)
    return (0.0, 1.0) if low >= 0 and high <= 1 else (low, high)


def enlarge(rgb: Rgb) -> Rgb:
    """Every pixel as a square of whole pixels."""
    k = max(1, LEAST // max(rgb.shape[:2]))
    return np.repeat(np.repeat(rgb, k, axis=0), k, axis=1)


def outlined(rgb: Rgb, features: Sequence[int], shape: tuple[int, ...]) -> Rgb:
    """The enlarged picture with a frame around each of these features, black inside yellow to be seen on any colour."""
    plain = enlarge(rgb)
    k = plain.shape[0] // rgb.shape[0]
    if any(not 0 <= index < prod(shape) for index in features):
        raise BadInput(f"features {list(features)[:8]} are not all among the {prod(shape)} features of shape {shape}")
    if not features:
        return plain
    width = max(2, k // 8)
    margin = 2 * width  # room for frames of features at the border
    plain = np.pad(plain, ((margin, margin), (margin, margin), (0, 0)), constant_values=228)
    cells = [tuple(margin + int(v) * k for v in np.unravel_index(index, shape)[-2:]) for index in features]
    framed = plain.copy()

    def around(i: int, j: int, more: int) -> tuple[slice, slice]:
        return np.s_[i - more : i + k + more, j - more : j + k + more]

    # All frames before all features: those of neighbours join, and no feature's own colour is covered.
    for more, colour in ((2 * width, (255, 214, 0)), (width, (0, 0, 0))):
        for i, j in cells:
            framed[around(i, j, more)] = colour
    for i, j in cells:
        framed[around(i, j, 0)] = plain[around(i, j, 0)]
    return framed


def divided(rgb: Rgb, groups: np.ndarray) -> Rgb:
    """The enlarged picture with grey lines between groups of features; of several channels the first one's groups."""
    big = enlarge(rgb).copy()
    k = big.shape[0] // rgb.shape[0]
    of = groups[0] if groups.ndim == 3 else groups
    fine = np.repeat(np.repeat(of, k, axis=0), k, axis=1)
    big[:-1][fine[1:] != fine[:-1]] = 110
    big[:, :-1][fine[:, 1:] != fine[:, :-1]] = 110
    return big


def png(rgb: Rgb) -> bytes:
    """The picture as a PNG file; the same bytes for the same picture."""
    target = BytesIO()
    imsave(target, rgb, format="png", metadata=NO_VERSION)
    return target.getvalue()


def colour_bar() -> bytes:
    """The colours from the lowest to the highest value."""
    return png(np.repeat(signed(np.linspace(-1, 1, 256)[None, :], 1.0), 12, axis=0))
