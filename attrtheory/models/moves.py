"""What a function that only moves entries does, read off by running it on numbers that say where entries come from.

Transposition, slices, padding, concatenation and their like are run as numpy or torch define them, on positions p and
once more on -1 - p. An output entry of which this makes p and -1 - p was moved here from position p; where both runs
make the same number, it is a constant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from attrtheory.errors import BadInput, TooLarge, Unsupported
from attrtheory.models.ops import OUTSIDE, Array, Positions, Shape

LARGEST_MOVE = 2**22  # entries that are moved at once

Move = Callable[..., Array]


def origins(move: Move, operands: Sequence[Shape | Array], examples: int, size: int) -> tuple[Positions, Array]:
    """For each output entry of one example: the entry of the operands it is, and the constant it is elsewhere.

    Operands given by a shape (without batch axis) are values; `move` gets them with a batch axis of `examples`, and
    must treat the examples alike, each on its own. `size` is how many entries it makes of one example, at most.
    """
    shapes = [x for x in operands if isinstance(x, tuple)]
    entries = sum(map(prod, shapes))
    if max(size, entries) > LARGEST_MOVE:
        raise TooLarge(f"moves {max(size, entries):,} entries; at most {LARGEST_MOVE:,} are moved at once")
    places = numbered(shapes, examples)
    here, there = (np.asarray(move(*_filled(operands, run))) for run in (places, [-1 - p for p in places]))
    if not here.ndim or len(here) != examples or not here.size:
        raise Unsupported(f"makes shape {here.shape} of a batch of {examples}; the first axis must stay the batch")
    constant = here == there
    if not (constant | (there == -1 - here)).all():
        raise BadInput("does more than move entries (NaN or infinite constants count as more)")
    start = entries * np.arange(examples).reshape(-1, *[1] * (here.ndim - 1))
    alike = np.where(constant, here, here - start)
    if (alike != alike[0]).any() or (constant != constant[0]).any():
        raise Unsupported("does not treat the examples of a batch one by one")
    return np.where(constant[0], OUTSIDE, here[0]).astype(np.int64), np.where(constant[0], here[0], 0.0)


def numbered(shapes: Sequence[Shape], examples: int) -> list[Array]:
    """Positions in the values one behind the other, those of the second example behind all of the first."""
    sizes = [prod(shape) for shape in shapes]
    starts = np.arange(examples)[:, None] * sum(sizes) + np.cumsum([0, *sizes])[None, :-1]
    parts = [starts[:, [k]] + np.arange(size) for k, size in enumerate(sizes)]
    return [p.astype(np.float64).reshape(examples, *shape) for p, shape in zip(parts, shapes, strict=True)]


def _filled(operands: Sequence[Shape | Array], places: Sequence[Array]) -> list[Array]:
    given = iter(places)
    return [next(given) if isinstance(x, tuple) else x for x in operands]
